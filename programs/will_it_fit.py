# %% parameters
import json
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from tqdm import tqdm
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
    '{"model_type": "llama", "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, '
    '"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 131072}'
)
file: str = ""  # a config.json to read in place of config
batch_size: int = 4
length: int = 2048  # tokens of a row
dtype: str = "bfloat16"
optimizer: str = "AdamW"
foreach: bool = False
attention: str = "sdpa"
checkpointing: bool = False
frozen: str = "nothing"
mode: str = "train"
step: str = "a later one"
budget: int = 80  # GiB
search: bool = False


class Ledger(TorchDispatchMode):
    """Notes each storage that torch makes, and when it is let go. A storage counts once, however many tensors share it."""

    KINDS = ("parameters", "gradients", "optimizer state", "activations", "temporary")

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[str] = []  # of each storage, in the order of their making
        self.events: list[tuple[int, int, int]] = []  # (operators run by then, storage, its bytes or minus its bytes)
        self.operators: list[str] = []
        self.phases: dict[str, tuple[int, int]] = {}  # name -> the operators run before it, and by its end
        self.saved: dict[int, str] = {}  # storage that autograd saves -> its dtype and shape
        self.kept = Counter[tuple[str, str]]()  # what forward saves, see saved_by_forward
        self.depths: list[int] = []  # how many blocks were measured, where this is extended from them
        self.alive: dict[int, tuple[int, Any]] = {}
        self.ended = False  # from then on nothing is noted

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing here is compiled, so the compiler need not be imported

    def note(self, tensor: Tensor, kind: str = "temporary") -> int:
        """The number of the tensor's storage."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self.alive:
            number, size = len(self.kinds), storage.nbytes()
            self.kinds.append(kind)
            self.events.append((len(self.operators), number, size))
            self.alive[key] = number, weakref.ref(storage, partial(self.forget, key, number, size))
        return self.alive[key][0]

    def forget(self, key: int, number: int, size: int, _: Any) -> None:
        del self.alive[key]
        if not self.ended:
            self.events.append((len(self.operators), number, -size))

    def keep(self, tensor: Tensor) -> Tensor:
        """For autograd, which hands over what it saves for backward()."""
        number = self.note(tensor)
        if self.kinds[number] == "temporary":
            self.kinds[number] = "activations"
            self.saved[number] = f"{tensor.dtype} {tuple(tensor.shape)}".removeprefix("torch.")
        return tensor.detach()  # an output kept with its graph would keep the graph, which keeps the output

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.operators.append(str(func))
        for made in (out,) if isinstance(out, Tensor) else tree_leaves(out):
            if isinstance(made, Tensor):
                self.note(made)
        return out

    def phase(self, name: str, run: Callable[[], Any]) -> Any:
        before = len(self.operators)
        with self:
            result = run()
        self.phases[name] = before, len(self.operators)
        return result

    def course(self) -> Iterator[tuple[int, Counter[str]]]:
        """(operators run by then, bytes of each kind) after each event; the Counter is always the same, and goes on."""
        held: Counter[str] = Counter()
        for time, number, size in self.events:
            held[self.kinds[number]] += size
            yield time, held

    def peak(self) -> tuple[int, dict[str, int]]:
        """When most bytes are held (operators run by then), and how many of each kind."""
        most, found = -1, (0, dict[str, int]())
        for time, held in self.course():
            if (total := sum(held.values())) > most:
                most, found = total, (time, {kind: held[kind] for kind in Ledger.KINDS})
        return found

    def saved_by_forward(self) -> Counter[tuple[str, str]]:
        """Of what autograd saves and still holds when forward ends: storages and bytes of each dtype and shape."""
        end, found = self.phases["forward"][1], Counter[tuple[str, str]]()
        gone = {number for time, number, size in self.events if size < 0 and time <= end}
        for time, number, size in self.events:
            if number in self.saved and number not in gone and size > 0 and time <= end:
                found.update({("storages", self.saved[number]): 1, ("bytes", self.saved[number]): size})
        return found

    def scripts(self) -> dict[str, list[Any]]:
        """Of each phase, in their order: names of operators, and (kind, bytes) of what is made or, negative, let go."""
        found, at = dict[str, list[Any]](), 0
        for phase, (begin, end) in self.phases.items():
            found[phase] = lines = []
            for time in range(begin, end):
                lines.append(self.operators[time])
                while at < len(self.events) and self.events[at][0] <= time + 1:
                    moment, number, size = self.events[at]
                    at += 1
                    if moment:
                        lines.append((self.kinds[number], size))
        return found

    def before(self) -> Counter[str]:
        """Bytes of each kind that are there when the first phase begins."""
        found = Counter[str]()
        for time, number, size in self.events:
            if not time:
                found[self.kinds[number]] += size
        return found

    @classmethod
    def reading(
        cls, before: Counter[str], scripts: dict[str, list[Any]], kept: Counter[tuple[str, str]], depths: list[int]
    ) -> "Ledger":
        """A Ledger as it would be had it noted this."""
        ledger = cls()
        ledger.kept, ledger.depths = kept, depths
        ledger.kinds = list(cls.KINDS)
        ledger.events = [(0, cls.KINDS.index(kind), size) for kind, size in before.items()]
        for phase, lines in scripts.items():
            begin = len(ledger.operators)
            for line in lines:
                if isinstance(line, str):
                    ledger.operators.append(line)
                else:
                    ledger.events.append((len(ledger.operators), cls.KINDS.index(line[0]), line[1]))
            ledger.phases[phase] = begin, len(ledger.operators)
        return ledger


@cache
def shapes_alone() -> FakeTensorMode:
    """One for all, as tensors of two of them do not meet."""
    return FakeTensorMode()


@contextmanager
def without_data(dtype: str) -> Iterator[None]:
    """Tensors with shapes alone, and for transformers the answers that it would have to look into them for."""
    one_text = patch.object(masking_utils, "find_packed_sequence_indices", lambda positions: None)  # in each row
    full_rows = patch.object(masking_utils, "prepare_padding_mask", lambda *_: None)  # nothing is padded
    known = dtype == "bfloat16"  # the only one that torch's own grouped_mm takes of tensors without data
    experts = patch.object(moe, "_can_use_grouped_mm", lambda *_: known, create=True)
    with shapes_alone(), one_text, full_rows, experts:
        yield


def model_of(setting: SimpleNamespace) -> PreTrainedModel:
    """The model that the config describes, for training; its values are not drawn."""
    settings = AutoConfig.for_model(**json.loads(setting.text))
    if hasattr(settings, "use_cache"):
        settings.use_cache = False  # keys and values are cached for generation alone
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
        model = auto.from_config(settings, dtype=getattr(torch, setting.dtype), attn_implementation=setting.attention)
    model.tie_weights()
    if setting.checkpointing:
        older = model.gradient_checkpointing_enable  # its older name
        getattr(model, "activation_checkpointing_enable", older)({"use_reentrant": False})
    freeze(model, setting.frozen)
    return model.train(setting.mode == "train")


def stacks_of(model: PreTrainedModel) -> list[nn.ModuleList]:
    """The lists of blocks: one of an encoder or a decoder, two where the model has both."""
    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList) and len(module) > 1]
    inside = {module for blocks in lists for block in blocks for module in block.modules()}
    return [blocks for blocks in lists if blocks not in inside]


def freeze(model: PreTrainedModel, part: str) -> None:
    if part.startswith("embeddings"):
        embedder = getattr(model.base_model, "embedder", None)  # of a ResNet, which has no other name for it
        (embedder or model.get_input_embeddings()).requires_grad_(False)
    if part == "embeddings and lower half":
        for blocks in stacks_of(model):
            blocks[: len(blocks) // 2].requires_grad_(False)
    if part == "all but the last block":
        model.requires_grad_(False)
        stacks_of(model)[-1][-1].requires_grad_(True)
    if part == "all but norms and biases":
        for parameter in model.parameters():
            parameter.requires_grad = parameter.dim() == 1


def positions_of(model: PreTrainedModel) -> int:
    """How many tokens a row may have."""
    most = getattr(model.config, "max_position_embeddings", None) or 10**6
    padding = getattr(getattr(model.base_model, "embeddings", None), "padding_idx", None)
    return most - padding - 1 if padding else most  # RoBERTa's positions begin behind its padding index


def batch_of(model: PreTrainedModel, setting: SimpleNamespace) -> dict[str, Tensor]:
    """Rows of tokens and as many labels, or pictures and a label for each."""
    if model.main_input_name == "pixel_values":
        side = getattr(model.config, "image_size", 224)
        sides = side if isinstance(side, (list, tuple)) else (side, side)
        pixels = torch.zeros(setting.batch_size, model.config.num_channels, *sides, dtype=model.dtype)
        return {"pixel_values": pixels, "labels": torch.zeros(setting.batch_size, dtype=torch.long)}
    tokens = torch.zeros(setting.batch_size, min(setting.length, positions_of(model)), dtype=torch.long)
    return {"input_ids": tokens, "labels": tokens.clone()}


def optimizer_of(model: PreTrainedModel, setting: SimpleNamespace) -> torch.optim.Optimizer:
    """The optimizer, before a later step with the state that the first one has made."""
    name, momentum, _ = setting.optimizer.partition(", momentum")
    more = {"momentum": 0.9} if momentum else {}
    optim = getattr(torch.optim, name)(model.parameters(), lr=0.01, foreach=setting.foreach, **more)
    if setting.step == "a later one":
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
        optim.step()
        optim.zero_grad()
    return optim


def state_of(optim: torch.optim.Optimizer) -> list[Tensor]:
    return [value for values in optim.state.values() for value in values.values() if isinstance(value, Tensor)]


def opened(model: PreTrainedModel, optim: torch.optim.Optimizer | None = None) -> Ledger:
    """A Ledger that knows what is there before the step."""
    ledger = Ledger()
    for tensor in (*model.parameters(), *model.buffers()):
        ledger.note(tensor, "parameters")
    for tensor in state_of(optim) if optim else ():
        ledger.note(tensor, "optimizer state")
    return ledger


def training_step(model: PreTrainedModel, optim: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Ledger:
    """Forward, backward and step, and what is held while they run."""
    ledger = opened(model, optim)
    with torch.autograd.graph.saved_tensors_hooks(ledger.keep, lambda kept: kept):
        loss = ledger.phase("forward", lambda: model(**batch).loss)
    ledger.phase("backward", loss.backward)
    for parameter in model.parameters():
        if parameter.grad is not None:
            ledger.kinds[ledger.note(parameter.grad)] = "gradients"
    ledger.phase("step", optim.step)
    for tensor in state_of(optim):
        ledger.kinds[ledger.note(tensor)] = "optimizer state"
    ledger.kept, ledger.ended = ledger.saved_by_forward(), True
    return ledger


def forward_alone(model: PreTrainedModel, batch: dict[str, Tensor]) -> Ledger:
    ledger = opened(model)
    ledger.phase("forward", lambda: model(**batch).loss)
    ledger.ended = True
    return ledger


def look(block: nn.Module) -> list[Any]:
    """Equal for blocks that run alike: classes, plain attributes but for a block's own number, shapes and flags of parameters."""
    plain = (bool, int, float, str, tuple, list, type(None))
    own = ("layer_idx", "layer_id", "layer_index", "layer_number")
    return [
        (
            type(module),
            {key: value for key, value in vars(module).items() if isinstance(value, plain) and key not in own},
            [(name, tuple(p.shape), p.requires_grad) for name, p in module.named_parameters(recurse=False)],
        )
        for module in block.modules()
    ]


