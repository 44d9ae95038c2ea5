"""A loop over isinstance(m, nn.Dropout) sets the p of those modules, and misses every dropout rate that another module keeps as a float."""

from dataclasses import dataclass
from typing import Literal

from explorable.apart import Apart
from explorable.lesson import Choice, Example, Lesson, Prediction, Trap
from explorable.params import choice, text
from explorable.words import count, listing, one_of
from lessons.config_text import READY, cannot, given_of, name_of, values_of

NONE, SOME, ALL = "none of them", "some of them", "all of them"


@dataclass(frozen=True)
class Params:
    config: str = text(
        READY["BART base"],
        max_length=100_000,
        lines=3,
        about="a config.json or name/model of the Hub, kept nowhere",
        file={".json": {}},
    )
    dtype: Literal["float32", "bfloat16"] = choice("float32", about="of the parameters")
    search: str = text("", max_length=60, about="text to find in the names of parameters")


@dataclass(frozen=True)
class Result:
    kind: str  # class of the model
    numel: int  # numbers in its parameters, each tied one once
    tree: list[list[int | str]]  # rows of depth, path, class, equal neighbours, numbers in one of them, own tensors
    by_dtype: dict[str, int]  # dtype -> bytes of parameters
    buffers: list[list[str | list[int] | int | bool]]  # name, shape, bytes, whether state_dict() holds it
    parts: dict[str, int]  # what parameters are for, by their names -> numbers
    sits: list[list[str | int]]  # parent's class, name and shape of each matrix of the feed-forward, how many
    tied: list[list[str]]  # names that lead to one parameter, where there are several
    modules_before: int  # nn.Dropout modules with p above 0
    calls_before: int  # calls of F.dropout in one forward in train mode that drop entries
    calls_after: int  # the same after p = 0 on every nn.Dropout that modules() gives
    calls: list[list[str | int]]  # class that drops, its modules, calls of each (0: they differ), of all, after that
    stands: list[list[str | int]]  # one of these classes, a rate that it has, as what, how many in a module at most
    holder: str  # one of these classes, if it can be one whose calls are left; "" where there are none
    held: list[list[str | int]]  # what a module of it holds, as what (module, dropout or float), how often
    lines: list[list[str | int]]  # file and text of the lines in which one drops, calls, calls after that
    rates: list[list[str | int]]  # class, attribute and value of rates kept as floats, how many modules
    found: list[list[str | list[int] | int]]  # name, shape, numbers of the first 24 parameters that hold the text
    found_count: int  # of all that hold it
    found_numel: int  # numbers in these
    # the first 8 beginnings of these names, up to the part that the text ends in, how many
    found_in: list[list[str | int]]


def left(result: Result) -> str:
    """How many of the dropout calls the loop leaves."""
    return f"{result.calls_after} of {result.calls_before}" if result.calls_before else "there is none"


def kept(result: Result) -> str:
    """How many of the buffers state_dict() holds."""
    saved = [bool(buffer[3]) for buffer in result.buffers]
    return "there is none" if not saved else ALL if all(saved) else SOME if any(saved) else NONE


def most_names(result: Result) -> int:
    """Names of the parameter that has most of them."""
    return max(map(len, result.tied), default=1)


def caption(params: Params, result: Result) -> str:
    name = name_of(params.config)
    if params.search:
        return _searched(params.search, name, result)
    if not result.calls_before:
        return f"In {name} no call of F.dropout drops values in train mode; the parameters hold {result.numel} numbers."
    calls, drop = count(result.calls_before, "dropout call"), one_of(result.calls_before, "drops", "drop")
    every = "all " * (2 < result.calls_before == result.calls_after)
    left = "both" if result.calls_before == result.calls_after == 2 else result.calls_after or "none"
    after = f"{every}{left} still {one_of(result.calls_after, 'does', 'do')}"
    return f"In {name} {calls} {drop} values in train mode, and after the loop over nn.Dropout {after}."


def _searched(text: str, name: str, result: Result) -> str:
    """How many parameters have the text in their name."""
    if not result.found_count:
        return f'"{text}" is in the names of 0 parameters of {name}.'
    names, found = one_of(result.found_count, "name", "names"), count(result.found_count, "parameter")
    return f'"{text}" is in the {names} of {found} of {name}, with {result.found_numel} numbers.'


