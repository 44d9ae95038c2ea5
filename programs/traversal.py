# %% parameters
from collections.abc import Iterable
from itertools import chain
from typing import Any

import torch
from regex import search
from torch import Tensor, nn
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSeq2SeqLM,
    BertConfig,
    BertModel,
    T5Config,
    T5ForConditionalGeneration,
)

architecture: str = "Tagger"
walk: str = "named_parameters()"
recurse: bool = True
remove_duplicate: bool = True
pattern: str = ""
match: str = "in"
folder: str = "assets/models/Tagger"  # of a trained model that ships with the app

torch.manual_seed(0)


class Tagger(nn.Module):
    """One layer under two names, a head tied to the embedding, and two layers that nn.Module does not see."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(12, 4)
        self.first = nn.Linear(4, 4)
        self.second = self.first
        self.norm = nn.BatchNorm1d(4)
        self.extra = [nn.Linear(4, 4), nn.Linear(4, 4)]
        self.head = nn.Linear(4, 12, bias=False)
        self.head.weight = self.embedding.weight


class CNN(nn.Module):
    """Two convolutions with BatchNorm, and a linear head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 10)


if architecture == "Tagger":
    model = Tagger()
elif architecture == "CNN":
    model = CNN()
elif architecture == "T5":
    t5 = T5Config(vocab_size=32, d_model=8, d_kv=4, d_ff=16, num_heads=2, num_layers=2)
    model = T5ForConditionalGeneration(t5)
elif architecture == "BERT":
    sizes = {"vocab_size": 32, "hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2}
    model = BertModel(BertConfig(**sizes, num_hidden_layers=12))
elif architecture == "closed_book":
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
else:
    model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32)


def facts(tensor: Tensor, saved: bool) -> dict[str, Any]:
    return {
        "kind": "parameter" if isinstance(tensor, nn.Parameter) else "buffer",
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "requires_grad": tensor.requires_grad,
        "saved": saved,
    }


def same_object(named: Iterable[tuple[str, Any]]) -> list[list[str]]:
    """The names that lead to one object, where there are several."""
    names: dict[int, list[str]] = {}
    for name, thing in named:
        names.setdefault(id(thing), []).append(name)
    return [group for group in names.values() if len(group) > 1]


def in_containers(model: nn.Module) -> dict[str, dict[str, Any]]:
    """Modules that stand in plain lists, tuples and dicts: no walk gives them."""
    registered, own, found = set(model.modules()), vars(nn.Module()), {}
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if name in own or not isinstance(value, (list, tuple, dict)):
                continue
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(item, nn.Module) and item not in registered:
                    numel = sum(p.numel() for p in item.parameters())
                    place = f"{path}.{name}[{key!r}]".lstrip(".")
                    found[place] = {"of": path, "type": type(item).__name__, "numel": numel}
    return found


places = {name: type(module).__name__ for name, module in model.named_modules(remove_duplicate=False)}
named_tensors = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
saved = list(model.state_dict())
tensors = {name: facts(tensor, name in saved) for name, tensor in named_tensors}
twins = same_object(model.named_modules(remove_duplicate=False)) + same_object(named_tensors)
hidden = in_containers(model)
counts = {
    "children()": len(list(model.children())),
    "modules()": len(list(model.modules())),
    "named_modules()": len(list(model.named_modules())),
    "parameters()": len(list(model.parameters())),
    "named_parameters()": len(list(model.named_parameters())),
    "buffers()": len(list(model.buffers())),
    "state_dict()": len(model.state_dict()),
}
numel = sum(p.numel() for p in model.parameters())

# %% walk over the model, and keep the names that match
if walk == "children()":
    things = list(model.children())
elif walk == "modules()":
    things = list(model.modules())
elif walk == "parameters()":
    things = list(model.parameters(recurse=recurse))
elif walk == "buffers()":
    things = list(model.buffers(recurse=recurse))
elif walk == "named_modules()":
    walked = [name for name, _ in model.named_modules(remove_duplicate=remove_duplicate)]
elif walk == "named_parameters()":
    walked = [name for name, _ in model.named_parameters(recurse=recurse, remove_duplicate=remove_duplicate)]
else:
    walked = list(model.state_dict())
if walk in ("named_modules()", "named_parameters()", "state_dict()"):
    if match == "in":
        kept = [name for name in walked if pattern in name]
    else:
        kept = [name for name in walked if search(pattern, name, timeout=0.05)]

# %% the first name of each thing, where the walk gave none
if walk not in ("named_modules()", "named_parameters()", "state_dict()"):
    everything = chain(model.named_modules(), model.named_parameters(), model.named_buffers())
    first_names = {id(thing): name for name, thing in everything}
    walked = [first_names[id(thing)] for thing in things]
    kept = walked

# %% print
print(f"model.{walk} gives {len(walked)} of these, and {len(kept)} are kept:", *kept, sep="\n  ")

# %% proof: a tied weight
tied = [name for name, _ in Tagger().named_parameters() if name in ("embedding.weight", "head.weight")]
print(*tied, "alone" if len(tied) == 1 else "")

# %% proof: a shared layer
tagger = Tagger()
times = sum(module is tagger.first for module in tagger.modules())
print(times, "time" if times == 1 else "times")

# %% proof: twelve blocks
net = nn.ModuleDict({"layer": nn.ModuleList(nn.Linear(2, 2) for _ in range(12))})
print(len({name.split(".")[1] for name, _ in net.named_parameters() if "layer.1" in name}), "blocks")

# %% proof: buffers
cnn = CNN()
names = [name for name, _ in cnn.named_parameters()]
print(sum(name in names for name, _ in cnn.named_buffers()), "of", len(list(cnn.buffers())))