def grown(short: Any, long: Any, times: int) -> Any:
    """`short` with what `long` has more, so many times; None where `long` is more than `short` with something put in."""
    if isinstance(short, Counter):
        return Counter({key: short[key] + times * (long[key] - short[key]) for key in {**short, **long}})
    more = len(long) - len(short)
    at = next((index for index, pair in enumerate(zip(short, long, strict=False)) if pair[0] != pair[1]), len(short))
    return short[:at] + long[at : at + more] * times + short[at:] if short[at:] == long[at + more :] else None


def alike(model: PreTrainedModel, blocks: list[nn.Module]) -> bool:
    """Whether there are many blocks, and all but the first and the last run alike."""
    kinds = getattr(model.config, "layer_types", None) or ()
    return len(blocks) > 6 and len(set(kinds)) < 2 and all(look(block) == look(blocks[1]) for block in blocks[2:-1])


def of_all_blocks(model: PreTrainedModel, run: Callable[[], Ledger]) -> Ledger:
    """What `run` notes. Where blocks are alike it runs with one, two and three of them: if each one more repeats the same
    operators and bytes, that is extended to all; else it runs with all."""
    stacks = stacks_of(model)
    blocks = list(stacks[0]) if len(stacks) == 1 else []
    if not alike(model, blocks):
        return run()
    found = []
    for few in (1, 2, 3):
        del stacks[0][:]
        stacks[0].extend(blocks[: few - 1] + blocks[-1:])
        ledger = run()
        found.append({"before": ledger.before(), "kept": ledger.kept, **ledger.scripts()})
        model.zero_grad()
    del stacks[0][:]
    stacks[0].extend(blocks)
    one, two, three = found
    if any(grown(one[name], two[name], 2) != three[name] for name in one):
        return run()
    whole = {name: grown(one[name], two[name], len(blocks) - 1) for name in one}
    return Ledger.reading(whole.pop("before"), kept=whole.pop("kept"), scripts=whole, depths=[1, 2, 3])


