"""to(), eval(), state_dict() and parameters() pass by what a module has not registered, and a Python list or dict registers nothing."""

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import choice, switch
from explorable.program import Program
from explorable.words import count, listing, number, one_of

Slot = Literal[
    "attribute", "list", "dict", "ModuleList", "ModuleDict", "ParameterList", "Parameter", "list of Parameter",
    "Parameter(...).half()", "buffer", "non-persistent buffer",
]  # fmt: skip
Then = Literal[
    "nothing", ".to(torch.float64)", '.to("meta")', ".eval()", "load_state_dict", "load old checkpoint",
    "load, strict=False", "SGD step", "SGD, then a new held",
]  # fmt: skip
CHECKPOINT = ("load old checkpoint", "load, strict=False")


@dataclass(frozen=True)
class Params:
    content: Literal["Linear", "Dropout", "tensor"] = choice("Linear", about="what the module holds")
    slot: Slot = choice("list", about="self.held = ...")
    then: Then = choice("SGD step", about="between two calls of the net")
    head: bool = switch(True, about="self.head, a layer after it")


@dataclass(frozen=True)
class Result:
    x: Tensor  # (2, 3) input
    reached: dict[str, Any]  # slot -> what each call did to the content, or what torch said when it refused
    dicts: dict[str, list[str]] | None  # the net's dicts -> the names they hold, because of self.held and self.head
    keys: list[str] | None  # of the net's state_dict
    parameters: list[str] | None  # names of net.named_parameters()
    y_before: Tensor | None  # (2, 3) the net's first output
    y: Tensor | None  # (2, 3) its output afterwards; None on meta, where there are no numbers
    output: str | None  # shape, dtype and device of that output
    missing: list[str] | None  # keys that the net has and the older checkpoint has not
    unexpected: list[str] | None  # keys that the older checkpoint has and the net has not
    change: dict[str, float] | None  # of held and head: the largest change of an entry by a step of SGD or a checkpoint
    moved: list[str] | None  # which of held and head a step of SGD or a checkpoint has changed
    error: str | None


def place(result: Result) -> str:
    """The dict of the net in which the name held stands."""
    return next(name for name, names in (result.dicts or {}).items() if "held" in names)


def reaches(params: Params, result: Result) -> bool | None:
    """Whether `then` reached the content; None where there is nothing to reach, or torch refused the slot."""
    seen = result.reached[params.slot]
    if isinstance(seen, str):
        return None
    return {
        "nothing": None,
        ".to(torch.float64)": seen["dtype"] and seen["dtype"] == "torch.float64",
        '.to("meta")': seen["device"] and seen["device"] == "meta",
        ".eval()": None if seen["training"] is None else not seen["training"],
        "load_state_dict": bool(seen["keys"]) if seen["dtype"] else None,
        "load old checkpoint": _filled(result) if seen["dtype"] else None,
        "load, strict=False": _filled(result) if seen["dtype"] else None,
        "SGD step": isinstance(seen["given"], int) if seen["dtype"] else None,
        "SGD, then a new held": False if seen["dtype"] else None,
    }[params.then]


def _filled(result: Result) -> bool:
    """Whether the older checkpoint has keys for the content, and the net has the same ones."""
    return not any(key.startswith("held") for key in (result.missing or []) + (result.unexpected or []))


def caption(params: Params, result: Result) -> str:
    if result.dicts is None:
        return f"PyTorch refuses with {_kind(result)}: a {params.content} cannot be held as a {params.slot}."
    if params.then in CHECKPOINT:
        return _loaded(params, result)
    if params.then == "SGD, then a new held":
        return _too_early(params, result)
    if params.then == "SGD step":
        return _stepped(params, result)
    said = f"The name held stands in {place(result)}{_aside(params)}, {_reached(params, result)}"
    saved = len(result.keys or [])
    return f"{said}; {_outcome(result)}, and state_dict() has {saved} {one_of(saved, 'key', 'keys')}."


