"""to(), eval(), state_dict() and parameters() reach what a module has registered, and a Python list or dict registers nothing."""

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import choice, switch
from explorable.program import Program
from explorable.words import count, number, one_of

Slot = Literal[
    "attribute", "list", "dict", "ModuleList", "ModuleDict", "ParameterList", "Parameter", "list of Parameter",
    "Parameter(...).half()", "buffer", "non-persistent buffer",
]  # fmt: skip
Then = Literal["nothing", ".to(torch.float64)", '.to("meta")', ".eval()", "load_state_dict", "SGD step"]


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
    moved: list[str] | None  # which of held and head a step of SGD has moved
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
        "SGD step": isinstance(seen["given"], int) if seen["dtype"] else None,
    }[params.then]


def caption(params: Params, result: Result) -> str:
    if result.dicts is None:
        return f"PyTorch refuses with {_kind(result)}: a {params.content} cannot become a {params.slot}."
    said = f"The name held stands in {place(result)}, so {_reached(params, reaches(params, result))}"
    saved = len(result.keys or [])
    return f"{said}; {_outcome(result)}, and state_dict() has {saved} {one_of(saved, 'key', 'keys')}."


def _kind(result: Result) -> str:
    return str(result.error).partition(":")[0]


def _reached(params: Params, reached: bool | None) -> str:
    calls = {"nothing": "a second call", "load_state_dict": "load_state_dict()", "SGD step": "SGD"}
    call = calls.get(params.then, f"net{params.then}")
    if reached is None:
        return f"{call} finds nothing to change in the {params.content}"
    return f"{call} {'reaches' if reached else 'passes by'} the {params.content}"


def _outcome(result: Result) -> str:
    if result.error:
        return f"the net raises {_kind(result)}"
    if result.y is None or result.y_before is None:
        return "the net returns a tensor without numbers"
    return "the output changes" if _changed(result.y, result.y_before) else "the output is the first one again"


def _changed(y: Tensor, before: Tensor) -> bool:
    """Whether they differ by more than the rounding of float32."""
    return (y - before).abs().max().item() > 1e-5


def details(params: Params, result: Result) -> str:
    if result.dicts is None:
        return _sentence(str(result.error))
    keys, names = count(len(result.keys or []), "key"), count(len(result.parameters or []), "parameter")
    beside = " beside a registered head" if params.head else ""
    start = f"A {params.content} as {params.slot}{beside}: state_dict() has {keys}, parameters() gives {names}."
    return f"{start} {_sentence(result.error) if result.error else _far(result)}"


def _far(result: Result) -> str:
    if result.y is None or result.y_before is None:
        return f"The output afterwards is {result.output}."
    far = number((result.y - result.y_before).abs().max().item())
    return f"The output afterwards is {result.output}; its largest difference from the first is {far}."


def _sentence(text: str) -> str:
    return text if text[-1] in ".!?" else f"{text}."


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
            question="self.held = [nn.Linear(3, 3)] stands before self.head = nn.Linear(3, 3). What does one SGD step move?",
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
                    "SGD raises only if it is given no parameter at all. One registered layer is enough to keep it silent.",
                ),
            ),
            answer=1,
            proof="a list beside a layer",
            show={},
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
                    "0 parameters", "half(), cuda() and to() return a computed tensor here, and that is no Parameter."
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
            name="Layers in a list stay behind",
            sentence="The net moves without a word, and its next call meets a layer that is still on the CPU.",
            source="https://github.com/pytorch/pytorch/issues/1053",
            params={"then": '.to("meta")'},
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
