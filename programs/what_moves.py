# %% parameters
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F
from regex import search
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    PreTrainedModel,
    masking_utils,
)
from transformers.initialization import no_init_weights
from transformers.integrations import moe
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)

config: str = (
    '{"model_type": "gpt2", "vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024}'
)
file: str = ""  # a config.json to read in place of config
pattern: str = r"(?i)bias$|norm|\bln_"  # searched in each name; what it finds goes on learning
remove_duplicate: bool = True
order: str = "freeze first"
given: str = "all parameters"
optimizer: str = "AdamW"
mode: str = "train"

REFUSALS = ("does not require grad", "empty parameter list")  # of backward(), of an optimizer


@cache
def shapes_alone() -> FakeTensorMode:
    """One for all, as tensors of two of them do not meet."""
    return FakeTensorMode()


@contextmanager
def without_data() -> Iterator[None]:
    """Tensors with shapes alone, and for transformers the answers that it would have to look into them for."""
    one_text = patch.object(masking_utils, "find_packed_sequence_indices", lambda positions: None)  # in each row
    full_rows = patch.object(masking_utils, "prepare_padding_mask", lambda *_: None)  # nothing is padded
    experts = patch.object(moe, "_can_use_grouped_mm", lambda *_: True, create=True)
    with shapes_alone(), one_text, full_rows, experts:
        yield


def model_of(text: str) -> PreTrainedModel:
    """The model that the config describes, with the head that it is trained with; its values are not drawn."""
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
    if hasattr(settings, "use_cache"):
        settings.use_cache = False  # keys and values are cached for generation alone
    with no_init_weights():
        model = auto.from_config(settings, dtype=torch.bfloat16)
    model.tie_weights()
    return model.train()


def batch_of(model: PreTrainedModel) -> dict[str, Tensor]:
    """A row of 128 tokens and as many labels, or a picture and its label."""
    if model.main_input_name == "pixel_values":
        side = getattr(model.config, "image_size", 224)
        sides = side if isinstance(side, (list, tuple)) else (side, side)
        pixels = torch.zeros(2, model.config.num_channels, *sides, dtype=model.dtype)
        return {"pixel_values": pixels, "labels": torch.zeros(2, dtype=torch.long)}
    most = getattr(model.config, "max_position_embeddings", None) or 1024
    tokens = torch.zeros(1, max(1, min(128, most - 2)), dtype=torch.long)  # RoBERTa's positions begin at 2
    return {"input_ids": tokens, "labels": tokens.clone()}


def blocks_of(model: PreTrainedModel) -> dict[str, torch.nn.Module]:
    """The blocks: what lies in the outermost lists of modules, as transformer.h.0."""
    lists: dict[str, torch.nn.ModuleList] = {}
    for path, module in model.named_modules():
        if isinstance(module, torch.nn.ModuleList) and not any(path.startswith(f"{other}.") for other in lists):
            lists[path] = module
    return {f"{path}.{at}": block for path, blocks in lists.items() for at, block in enumerate(blocks)}


def requires_grad(things: Any) -> bool:
    return any(isinstance(thing, Tensor) and thing.requires_grad for thing in tree_leaves(things))


class Watch(TorchFunctionMode):
    """Notes what autograd saves for backward() and in which block, which buffers are written, and which parameters a step updates."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.statistics: set[int] = set()  # ids of running statistics that were handed over to be written
        self.own = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers())}
        self.storages: dict[int, Any] = {}  # held, so that no storage is made where another one was
        # the block that runs; what runs before the first, or after the last one of a list, is a part of its own
        self.part = ""
        self.parts: dict[str, int] = {"": 0}  # bytes saved in each, in the order in which forward comes to them
        self.reached: set[str] = set()  # the parts whose output requires a gradient
        self.users: dict[int, list[str]] = {}  # id of a parameter -> the parts that use it
        self.model, self.blocks = model, blocks_of(model)
        self.before = {id(tensor): tensor._version for tensor in (*model.parameters(), *model.buffers())}
        self.hooks = torch.autograd.graph.saved_tensors_hooks(self.keep, lambda kept: kept)

    def __enter__(self) -> "Watch":
        self.handles = [self.model.register_forward_hook(lambda _, given, output: self.leave(output.get("loss")))]
        for path, block in self.blocks.items():
            begin, end = partial(self.begin, path), partial(self.end, path)
            self.handles += [block.register_forward_pre_hook(begin, with_kwargs=True), block.register_forward_hook(end)]
        self.handles += [module.register_forward_pre_hook(self.uses) for module in self.model.modules()]
        self.hooks.__enter__()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.hooks.__exit__(*error)
        for handle in self.handles:
            handle.remove()

    def begin(self, path: str, block: torch.nn.Module, *given: Any) -> None:
        self.leave(given)
        self.part = path
        self.parts.setdefault(path, 0)

    def end(self, path: str, block: torch.nn.Module, given: Any, output: Any) -> None:
        self.leave(output)
        blocks, _, at = path.rpartition(".")
        if f"{blocks}.{int(at) + 1}" not in self.blocks:  # it is the last one
            self.part = f"after {blocks}"
            self.parts.setdefault(self.part, 0)

    def leave(self, output: Any) -> None:
        if requires_grad(output):
            self.reached.add(self.part)

    def uses(self, module: torch.nn.Module, _: Any) -> None:
        for parameter in module.parameters(recurse=False):
            parts = self.users.setdefault(id(parameter), [])
            if self.part not in parts:
                parts.append(self.part)

    def keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in self.own:
            if storage._cdata not in self.storages:
                self.parts[self.part] += storage.nbytes()
            self.storages[storage._cdata] = storage
        # an output kept with its graph would keep the graph, which keeps the output
        return tensor.detach() if tensor.grad_fn else tensor

    def saved(self) -> int:
        return sum(storage.nbytes() for storage in self.storages.values())

    def wrote(self, tensor: Tensor) -> bool:
        """Whether its version went up, or it was running statistics, which batch_norm writes without counting."""
        return tensor._version > self.before[id(tensor)] or id(tensor) in self.statistics

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.batch_norm:
            names = ("input", "running_mean", "running_var", "weight", "bias", "training")
            passed = {**dict(zip(names, args, strict=False)), **(kwargs or {})}
            if passed.get("training"):
                self.statistics |= {id(passed.get("running_mean")), id(passed.get("running_var"))}
        return func(*args, **(kwargs or {}))


@contextmanager
def refused() -> Iterator[None]:
    """Goes on where torch refuses to train, and keeps what it said."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if not any(words in str(error) for words in REFUSALS):
            raise
        said.append(f"{type(error).__name__}: {error}")


