"""generate() goes on from the last cell, so a decoder-only model wants padding on the left; a token never sees what comes after it."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import choice, switch
from explorable.program import Program
from explorable.words import count, listing, number

ROUNDING = 1e-4  # below this a difference is that of the order of sums


@dataclass(frozen=True)
class Params:
    call: Literal["generate", "forward"] = choice("generate", about="what reads the padded row")
    padding_side: Literal["right", "left"] = choice("right", about="where the padding goes")
    pads: Literal[0, 1, 4, 8] = choice(4, about="cells of padding")
    attention_mask: bool = switch(True, about="0 where a cell is padding; off: 1 everywhere")


@dataclass(frozen=True)
class Result:
    input_ids: Tensor  # (1, S) three hours and the padding, which is 0
    keep: Tensor  # (1, S) 1 where a token is real
    mask: Tensor  # (1, S) the attention_mask
    position_ids: Tensor  # (1, S) which positions the model gave the cells
    alone: Tensor  # (k,) how the three hours go on without padding: 4 of generate, 1 of a forward pass
    padded: Tensor  # (k,) and in the padded row
    read: int  # the cell of the padded row at which the first new number is read
    logits_alone: Tensor  # (13,) of the first new number
    logits_padded: Tensor  # (13,)
    gap: Tensor  # (13,) |padded - alone|


@dataclass(frozen=True)
class Trained:
    model: Any


@functools.cache
def _model() -> Any:
    """Trained once, by the program's own lines; frozen, as all visitors share it."""
    import models.hugging_face  # noqa: F401  before two threads import parts of transformers at once

    return Program("generate_padding", Trained).run(Params()).model


def given(_: Params) -> Mapping[str, Any]:
    return {"model": _model()}


def goes_on(result: Result) -> bool:
    """Whether the padded row goes on as the unpadded one does."""
    return result.padded.tolist() == result.alone.tolist()


def counts(result: Result) -> bool:
    """Whether each new number of the padded row is the hour after the one before it."""
    hours = result.padded.tolist()
    return all(after == before % 12 + 1 for before, after in pairwise(hours))


def reads_padding(result: Result) -> bool:
    """Whether the first new number is read at a cell of padding."""
    return not result.keep[0, result.read].item()


def caption(params: Params, result: Result) -> str:
    new, alone = result.padded.tolist()[0], result.alone.tolist()[0]
    number_of = f"{new}, as without padding" if new == alone else f"{new} instead of {alone}"
    if params.call == "generate":
        if not params.pads:
            return f"There is no padding: generate() appends {new} to the last hour."
        last = "PAD, unseen in training" if reads_padding(result) else "the last hour"
        later = "" if new != alone or goes_on(result) else ", and then goes on otherwise"
        on = " and counts on" if new != alone and counts(result) else ""
        return f"The last cell is {last}: generate() appends {number_of}{on}{later}."
    if not params.pads:
        return f"There is no padding: the likeliest number after the last hour is {new}."
    moved = result.gap.max().item()
    moves = f"move by up to {number(moved)}" if moved >= ROUNDING else "stay, up to rounding"
    return f"The logits at the last hour {moves}; the likeliest number after it is {number_of}."


def details(params: Params, result: Result) -> str:
    hours, other = ([str(hour) for hour in row.tolist()] for row in (result.alone, result.padded))
    moved = result.gap.max().item()
    moves = f"by up to {number(moved, 4)}" if moved >= ROUNDING else "by no more than rounding"
    positions = [str(place) for place in result.position_ids[0, result.keep[0] == 1].tolist()]
    if params.call == "forward":
        counts = "forward() counts all cells"
    else:
        counts = f"generate() counts the ones of attention_mask, {'the hours alone' if params.attention_mask else 'here all cells'}"
    padded = f"; with {count(params.pads, 'PAD')} on the {params.padding_side} it goes on with {listing(other)}"
    return (
        f"The prompt 3, 4, 5 alone goes on with {listing(hours)}{padded if params.pads else ''}. "
        f"{counts}: the three hours stand at positions {listing(positions)}. "
        f"{f'A logit of the first new number moves {moves}. ' if params.pads else ''}"
        f"attention_mask is {'0 at a PAD' if params.attention_mask else '1 everywhere'}. "
        "The model was trained for a second to count hours, and never saw padding."
    )