def details(params: Params, result: Result) -> str:
    size = sum(result.by_dtype.values())
    saved = sum(bool(buffer[3]) for buffer in result.buffers)
    names = [" = ".join(names) for names in result.tied]
    tied = f"{count(len(names), 'parameter')} under several names: {'; '.join(names)}."
    held = f"It has {count(len(result.buffers), 'buffer')}"
    return " ".join(
        [
            f"{result.kind} has {result.numel:,} numbers in its parameters, {size:,} bytes in {listing([*result.by_dtype])}.",
            tied if names else "No parameter has two names.",
            f"{held}, of which state_dict() holds {saved or 'none'}." if result.buffers else f"{held}.",
            f"It has {count(result.modules_before, 'nn.Dropout module')} with p above 0.",
            f'"{params.search}" is in {count(result.found_count, "name")}.' if params.search else "",
        ]
    ).strip()


LESSON = Lesson(
    slug="what_it_holds",
    title="What it holds",
    truth=__doc__,
    Params=Params,
    program=Apart("what_it_holds", Result, values=values_of, given=given_of, explain=cannot),
    caption=caption,
    details=details,
    minutes=5,
    main=("config", "dtype", "search"),
    related=("will_it_fit", "dropout_reset", "traversal"),
    button="Look inside",
    at_once=2,  # in processes of their own
    examples=tuple(Example(name, {"config": config}) for name, config in READY.items() if name != "BART base"),
    predictions=(
        Prediction(
            id="loop",
            question="p = 0 on every nn.Dropout of BART base: how many dropout calls still drop values?",
            choices=(
                Choice(
                    "0 of 62",
                    "So it is in BERT and GPT-2, where each rate is the p of an nn.Dropout. BART keeps its rates as floats and calls "
                    "F.dropout with them.",
                ),
                Choice(
                    "18 of 62",
                    "Those are the calls in its attention. In T5 they alone have a float for p; in BART all calls have one.",
                ),
                Choice(
                    "62 of 62",
                    "The loop looks for modules. BART's layers hold self.dropout = 0.1, a float, and call nn.functional.dropout with it.",
                ),
            ),
            answer=2,
            proof="the loop",
            show={},
            ring="left",
        ),
        Prediction(
            id="tied",
            question="How many names lead to the weight of the token embedding in BartForConditionalGeneration?",
            choices=(
                Choice(
                    "1 name",
                    "named_parameters() gives one. The encoder, the decoder and the head hold the same Parameter.",
                ),
                Choice(
                    "2 names",
                    "That is GPT2LMHeadModel, whose head is its embedding. In BART encoder and decoder have an attribute for it too.",
                ),
                Choice(
                    "4 names",
                    "shared, encoder.embed_tokens, decoder.embed_tokens and lm_head are one Parameter; remove_duplicate=False tells.",
                ),
            ),
            answer=2,
            proof="names of one weight",
            show={},
            ring="names",
        ),
        Prediction(
            id="buffers",
            question="A Llama registers the frequencies of its positions as buffers. How many of these buffers are in its state_dict()?",
            choices=(
                Choice(
                    NONE,
                    "They are registered with persistent=False: the config gives them again, so a checkpoint need not carry them.",
                ),
                Choice(SOME, "A model may have both kinds. These are all of the kind that is not saved."),
                Choice(
                    ALL,
                    "That is the default of register_buffer, as in BatchNorm. These were registered with persistent=False.",
                ),
            ),
            answer=0,
            proof="buffers",
            show={"config": READY["Llama 8B"]},
            ring="saved",
        ),
        Prediction(
            id="part",
            question="Which part of a Llama of 8 billion parameters has most of them?",
            choices=(
                Choice(
                    "the attention",
                    "It is what Transformers are known for. Each block has about 42 million numbers there, and 176 million next to it.",
                ),
                Choice(
                    "the feed-forward",
                    "Three matrices of 4096 by 14336 in each of 32 blocks: 5.6 of the 8 billion.",
                ),
                Choice(
                    "the embeddings",
                    "128,256 rows of 4,096 are half a billion, and the head has as many again; 32 blocks have more.",
                ),
            ),
            answer=1,
            proof="the largest part",
            show={"config": READY["Llama 8B"]},
            ring="part",
        ),
    ),
    traps=(
        Trap(
            name="The same loop on BERT",
            sentence="In BERT each rate is the p of an nn.Dropout, so the loop stops all of them; that it works there says nothing about BART.",
            source="https://github.com/torch-uncertainty/torch-uncertainty/issues/152",
            params={"config": READY["BERT base"]},
        ),
        Trap(
            name='"layer.1" in name',
            sentence="Meant for one block, it finds the names of layer.10 and layer.11 as well.",
            source="https://github.com/ChenDelong1999/ITRA/issues/1",
            params={"config": READY["BERT base"], "search": "layer.1"},
        ),
    ),
)
