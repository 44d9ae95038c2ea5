"""A loop over model.modules() that asks for nn.Dropout misses every p that a module of another class keeps as a float."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program
from explorable.words import count, number


@dataclass(frozen=True)
class Params:
    architecture: Literal["T5Model", "BertModel", "BartModel", "Tagger"] = choice(
        "T5Model", about="built tiny, with p = 0.1"
    )
    p: float = bounded(0.0, low=0.0, high=1.0, step=0.05, about="what the loop sets")
    family: Literal["nn.Dropout", "_DropoutNd"] = choice(
        "nn.Dropout", about="what isinstance asks for", when={"architecture": ("Tagger",)}
    )
    attributes: Literal["dropout, activation_dropout", "dropout"] = choice(
        "dropout, activation_dropout",
        about="floats that a complete loop sets too",
        when={"architecture": ("BartModel",)},
    )
    seed: int = bounded(0, low=0, high=999, step=1, about="of the weights and the masks")


@dataclass(frozen=True)
class Result:
    types: dict[str, str]  # path of each module, in the order of model.modules() -> its class
    matched: list[str]  # paths of the modules that isinstance finds
    before: dict[str, float]  # path of each dropout probability -> its value
    after_loop: dict[str, float]
    after_complete: dict[str, float]
    n_reset: int  # counted by the loop
    n_complete: int  # counted by the complete loop
    pass_1: Tensor  # (T, D) last hidden state of a pass in train mode, after the loop
    pass_2: Tensor  # (T, D) that of the next pass
    difference_before: Tensor  # (T, D) last hidden state of one pass in train mode minus that of the next
    difference_loop: Tensor  # (T, D)
    difference_complete: Tensor  # (T, D)
    largest: list[float]  # largest |difference| of the three
    config: dict[str, float]  # what model.config says about dropout in the end


def with_library(params: Params) -> Mapping[str, Any]:
    """Nothing to bind: the library is imported before two threads import parts of it at once."""
    if params.architecture != "Tagger":
        import models.hugging_face  # noqa: F401
    return {}


def caption(params: Params, result: Result) -> str:
    passes = differ(result.largest[1]).split(" by ")[0]
    return (
        f"In the {params.architecture} the loop sets {result.n_reset or 'none'} of {len(result.before)} dropout "
        f"probabilities; after it two passes in train mode {passes}."
    )


def differ(largest: float) -> str:
    return f"differ by up to {number(largest, 4)}" if largest else "are equal to the last bit"


def details(params: Params, result: Result) -> str:
    places = len(result.before)
    before, loop, complete = map(differ, result.largest)
    left = places - result.n_complete
    missed = f" and misses {left}" if left else ""
    return (
        f"{params.architecture} has {count(len(result.types), 'module')}. Both loops set p to {params.p:g}: the first misses "
        f"{count(places - result.n_reset, 'place')}; the complete loop, which also looks for floats called "
        f"{params.attributes.replace(', ', ' or ')}, sets {result.n_complete}{missed}. Two passes in train mode {before} "
        f"before, {loop} after the loop and {complete} after the complete loop."
    )


LESSON = Lesson(
    slug="dropout_reset",
    title="Resetting dropout",
    truth=__doc__,
    Params=Params,
    program=Program("dropout_reset", Result, given=with_library),
    caption=caption,
    details=details,
    minutes=5,
    main=("architecture", "p", "family", "attributes"),
    related=("dropout", "traversal", "train_mode_answers"),
    predictions=(
        Prediction(
            id="t5",
            question="A loop sets p = 0 in every nn.Dropout of a T5 in train mode. How do two passes compare?",
            choices=(
                Choice(
                    "they are equal",
                    "Setting all modules looks complete. But some dropouts of T5 are no modules, so the loop never meets them.",
                ),
                Choice(
                    "they differ",
                    "T5Attention keeps its p as a float of its own, not in an nn.Dropout: the loop never meets it, and it still drops.",
                ),
                Choice(
                    "they raise: p = 0 is not allowed",
                    "p may be anything from 0 to 1, both included. At 0 an nn.Dropout keeps every entry.",
                ),
            ),
            answer=1,
            proof="T5",
            show={},
            ring="loop",
        ),
        Prediction(
            id="bart",
            question="Which dropouts of a BartModel does a loop over its nn.Dropout modules find?",
            choices=(
                Choice(
                    "none of them",
                    "BartModel keeps each p as a float and hands it to a function, as in nn.functional.dropout(x, p=self.dropout, ...).",
                ),
                Choice(
                    "all of them",
                    "So it is in BERT, which keeps each p in an nn.Dropout. How a model keeps its p is up to whoever wrote it.",
                ),
                Choice(
                    "all but those of attention",
                    "So it is in T5. BartModel has no nn.Dropout for its other dropouts either.",
                ),
            ),
            answer=0,
            proof="BART",
            show={"architecture": "BartModel"},
            ring="found",
        ),
        Prediction(
            id="siblings",
            question="A model's word_dropout is nn.Dropout1d(0.1). What does a loop over its nn.Dropout modules do to it?",
            choices=(
                Choice(
                    "word_dropout is set",
                    "By its name it looks like a kind of nn.Dropout. The two are siblings, neither is the other's parent.",
                ),
                Choice(
                    "it is set in train mode only",
                    "isinstance asks for the class, which no mode changes.",
                ),
                Choice(
                    "word_dropout is missed",
                    "Dropout1d, Dropout2d, Dropout3d and AlphaDropout are siblings of nn.Dropout; their parent is _DropoutNd.",
                ),
            ),
            answer=2,
            proof="siblings",
            show={"architecture": "Tagger", "family": "nn.Dropout"},
            ring="word",
        ),
        Prediction(
            id="config",
            question="The loop sets every nn.Dropout of a BertModel to 0.5. What becomes of config.hidden_dropout_prob?",
            choices=(
                Choice(
                    "it follows, and says 0.5",
                    "The modules were built from the config, and nothing leads back: m.p is a number of its own.",
                ),
                Choice(
                    "it still says 0.1",
                    "The config was read when the modules were built; setting m.p does not write to it.",
                ),
                Choice(
                    "it is None from now on",
                    "Nothing tells the config that a module was changed, so it keeps what it was made with.",
                ),
            ),
            answer=1,
            proof="config",
            show={"architecture": "BertModel", "p": 0.5},
            ring="config",
        ),
    ),
    traps=(
        Trap(
            name="Nothing to find in BART",
            sentence="BartModel keeps each p as a float and calls functions with it: the loop finds no nn.Dropout, and two passes "
            "differ as before.",
            source="https://github.com/torch-uncertainty/torch-uncertainty/issues/152",
            params={"architecture": "BartModel"},
        ),
        Trap(
            name="An LSTM and an attention",
            sentence="nn.LSTM and nn.MultiheadAttention keep p as a float, and nn.Dropout1d is no nn.Dropout: the loop sets one "
            "place of four.",
            source="https://github.com/lightning-uq-box/lightning-uq-box/pull/173",
            params={"architecture": "Tagger"},
        ),
        Trap(
            name="Saved, loaded, and back at 0.1",
            sentence="The loop sets 0.5 but does not touch model.config: save_pretrained() stores 0.1, from_pretrained() builds "
            "with it.",
            source="https://github.com/huggingface/transformers/issues/8443",
            params={"architecture": "BertModel", "p": 0.5},
        ),
    ),
)