SAME, OTHER = "the same four numbers", "other numbers"

LESSON = Lesson(
    slug="generate_padding",
    title="Padding and generate",
    truth=__doc__,
    Params=Params,
    program=Program("generate_padding", Result, given=given),
    caption=caption,
    details=details,
    tolerance=1e-3,  # what a model learned in a second depends a little on the machine
    minutes=5,
    main=("call", "padding_side", "pads", "attention_mask"),
    related=("padding_effect", "padding", "live_training"),
    predictions=(
        Prediction(
            id="right",
            question="GPT-2 continues 3 4 5 with 6 7 8 9. And 3 4 5 PAD PAD PAD PAD?",
            choices=(
                Choice(
                    SAME,
                    "The mask hides the padding from all other cells. But generate() reads the next number at the last cell, and that is padding.",
                ),
                Choice(
                    OTHER,
                    "It goes on from PAD, of which it learned nothing: 9 is chance.",
                ),
                Choice(
                    "nothing: it raises",
                    "Nothing is checked for one row. For several, transformers logs a warning, and goes on.",
                ),
            ),
            answer=1,
            proof="right",
            show={},
            ring="goes_on",
        ),
        Prediction(
            id="left",
            question="The same 3 4 5 padded on the left, with a correct attention_mask. What does generate() append?",
            choices=(
                Choice(
                    SAME,
                    "The last cell is the last hour, the mask hides the padding, and generate() counts positions from the mask.",
                ),
                Choice(
                    OTHER,
                    "A BERT's positions would be shifted. generate() counts them from the mask: 3 stands at position 0.",
                ),
                Choice(
                    "padding first",
                    "What is appended stands behind the row. The padding stays in front, and is part of the prompt.",
                ),
            ),
            answer=0,
            proof="left",
            show={"padding_side": "left"},
            ring="goes_on",
        ),
        Prediction(
            id="forward_right",
            question="No generate, one forward pass: 3 4 5 padded on the right, with a mask. How do the logits at 5 move?",
            choices=(
                Choice(
                    "they move, the same number wins",
                    "So it is with padding in front, which moves the positions. Behind a token nothing reaches it.",
                ),
                Choice(
                    "they move, another number wins",
                    "That was generate(), which read another cell. Here the logits are read where 5 stands.",
                ),
                Choice(
                    "not at all",
                    "A decoder-only model attends to the left alone, so what stands behind a token cannot reach it.",
                ),
            ),
            answer=2,
            proof="forward right",
            show={"call": "forward"},
            ring="moves",
        ),
        Prediction(
            id="forward_left",
            question="One forward pass of this GPT-2: 3 4 5 behind four cells of padding, a mask, no position_ids. How do the logits at 5 move?",
            choices=(
                Choice(
                    "not at all",
                    "The mask hides the padding. But forward() counts all cells, so that 3 stands at position 4 instead of 0.",
                ),
                Choice(
                    "they move, the same number wins",
                    "Each hour has another position embedding. Pass position_ids counted from the mask, as generate() does.",
                ),
                Choice(
                    "they move, another number wins",
                    "It might, elsewhere: this model has learned to count at every position.",
                ),
            ),
            answer=1,
            proof="forward left",
            show={"call": "forward", "padding_side": "left"},
            ring="moves",
        ),
    ),
    traps=(
        Trap(
            name="Right padding in generate",
            sentence="generate() goes on from the last cell, so behind right padding it continues a padding token; pad on the left.",
            source="https://github.com/huggingface/transformers/issues/14521",
            params={"pads": 8},
        ),
        Trap(
            name="Left padding without position_ids",
            sentence="GPT-2's forward pass counts all cells, so padding in front moves the positions, although the mask hides it.",
            source="https://github.com/huggingface/transformers/issues/18478",
            params={"call": "forward", "padding_side": "left"},
        ),
        Trap(
            name="Padding without a mask",
            sentence="Ones everywhere in attention_mask: the hours attend to the padding in front of them, and their positions count it.",
            source="https://github.com/huggingface/transformers/issues/3021",
            params={"call": "forward", "padding_side": "left", "attention_mask": False, "pads": 8},
        ),
    ),
)
