# %% parameters
import json
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    PreTrainedModel,
)
from transformers.initialization import no_init_weights
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)

config: str = (
    '{"model_type": "bart", "vocab_size": 50265, "d_model": 768, "encoder_layers": 6, "decoder_layers": 6, '
    '"encoder_attention_heads": 12, "decoder_attention_heads": 12, "encoder_ffn_dim": 3072, "decoder_ffn_dim": 3072, '
    '"max_position_embeddings": 1024, "dropout": 0.1, "attention_dropout": 0.1, "activation_dropout": 0.1}'
)
file: str = ""  # a config.json to read in place of config
dtype: str = "float32"
search: str = ""  # text to look for in the names of parameters


def model_of(text: str, dtype: torch.dtype = torch.bfloat16) -> PreTrainedModel:
    """The model that the config describes, with the head that it is trained with; its values are not drawn."""
    # Mixtral's experts compute in bfloat16 alone; the calls of a forward are the same in any dtype
    settings = AutoConfig.for_model(**json.loads(text))
    family = settings.model_type
    if family in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES:
        auto = AutoModelForSeq2SeqLM
        settings.decoder_start_token_id = getattr(settings, "decoder_start_token_id", None) or 0
    elif family in MODEL_FOR_MASKED_LM_MAPPING_NAMES:
        auto = AutoModelForMaskedLM
    elif family in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        auto = AutoModelForCausalLM
    else:
        auto = AutoModelForImageClassification
    with no_init_weights():
        model = auto.from_config(settings, dtype=dtype, attn_implementation="eager")
    model.tie_weights()
    return model.train()