def _stepped(params: Params, result: Result) -> str:
    """Whether the content was given to SGD, and what the step moved."""
    if result.error:
        return f"net.parameters() gives nothing, so SGD raises {_kind(result)}."
    moves = " and ".join(f"{name} by {number(by) if by else 0}" for name, by in (result.change or {}).items())
    if reaches(params, result) is None:
        return f"The {params.content} in self.held has no parameters; a step of SGD moves {moves}."
    if reaches(params, result):
        return f"The {params.content} in self.held is in net.parameters(), so SGD moves {moves}."
    return f"The {params.content} in self.held is not in net.parameters(), so SGD moves {moves}."


def moved_names(result: Result) -> str:
    """Which of held and head have moved: `held and head`, `head alone`, `nothing`."""
    names = result.moved or []
    return " and ".join(names) if len(names) == 2 else f"{names[0]} alone" if names else "nothing"


def _aside(params: Params) -> str:
    return " with persistent=False" if params.slot == "non-persistent buffer" else ""


def _loaded(params: Params, result: Result) -> str:
    missing, unexpected, keys = len(result.missing or []), len(result.unexpected or []), len(result.keys or [])
    if not missing + unexpected:
        same = (
            f"The checkpoint and the net have the same {one_of(keys, 'key', f'{keys} keys')}"
            if keys
            else "Neither the checkpoint nor the net has a key"
        )
        return f"{same}, {_so(params, result)} load_state_dict() {_reaches(params, result)}; {_outcome(result)}."
    lacks = f"{count(missing, 'key')} {one_of(max(missing, 1), 'is', 'are')} missing"
    said = f"{lacks} and {unexpected or 'none'} {one_of(max(unexpected, 1), 'is', 'are')} unexpected"
    outcome = f"raises {_kind(result)}" if result.error else _outcome(result)
    return f"{said[0].upper()}{said[1:]}, so load_state_dict() {_reaches(params, result)}, and {outcome}."


def _too_early(params: Params, result: Result) -> str:
    if result.error:
        return f"net.parameters() gives nothing before self.held is replaced, so SGD raises {_kind(result)}."
    saved = f"state_dict() has {count(len(result.keys or []), 'key')}"
    return (
        f"SGD was made before self.held was replaced and {_reaches(params, result)}; {_outcome(result)}, and {saved}."
    )


def _reaches(params: Params, result: Result) -> str:
    reached = reaches(params, result)
    if reached is None:
        return f"finds nothing to change in the {params.content}"
    return f"{'reaches' if reached else 'passes by'} the {params.content}"


def _kind(result: Result) -> str:
    return str(result.error).partition(":")[0]


def _reached(params: Params, result: Result) -> str:
    if params.then == "nothing":
        return "and nothing is done between the two calls"
    call = {"load_state_dict": "load_state_dict()", "SGD step": "SGD"}.get(params.then, f"net{params.then}")
    return f"{_so(params, result)} {call} {_reaches(params, result)}"


def _so(params: Params, result: Result) -> str:
    """A call passes a Dropout's tensors by since it has none, wherever its name stands."""
    return "and" if reaches(params, result) is None else "so"


def _outcome(result: Result) -> str:
    if result.error:
        return f"the net raises {_kind(result)}"
    if result.y is None or result.y_before is None:
        return "the net returns a tensor without numbers"
    if _changed(result.y, result.y_before):
        return "the output changes"
    return f"the output is the first one {'again' if (result.y == result.y_before).all() else 'but for rounding'}"


def _changed(y: Tensor, before: Tensor) -> bool:
    """Whether they differ by more than the rounding of float32."""
    return (y - before).abs().max().item() > 1e-5


def details(params: Params, result: Result) -> str:
    if result.dicts is None:
        return _sentence(str(result.error))
    keys, names = count(len(result.keys or []), "key"), count(len(result.parameters or []), "parameter")
    beside = " beside a registered head" if params.head else ""
    start = f"A {params.content} as {params.slot}{beside}: state_dict() has {keys}, parameters() gives {names}."
    if params.then in CHECKPOINT:
        start += (
            f" Missing: {listing(result.missing or ['none'])}. Unexpected: {listing(result.unexpected or ['none'])}."
        )
    return f"{start} {_sentence(result.error) if result.error else _far(result)}{_draws(params, result)}"