def optimizer_of(model: PreTrainedModel) -> torch.optim.Optimizer:
    parameters = list(model.parameters())
    if given == "those that require a gradient":
        parameters = [parameter for parameter in parameters if parameter.requires_grad]
    name, momentum, _ = optimizer.partition(", momentum")
    more = {"momentum": 0.9} if momentum else {}
    return getattr(torch.optim, name)(parameters, lr=0.01, foreach=False, **more)


def states_of(optim: torch.optim.Optimizer | None) -> dict[int, int]:
    """id of a parameter -> bytes of its state."""
    states = optim.state if optim else {}
    tensors = {p: [value for value in state.values() if isinstance(value, Tensor)] for p, state in states.items()}
    return {id(p): sum(value.nbytes for value in values) for p, values in tensors.items()}


def share_saved(text: str, learns: str) -> float:
    """For the proofs: of what forward saves with nothing frozen, what is left if only what the regex finds learns."""
    with without_data():
        model = model_of(text)
        batch = batch_of(model)
        with Watch(model) as free:
            model(**batch)
        for name, parameter in model.named_parameters():
            parameter.requires_grad = bool(search(learns, name))
        with Watch(model) as now:
            model(**batch)
    return now.saved() / free.saved()


if file:
    text = Path(file).read_text("utf-8")
else:
    text = config
said = list[str]()
optim = None

with without_data():
    model = model_of(text).train(mode == "train")
    batch = batch_of(model)
    with Watch(model) as free:  # nothing is frozen yet
        model(**batch)
if order == "a step first":
    with without_data():
        optim = optimizer_of(model)
        model(**batch).loss.backward()
        optim.step()
        optim.zero_grad()
elif order == "optimizer first":
    with without_data():
        optim = optimizer_of(model)

# %% what the pattern finds goes on learning, and the rest is frozen
for name, parameter in model.named_parameters(remove_duplicate=remove_duplicate):
    parameter.requires_grad = bool(search(pattern, name, timeout=0.1))
with without_data(), Watch(model) as seen, refused():
    if order in ("freeze first", "freeze, then thaw"):
        optim = optimizer_of(model)
    if order == "freeze, then thaw":
        model.requires_grad_(True)
    model(**batch).loss.backward()
    optim.step()

# %% how much learns, and under how many names
kind = type(model).__name__
shape = list(next(iter(batch.values())).shape)
refusal = " ".join(said)
names_of = {}
for name, parameter in model.named_parameters(remove_duplicate=False):
    names_of.setdefault(parameter, []).append(name)
learning = [parameter for parameter in names_of if parameter.requires_grad]
count, numel = len(names_of), sum(parameter.numel() for parameter in names_of)
learning_count, learning_numel = len(learning), sum(parameter.numel() for parameter in learning)
walked = [name for name, _ in model.named_parameters(remove_duplicate=remove_duplicate)]
walked_count = len(walked)
matched_count = sum(bool(search(pattern, name, timeout=0.1)) for name in walked)
tied = [[", ".join(names), parameter.requires_grad] for parameter, names in names_of.items() if len(names) > 1]

