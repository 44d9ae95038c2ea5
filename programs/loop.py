# %% parameters
import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import clip_grad_norm_

change: str = "no zero_grad()"
optimizer_is: str = "SGD"
lr: float = 0.1
clip: bool = False  # the norm of the gradient to 1.0
schedule: str = "none"

x = torch.linspace(-1, 2, 12).reshape(4, 3).T  # three batches of four
batches = [(row[:, None], 2 * row[:, None] + 1) for row in x]


def make(net: nn.Module) -> torch.optim.Optimizer:
    if optimizer_is == "SGD":
        made = torch.optim.SGD(net.parameters(), lr=lr)
    elif optimizer_is == "SGD, momentum=0.9":
        made = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    else:
        made = torch.optim.Adam(net.parameters(), lr=lr)
    return made


def measure(optimizer: torch.optim.Optimizer, *_: object) -> None:
    """What step() reads: the norm of the gradients that are there, the learning rate, and w.grad."""
    [group] = optimizer.param_groups
    grads = [parameter.grad.norm() for parameter in group["params"] if parameter.grad is not None]
    norms.append(torch.stack(grads).norm().item() if grads else 0.0)
    lrs.append(group["lr"])
    read = model.weight.grad
    reads.append([len(losses), None if read is None else read.item()])


def watched(net: nn.Module) -> torch.optim.Optimizer:
    made = make(net)
    made.register_step_pre_hook(measure)
    return made


model = nn.Linear(1, 1)
for parameter in model.parameters():
    nn.init.zeros_(parameter)
ordered = copy.deepcopy(model)
losses, norms, lrs, weights = [], [], [], [[0.0, 0.0]]
adds, reads = [], []  # turn and number: what backward() adds to w.grad, and the w.grad that step() reads
model.weight.register_hook(lambda grad: adds.append([len(losses), grad.item()]))
optimizer = watched(model)
if schedule != "none":
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.8)
if change == "one forward() for all turns":
    inputs, target = batches[0]
    loss = F.mse_loss(model(inputs), target)

# %% the loop
for _ in range(10):
    for inputs, target in batches:
        if change == "a new optimizer each turn":
            optimizer = watched(model)
        if change not in ("no zero_grad()", "zero_grad() after backward()", "accumulation: loss not divided"):
            optimizer.zero_grad()
        if change != "one forward() for all turns":
            loss = F.mse_loss(model(inputs), target)
        if change == "step() before backward()":
            optimizer.step()
        if change == "accumulation: zero_grad() each turn":
            (loss / 3).backward()
        elif change != "no backward()":
            loss.backward()
        if change == "zero_grad() after backward()":
            optimizer.zero_grad()
        if clip:
            clip_grad_norm_(model.parameters(), max_norm=1.0)
        if change in ("accumulation: loss not divided", "accumulation: zero_grad() each turn"):
            if len(losses) % 3 == 2:  # every third turn
                optimizer.step()
                optimizer.zero_grad()
        elif change != "no step()" and change != "step() before backward()":
            optimizer.step()
        if change == "clip after step()":
            clip_grad_norm_(model.parameters(), max_norm=1.0)
        if schedule == "each batch":
            scheduler.step()
        losses.append(loss.item())
        weights.append([parameter.item() for parameter in model.parameters()])
    if schedule == "each epoch":
        scheduler.step()

# %% the same with its lines in order
optimizer = make(ordered)
if schedule != "none":
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.8)
in_order = []
for _ in range(10):
    for inputs, target in batches:
        if change in ("accumulation: loss not divided", "accumulation: zero_grad() each turn"):
            loss = F.mse_loss(ordered(inputs), target)
            (loss / 3).backward()
            if len(in_order) % 3 == 2:
                optimizer.step()
                optimizer.zero_grad()
        else:
            optimizer.zero_grad()
            loss = F.mse_loss(ordered(inputs), target)
            loss.backward()
            if clip or change == "clip after step()":
                clip_grad_norm_(ordered.parameters(), max_norm=1.0)
            optimizer.step()
        in_order.append(loss.item())
    if schedule != "none":
        scheduler.step()  # for each epoch

# %% the mean of each epoch, and how far the last turn moved the weight
epochs = torch.tensor(losses).reshape(10, 3).mean(dim=1)
epochs_in_order = torch.tensor(in_order).reshape(10, 3).mean(dim=1)
stride = abs(weights[-1][0] - weights[-2][0])

# %% print
print(f"the loss ends at {losses[-1]:.4f}, and at {in_order[-1]:.4f} with the lines in order")

# %% proof: no zero_grad
w = torch.zeros(1, requires_grad=True)
steps, seen = torch.optim.SGD([w], lr=0.1), []
for _ in range(30):
    error = ((w - 2) ** 2).sum()
    error.backward()
    steps.step()
    seen.append(error.item())
moves = [after - before for before, after in zip(seen, seen[1:], strict=False)]
print("goes up and down" if min(moves) < 0 < max(moves) else "falls in every epoch")

# %% proof: cleared before the step
w = torch.zeros(1, requires_grad=True)
steps = torch.optim.SGD([w], lr=0.1)
for _ in range(30):
    ((w - 2) ** 2).sum().backward()
    steps.zero_grad()
    steps.step()
print("moved" if w.item() else "never moved")

# %% proof: clipped too late
layer = nn.Linear(1, 1)
for weight in layer.parameters():
    nn.init.zeros_(weight)
points = torch.linspace(-1, 2, 12).reshape(4, 3).T[0][:, None]
F.mse_loss(layer(points), 2 * points + 1).backward()
largest = torch.stack([weight.grad.norm() for weight in layer.parameters()]).norm().item()
print(round(largest, 3))

# %% proof: three losses, added
layer = nn.Linear(1, 1)
for weight in layer.parameters():
    nn.init.zeros_(weight)
for points in torch.linspace(-1, 2, 12).reshape(4, 3).T:
    F.mse_loss(layer(points[:, None]), 2 * points[:, None] + 1).backward()
added = torch.stack([weight.grad.norm() for weight in layer.parameters()]).norm().item()
print(round(added, 3))

# %% proof: Adam made anew
w = torch.zeros(1, requires_grad=True)
for _ in range(30):
    w.grad, before = None, w.item()
    ((w - 2) ** 2).sum().backward()
    torch.optim.Adam([w], lr=0.05).step()
    w.data += 0.013  # so that it never meets 2.0 exactly
print(round(abs(w.item() - 0.013 - before), 3))

# %% proof: a scheduler in the inner loop
steps = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
rate = torch.optim.lr_scheduler.ExponentialLR(steps, gamma=0.8)
for _ in range(10):
    for _ in range(3):
        last = steps.param_groups[0]["lr"]
        steps.step()
        rate.step()
print(round(last, 4))
