# %% parameters
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

content: str = "Linear"  # what the module holds
slot: str = "list"  # how it holds it
then: str = "SGD step"  # between two calls of the net
head: bool = True  # one more layer, registered as self.head

torch.manual_seed(0)


class Net(nn.Module):
    """Holds a layer or a tensor, and applies it."""

    def __init__(self, held: Any) -> None:
        super().__init__()
        self.held = held
        if head:
            self.head = nn.Linear(3, 3)

    def content(self) -> Any:
        if isinstance(self.held, (list, nn.ModuleList, nn.ParameterList)):
            return self.held[0]
        return self.held["a"] if isinstance(self.held, (dict, nn.ModuleDict)) else self.held

    def forward(self, x: Tensor) -> Tensor:
        item = self.content()
        out = item(x) if isinstance(item, nn.Module) else x * item
        if head:
            out = self.head(out)
        return out


def tensor_in(net: Net) -> Tensor | None:
    """The content if it is a tensor, the layer's first parameter if it is a layer; None if that has none."""
    item = net.content()
    return item if isinstance(item, Tensor) else next(item.parameters(), None)


def held_keys(net: Net) -> list[str]:
    return [key for key in net.state_dict() if key.startswith("held")]


def reach(wrap: Callable[[Any], Any], make: Callable[[], Any]) -> dict[str, Any] | str:
    """What .to, .eval, state_dict and SGD did to the content, each on a net of its own."""
    try:
        cast, moved, evaluated, learner = (Net(wrap(make())) for _ in range(4))
    except (AttributeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    number = tensor_in(cast.to(torch.float64))
    place = tensor_in(moved.to("meta"))
    given: int | str
    try:
        optimizer = torch.optim.SGD([p for name, p in learner.named_parameters() if name.startswith("held")], lr=0.1)
        given = len(optimizer.param_groups[0]["params"])
    except ValueError as error:
        given = f"{type(error).__name__}: {error}"
    return {
        "dtype": None if number is None else str(number.dtype),
        "device": None if place is None else str(place.device),
        "training": getattr(evaluated.eval().content(), "training", None),
        "keys": held_keys(learner),
        "given": given,
    }


slots = {
    "attribute": lambda c: c,
    "list": lambda c: [c],
    "dict": lambda c: {"a": c},
    "ModuleList": lambda c: nn.ModuleList([c]),
    "ModuleDict": lambda c: nn.ModuleDict({"a": c}),
    "ParameterList": lambda c: nn.ParameterList([c]),
    "Parameter": lambda c: nn.Parameter(c),
    "list of Parameter": lambda c: [nn.Parameter(c)],
    "Parameter(...).half()": lambda c: nn.Parameter(c).half(),
    "buffer": lambda c: nn.Buffer(c),
    "non-persistent buffer": lambda c: nn.Buffer(c, persistent=False),
}

make: Any
if content == "Linear":
    make = partial(nn.Linear, 3, 3)
elif content == "Dropout":
    make = partial(nn.Dropout, 0.5)
else:
    make = partial(torch.randn, 3)
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
if then in ("load old checkpoint", "load, strict=False"):
    # saved when self.held was the layer or the Parameter itself
    if content == "tensor":
        checkpoint = Net(nn.Parameter(make())).state_dict()
    else:
        checkpoint = Net(make()).state_dict()
reached = {name: reach(wrap, make) for name, wrap in slots.items()}


def weights(net: Net) -> dict[str, Tensor]:
    """The content and the registered layer as they are now, where they can learn."""
    now = {"held": tensor_in(net), "head": net.head.weight if head else None}
    return {name: tensor.detach().clone() for name, tensor in now.items() if tensor is not None}


# %% where the module keeps what is held, and what then reaches it
if slot == "attribute":
    net = Net(make())
elif slot == "list":
    net = Net([make()])
elif slot == "dict":
    net = Net({"a": make()})
elif slot == "ModuleList":
    net = Net(nn.ModuleList([make()]))
elif slot == "ModuleDict":
    net = Net(nn.ModuleDict({"a": make()}))
elif slot == "ParameterList":
    net = Net(nn.ParameterList([make()]))
elif slot == "Parameter":
    net = Net(nn.Parameter(make()))
elif slot == "list of Parameter":
    net = Net([nn.Parameter(make())])
elif slot == "Parameter(...).half()":
    net = Net(nn.Parameter(make()).half())
elif slot == "buffer":
    net = Net(nn.Buffer(make()))
else:
    net = Net(nn.Buffer(make(), persistent=False))
dicts = {name: list(vars(net)[name]) for name in ("_parameters", "_buffers", "_modules")}
dicts["__dict__"] = [name for name in vars(net) if name not in vars(nn.Module())]
keys, parameters = list(net.state_dict()), [name for name, _ in net.named_parameters()]
before, y_before = weights(net), net(x)
if then == "nothing":
    out = net(x)
elif then == ".to(torch.float64)":
    net.to(torch.float64)
    out = net(x.to(torch.float64))
elif then == '.to("meta")':
    net.to("meta")
    out = net(x.to("meta"))
elif then == ".eval()":
    net.eval()
    out = net(x)
elif then == "load_state_dict":
    fresh = Net(slots[slot](make()))
    fresh.load_state_dict(net.state_dict())
    out = fresh(x)
elif then == "load old checkpoint":
    wanted, found = set(net.state_dict()), set(checkpoint)
    missing, unexpected = sorted(wanted - found), sorted(found - wanted)
    net.load_state_dict(checkpoint)
    out = net(x)
elif then == "load, strict=False":
    report = net.load_state_dict(checkpoint, strict=False)
    missing, unexpected = report.missing_keys, report.unexpected_keys
    out = net(x)
elif then == "SGD, then a new held":
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net.held = slots[slot](make())
    before, y_before = weights(net), net(x)
    net(x).sum().backward()
    optimizer.step()
    out = net(x)
else:
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net(x).sum().backward()
    optimizer.step()
    out = net(x)

# %% what came out, and whose weights have changed
output = f"{tuple(out.shape)} {out.dtype} {out.device}"
y = None if out.is_meta else out
if then in ("SGD step", "SGD, then a new held", "load old checkpoint", "load, strict=False"):
    change = {name: (now - before[name]).abs().max().item() for name, now in weights(net).items()}
else:
    change = {}
moved = [name for name, by in change.items() if by]

# %% print
print(f"state_dict() has {keys}, parameters() has {parameters}, and the output is {output}")

# %% proof: a list
net, layer = nn.Module(), nn.Linear(3, 3)
net.held = [layer]
net.to("meta")
print("it passes the Linear by" if layer.weight.device.type == "cpu" else "it reaches the Linear")

# %% proof: a list beside a layer
net, layers = nn.Module(), {"held": nn.Linear(3, 3), "head": nn.Linear(3, 3)}
net.held, net.head = [layers["held"]], layers["head"]
before = {name: layer.weight.detach().clone() for name, layer in layers.items()}
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
layers["head"](layers["held"](torch.ones(1, 3))).sum().backward()
optimizer.step()
print(" and ".join(name for name in layers if not torch.equal(layers[name].weight, before[name])), "alone")

# %% proof: an optimizer made too early
net = nn.Module()
net.held, net.head = nn.Linear(3, 3), nn.Linear(3, 3)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
net.held = nn.Linear(3, 3)
before = {name: layer.weight.detach().clone() for name, layer in net.named_children()}
net.head(net.held(torch.ones(1, 3))).sum().backward()
optimizer.step()
moved = [name for name, layer in net.named_children() if not torch.equal(layer.weight, before[name])]
print(" and ".join(moved), "alone" if len(moved) == 1 else "")

# %% proof: a checkpoint with other names
older, net = nn.Module(), nn.Module()
older.held, older.head = nn.Linear(3, 3), nn.Linear(3, 3)
net.held, net.head = nn.ModuleList([nn.Linear(3, 3)]), nn.Linear(3, 3)
before = {"held": net.held[0].weight.clone(), "head": net.head.weight.clone()}
net.load_state_dict(older.state_dict(), strict=False)
after = {"held": net.held[0].weight, "head": net.head.weight}
print("it fills", " and ".join(name for name in after if not torch.equal(after[name], before[name])), "alone")

# %% proof: a buffer that is not persistent
net = nn.Module()
net.held = nn.Buffer(torch.zeros(3), persistent=False)
net.to(torch.float64)
print("moved" if net.held.dtype == torch.float64 else "left", "and saved" if net.state_dict() else "but not saved")

# %% proof: a parameter in half
net = nn.Module()
net.held = nn.Parameter(torch.ones(3)).half()
print(len(list(net.parameters())), "parameters")
