"""Padding only fills a rectangle; nothing ignores the filling unless a mask or the label -100 says so."""

# A list is a dataset, which the stubs of DataLoader do not say.
# mypy: disable-error-code="arg-type, var-annotated"

import threading
from dataclasses import dataclass, fields, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice, text
from explorable.seeding import seeded
from lessons.source import snippet_of

LINES = """\
cats sleep
the dog barks
a bird sings in the tree
my cat sat on the mat and slept all day
rain
we read the book twice
hummingbirds
the dog sat in the rain on my book"""
IDS, WASTE, LABELS, MASKS = "ids", "waste", "labels", "masks"
FOLDER = "assets/models/extractive"  # the shipped model's own tokenizer, of 30522 tokens
ROOT = Path(__file__).parent.parent
LAZY = "from transformers import AutoTokenizer"  # it takes seconds: inside the function here, at the top of the snippet
IMPORTS = {
    IDS: ["import torch"],
    WASTE: ["import torch", "from functools import partial", "from torch.utils.data import DataLoader"],
    LABELS: [
        "import torch",
        "import torch.nn.functional as F",
        "from functools import partial",
        "from torch import nn",
    ],
    MASKS: ["import torch", "from torch import nn"],
}


@dataclass(frozen=True)
class Params:
    view: Literal["ids", "waste", "labels", "masks"] = choice(IDS, about="what padding is looked at for")
    lines: str = text(LINES, max_length=600, lines=8, about="your own lines; the first 8 are used")
    padding: Literal["longest", "max_length", "do_not_pad"] = choice(
        "longest", about="up to where", when={"view": (IDS,)}
    )
    max_length: int = bounded(12, low=4, high=24, step=1, about="longer lines are truncated")
    pad_to_multiple_of: int | None = bounded(
        None, low=2, high=8, step=1, about="rounds the length up", when={"view": (IDS,)}
    )
    padding_side: Literal["right", "left"] = choice(
        "right", about="where the filling goes", when={"view": (IDS, MASKS)}
    )
    pad_token: Literal["[PAD]", "[SEP]", "None", "<pad>, only named", "<pad>, added"] = choice(
        "[PAD]", about="what the tokenizer fills with", when={"view": (IDS, LABELS)}
    )
    batch_size: int = bounded(2, low=1, high=4, step=1, about="lines in a batch", when={"view": (WASTE,)})
    seed: int = bounded(2, low=0, high=99, step=1, about="of the random order", when={"view": (WASTE,)})


@dataclass(frozen=True)
class Result:
    texts: list[str]  # the lines that were used
    pad_token_id: int | None
    vocab_size: int  # ids the tokenizer came with
    length: int  # len(tokenizer): with the tokens added later
    input_ids: Tensor | None  # (lines, T), None where the tokenizer refuses
    attention_mask: Tensor | None  # (lines, T) 1 = keep, 0 = padding
    tokens: list[list[str]] | None  # the ids as text
    order: list[int] | None  # waste: lines in random order
    by_length: list[int] | None  # waste: lines from short to long
    random_batches: list[Tensor] | None  # waste: input_ids of each batch, each padded to its own longest
    sorted_batches: list[Tensor] | None
    cells: dict[str, int] | None  # waste: size of the rectangles
    counted: Tensor | None  # labels: (lines, T - 1) loss of each token, padding counted
    ignored: Tensor | None  # labels: the same with -100 where attention_mask is 0
    by_id: Tensor | None  # labels: the same with -100 wherever the id is pad_token_id
    loss: dict[str, float] | None  # labels: the means
    key_padding_mask: Tensor | None  # masks: (lines, T) True = ignore
    gap: Tensor | None  # masks: (4, lines) largest |difference| from the line alone, over its real tokens
    error: str | None