class Dropped(TorchFunctionMode):
    """Keeps of each call that drops entries the module in whose forward it stands, and file and line of who makes it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.calls: list[tuple[nn.Module, tuple[str, str]]] = []
        self.inside: list[nn.Module] = []  # the modules whose forward runs
        for module in model.modules():
            if not isinstance(module, nn.Dropout):  # the module that holds it is meant
                module.register_forward_pre_hook(lambda module, _: self.inside.append(module))
                module.register_forward_hook(self.leave)

    def leave(self, *_: Any) -> None:
        self.inside.pop()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is nn.functional.dropout:
            given = dict(zip(("input", "p", "training"), args, strict=False)) | (kwargs or {})
            if given.get("p", 0.5) > 0 and given.get("training", True):
                caller = traceback.extract_stack(limit=4)[0]  # behind F.dropout and handle_torch_function
                self.calls.append((self.inside[-1], (Path(caller.filename).name, caller.line or "")))
        return func(*args, **(kwargs or {}))


def dropout_calls(model: PreTrainedModel) -> list[tuple[nn.Module, tuple[str, str]]]:
    """Of each call of one forward that drops entries the module that it stands in, and its file and line."""
    if model.main_input_name == "pixel_values":
        side = getattr(model.config, "image_size", 224)
        sides = side if isinstance(side, (list, tuple)) else (side, side)
        batch = {"pixel_values": torch.zeros(1, model.config.num_channels, *sides, dtype=model.dtype)}
    else:
        tokens = torch.zeros(1, 8, dtype=torch.long)
        batch = {"input_ids": tokens, "labels": tokens}
    with Dropped(model) as dropped, torch.no_grad():
        model(**batch)
    return dropped.calls


def held_by(module: nn.Module) -> list[list[Any]]:
    """What a module holds, as what, and how often: its modules by class, then the dropout rates that are floats."""
    held = Counter[tuple[str, str]]()
    for child in module.children():
        if isinstance(child, nn.Dropout):
            held[f"nn.Dropout({child.p:g})", "dropout"] += 1
        else:
            held[type(child).__name__, "module"] += 1
    held.update((f"self.{name} = {rate:g}", "float") for name, rate in rates_of(module).items())
    return [[what, kind, many] for (what, kind), many in held.items()]


def rates_of(module: nn.Module) -> dict[str, float]:
    """The dropout rates above 0 that a module keeps as floats."""
    return {name: v for name, v in vars(module).items() if "drop" in name and isinstance(v, float) and v > 0}


def numbers_in(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def look(module: nn.Module) -> Any:
    """Equal for modules that are drawn alike."""
    own = [(name, tuple(tensor.shape)) for name, tensor in module.named_parameters(recurse=False)]
    buffers = [(name, tuple(tensor.shape)) for name, tensor in module.named_buffers(recurse=False)]
    return (type(module).__name__, *own, *buffers, *((name, look(child)) for name, child in module.named_children()))


def tree_of(module: nn.Module, path: str, depth: int, times: int) -> list[list[Any]]:
    """Rows of depth, path, class, times, numbers in its parameters, shapes of its own tensors; equal neighbours are one row."""
    own = [f"{name} {tuple(t.shape)}" for name, t in module.named_parameters(recurse=False)]
    own += [f"buffer {name} {tuple(t.shape)}" for name, t in module.named_buffers(recurse=False)]
    rows = [[depth, path, type(module).__name__, times, numbers_in(module), ", ".join(own)]]
    runs: list[list[Any]] = []  # name of the first, module, how many
    for name, child in module.named_children():
        alike = runs and name.isdigit() and look(runs[-1][1]) == look(child)
        if alike:
            runs[-1][2] += 1
        else:
            runs.append([name, child, 1])
    return rows + [
        row for name, child, many in runs for row in tree_of(child, f"{path}.{name}".strip("."), depth + 1, many)
    ]


def part_of(name: str) -> str:
    """What a parameter is for, by the names that transformers gives."""
    parts = name.lower().replace("selfattention", "attn").replace("encdecattention", "attn").split(".")
    if any("norm" in part or part.startswith("ln_") for part in parts):
        return "norms"
    if any("attn" in part or "attention" in part for part in parts):
        return "attention"
    if any(part.isdigit() for part in parts):
        return "feed-forward"
    return "embeddings" if any("emb" in part or part in ("shared", "wte", "wpe") for part in parts) else "head and rest"


if file:
    text = Path(file).read_text("utf-8")
else:
    text = config

# %% the loop over nn.Dropout, and the calls that drop before and after it
with FakeTensorMode():
    model = model_of(text)
    before = dropout_calls(model)
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.p = 0.0
    after = dropout_calls(model)

# %% how many calls, in the forward of which class, and one class that makes several, if it can be of those that are left
calls_before, calls_after = len(before), len(after)
remain = Counter(type(module).__name__ for module, _ in after)
makers = {}  # class -> of each of its modules how many calls
for module, many in Counter(module for module, _ in before).items():
    makers.setdefault(type(module).__name__, []).append(many)
calls = [
    [kind, len(each), each[0] if len({*each}) == 1 else 0, sum(each), remain[kind]] for kind, each in makers.items()
]
holder = max(calls, key=lambda row: (row[4] > row[1], row[4] > 0, row[3] > 1))[0] if calls else ""

# %% the lines in which one module of that class drops
one = next((module for module, _ in before if type(module).__name__ == holder), None)
still = Counter(place for module, place in after if module is one)
lines = [
    [*place, many, still[place]] for place, many in Counter(place for module, place in before if module is one).items()
]

# %% every module, each parameter once, and the names that lead to it
with FakeTensorMode():
    model = model_of(text, getattr(torch, dtype))
parts = Counter(dict.fromkeys(("embeddings", "attention", "feed-forward", "norms", "head and rest"), 0))
for name, parameter in model.named_parameters():
    parts[part_of(name)] += parameter.numel()
names_of = {}
for name, parameter in model.named_parameters(remove_duplicate=False):
    names_of.setdefault(id(parameter), []).append(name)
tied = [names for names in names_of.values() if len(names) > 1]

# %% the rates, in modules and as floats
modules_before = sum(isinstance(module, nn.Dropout) and module.p > 0 for module in model.modules())
floats = Counter()  # class and attribute of what holds a rate as a float
for module in model.modules():
    for attribute, rate in rates_of(module).items():
        floats[f"{type(module).__name__}.{attribute} = {rate:g}"] += 1
rates = [[what, times] for what, times in floats.most_common()]

# %% what a module of that class holds, and as what each class that drops has its rates
held = next((held_by(module) for module in model.modules() if type(module).__name__ == holder), [])
most = {}  # class, rate, as what -> how many of them one module has at most
for module in model.modules():
    for what, as_what, many in held_by(module) if type(module).__name__ in makers else []:
        place = type(module).__name__, what, as_what
        most[place] = max(many, most.get(place, 0))
stands = [[*place, many] for place, many in most.items() if place[2] != "module" and place[1] != "nn.Dropout(0)"]

# %% the tree, bytes by dtype, and buffers
kind = type(model).__name__
numel = numbers_in(model)
tree = tree_of(model, "", 0, 1)
by_dtype = Counter()
for parameter in model.parameters():
    by_dtype[str(parameter.dtype).removeprefix("torch.")] += parameter.nbytes
by_dtype = dict(by_dtype)
saved = set(model.state_dict())
buffers = [[name, list(tensor.shape), tensor.nbytes, name in saved] for name, tensor in model.named_buffers()]
parts = dict(parts)

# %% where the feed-forward sits
places = Counter()  # class of the parent, name and shape
for name, parameter in model.named_parameters():
    if part_of(name) == "feed-forward" and parameter.dim() > 1:
        above, _, own = name.rpartition(".")[0].rpartition(".")
        places[f"{type(model.get_submodule(above)).__name__}.{own} {tuple(parameter.shape)}"] += 1
sits = [[what, times] for what, times in places.most_common(6)]

# %% the parameters whose name holds the text, and where they stand
found = [[name, list(p.shape), p.numel()] for name, p in model.named_parameters() if search and search in name]
found_numel = sum(size for *_, size in found)
found_count = len(found)
found = found[:24]
places = Counter()  # the names up to the end of the part that the text ends in
for name, _ in model.named_parameters():
    if search and search in name:
        end = name.find(".", name.index(search) + len(search))
        places[name if end < 0 else name[:end]] += 1
found_in = [[place, many] for place, many in places.items()][:8]

# %% print
print(f"{kind}: {numel:,} numbers; {calls_before} calls drop entries, {calls_after} after nn.Dropout is reset")
print("tied:", tied)
print("buffers in state_dict():", sum(kept for *_, kept in buffers), "of", len(buffers))

# %% proof: the loop
with FakeTensorMode():
    bart = model_of(
        '{"model_type": "bart", "encoder_layers": 6, "decoder_layers": 6, "dropout": 0.1, "attention_dropout": 0.1, '
        '"activation_dropout": 0.1}'
    )
    before = len(dropout_calls(bart))
    for module in bart.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    after = len(dropout_calls(bart))
print(after, "of", before)

# %% proof: names of one weight
with FakeTensorMode():
    bart = model_of('{"model_type": "bart", "encoder_layers": 1, "decoder_layers": 1}', torch.float32)
weight = bart.get_input_embeddings().weight
print(sum(p is weight for _, p in bart.named_parameters(remove_duplicate=False)), "names")

# %% proof: buffers
with FakeTensorMode():
    llama = model_of('{"model_type": "llama", "num_hidden_layers": 1}', torch.float32)
kept = [name for name, _ in llama.named_buffers() if name in llama.state_dict()]
print("none of them" if not kept else "all of them" if len(kept) == len(list(llama.buffers())) else "some of them")

# %% proof: the largest part
sizes = Counter()
with FakeTensorMode():
    llama = model_of(
        '{"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 4096, "intermediate_size": 14336}',
        torch.float32,
    )
for name, parameter in llama.model.layers.named_parameters():
    sizes[part_of(f"layers.{name}")] += parameter.numel()
print("the", max(sizes, key=sizes.__getitem__))
