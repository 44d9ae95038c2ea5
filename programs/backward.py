# %% parameters
import torch

forwards: int = 2
backwards: int = 1  # of each loss
retain_graph: bool = False
zero_grad: str = "never"
function: str = "h ** 2"
in_place: str = "nothing"
cut: str = "nothing"
loss_is: str = "(y + b).sum()"
leaf: bool = True  # whether w is what a user made
retain_grad: bool = False  # of h

w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
if not leaf:
    w = w.double()  # a computed tensor, as w.cuda() is
b = torch.tensor(0.5, requires_grad=True)
x = torch.tensor([2.0, -1.0, 1.0])
given = []  # what each backward() brings to w
w.register_hook(lambda grad: given.append(grad.clone()))
if zero_grad != "never":
    optimizer = torch.optim.SGD([w, b], lr=0.1)

# %% forward and backward
for _ in range(forwards):
    if zero_grad == "before each forward":
        optimizer.zero_grad()
    if cut == "no_grad()":
        with torch.no_grad():
            h = w * x
    elif cut == "h.detach()":
        h = (w * x).detach()
    else:
        h = w * x
    if retain_grad:
        h.retain_grad()
    if function == "h ** 2":
        y = h**2
    else:
        y = h.exp()
    if in_place == "h += 1":
        h += 1
    elif in_place == "y += 1":
        y += 1
    if loss_is == "(y + b).sum()":
        loss = (y + b).sum()
    elif loss_is == "y.sum()":
        loss = y.sum()
    else:
        loss = y + b
    if cut == "loss.item()":
        loss = torch.tensor(loss.item(), requires_grad=True)
    if backwards == 1:
        loss.backward()
    else:
        for _ in range(backwards):
            loss.backward(retain_graph=retain_graph)
    if zero_grad == "after each backward":
        optimizer.zero_grad()
    if in_place == "w -= 0.1":
        w -= 0.1

# %% what is in .grad
tensors = {"w": w, "x": x, "b": b, "h": h, "y": y, "loss": loss}
leaves = {name: tensor.is_leaf for name, tensor in tensors.items()}
requires = {name: tensor.requires_grad for name, tensor in tensors.items()}
# torch warns whoever reads .grad of any other tensor: it is None
grads = {name: t.grad if t.is_leaf or t.retains_grad else None for name, t in tensors.items()}

# %% print
print({name: grad if grad is None else grad.tolist() for name, grad in grads.items()})

# %% proof: twice
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
for _ in range(2):
    h = w * torch.tensor([2.0, -1.0, 1.0])
    (h**2).sum().backward()
print([int(value) for value in w.grad.tolist()])

# %% proof: the same loss
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
loss = (w**2).sum()
loss.backward()
try:
    loss.backward()
except RuntimeError as error:
    print(f"a {type(error).__name__}")

# %% proof: not a leaf
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
h = w * torch.tensor([2.0, -1.0, 1.0])
kept = h.is_leaf or h.retains_grad
(h**2).sum().backward()
print(h.grad if kept else None)

# %% proof: detached
w, b = torch.tensor([1.0, 2.0, 3.0], requires_grad=True), torch.tensor(0.5, requires_grad=True)
((w * 2).detach() ** 2 + b).sum().backward()
print(" and ".join(name for name, tensor in {"w": w, "b": b}.items() if tensor.grad is not None), "alone")

# %% proof: a sum in place
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = (w * torch.tensor([2.0, -1.0, 1.0])) ** 2
y += 1
y.sum().backward()
print([int(value) for value in w.grad.tolist()])

# %% proof: cleared
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
(w**2).sum().backward()
torch.optim.SGD([w], lr=0.1).zero_grad()
print(w.grad)
