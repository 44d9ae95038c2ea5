"""T5's DenseReluDense treats each token alone; attention mixes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program
from explorable.tape import off_the_tape
from explorable.words import count, number, percent, spelled

CLOSED_BOOK = Path(__file__).parent.parent / "assets" / "models" / "closed_book"
MEASURED = ("tiny T5", "closed_book") if (CLOSED_BOOK / "config.json").exists() else ("tiny T5",)
ROUNDING = 1e-5  # differences below it are those of float32


@dataclass(frozen=True)
class Params:
    feed_forward_proj: Literal["relu", "gelu", "gated-gelu", "gated-silu"] = choice("relu", about="of T5Config")
    change: Literal["perturb one token", "reverse the tokens", "double x"] = choice(
        "perturb one token", about="done to x, then both are run again"
    )
    token: int = bounded(1, low=0, high=3, step=1, about="to perturb", when={"change": ("perturb one token",)})
    d_ff: int = bounded(6, low=2, high=8, step=1, about="neurons")
    dropout_rate: float = bounded(0.0, low=0.0, high=0.5, step=0.1, about="in train mode")
    stack: Literal["encoder", "decoder"] = choice("encoder", about="whose first block this is")
    measured: Literal[MEASURED] = choice(  # type: ignore[valid-type]
        MEASURED[-1], about="model whose neurons are counted; closed_book is the trained one of this app"
    )


@dataclass(frozen=True)
class Result:
    x: Tensor  # (T=4, D=4) tokens
    wi: Tensor  # (F, D) weight of wi, or of wi_0
    h: Tensor  # (T, F) x @ wi.T
    a: Tensor  # (T, F) act(h)
    g: Tensor | None  # (T, F) x @ wi_1.T, in the gated forms
    hidden: Tensor  # (T, F) a, or a * g
    dropped: Tensor  # (T, F) after dropout
    wo: Tensor  # (D, F) weight of wo
    y: Tensor  # (T, D) dropped @ wo.T
    y_module: Tensor  # (T, D) what the module itself returns
    moved: Tensor  # (T, D) its output for the changed x, minus the old one: as it was, reversed, or doubled
    moved_attention: Tensor  # (T, D) the same for the block's self-attention
    zeros: float  # share of a that is 0
    act: str  # class of the activation
    parameters: list[str]  # names of the module's parameters
    places: dict[str, dict[str, Any]]  # of the measured model: path -> class, shapes of weights, share of zeros


@cache
def _trained() -> dict[str, dict[str, Any]]:
    """The places of the trained model, found once for all visitors by the program's own lines."""
    with off_the_tape():
        return Program("dense_relu_dense", Result).run(Params(measured="closed_book")).places  # type: ignore[no-any-return]


def given(params: Params) -> Mapping[str, Any]:
    import models.hugging_face  # noqa: F401 before two threads import parts of it at once

    return {"places": _trained()} if params.measured == "closed_book" else {}


def rows_moved(moved: Tensor) -> list[int]:
    """The tokens whose output moved."""
    return [t for t, row in enumerate(moved.tolist()) if max(map(abs, row)) > ROUNDING]


def caption(params: Params, result: Result) -> str:
    here, there = rows_moved(result.moved), rows_moved(result.moved_attention)
    if params.change == "perturb one token":
        mask = ", whose causal mask lets no token see a later one" if params.stack == "decoder" else ""
        moved = (
            f"{_outputs(here, params.token)} in DenseReluDense and {_outputs(there, params.token)} in self-attention"
        )
        return f"Changing token {params.token} of the 4 moves {moved}{mask}."
    start, verb = {
        "reverse the tokens": ("Reversing the 4 tokens", "reverses"),
        "double x": ("Doubling the 4 tokens", "doubles"),
    }[params.change]
    return f"{start} {_both(verb, not here, not there, _dropout(params, not here))}."


def _outputs(rows: list[int], token: int) -> str:
    if rows in ([], [token]):
        return "its own output" if rows else "no output"
    return f"{'all' if len(rows) == 4 else spelled(len(rows))} outputs"


def _both(verb: str, here: bool, there: bool, why: str) -> str:
    """Of which of the two the outputs are reversed or doubled; why: what dropout does to those of DenseReluDense."""
    dense, attention = f"the outputs of DenseReluDense{why}", "those of self-attention"
    if here == there:
        return f"{verb} {dense} and {attention}" if here else f"{verb} neither {dense} nor {attention}"
    if here:
        return f"{verb} {dense} but not {attention}"
    return f"does not {verb.removesuffix('s')} {dense}, but {verb} {attention}"


def _dropout(params: Params, here: bool) -> str:
    if params.change != "reverse the tokens" or not params.dropout_rate:
        return ""
    return (
        ", for which dropout happens to draw one mask both ways,"
        if here
        else ", as dropout draws a mask for each place,"
    )


def details(params: Params, result: Result) -> str:
    mode = f" in train mode with dropout {params.dropout_rate:g}" if params.dropout_rate else ""
    mask = ", which has a causal mask here," if params.stack == "decoder" else ""
    far, far_attention = (_far(moved) for moved in (result.moved, result.moved_attention))
    shares = [place["zeros"] for place in result.places.values()]
    least, most = percent(min(shares)), percent(max(shares))
    range_of_zeros = least if least == most else f"{least} to {most}"
    return (
        f"{params.feed_forward_proj} in the {params.stack}{mode}: {count(len(result.parameters), 'Linear')} without bias, "
        f"{result.act}, {count(params.d_ff, 'neuron')}; {percent(result.zeros)} of the activations are 0. "
        f"After the change the outputs of DenseReluDense differ {far} from {_expected(params)}, those of self-attention{mask} {far_attention}. "
        f"In the {len(shares)} DenseReluDense modules of {params.measured} {range_of_zeros} of the activations are 0."
    )


