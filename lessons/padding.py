"""padding='longest' fills up to the longest line; cross_entropy and attention take the filling for tokens until an argument such as a mask leaves it out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, text
from explorable.program import Program
from explorable.words import count, number, one_of
from models.registry import FOLDER

LINES = """\
cats sleep
the dog barks
a bird sings in the tree
rain
newts
the dog sat in the rain"""
IDS, WASTE, LABELS, MASKS = "ids", "waste", "labels", "masks"
ROUNDING = 1e-5  # below this a difference is that of the order of sums


@dataclass(frozen=True)
class Params:
    view: Literal["ids", "waste", "labels", "masks"] = choice(IDS, about="what padding is looked at for")
    lines: str = text(LINES, max_length=600, lines=6, about="your own lines; the first 8 are used")
    padding: Literal["longest", "max_length", "do_not_pad"] = choice(
        "longest", about="how far lines are filled up", when={"view": (IDS,)}
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
    mode: Literal["train", "eval"] = choice("train", about="of the layer, under no_grad", when={"view": (MASKS,)})
    seed: int = bounded(2, low=0, high=99, step=1, about="of the random order", when={"view": (WASTE,)})


@dataclass(frozen=True)
class Result:
    texts: list[str]  # the lines that were used
    pad_token_id: int | None
    vocab_size: int  # ids the tokenizer came with
    length: int  # len(tokenizer): with the tokens added later
    input_ids: Tensor | None  # (lines, T), None where the tokenizer refuses
    attention_mask: Tensor | None  # (lines, T) 1 = attend, 0 = padding
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
    key_padding_mask: Tensor | None  # masks: (lines, T) True = ignore, as nn.MultiheadAttention reads it
    gap: Tensor | None  # masks: (4, lines) largest |difference| from the line alone, over its real tokens, in the layer
    function_gap: Tensor | None  # masks: (3, lines) the same in F.scaled_dot_product_attention
    error: str | None


WAYS = ("no mask", "attention_mask.bool()", "attention_mask == 0", "attention_mask == 0, position_ids from the mask")


def values(params: Params) -> Mapping[str, Any]:
    """The program's parameters: what the view does not use stands at its default."""
    hidden: dict[str, Any] = {}
    for param in fields(params):
        if any(getattr(params, name) not in on for name, on in param.metadata["when"].items()):
            hidden[param.name] = param.default
    return vars(replace(params, **hidden))


@lru_cache(maxsize=10)
def _tokenizer(padding_side: str, pad_token: str) -> Any:
    """One for each side and pad token: the program sets in it what is set already."""
    from models.hugging_face import AutoTokenizer

    return AutoTokenizer.from_pretrained(FOLDER / "extractive", padding_side=padding_side, local_files_only=True)


def given(params: Params) -> Mapping[str, Any]:
    used = values(params)
    return {"tokenizer": _tokenizer(used["padding_side"], used["pad_token"])}


def pads(result: Result) -> int:
    """How many cells are filled."""
    assert result.attention_mask is not None
    return int((result.attention_mask == 0).sum())


def caption(params: Params, result: Result) -> str:
    if result.input_ids is None:
        return _refused(params, result)
    if result.cells:
        real, ordered, mixed, *_ = result.cells.values()
        tokens = count(real, "real token")
        return f"{tokens} {one_of(real, 'takes', 'take')} {mixed} cells in random order and {ordered} sorted by length."
    if params.view == LABELS:
        return _labels(result)
    if params.view == MASKS:
        return _masks(result)
    filled = pads(result)
    side = f" on the {params.padding_side}" if filled else ""
    lines = count(len(result.texts), "line")
    becomes = one_of(len(result.texts), "becomes", "become")
    return f"{lines} {becomes} a rectangle of {result.input_ids.numel()} ids, {filled or 'none'} of them padding{side}."


def _refused(params: Params, result: Result) -> str:
    kind, said = str(result.error).split(": ", 1)
    if said.startswith("Asking to pad"):
        why = "Without a pad token"
    elif "is not a multiple" in said:
        why = f"As max_length={params.max_length} is no multiple of pad_to_multiple_of={params.pad_to_multiple_of},"
    else:
        why = "As lines of unequal length make no tensor without padding,"
    return f"{why} the tokenizer refuses with {kind}."


def _labels(result: Result) -> str:
    if result.loss is None:
        kind = str(result.error).split(":")[0]
        return f"The new id {result.pad_token_id} has no row in an Embedding of {result.vocab_size} rows: the look-up raises {kind}."
    counted, masked, by_id, _ = result.loss.values()
    lost = real_pads(result)
    though = f", and {number(by_id, 4)} with each label equal to pad_token_id ignored, real tokens too" if lost else ""
    if not pads(result):
        return f"With no padding the mean loss is {number(masked, 4)}{though}."
    return (
        f"The mean loss is {number(counted, 4)} with the padding counted, {number(masked, 4)} with it ignored{though}."
    )