def tokenizer_for(folder: str, padding_side: str, pad_token: str) -> tuple[Any, int | None, int, int]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side=padding_side)
    vocab_size = tokenizer.vocab_size
    if pad_token == "[SEP]":
        tokenizer.pad_token = "[SEP]"  # an end token that real text ends with
    if pad_token == "None":
        tokenizer.pad_token = None  # as GPT-2 comes
    if pad_token == "<pad>, only named":
        tokenizer.pad_token = "<pad>"  # not in the vocabulary
    if pad_token == "<pad>, added":
        tokenizer.add_special_tokens({"pad_token": "<pad>"})  # a new id behind the last one
    pad_token_id = tokenizer.pad_token_id
    length = len(tokenizer)
    return tokenizer, pad_token_id, vocab_size, length


_reading = threading.Lock()  # a call sets padding and truncation in the tokenizer itself
_tokenizer = lru_cache(maxsize=10)(tokenizer_for)  # one for each pad_token and side, so none is ever changed


def split(lines: str) -> list[str]:
    texts = lines.splitlines()[:8] or [""]
    return texts


def padded(
    tokenizer: Any, texts: list[str], padding: str, max_length: int, pad_to_multiple_of: int | None
) -> tuple[Tensor, Tensor, list]:
    if pad_to_multiple_of is None:
        batch = tokenizer(texts, padding=padding, truncation=True, max_length=max_length, return_tensors="pt")
    if pad_to_multiple_of is not None:
        batch = tokenizer(
            texts, padding=padding, truncation=True, max_length=max_length, pad_to_multiple_of=pad_to_multiple_of, return_tensors="pt"
        )  # fmt: skip
    input_ids, attention_mask = batch["input_ids"], batch["attention_mask"]
    tokens = [tokenizer.convert_ids_to_tokens(row) for row in input_ids.tolist()]
    return input_ids, attention_mask, tokens


def wasted(tokenizer: Any, texts: list[str], max_length: int, batch_size: int, seed: int) -> tuple:
    encoded = [tokenizer(line, truncation=True, max_length=max_length) for line in texts]
    lengths = [len(item["input_ids"]) for item in encoded]
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed)).tolist()
    by_length = sorted(range(len(texts)), key=lambda i: lengths[i])

    pad = partial(tokenizer.pad, padding="longest", return_tensors="pt", verbose=False)
    shuffled = DataLoader(encoded, batch_size=batch_size, sampler=order, collate_fn=pad)
    bucketed = DataLoader(encoded, batch_size=batch_size, sampler=by_length, collate_fn=pad)
    random_batches = [batch["input_ids"] for batch in shuffled]
    sorted_batches = [batch["input_ids"] for batch in bucketed]
    cells = {
        "real tokens": sum(lengths),
        "sorted by length": sum(ids.numel() for ids in sorted_batches),
        "random order": sum(ids.numel() for ids in random_batches),
        "one batch of all": len(texts) * max(lengths),
        "all to max_length": len(texts) * max_length,
    }
    return order, by_length, random_batches, sorted_batches, cells


def labelled(input_ids: Tensor, attention_mask: Tensor, pad_token_id: int, vocab_size: int) -> tuple:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(vocab_size, 16), nn.Linear(16, vocab_size))  # never resized
    nn.init.normal_(model[1].weight, std=0.5)  # untrained, but not indifferent: every token has a loss of its own
    logits = model(input_ids)[:, :-1].transpose(1, 2)  # (lines, vocab, T - 1), predicting the next token
    target = input_ids[:, 1:]
    real = attention_mask[:, 1:] == 1

    each = partial(F.cross_entropy, logits, reduction="none", ignore_index=-100)
    counted = each(target).detach()
    ignored = each(target.masked_fill(~real, -100)).detach()
    by_id = each(target.masked_fill(target == pad_token_id, -100)).detach()
    unpadded = [
        row[keep == 1] for row, keep in zip(input_ids, attention_mask, strict=True)
    ]  # one by one, without padding
    alone = sum(F.cross_entropy(model(line)[:-1], line[1:], reduction="sum") for line in unpadded)
    loss = {
        "labels = input_ids": counted.mean().item(),
        "-100 where the mask is 0": (ignored.sum() / real.sum()).item(),
        "-100 where id == pad_token_id": (by_id.sum() / (target != pad_token_id).sum()).item(),
        "each line alone, by token": (alone / real.sum()).item(),
    }
    return counted, ignored, by_id, loss


