# %% parameters
import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

container: str = "Sequential"
operation: str = "layers[i:]"
i: int = 1
key: str = "int"  # type of the index


class Stack(nn.Module):
    """A module that lends the indexing of its list."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def __getitem__(self, index: Any) -> Any:
        return self.layers[index]

    def __len__(self) -> int:
        return len(self.layers)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class Net(nn.Module):
    """A module with its layers as attributes."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        for number, layer in enumerate(layers):
            setattr(self, f"layer{number}", layer)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


def listed(module: nn.Module, letters: dict[int, str]) -> tuple[list[str], list[str], Tensor]:
    """Names, letters and weight[0, 0] of the Linear layers in a module; an object not met before gets the next letter."""
    found = [(name, m) for name, m in module.named_modules(remove_duplicate=False) if isinstance(m, nn.Linear)]
    ids = [letters.setdefault(id(layer), chr(ord("A") + len(letters))) for _, layer in found]
    return [name for name, _ in found], ids, torch.tensor([layer.weight[0, 0].item() for _, layer in found])


def facts(module: Any) -> dict[str, Any]:
    return {
        "type": type(module).__name__,
        "len()": len(module) if hasattr(module, "__len__") else None,
        "bool()": bool(module),
        "parameters()": len(list(module.parameters())),
        "keys of state_dict()": len(module.state_dict()),
    }


torch.manual_seed(1)
a, b, c, d, new = (nn.Linear(2, 2) for _ in range(5))
if container == "Sequential":
    layers = nn.Sequential(a, b, c, d)
elif container == "ModuleList":
    layers = nn.ModuleList([a, b, c, d])
elif container == "ModuleDict":
    layers = nn.ModuleDict({"0": a, "1": b, "2": c, "3": d})
elif container == "own __getitem__":
    layers = Stack([a, b, c, d])
else:
    layers = Net([a, b, c, d])

letters = {id(layer): letter for layer, letter in zip((a, b, c, d, new), "ABCDE", strict=True)}
before_names, before_ids, before = listed(layers, letters)
facts_before = facts(layers)
saved = layers.state_dict()
if key == "str":
    index = str(i)
else:
    index = i

# %% one operation on the container
if operation == "layers[i]":
    result = layers[index]
elif operation == "layers[i:]":
    result = layers[i:]
elif operation == "layers[:i]":
    result = layers[:i]
elif operation == "layers[i:].append(new)":
    result = layers[i:]
    result.append(new)
elif operation == "nn.Sequential(*layers[i:])":
    result = nn.Sequential(*layers[i:])
elif operation == "getattr(layers, str(i))":
    result = getattr(layers, str(i))
elif operation == "del layers[i]":
    del layers[index]
    result = layers
elif operation == "layers[i] = new":
    layers[index] = new
    result = layers
elif operation == "layers.insert(i, new)":
    layers.insert(i, new)
    result = layers
elif operation == "layers.append(new)":
    layers.append(new)
    result = layers
elif operation == "[layer] * 3":
    if container == "Sequential":
        result = nn.Sequential(*[a] * 3)
    elif container == "ModuleList":
        result = nn.ModuleList([a] * 3)
    elif container == "ModuleDict":
        result = nn.ModuleDict(dict.fromkeys(["0", "1", "2"], a))
    elif container == "own __getitem__":
        result = Stack([a] * 3)
    else:
        result = Net([a] * 3)
elif operation == "copy.deepcopy(layers)":
    result = copy.deepcopy(layers)
else:
    y = layers(torch.ones(1, 2))

# %% which layers the result holds, and under which names
if operation != "layers(x)":
    got_names, got_ids, got = listed(result, letters)
    facts_got = facts(result)
    same_container = result is layers

# %% what a checkpoint from before has under the names of now
if operation != "layers(x)":
    checkpoint = {
        name: "no such key"
        if name not in saved
        else "the same numbers"
        if torch.equal(saved[name], value)
        else "another layer's numbers"
        for name, value in result.state_dict().items()
    }

# %% print
if operation == "layers(x)":
    print(y)
else:
    print(result, checkpoint, sep="\n")

# %% proof: a slice
layers = nn.Sequential(nn.ReLU(), nn.ReLU(), nn.ReLU(), nn.ReLU())
print("layers, cut short" if layers[:2] is layers else f"a new {type(layers[:2]).__name__}")

# %% proof: names of a slice
layers = nn.Sequential(nn.ReLU(), nn.ReLU(), nn.ReLU(), nn.ReLU())
print(", ".join(name for name, _ in layers[1:].named_children()))

# %% proof: append to a slice
layers = nn.Sequential(nn.ReLU(), nn.ReLU(), nn.ReLU(), nn.ReLU())
print(", ".join(name for name, _ in layers[1:].append(nn.Tanh()).named_children()))

# %% proof: insert past the end
layers = nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.ReLU(), nn.ReLU()])
layers.insert(5, nn.Tanh())
print(", ".join(name for name, _ in layers.named_children()))

# %% proof: one layer three times
print(len(list(nn.ModuleList([nn.Linear(2, 2)] * 3).parameters())))

# %% proof: a list that is called
try:
    nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.ReLU(), nn.ReLU()])(torch.ones(1))
except NotImplementedError as error:
    print("it raises", type(error).__name__)

# %% proof: an empty slice
layers = nn.Sequential(nn.ReLU(), nn.ReLU(), nn.ReLU(), nn.ReLU())
if layers[4:]:
    print("it is true")
else:
    print("it is false")