def _far(moved: Tensor) -> str:
    far = number(moved.abs().max().item())
    return "not at all" if far == "0.0" else f"by {far}" if far.startswith("less") else f"by up to {far}"


def _expected(params: Params) -> str:
    """What `moved` is the difference from."""
    return {
        "perturb one token": "the old ones",
        "reverse the tokens": "the old ones in reverse order",
        "double x": "twice the old ones",
    }[params.change]


LESSON = Lesson(
    slug="dense_relu_dense",
    title="DenseReluDense",
    truth=__doc__,
    Params=Params,
    program=Program("dense_relu_dense", Result, given=given),
    caption=caption,
    details=details,
    minutes=5,
    main=("feed_forward_proj", "change", "token", "stack"),
    related=("padding_effect", "dropout_reset", "traversal"),
    predictions=(
        Prediction(
            id="one_token",
            question="One of four tokens changes. Which outputs of DenseReluDense move?",
            choices=(
                Choice(
                    "all four",
                    "So it is behind self-attention without a mask, where each token looks at all. Here no token sees another.",
                ),
                Choice(
                    "its own alone",
                    "It is a Linear, an activation and a Linear over the last dim: each token is computed by itself.",
                ),
                Choice(
                    "its own and all later ones",
                    "That is self-attention with a causal mask. DenseReluDense has no mask, as it mixes nothing.",
                ),
            ),
            answer=1,
            proof="one token",
            show={},
            ring="moved",
        ),
        Prediction(
            id="reversed",
            question="The four tokens are given in reverse order, without dropout. What does DenseReluDense return?",
            choices=(
                Choice(
                    "the same outputs in place",
                    "The output of a token goes with the token. It ignores the place, so the place of the output changes.",
                ),
                Choice(
                    "other numbers",
                    "T5's self-attention does: it adds a bias for the distance of two tokens. DenseReluDense knows no place.",
                ),
                Choice(
                    "the same, reversed",
                    "Every token meets the same matrices wherever it stands, so the outputs change places with the tokens.",
                ),
            ),
            answer=2,
            proof="reversed",
            show={"change": "reverse the tokens"},
            ring="moved",
        ),
        Prediction(
            id="gated",
            question="feed_forward_proj='gated-gelu': which Linears sit inside the attribute named DenseReluDense?",
            choices=(
                Choice(
                    "three: wi_0, wi_1, wo",
                    "The gate is a second projection of the input, wi_1. The attribute keeps its name and holds no ReLU.",
                ),
                Choice(
                    "two: wi, wo",
                    "The name says dense, ReLU, dense, and so it is for relu and gelu. A gate needs a Linear of its own.",
                ),
                Choice(
                    "two: wi_0, wo",
                    "Activation and gate are two projections of the input: one Linear each, multiplied before wo.",
                ),
            ),
            answer=0,
            proof="gated",
            show={"feed_forward_proj": "gated-gelu"},
            ring="linears",
        ),
        Prediction(
            id="decoder",
            question="encoder.block[0].layer[1] holds DenseReluDense. Which layer of decoder.block[0] does?",
            choices=(
                Choice(
                    "layer[1]",
                    "The blocks look alike, but layer[1] of a decoder block is cross-attention and has no such attribute.",
                ),
                Choice(
                    "layer[2]",
                    "A decoder block has cross-attention in between: self-attention, cross-attention, feed-forward.",
                ),
                Choice(
                    "layer[3]",
                    "T5 keeps each layer norm inside its layer, so a decoder block has three entries and layer[3] raises.",
                ),
            ),
            answer=1,
            proof="decoder",
            show={"stack": "decoder"},
            ring="place",
        ),
        Prediction(
            id="biases",
            question="Which biases does DenseReluDense have, with feed_forward_proj='relu'?",
            choices=(
                Choice(
                    "one in each Linear",
                    "nn.Linear has one by default, and so has the feed-forward layer of BERT. T5 asks for bias=False.",
                ),
                Choice(
                    "one in wo alone",
                    "ReLU needs no bias before it to be non-linear, but T5 leaves it out behind it as well.",
                ),
                Choice("none at all", "T5 builds wi and wo with bias=False; its layer norm has no bias either."),
            ),
            answer=2,
            proof="biases",
            show={"feed_forward_proj": "relu"},
            ring="biases",
        ),
    ),
    traps=(
        Trap(
            name="Where is wi?",
            sentence="The gated forms, as in T5 v1.1 and mT5, have wi_0 and wi_1, and a model with wi has no place for either.",
            source="https://github.com/google-research/multilingual-t5/issues/83",
            params={"feed_forward_proj": "gated-gelu"},
        ),
        Trap(
            name="Dropout by place",
            sentence="In train mode dropout draws for each entry: a token that stands elsewhere meets another mask.",
            source="https://github.com/huggingface/transformers/pull/25943",
            params={"dropout_rate": 0.5, "change": "reverse the tokens"},
        ),
    ),
)