def real_pads(result: Result) -> int:
    """Labels of real tokens that have the id of the pad token."""
    assert result.input_ids is not None and result.attention_mask is not None
    return int(((result.input_ids == result.pad_token_id) & (result.attention_mask == 1))[:, 1:].sum())


def _masks(result: Result) -> str:
    assert result.gap is not None
    none, inverted, right, _ = result.gap.amax(dim=1).tolist()
    beside = (
        "Compared with each line alone" if pads(result) else f"With no padding in {count(len(result.texts), 'line')}"
    )
    return (
        f"{beside}, the outputs of real tokens {moved(none)} without a mask, {moved(inverted)} with "
        f"attention_mask.bool() as src_key_padding_mask and {moved(right)} with its opposite."
    )


def moved(gap: float) -> str:
    if math.isnan(gap):
        return "become NaN"
    return f"move by {number(gap, 4) if 0 < gap < 1e-4 else f'up to {number(gap, 4)}'}" if gap else "do not move"


def details(params: Params, result: Result) -> str:
    used = values(params)
    if params.view == WASTE:
        asked = f"batches of {params.batch_size}, random order {result.order}, by length {result.by_length}"
    elif params.view == MASKS:
        asked = f"padding_side={params.padding_side!r}, the layer in {params.mode} mode under no_grad"
    else:
        asked = ", ".join(f"{name}={used[name]!r}" for name in ("padding", "pad_to_multiple_of", "pad_token"))
    parts = [
        f"{count(len(result.texts), 'line')}, max_length={params.max_length}, {asked}.",
        f"pad_token_id is {result.pad_token_id}, len(tokenizer) {result.length}, tokenizer.vocab_size {result.vocab_size}.",
    ]
    if result.input_ids is not None:
        shape = tuple(result.input_ids.shape)
        parts.append(f"Together the lines make {shape[0]} x {shape[1]} ids, {pads(result) or 'none'} of them padding.")
    if result.loss:
        alone = number(result.loss["each line alone, by token"], 4)
        parts.append(f"Read one by one, without padding, the lines have a mean loss of {alone} per token.")
    if result.gap is not None and result.function_gap is not None:
        shifted = result.gap[3].max().item()
        function = (moved(gap) for gap in result.function_gap.amax(dim=1).tolist())
        parts.append(f"With positions counted from the first real token as well, real tokens {moved(shifted)}.")
        parts.append(
            "In F.scaled_dot_product_attention real tokens {} without a mask, {} with attention_mask.bool() as attn_mask and {} "
            "with its opposite.".format(*function)
        )
    return " ".join(parts)


