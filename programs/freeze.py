# %% parameters
import copy
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from regex import search
from torch import Tensor, nn

freeze: str = "all but a pattern"
pattern: str = r"^(body|head)\."  # searched in each name; what it finds goes on learning
moment: str = "before training"
mode: str = "train"
optimizer: str = "AdamW"
weight_decay: float = 0.1
set_to_none: bool = True
prompt: bool = False
steps: int = 3

torch.manual_seed(0)
layers = [("stem", nn.Linear(4, 6)), ("norm", nn.BatchNorm1d(6)), ("act", nn.ReLU())]
layers += [("body", nn.Linear(6, 6)), ("head", nn.Linear(6, 3))]
model = nn.Sequential(OrderedDict(layers))
x, y = torch.randn(8, 4) + 1, torch.arange(8) % 3

parameters = dict(model.named_parameters())
if prompt:
    soft_prompt = nn.Parameter(torch.zeros(4))  # learnable, and added to every input
    parameters["prompt"] = soft_prompt
else:
    soft_prompt = torch.zeros(4)
names, buffers = list(parameters), [name for name, _ in model.named_buffers()]

model.train(mode != "eval")
if mode == "train, norm in eval":
    model.norm.eval()

if optimizer == "SGD":
    make = partial(torch.optim.SGD, lr=0.1, weight_decay=weight_decay)
elif optimizer == "SGD, momentum":
    make = partial(torch.optim.SGD, lr=0.1, weight_decay=weight_decay, momentum=0.9)
elif optimizer == "Adam":
    make = partial(torch.optim.Adam, lr=0.1, weight_decay=weight_decay)
else:
    make = partial(torch.optim.AdamW, lr=0.1, weight_decay=weight_decay)
opt = make(parameters.values())


def bytes_of_a_step() -> dict[str, int]:
    """What one step keeps, measured on a copy of the model; its weights and buffers are not counted."""
    twin = copy.deepcopy(model)
    own = {tensor.untyped_storage().data_ptr() for tensor in twin.state_dict().values()}
    saved = dict[int, int]()

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # an output kept with its graph would keep the graph, which keeps the output

    added = soft_prompt.detach().clone().requires_grad_(prompt)
    with torch.set_grad_enabled(mode != "no_grad"), torch.autograd.graph.saved_tensors_hooks(keep, lambda kept: kept):
        loss = F.cross_entropy(twin(x + added), y)
    learnable = [*twin.parameters(), added]
    stepper = make(learnable)
    if loss.requires_grad:
        loss.backward()
        stepper.step()
    gradients = [p.grad for p in learnable if p.grad is not None]
    state = [value for states in stepper.state.values() for value in states.values() if isinstance(value, Tensor)]
    return {
        "saved for backward": sum(saved.values()),
        "gradients": sum(tensor.nbytes for tensor in gradients),
        "optimizer state": sum(tensor.nbytes for tensor in state),
    }


cost = bytes_of_a_step()

requires_grad = list[list[bool]]()
flow = list[dict[str, bool]]()
grads = list[Tensor]()
moved = list[Tensor]()
drift = list[Tensor]()
means = [model.norm.running_mean[0].item()]
losses = list[float]()
earlier = dict.fromkeys(("buffers", "parameters"), list[Tensor]())


def change(tensors: Iterable[Tensor], before: list[Tensor]) -> Tensor:
    """Largest |change| of each tensor."""
    pairs = zip(tensors, before, strict=True)
    return torch.stack([(now.detach().float() - then.float()).abs().max() for now, then in pairs])


def before_the_pass(*_: Any) -> None:
    earlier["buffers"] = [b.clone() for b in model.buffers()]
    flow.append({})


def after_the_pass(*_: Any) -> None:
    drift.append(change(model.buffers(), earlier["buffers"]))
    means.append(model.norm.running_mean[0].item())
    requires_grad.append([p.requires_grad for p in parameters.values()])


def before_the_step(*_: Any) -> None:
    requires_grad[-1] = [p.requires_grad for p in parameters.values()]
    norms = [torch.tensor(torch.nan) if p.grad is None else p.grad.norm() for p in parameters.values()]
    grads.append(torch.stack(norms))
    earlier["parameters"] = [p.detach().clone() for p in parameters.values()]


def after_the_step(*_: Any) -> None:
    moved.append(change(parameters.values(), earlier["parameters"]))