def ledger_of(setting: SimpleNamespace) -> Ledger:
    """Of a step with this setting."""
    with without_data(setting.dtype):
        model = model_of(setting)
        batch = batch_of(model, setting)
        return of_all_blocks(model, lambda: training_step(model, optimizer_of(model, setting), batch))


def allocated_on(device: str, setting: SimpleNamespace, needs: int) -> int | None:
    """What the allocator of a GPU held at most in a real step; None where there is none, or too little of its memory is free."""
    if not torch.cuda.is_available() or needs > 0.8 * torch.cuda.mem_get_info()[0]:
        return None
    with torch.device(device):
        model = model_of(setting)
        for parameter in model.parameters():
            parameter.data.normal_(0, 0.02)
        optim, batch = optimizer_of(model, setting), batch_of(model, setting)
        torch.cuda.reset_peak_memory_stats()
        model(**batch).loss.backward()
        optim.step()
        return torch.cuda.max_memory_allocated()


def total_with(**changes: Any) -> int:
    """Bytes at the peak of a step with other settings."""
    return sum(ledger_of(SimpleNamespace(**{**vars(chosen), **changes})).peak()[1].values())


def llama_8b(**changes: Any) -> dict[str, int]:
    """For the proofs: the bytes of each kind at the peak of one step of a Llama, and under "where" the number of its phase."""
    sizes = {"vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32}
    heads = {"num_attention_heads": 32, "num_key_value_heads": 8}
    text = json.dumps({"model_type": "llama", **sizes, **heads})
    usual = {"text": text, "batch_size": 4, "length": 2048, "dtype": "bfloat16", "attention": "sdpa", "mode": "train"}
    usual |= {
        "optimizer": "AdamW",
        "foreach": False,
        "step": "a later one",
        "checkpointing": False,
        "frozen": "nothing",
    }
    ledger = ledger_of(SimpleNamespace(**{**usual, **changes}))
    time, bill = ledger.peak()
    return {**bill, "where": sum(time > end for _, end in ledger.phases.values())}


if file:
    text = Path(file).read_text("utf-8")
else:
    text = config
chosen = SimpleNamespace(text=text, batch_size=batch_size, length=length, dtype=dtype, attention=attention, mode=mode)
chosen.optimizer, chosen.foreach, chosen.step = optimizer, foreach, step
chosen.checkpointing, chosen.frozen = checkpointing, frozen

# %% one training step on tensors that have a shape and no data
with without_data(dtype):
    model = model_of(chosen)
    batch = batch_of(model, chosen)
    ledger = of_all_blocks(model, lambda: training_step(model, optimizer_of(model, chosen), batch))
time, bill = ledger.peak()
total = sum(bill.values())

# %% one forward without gradients
with without_data(dtype), torch.no_grad():
    alone = of_all_blocks(model, lambda: forward_alone(model, batch))
without_grad = sum(alone.peak()[1].values())

# %% the same step with data, where there is a GPU that has the room
allocated = allocated_on("cuda", chosen, total)

# %% where the peak is, and what is held at the end of each phase
gib = total / 2**30
name = type(model).__name__
depths = ledger.depths
shape = list(next(iter(batch.values())).shape)
numel = sum(parameter.numel() for parameter in model.parameters())
trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
peak_in = next(phase for phase, (_, end) in ledger.phases.items() if time <= end)
peak_at = ledger.operators[max(time - 1, 0)]
at_end = {}
for moment, held in ledger.course():
    for phase, (_, end) in ledger.phases.items():
        if moment <= end:
            at_end[phase] = {kind: held[kind] for kind in Ledger.KINDS}

# %% what autograd saves, by dtype and shape
storages = {what: many for (unit, what), many in ledger.kept.items() if unit == "storages"}
saved_bytes = Counter({what: size for (unit, what), size in ledger.kept.items() if unit == "bytes"})
kept = [[what, storages[what], size] for what, size in saved_bytes.most_common(8)]

# %% the course of the step, in parts of each phase
course = []  # the most that is held in each part: bytes of each kind
held_now = dict.fromkeys(Ledger.KINDS, 0)
events = list(ledger.events)
at = 0
for begin, end in ledger.phases.values():
    for part in range(16):
        until = begin + (end - begin) * (part + 1) // 16
        most = dict(held_now)
        while at < len(events) and events[at][0] <= until:
            held_now[ledger.kinds[events[at][1]]] += events[at][2]
            if sum(held_now.values()) > sum(most.values()):
                most = dict(held_now)
            at += 1
        course.append([most[kind] for kind in Ledger.KINDS])

# %% which changes would make it fit, and how much fits
if search:
    changes = {
        "sdpa attention": {"attention": "sdpa"},
        "gradient checkpointing": {"checkpointing": model.supports_gradient_checkpointing},
        "half the batch": {"batch_size": max(1, batch_size // 2)},
        "half the length": {"length": max(1, length // 2)},
        "bfloat16": {"dtype": "bfloat16"},
        "SGD without momentum": {"optimizer": "SGD"},
        "embeddings and lower half frozen": {"frozen": "embeddings and lower half"},
    }
    room, runs = budget * 2**30, tqdm(total=20)

    def largest(name: str, by: int, limit: int) -> int:
        """The largest value, in steps of `by`, with which a step fits the budget; 0 where none does. Each is measured."""
        fits, too_large, tried = 0, limit // by + 1, [(0, 0)]
        guess = min(max(getattr(chosen, name) // by, 1), limit // by)
        while too_large - fits > 1:
            needs = total_with(**{name: guess * by})
            runs.update()
            fits, too_large = (guess, too_large) if needs <= room else (fits, guess)
            (before, less), tried = tried[-1], [*tried, (guess, needs)]
            slope = (needs - less) / (guess - before) if guess != before else 0
            aim = guess + (room - needs) // slope if slope > 0 and len(tried) < 9 else (fits + too_large) // 2
            guess = int(min(max(aim, fits + 1), too_large - 1))
        return fits * by

    totals = {}
    for change, setting in changes.items():
        if not setting.items() <= vars(chosen).items():
            totals[change] = total_with(**setting)
            runs.update()
    most_batch = largest("batch_size", 1, 4096)
    most_length = largest("length", 16, min(positions_of(model), 131072)) if "input_ids" in batch else None

# %% print
print(f"{name}: {gib:.1f} GiB at the peak, in {peak_in} at {peak_at}; without gradients {without_grad / 2**30:.1f} GiB")
print({kind: f"{size / 2**30:.1f} GiB" for kind, size in bill.items()})

# %% proof: the largest part
bill = llama_8b()
bill.pop("where")
print({"activations": "the activations", "optimizer state": "AdamW's state"}.get(max(bill, key=bill.get)))

# %% proof: no gradients yet
print("none yet" if llama_8b()["gradients"] == 0 else "some")

# %% proof: with checkpoints
phases = ("while forward runs", "while backward runs", "while the optimizer steps")
print(phases[llama_8b(checkpointing=True)["where"]])

# %% proof: norms and biases
bill = llama_8b(frozen="all but norms and biases")
bill.pop("where")
print({"activations": "the activations", "parameters": "the parameters"}.get(max(bill, key=bill.get)))