LESSON = Lesson(
    slug="padding",
    title="Padding and pad_token_id",
    truth=__doc__,
    Params=Params,
    program=Program("padding", Result, raises=(IndexError, ValueError), values=values, given=given),
    caption=caption,
    details=details,
    minutes=7,
    main=("view", "pad_token", "lines"),
    related=("padding_effect", "collate", "batches"),
    predictions=(
        Prediction(
            id="longest",
            question="Six lines of 3 to 8 tokens, padding='longest', max_length=12: the shape of input_ids?",
            choices=(
                Choice(
                    "(6, 12)",
                    "max_length sounds like a width. With padding='longest' it only tells truncation=True where to cut; padding='max_length' fills up to it.",
                ),
                Choice(
                    "(6, 8)",
                    "Every line is filled up to the longest line of this batch, and no further.",
                ),
                Choice(
                    "(6, 512)",
                    "512 is this tokenizer's model_max_length: truncation without a max_length cuts there, and padding='longest' never asks for it.",
                ),
            ),
            answer=1,
            proof="longest",
            show={},
            ring="shape",
        ),
        Prediction(
            id="labels",
            question="Labels are padded with pad_token_id=0, ignore_index is left at its default. What becomes of them in cross_entropy?",
            choices=(
                Choice(
                    "they are counted",
                    "To cross_entropy 0 is a class like any other. Its ignore_index is -100 until you give another.",
                ),
                Choice(
                    "they are left out",
                    "The tokenizer knows which id is padding; the loss is not told. It leaves out ignore_index, which is -100.",
                ),
                Choice(
                    "they raise: 0 is no class",
                    "Classes go from 0 to C - 1, so 0 is the first of them.",
                ),
            ),
            answer=0,
            proof="labels",
            show={"view": LABELS},
            ring="labels",
        ),
        Prediction(
            id="module",
            question="src_key_padding_mask of nn.TransformerEncoderLayer is True at a token. Who attends to it?",
            choices=(
                Choice(
                    "each token attends to it",
                    "So a Hugging Face attention_mask means its 1, and F.scaled_dot_product_attention its True. This mask names what to ignore.",
                ),
                Choice(
                    "only that token itself",
                    "It masks keys, in every row alike: the query at the masked place loses that key too.",
                ),
                Choice(
                    "no token attends to it",
                    "nn.Transformer and nn.MultiheadAttention mark with True what to ignore: pass attention_mask == 0.",
                ),
            ),
            answer=2,
            proof="module",
            show={"view": MASKS},
            ring="module",
        ),
        Prediction(
            id="function",
            question="A bool attn_mask of F.scaled_dot_product_attention is True at a key, for every query. Who attends to it?",
            choices=(
                Choice(
                    "no query attends to it",
                    "So it is with key_padding_mask of nn.MultiheadAttention. The function has it the other way round.",
                ),
                Choice(
                    "the queries attend to it",
                    "Here True means: takes part. attention_mask.bool() is not inverted, only given axes that broadcast to (N, ..., L, S).",
                ),
                Choice(
                    "it raises: a mask is float",
                    "Both kinds are accepted: a float mask is added to the scores, a bool one chooses keys.",
                ),
            ),
            answer=1,
            proof="function",
            show={"view": MASKS},
            ring="function",
        ),
        Prediction(
            id="one_by_one",
            question="Lines of 3 to 8 tokens, one in each batch, padding='longest'. How much padding do the batches hold?",
            choices=(
                Choice(
                    "up to the longest line",
                    "The longest of its batch is meant, and each batch has one line. An LSTM reads any length, a BERT any up to its limit.",
                ),
                Choice(
                    "up to max_length",
                    "Networks are said to need one fixed size. Many read any length up to a limit; only a plain tensor of "
                    "several lines must be a rectangle.",
                ),
                Choice(
                    "no padding at all",
                    "Padding makes a rectangle of several lines; one line is a rectangle already.",
                ),
            ),
            answer=2,
            proof="one by one",
            show={"view": WASTE, "batch_size": 1},
            ring="random",
        ),
        Prediction(
            id="all_ignored",
            question="All labels of a batch are -100, the default of ignore_index. What is cross_entropy with reduction='mean'?",
            choices=(
                Choice(
                    "0.0",
                    "Nothing is lost, so 0 seems right, and reduction='sum' gives it. A mean divides by the number of labels that count.",
                ),
                Choice(
                    "nan",
                    "The sum over no labels is divided by their number: 0 / 0.",
                ),
                Choice(
                    "it raises a ValueError",
                    "A mean over nothing might be refused. PyTorch divides all the same, and says nothing.",
                ),
            ),
            answer=1,
            proof="all ignored",
            show={"view": LABELS, "lines": "", "pad_token": "[SEP]"},
            ring="by_id",
        ),
    ),
    traps=(
        Trap(
            name="No pad token",
            sentence="GPT-2's tokenizer comes without a pad token: padding raises until you choose one.",
            source="https://github.com/huggingface/trl/issues/466",
            params={"pad_token": "None"},
        ),
        Trap(
            name="pad = end token",
            sentence="Labels set to -100 wherever they equal pad_token_id lose the real end tokens too, so no loss teaches the model to stop.",
            source="https://github.com/huggingface/transformers/issues/23530",
            params={"view": LABELS, "pad_token": "[SEP]"},
        ),
        Trap(
            name="pad_token that is not in the vocabulary",
            sentence="Naming it does not add it: a tokenizer that has an unk_token pads with unk_token_id, and says nothing.",
            source="https://github.com/huggingface/transformers/issues/22312",
            params={"pad_token": "<pad>, only named"},
        ),
        Trap(
            name="New id, old embedding",
            sentence="A pad token that is added to the vocabulary gets a new id; an embedding that has no row for it raises until "
            "resize_token_embeddings(len(tokenizer)).",
            source="https://github.com/meta-llama/llama-cookbook/issues/189",
            params={"view": LABELS, "pad_token": "<pad>, added"},
        ),
        Trap(
            name="The mask upside down",
            sentence="True means attend in F.scaled_dot_product_attention and ignore in src_key_padding_mask of "
            "nn.TransformerEncoderLayer: a mask made for the one hides the real tokens from the other.",
            source="https://github.com/InseeFrLab/torchTextClassifiers/pull/92",
            params={"view": MASKS},
        ),
        Trap(
            name="A line that sees nothing",
            sentence="Where src_key_padding_mask hides a whole line, the fast path of nn.TransformerEncoderLayer makes NaN of it. This "
            "layer takes that path in eval mode under no_grad; in train mode the line stays finite here.",
            source="https://github.com/pytorch/pytorch/issues/24816",
            params={"view": MASKS, "mode": "eval"},
        ),
    ),
)