def _draws(params: Params, result: Result) -> str:
    """Why the output of a Dropout changes although nothing has changed the net."""
    evaluated = params.then == ".eval()" and reaches(params, result)
    if params.content != "Dropout" or evaluated or result.y is None:
        return ""
    return " The Dropout is in train mode and draws new zeros at each call."


def _far(result: Result) -> str:
    if result.y is None or result.y_before is None:
        return f"The output afterwards is {result.output}."
    far = number((result.y - result.y_before).abs().max().item())
    return f"The output afterwards is {result.output}; its largest difference from the first is {far}."


def _sentence(text: str) -> str:
    return " ".join(text.split()) if text.strip()[-1] in ".!?" else f"{text}."


LESSON = Lesson(
    slug="registration",
    title="What a module knows",
    truth=__doc__,
    Params=Params,
    program=Program("registration", Result, raises=(AttributeError, RuntimeError, TypeError, ValueError)),
    caption=caption,
    details=details,
    minutes=5,
    main=("content", "slot", "then", "head"),
    related=("super_init", "traversal", "freeze"),
    predictions=(
        Prediction(
            id="silent_list",
            question="self.held = [nn.Linear(3, 3)], self.head = nn.Linear(3, 3). What does a step of SGD move?",
            choices=(
                Choice(
                    "held and head",
                    "Both took part in the forward pass, and backward() fills both gradients. But the optimiser was given "
                    "net.parameters(), and a Python list is not looked into.",
                ),
                Choice(
                    "head alone",
                    "parameters() gives what is registered: head. The layer in the list gets a gradient and stays.",
                ),
                Choice(
                    "nothing: it raises",
                    "SGD raises where net.parameters() gives nothing at all. One registered layer is enough to keep it silent.",
                ),
            ),
            answer=1,
            proof="a list beside a layer",
            show={},
            ring="moved",
        ),
        Prediction(
            id="too_early",
            question="SGD is given net.parameters(); then net.held = nn.Linear(3, 3) replaces the registered layer. What does one step move?",
            choices=(
                Choice(
                    "held and head",
                    "The new layer is registered and gets a gradient. But the optimiser holds the Parameters it was given, not the net.",
                ),
                Choice(
                    "nothing: it raises",
                    "The old Parameters are still there; without a gradient they are skipped, and no error says so.",
                ),
                Choice(
                    "head alone",
                    "The optimiser keeps the old layer's Parameters, and knows nothing of the new ones. Make it after the last change of the net.",
                ),
            ),
            answer=2,
            proof="an optimizer made too early",
            show={"slot": "attribute", "then": "SGD, then a new held"},
            ring="moved",
        ),
        Prediction(
            id="other_names",
            question="A checkpoint has held.weight; the net now keeps this Linear in a ModuleList. What does load_state_dict(checkpoint, strict=False) do?",
            choices=(
                Choice(
                    "it fills held and head",
                    "The shapes agree, but load_state_dict() goes by name alone, and the net's name is held.0.weight.",
                ),
                Choice(
                    "it fills head alone",
                    "held.weight is unexpected and held.0.weight missing. strict=False returns both lists, and raises nothing.",
                ),
                Choice(
                    "it raises",
                    "So it does with strict=True, the default. strict=False forgives names, and only names: shapes that differ still raise.",
                ),
            ),
            answer=1,
            proof="a checkpoint with other names",
            show={"slot": "ModuleList", "then": "load, strict=False"},
            ring="moved",
        ),
        Prediction(
            id="list_to",
            question='self.held = [nn.Linear(3, 3)], a Python list. What does net.to("meta") do with this Linear?',
            choices=(
                Choice(
                    "it reaches the Linear", "to() walks the registered modules. A list is an ordinary attribute to it."
                ),
                Choice(
                    "it raises for the Linear",
                    "to() does not notice what it does not know. The error comes from the next call, where two devices meet.",
                ),
                Choice("it passes the Linear by", "The list is not registered, so the layer stays where it was."),
            ),
            answer=2,
            proof="a list",
            show={"then": '.to("meta")'},
            ring="reach",
        ),
        Prediction(
            id="buffer",
            question="A buffer is registered with persistent=False. What do to() and state_dict() do with it?",
            choices=(
                Choice("moved and saved", "That is an ordinary buffer. persistent=False takes it out of state_dict()."),
                Choice(
                    "moved but not saved", "It is a buffer, so to() carries it along; only state_dict() leaves it out."
                ),
                Choice(
                    "left and not saved",
                    "So it is for a plain tensor attribute. A buffer is registered, persistent or not.",
                ),
            ),
            answer=1,
            proof="a buffer that is not persistent",
            show={"content": "tensor", "slot": "non-persistent buffer", "then": "load_state_dict", "head": False},
            ring="kept",
        ),
        Prediction(
            id="half",
            question="self.held = nn.Parameter(torch.randn(3)).half(): what does net.parameters() give?",
            choices=(
                Choice(
                    "0 parameters",
                    "half() returns a computed tensor, and that is no Parameter. So do cuda() and to() where they convert something.",
                ),
                Choice(
                    "1 parameter",
                    "The Parameter was made, but what is assigned is the result of half(): convert the tensor first.",
                ),
                Choice(
                    "2 parameters", "No copy is kept: the Parameter in float32 hangs on the graph of the result alone."
                ),
            ),
            answer=0,
            proof="a parameter in half",
            show={"content": "tensor", "slot": "Parameter(...).half()", "then": "nothing", "head": False},
            ring="parameters",
        ),
    ),
    traps=(
        Trap(
            name="Layers in a list",
            sentence="The net moves without a word, and its next call meets a layer that is still on the CPU.",
            source="https://github.com/pytorch/pytorch/issues/1053",
            params={"then": '.to("meta")'},
        ),
        Trap(
            name="An optimiser made too early",
            sentence="The layer that replaced another after the optimiser was made gets a gradient, but this optimiser never moves it, and no error says so.",
            source="https://github.com/pytorch/pytorch/issues/54765",
            params={"slot": "attribute", "then": "SGD, then a new held"},
        ),
        Trap(
            name="A checkpoint with other names",
            sentence="load_state_dict() goes by name: what the net calls otherwise is missing, and its old name is unexpected.",
            source="https://github.com/AceCoooool/DSS-pytorch/issues/10",
            params={"slot": "ModuleList", "then": "load old checkpoint"},
        ),
        Trap(
            name="strict=False",
            sentence="Names that do not match are skipped without an error: the layer keeps the weights it had, and only the returned lists of keys say so.",
            source="https://github.com/pytorch/examples/issues/1029",
            params={"slot": "ModuleList", "then": "load, strict=False"},
        ),
        Trap(
            name="A mask kept as a plain tensor",
            sentence="It stays on the CPU when the module moves; a buffer moves along.",
            source="https://github.com/pytorch/pytorch/issues/2641",
            params={"content": "tensor", "slot": "attribute", "then": '.to("meta")', "head": False},
        ),
        Trap(
            name="Dropouts in a Python list",
            sentence="eval() does not reach them: two calls go on giving different outputs, and no error says so.",
            source="https://github.com/namisan/mt-dnn/issues/45",
            params={"content": "Dropout", "slot": "list", "then": ".eval()", "head": False},
        ),
        Trap(
            name="nn.Parameter(...).cuda()",
            sentence="The result of a conversion is a plain tensor, neither trained nor saved; half() shows it without a GPU.",
            source="https://github.com/pytorch/pytorch/issues/17484",
            params={"content": "tensor", "slot": "Parameter(...).half()", "then": "load_state_dict", "head": False},
        ),
        Trap(
            name="Tensors in a list",
            sentence="to() moves what is registered; a list keeps the old tensors, even of buffers that moved.",
            source="https://github.com/pytorch/pytorch/issues/29807",
            params={"content": "tensor", "slot": "list", "then": '.to("meta")', "head": False},
        ),
    ),
)
