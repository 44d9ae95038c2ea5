# %% parameters
import torch
import torch.nn.functional as F

kind: str = "squared error"
pred_shape: str = "(4, 1)"  # as nn.Linear(k, 1) returns it
target_shape: str = "(4,)"
target_is: str = "class indices"
layout: str = "(N, C)"  # of the logits, C classes
fed: str = "logits"  # or probabilities: softmax or sigmoid of the logits
ignored: int = 0  # how many of the targets are -100, F.cross_entropy's ignore_index
reduction: str = "mean"

if kind == "cross-entropy":
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.0, 1.0, 0.0], [1.0, 1.0, 3.0], [-1.0, 0.0, 2.0]])
    labels = torch.tensor([0, 1, 2, 2])
    if target_is == "class indices":
        labels[:ignored] = -100

# %% the shapes, and the loss
if kind == "cross-entropy":
    if fed == "logits":
        pred = logits
    else:
        pred = logits.softmax(dim=1)
    if target_is == "int32 indices":
        target = labels.int()
    elif target_is == "float32 indices":
        target = labels.float()
    elif target_is == "(N, 1) indices":
        target = labels[:, None]
    elif target_is == "indices from 1":
        target = labels + 1
    elif target_is == "one-hot float32":
        target = F.one_hot(labels, num_classes=3).float()
    elif target_is == "one-hot int64":
        target = F.one_hot(labels, num_classes=3)
    elif layout == "(N, C)":
        target = labels
    elif layout == "(N, C, L)":
        pred = pred.reshape(2, 2, 3).transpose(1, 2)
        target = labels.reshape(2, 2)
    elif layout == "(N, L, C)":
        pred = pred.reshape(2, 2, 3)
        target = labels.reshape(2, 2)
    else:
        pred = pred[None, :3]  # as many tokens as classes
        target = labels[None, :3]
    loss = F.cross_entropy(pred, target, reduction=reduction)
else:
    scores = torch.tensor([1.0, 2.0, 3.0, 4.0])  # what a model returns
    if kind == "squared error":
        wanted = torch.tensor([1.0, 2.0, 3.0, 4.0])  # what it should return
    else:
        wanted = torch.tensor([0.0, 0.0, 1.0, 1.0])  # what it should return
    if kind == "binary cross-entropy" and fed == "probabilities":
        pred = scores.sigmoid()
        if pred_shape == "(4, 1)":
            pred = pred[:, None]
    elif pred_shape == "(4, 1)":
        pred = scores[:, None]
    else:
        pred = scores
    if target_shape == "(4, 1)":
        target = wanted[:, None]
    elif target_shape == "(4,)":
        target = wanted
    else:
        target = wanted[:3]
    if kind == "squared error":
        errors = (pred - target) ** 2
    else:
        errors = F.binary_cross_entropy_with_logits(pred, target, reduction="none")
    if reduction == "mean":
        loss = errors.mean()
    elif reduction == "sum":
        loss = errors.sum()
    else:
        loss = errors

# %% each loss before it is reduced, and the loss that is meant
if kind == "cross-entropy":
    errors = F.cross_entropy(pred, target, reduction="none")
    if target_is == "class indices" and layout == "(N, L, C), L = C":
        meant = F.cross_entropy(logits[:3], labels[:3], reduction=reduction)
    else:
        meant = F.cross_entropy(logits, labels, reduction=reduction)
elif target_shape != "(3,)":
    if kind == "squared error":
        pairs = (scores - wanted) ** 2
    else:
        pairs = F.binary_cross_entropy_with_logits(scores, wanted, reduction="none")
    if reduction == "mean":
        meant = pairs.mean()
    elif reduction == "sum":
        meant = pairs.sum()
    else:
        meant = pairs
if kind == "cross-entropy" or target_shape != "(3,)":
    same = loss.numel() == meant.numel() and torch.allclose(loss.flatten(), meant.flatten(), equal_nan=True)
total = errors.sum().item()

# %% what 30 steps of gradient descent make of the predictions themselves
if kind == "squared error":
    fitted = torch.zeros_like(pred)
    for _ in range(30):
        fitted.requires_grad_()
        [slope] = torch.autograd.grad(((fitted - target) ** 2).mean(), fitted)
        fitted = fitted.detach() - slope

# %% print
print(f"pred {tuple(pred.shape)}, target {tuple(target.shape)}: the loss is {loss}")

# %% proof: a column against a row
values = torch.tensor([1.0, 2.0, 3.0, 4.0])
print(((values[:, None] - values) ** 2).mean().item())

# %% proof: descent
goal, guess = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.zeros(4, 1)
for _ in range(30):
    guess.requires_grad_()
    [change] = torch.autograd.grad(((guess - goal) ** 2).mean(), guess)
    guess = guess.detach() - change
print([round(value, 2) for value in guess.flatten().tolist()])

# %% proof: binary
try:
    F.binary_cross_entropy_with_logits(torch.ones(4, 1), torch.ones(4))
except ValueError as error:
    print(f"a {type(error).__name__}")

# %% proof: one-hot
z, index = torch.tensor([[2.0, -1.0, 0.5], [0.0, 1.0, 0.0]]), torch.tensor([0, 1])
onehot = F.one_hot(index, num_classes=3).float()
print("the same loss" if torch.allclose(F.cross_entropy(z, onehot), F.cross_entropy(z, index)) else "another loss")

# %% proof: tokens in dim 1
z, index = torch.tensor([[[2.0, -1.0, 0.5], [0.0, 1.0, 0.0], [1.0, 1.0, 3.0]]]), torch.tensor([[0, 1, 2]])
right = F.cross_entropy(z.transpose(1, 2), index)
print("the same loss" if torch.allclose(F.cross_entropy(z, index), right) else "another loss")

# %% proof: everything ignored
print(F.cross_entropy(torch.ones(4, 3), torch.full((4,), -100)).item())