# %% what the optimizer sees
held = {id(parameter) for group in optim.param_groups for parameter in group["params"]} if optim else set()
states = states_of(optim)
sees = {
    "it holds": len(held),
    "require a gradient": learning_count,
    "have a .grad": sum(parameter.grad is not None for parameter in names_of),
    "the last step updated": sum(seen.wrote(parameter) for parameter in names_of),
    "have a state": len(states),
}
state_bytes = sum(states.values())
state_frozen = sum(states.get(id(parameter), 0) for parameter in names_of if not parameter.requires_grad)

# %% what forward saves for backward, and which buffers it writes
saved, saved_free = seen.saved(), free.saved()
saved_percent = 100 * saved / max(saved_free, 1)
kept = set(model.state_dict())
written = [[name, list(tensor.shape), name in kept, seen.wrote(tensor)] for name, tensor in model.named_buffers()]
buffers_count, buffers_written = len(written), sum(wrote for *_, wrote in written)
written = sorted(written, key=lambda row: not row[3])[:12]

# %% of each part of the model the bytes without the freeze and with it, whether the gradient comes to it, and what it uses
parts = [[part, size, seen.parts.get(part, 0), part in seen.reached] for part, size in free.parts.items()]
last = parts[-1][0]
users = {names[0]: free.users.get(id(parameter), [last]) for parameter, names in names_of.items()}
again = {names[0]: users[names[0]][1:] for names in names_of.values() if len(names) > 1}
outside = {n: used[0] for n, used in users.items() if not any(n.startswith(f"{path}.") for path in free.blocks)}

# %% each name, with the first number of its path folded
flags = [parameter.requires_grad for parameter in names_of]
folded = {}
for parameter, names in names_of.items():
    path = names[0].split(".")
    at = next((index for index, part in enumerate(path) if part.isdigit()), len(path))
    name = ".".join([*path[:at], "*", *path[at + 1 :]] if at < len(path) else path)
    traits = (list(parameter.shape), parameter.requires_grad, id(parameter) in held, seen.wrote(parameter))
    row = folded.setdefault((name, str(traits)), [name, *traits, 0, []])
    row[5] += states.get(id(parameter), 0)
    row[6].append(".".join(path[at : at + 1]))
rows = list(folded.values())

# %% print
print(f"{kind}: {learning_count} of {count} parameters learn, {learning_numel:,} of {numel:,} numbers. {refusal}")
print(sees, f"{state_bytes:,} bytes of state")
print(f"saved for backward: {saved:,} of {saved_free:,} bytes; buffers written: {buffers_written} of {buffers_count}")

# %% proof: the last name
with without_data():
    gpt2 = model_of('{"model_type": "gpt2", "n_layer": 1}')
for name, parameter in gpt2.named_parameters(remove_duplicate=False):
    parameter.requires_grad = not search("^lm_head", name)
print("it learns" if gpt2.transformer.wte.weight.requires_grad else "it is frozen")

# %% proof: norms and biases
share = share_saved('{"model_type": "gpt2"}', r"(?i)bias$|norm|\bln_")
print("less than 1/3" if share < 1 / 3 else "more than 2/3" if share > 2 / 3 else "1/3 to 2/3")

# %% proof: the lower half
sizes = {"vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32}
heads = {"num_attention_heads": 32, "num_key_value_heads": 8}
share = share_saved(json.dumps({"model_type": "llama", **sizes, **heads}), r"\.(1[6-9]|2\d|3[01])\.")
print("less than 1/3" if share < 1 / 3 else "more than 2/3" if share > 2 / 3 else "1/3 to 2/3")

# %% proof: state of the frozen
model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))
adamw = torch.optim.AdamW(model.parameters())
model(torch.ones(1, 4)).square().sum().backward()
adamw.step()
adamw.zero_grad()
model[0].weight.requires_grad = False
model(torch.ones(1, 4)).square().sum().backward()
adamw.step()
print("all of it stays" if model[0].weight in adamw.state else "only that of what learns")

# %% proof: thawed too late
with without_data():
    gpt2 = model_of('{"model_type": "gpt2"}')
    for name, parameter in gpt2.named_parameters():
        parameter.requires_grad = bool(search(r"(?i)bias$|norm|\bln_", name))
    adamw = torch.optim.AdamW([parameter for parameter in gpt2.parameters() if parameter.requires_grad])
    gpt2.requires_grad_(True)
    before = [parameter._version for parameter in gpt2.parameters()]
    gpt2(**batch_of(gpt2)).loss.backward()
    adamw.step()
now = [parameter._version for parameter in gpt2.parameters()]
print(sum(a != b for a, b in zip(before, now, strict=True)), "of", len(now))

# %% proof: buffers of a frozen model
settings = AutoConfig.for_model("resnet", embedding_size=4, hidden_sizes=[8, 8, 8, 8])
resnet = AutoModelForImageClassification.from_config(settings).requires_grad_(False).train()
before = {name: buffer.clone() for name, buffer in resnet.named_buffers()}
resnet(torch.randn(2, 3, 64, 64))
changed = [name for name, buffer in resnet.named_buffers() if not torch.equal(buffer, before[name])]
print("all of them" if len(changed) == len(before) else "some of them" if changed else "none of them")