def masked(input_ids: Tensor, attention_mask: Tensor, vocab_size: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    words, positions = nn.Embedding(vocab_size, 16), nn.Embedding(32, 16)
    encoder = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
    key_padding_mask = attention_mask == 0  # True = ignore, the opposite of attention_mask
    from_start = torch.arange(input_ids.shape[1]).expand_as(input_ids)
    from_first_token = (attention_mask.cumsum(1) - 1).clamp(min=0)

    ways = [
        (from_start, None),
        (from_start, attention_mask.bool()),
        (from_start, key_padding_mask),
        (from_first_token, key_padding_mask),
    ]
    outputs = [encoder(words(input_ids) + positions(at), src_key_padding_mask=mask).detach() for at, mask in ways]
    kept = [row.nonzero().flatten() for row in attention_mask]
    unpadded = [row[keep].unsqueeze(0) for row, keep in zip(input_ids, kept, strict=True)]
    alone = [encoder(words(line) + positions(torch.arange(line.shape[1]))).detach() for line in unpadded]
    gaps = [[(y[row, keep] - alone[row]).abs().max() for row, keep in enumerate(kept)] for y in outputs]
    gap = torch.tensor(gaps)
    return key_padding_mask, gap


WAYS = ("no mask", "attention_mask.bool()", "attention_mask == 0", "attention_mask == 0, position_ids from the mask")


def relevant(params: Params) -> Params:
    """What the view does not use stands at its default."""
    hidden = (
        f for f in fields(params) if any(getattr(params, name) not in on for name, on in f.metadata["when"].items())
    )
    return replace(params, **{field.name: field.default for field in hidden})


def run(params: Params) -> Result:
    import models.hugging_face  # noqa: F401

    params = relevant(params)
    found: dict[str, Any] = dict.fromkeys(field.name for field in fields(Result))
    found["texts"] = texts = split(params.lines)
    with _reading:
        tokenizer, *told = _tokenizer(str(ROOT / FOLDER), params.padding_side, params.pad_token)
        found |= dict(zip(("pad_token_id", "vocab_size", "length"), told, strict=True))
        try:
            ids, mask, tokens = padded(tokenizer, texts, params.padding, params.max_length, params.pad_to_multiple_of)
            found |= {"input_ids": ids, "attention_mask": mask, "tokens": tokens}
            with seeded(0):
                found |= _looked_at(params, tokenizer, found)
        except (IndexError, ValueError) as refused:
            found["error"] = f"{type(refused).__name__}: {refused}"
    return Result(**found)


def _looked_at(params: Params, tokenizer: Any, found: dict[str, Any]) -> dict[str, Any]:
    """What the chosen view adds."""
    ids, mask = found["input_ids"], found["attention_mask"]
    if params.view == WASTE:
        names: tuple[str, ...] = ("order", "by_length", "random_batches", "sorted_batches", "cells")
        values: tuple = wasted(tokenizer, found["texts"], params.max_length, params.batch_size, params.seed)
    elif params.view == LABELS:
        names = ("counted", "ignored", "by_id", "loss")
        values = labelled(ids, mask, found["pad_token_id"], found["vocab_size"])
    elif params.view == MASKS:
        names = ("key_padding_mask", "gap")
        values = masked(ids, mask, found["vocab_size"])
    else:
        names, values = (), ()
    return dict(zip(names, values, strict=True))


def snippet(params: Params) -> str:
    params = relevant(params)
    values = {"folder": FOLDER, **vars(params)}
    code = snippet_of(tokenizer_for, values, header="")
    code += snippet_of(split, values, header="")
    code += snippet_of(
        padded, {name: values[name] for name in ("padding", "max_length", "pad_to_multiple_of")}, header=""
    )
    if params.view == WASTE:
        code += snippet_of(wasted, {"batch_size": params.batch_size, "seed": params.seed}, header="")
    if params.view == LABELS:
        code += snippet_of(labelled, {}, header="")
    if params.view == MASKS:
        code += snippet_of(masked, {}, header="")
    return "\n".join([*IMPORTS[params.view], LAZY, "", code.replace(f"{LAZY}\n\n", "", 1)])


def caption(params: Params, result: Result) -> str:
    if result.input_ids is None:
        return f"{_lines(result)}, at most {params.max_length} tokens each: the tokenizer refuses. {result.error}"
    if params.view == WASTE:
        return _waste(params, result)
    if params.view == LABELS:
        return _labels(params, result)
    if params.view == MASKS:
        return _masks(params, result)
    cells = result.input_ids.numel()
    real = int(result.attention_mask.sum())  # type: ignore[union-attr]
    pads = cells - real
    filled = (
        f"{pads} {'cell is' if pads == 1 else 'cells are'} filled on the {params.padding_side} with id {result.pad_token_id}"
        if pads
        else "none is padding"
    )
    added = f"len(tokenizer) is {result.length}, vocab_size {result.vocab_size}."
    asked = f"padding={params.padding}, max_length={params.max_length}, pad_to_multiple_of={params.pad_to_multiple_of}"
    return f"{_lines(result)} of text, {asked}: {cells} ids, of which {real} are real tokens; {filled}. {added}"


def _lines(result: Result) -> str:
    return f"{len(result.texts)} line{'' if len(result.texts) == 1 else 's'}"


def _waste(params: Params, result: Result) -> str:
    assert result.cells is not None
    real, ordered, mixed, *_ = result.cells.values()
    return (
        f"{real} real tokens, truncated at {params.max_length}. Batches of {params.batch_size} in the random order {result.order} take {mixed} cells, "
        f"sorted by length {ordered}: {mixed - real} and {ordered - real} of them are padding."
    )


def _labels(params: Params, result: Result) -> str:
    if result.loss is None:
        fix = f"Call resize_token_embeddings({result.length})."
        return (
            f"The new id {result.pad_token_id} has no row in an embedding of {result.vocab_size}: {result.error}. {fix}"
        )
    counted, masked, by_id, alone = result.loss.values()
    assert result.input_ids is not None
    return (
        f"{result.input_ids.numel()} ids, padded with id {result.pad_token_id}. Counting the padding gives a loss of {counted:.4f}; with -100 where the "
        f"mask is 0 it is {masked:.4f}, the {alone:.4f} of the lines alone. -100 wherever the id is {result.pad_token_id} gives {by_id:.4f}"
        f"{'.' if abs(by_id - masked) < 1e-6 else ': real tokens with that id are ignored too.'}"
    )


def _masks(params: Params, result: Result) -> str:
    assert result.gap is not None and result.input_ids is not None
    none, inverted, right, shifted = result.gap.amax(dim=1).tolist()
    return (
        f"Padding {result.input_ids.shape[1]} wide on the {params.padding_side}. Real tokens differ from those of the line alone by at most "
        f"{none:.4f} without a mask, {inverted:.4f} with attention_mask passed as it is, {right:.4f} with "
        f"attention_mask == 0, {shifted:.4f} if positions are counted from the first token as well."
    )


LESSON = Lesson(
    slug="padding",
    title="Padding and pad_token_id",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="Labels are padded with pad_token_id=0. Does cross_entropy ignore them?",
            choices=("yes", "no"),
            answer=1,
            why="0 is a class like any other. Only ignore_index, -100 by default, is left out of the mean.",
            proof="'yes' if F.cross_entropy(torch.arange(9.0).view(3, 3), torch.tensor([1, 0, 0])) == "
            "F.cross_entropy(torch.arange(9.0).view(3, 3), torch.tensor([1, -100, -100])) else 'no'",
            show={"view": LABELS},
        ),
        Prediction(
            question="src_key_padding_mask is True at a position. What does nn.TransformerEncoderLayer do with it?",
            choices=("ignores it", "keeps it"),
            answer=0,
            why="PyTorch marks what to ignore, Hugging Face's attention_mask marks with 1 what to keep: pass attention_mask == 0.",
            proof="(lambda f, x: 'ignores it' if torch.allclose(f(x, src_key_padding_mask=torch.tensor([[False, False, True]]))[:, :2], "
            "f(x[:, :2]), atol=1e-5) else 'keeps it')(nn.TransformerEncoderLayer(4, 1, 8, dropout=0.0, batch_first=True), torch.randn(1, 3, 4))",
            show={"view": MASKS},
        ),
        Prediction(
            question="An LSTM reads one sequence of length 3, then one of length 7. Does it need padding?",
            choices=("yes", "no"),
            answer=1,
            why="Padding only makes a rectangle out of sequences in one batch; one by one, any length runs.",
            proof="(lambda f: 'no' if [f(torch.zeros(1, n, 2))[0].shape[1] for n in (3, 7)] == [3, 7] else 'yes')(nn.LSTM(2, 2, batch_first=True))",
            show={"view": WASTE, "batch_size": 1},
        ),
        Prediction(
            question="nn.Embedding(4, 2, padding_idx=0) reads ids 0 and 1. What is the gradient of row 0?",
            choices=("zero", "not zero"),
            answer=0,
            why="padding_idx keeps the gradient of that row at zero; the row itself is zero only until you initialise it anew.",
            proof="(lambda e: e(torch.tensor([0, 1])).sum().backward() or ('not zero' if e.weight.grad[0].any() else 'zero'))"
            "(nn.Embedding(4, 2, padding_idx=0))",
        ),
        Prediction(
            question="All labels of a batch are -100. What is the loss?",
            choices=("0.0", "nan"),
            answer=1,
            why="The mean is over no tokens at all: 0 divided by 0.",
            proof="F.cross_entropy(torch.zeros(2, 3), torch.tensor([-100, -100])).item()",
            show={"view": LABELS, "lines": "", "pad_token": "[SEP]"},
        ),
    ),
    traps=(
        Trap(
            name="No pad token",
            sentence="GPT-2's tokenizer comes without one; padding raises until you choose it.",
            source="https://github.com/huggingface/transformers/issues/12594",
            params={"pad_token": "None"},
        ),
        Trap(
            name="pad = end token",
            sentence="Labels set to -100 by id lose the real end tokens too: the model never learns to stop.",
            source="https://github.com/huggingface/transformers/issues/4122",
            params={"view": LABELS, "pad_token": "[SEP]"},
        ),
        Trap(
            name="pad_token that is not in the vocabulary",
            sentence="Naming it is not adding it: the id silently becomes that of the unknown token.",
            source="https://github.com/huggingface/transformers/issues/3859",
            params={"pad_token": "<pad>, only named"},
        ),
        Trap(
            name="New id, old embedding",
            sentence="An added pad token gets an id behind the last row: index out of range until resize_token_embeddings.",
            source="https://github.com/huggingface/transformers/issues/10339",
            params={"view": LABELS, "pad_token": "<pad>, added"},
        ),
        Trap(
            name="The mask upside down",
            sentence="attention_mask is 1 for keep, src_key_padding_mask is True for ignore: passed as it is, real tokens see only the padding.",
            source="https://github.com/pytorch/examples/issues/784",
            params={"view": MASKS},
        ),
    ),
)