def carries(name: str) -> Callable[..., None]:
    """Notes whether the output of this layer carries a graph."""
    return lambda layer, given, out: flow[-1].update({name: out.requires_grad})


hooks = [layer.register_forward_hook(carries(name)) for name, layer in model.named_children()]
hooks += [model.register_forward_pre_hook(before_the_pass), model.register_forward_hook(after_the_pass)]
opt.register_step_pre_hook(before_the_step)
opt.register_step_post_hook(after_the_step)


if freeze == "nothing":

    def freeze_now() -> None:
        """Every parameter goes on learning."""

elif freeze == "all but a pattern":

    def freeze_now() -> None:
        for name, p in model.named_parameters():
            p.requires_grad = bool(search(pattern, name, timeout=0.05))

elif freeze == "all, by a loop":

    def freeze_now() -> None:
        for _, p in model.named_parameters():
            p.requires_grad = False

elif freeze == "stem.requires_grad_(False)":

    def freeze_now() -> None:
        model.stem.requires_grad_(False)

elif freeze == "head.requires_grad_(False)":

    def freeze_now() -> None:
        model.head.requires_grad_(False)

elif freeze == "stem.requires_grad = False":

    def freeze_now() -> None:
        model.stem.requires_grad = False  # an attribute of the module, not of its parameters

else:

    def freeze_now() -> None:
        for _, p in model.named_parameters():
            p.require_grad = False  # type: ignore[attr-defined]  # an s is missing


# %% freeze, then train
if moment == "before training":
    freeze_now()
for step in range(steps):
    if moment == "after the first step":
        if step == 1:
            freeze_now()
    opt.zero_grad(set_to_none=set_to_none)
    with torch.set_grad_enabled(mode != "no_grad"):
        out = model(x + soft_prompt)
    loss = F.cross_entropy(out, y)
    losses.append(loss.item())
    loss.backward()
    if moment == "between backward and step":
        if step == 0:
            freeze_now()
    opt.step()

# %% what a step keeps in memory now
for hook in hooks:
    hook.remove()
cost_frozen = bytes_of_a_step()

# %% print
for name, *by in zip(names, *moved, strict=True):
    print(f"{name:12} moved by", *(f"{change.item():.4f}" for change in by))
print("buffers moved by", *(f"{change.max().item():.4f}" for change in drift))

# %% proof: a frozen norm
norm = nn.BatchNorm1d(2).requires_grad_(False)
before = copy.deepcopy(norm.state_dict())
norm(torch.randn(4, 2))
changed = [name for name, value in norm.state_dict().items() if not torch.equal(value, before[name])]
print("its buffers alone" if changed == [name for name, _ in norm.named_buffers()] else changed)

# %% proof: everything frozen
net = nn.Linear(2, 2).requires_grad_(False)
try:
    net(torch.ones(1, 2)).sum().backward()
except RuntimeError as error:
    print("it raises", type(error).__name__)

# %% proof: between backward and step
net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
adamw = torch.optim.AdamW(net.parameters(), lr=0.1)
net(torch.ones(1, 2)).square().sum().backward()
before = copy.deepcopy(net.state_dict())
net.requires_grad_(False)
adamw.step()
print(sum(not torch.equal(p, before[name]) for name, p in net.named_parameters()), "of 4")

# %% proof: an attribute
net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))
net[0].requires_grad = False
print(sum(not p.requires_grad for p in net.parameters()), "of 8 tensors")

# %% proof: a prompt
net, learned = nn.Linear(2, 2).requires_grad_(False), nn.Parameter(torch.ones(2))
net(learned).square().sum().backward()
print("numbers other than zero" if learned.grad is not None and learned.grad.any() else "None")

# %% proof: a bias before BatchNorm
net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 3))
F.cross_entropy(net(torch.randn(8, 4)), torch.arange(8) % 3).backward()
print("rounding error" if net[0].bias.grad.norm() < 1e-5 else "a number")

# %% proof: zeros instead of None
net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
adamw = torch.optim.AdamW(net.parameters(), lr=0.1)
net(torch.ones(1, 2)).square().sum().backward()
adamw.step()
net.requires_grad_(False)
adamw.zero_grad(set_to_none=False)
before = copy.deepcopy(net.state_dict())
adamw.step()
print(sum(not torch.equal(p, before[name]) for name, p in net.named_parameters()), "of 4")
