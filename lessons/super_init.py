"""nn.Module.__init__ makes the dicts in which modules, parameters and buffers are kept: it must run before the first of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.program import Program
from explorable.words import listing, one_of

RERUN = "super(Net, self), cell run again"
FORMS = (
    "super().__init__()", "super(Net, self).__init__()", "super(Base, self).__init__()", "nn.Module.__init__(self)",
    "super().__init__", "super().__init__(3)", RERUN, "left out",
)  # fmt: skip
Form = Literal[
    "super().__init__()", "super(Net, self).__init__()", "super(Base, self).__init__()", "nn.Module.__init__(self)",
    "super().__init__", "super().__init__(3)", "super(Net, self), cell run again", "left out",
]  # fmt: skip
KINDS = ("_parameters", "_buffers", "_modules")
ASSIGNMENTS = {
    "tensor": "self.scale = torch.ones(3)",
    "Linear": "self.layer = nn.Linear(3, 3)",
    "Parameter": "self.weight = nn.Parameter(torch.ones(3))",
    "buffer": 'self.register_buffer("mean", torch.zeros(3))',
}


@dataclass(frozen=True)
class Params:
    form: Form = choice("super().__init__()", about="how Net calls its parent")
    super_at: int = bounded(1, low=0, high=4, step=1, about="assignments above that call", when={"form": FORMS[:-1]})
    first: Literal["tensor", "Linear", "Parameter", "buffer"] = choice("tensor", about="what is assigned first")
    assignments: int = bounded(4, low=1, high=4, step=1, about="lines that assign something")
    bases: Literal["nn.Module", "Base", "nn.Module, Mixin", "Mixin, nn.Module"] = choice(
        "nn.Module", about="class Net(...)"
    )
    mixin_calls_super: bool = switch(True, about="in Mixin.__init__", when={"bases": ("Mixin, nn.Module",)})


@dataclass(frozen=True)
class Result:
    chain: list[str]  # the classes of Net.__mro__
    ran: list[str]  # the classes of this file whose __init__ was entered
    steps: list[dict[str, Any]]  # the dicts of the module at first and after each line that ran
    afterwards: dict[str, str] | None  # call -> what it returned, or what torch said; None if there is no net
    error: str | None  # raised by Net()


def values(params: Params) -> Mapping[str, Any]:
    """The program's parameters: the assignments by their number, in a list that begins again after the fourth."""
    start = list(ASSIGNMENTS).index(params.first)
    numbers = range(start, start + params.assignments)
    at = 0 if params.form == "left out" else min(params.super_at, params.assignments)
    parts = {"above": tuple(numbers[:at]), "below": tuple(numbers[at:])}
    return {"form": params.form, **parts, "bases": params.bases, "mixin_calls_super": params.mixin_calls_super}


def code(params: Params) -> list[str]:
    """The lines of Net.__init__ as source."""
    lines = list(ASSIGNMENTS.values())
    above, below = ([lines[number % 4] for number in values(params)[part]] for part in ("above", "below"))
    return [*above, *([] if params.form == "left out" else [call(params)]), *below]


def forward(params: Params) -> str:
    """What Net.forward says, as source: it uses what the parent has made, else the plain tensor if there is one."""
    if params.bases != "nn.Module":
        return "out = self.base(x)" if params.bases == "Base" else "out = x * self.gain"
    return "out = x * self.scale" if ASSIGNMENTS["tensor"] in code(params) else "out = x"


def call(params: Params) -> str:
    """How Net calls its parent, as source."""
    return "super(Net, self).__init__()" if params.form == RERUN else params.form


def skipped(result: Result) -> list[str]:
    """The classes of Net.__mro__ whose __init__ never ran, object left aside."""
    made = any(state["_modules"] is not None for state in result.steps)
    return [name for name in result.chain[:-1] if name not in {*result.ran, *(["Module"] if made else [])}]


def fails(result: Result) -> str:
    """When a mistake shows."""
    if result.error:
        return f"at line {len(result.steps)} of __init__"
    return "at its first use" if "Error: " in (result.afterwards or {})["net(x)"] else "never"


def caption(params: Params, result: Result) -> str:
    total = len(code(params))
    if result.error:
        return (
            f"Net() raises {result.error.partition(':')[0]} at line {len(result.steps)} of {total}, {_cause(result)}."
        )
    used = "net(x) raises AttributeError" if fails(result) != "never" else "net(x) works"
    runs = f"Net() runs {'its 1 line' if total == 1 else 'both lines' if total == 2 else f'all {total} lines'}"
    if skipped(result):
        never = listing([f"{'nn.' * (name == 'Module')}{name}.__init__" for name in skipped(result)])
        return f"{runs}, but {never} never ran: {used}."
    names = [name for kind in KINDS for name in result.steps[-1][kind]]
    return f"{runs} and registers {len(names)} {one_of(len(names), 'name', 'names')}: {used}."


def _cause(result: Result) -> str:
    if result.error and result.error.startswith("AttributeError"):
        return "before nn.Module.__init__ has made the dicts"
    return "the call of the parent"


def details(params: Params, result: Result) -> str:
    order = f"Net.__mro__ is {' → '.join(result.chain)}"
    said = f"{result.error}." if result.error else ""
    return f"{order}. {_stops(params, result)}{said}".strip()


def _stops(params: Params, result: Result) -> str:
    if params.form in ("left out", "super().__init__"):
        return "Net calls no parent's __init__. "
    if result.chain[-2] == "Mixin":
        return "nn.Module.__init__ calls no further super().__init__(), so Mixin behind it is not reached. "
    return ""


LESSON = Lesson(
    slug="super_init",
    title="super().__init__()",
    truth=__doc__,
    Params=Params,
    program=Program("super_init", Result, raises=(AttributeError, TypeError), values=values),
    caption=caption,
    details=details,
    minutes=5,
    main=("form", "super_at", "first", "bases"),
    related=("registration", "traversal", "call_forward"),
    predictions=(
        Prediction(
            id="above",
            question="A plain tensor above super().__init__(): does Net fail, and when?",
            choices=(
                Choice(
                    "at line 1 of __init__",
                    "It is good style to call super().__init__() first, but only what must be registered needs its dicts.",
                ),
                Choice(
                    "at its first use",
                    "So it is where the call is left out. Here the dicts are made one line later, and scale needs none.",
                ),
                Choice(
                    "never", "A plain tensor goes to the net's __dict__, as in any Python object; it is not registered."
                ),
            ),
            answer=2,
            proof="above the call",
            show={},
            ring="fails",
        ),
        Prediction(
            id="layer",
            question="super().__init__() is left out, and __init__ begins with self.layer = nn.Linear(3, 3). Does Net fail, and when?",
            choices=(
                Choice(
                    "at line 1 of __init__",
                    "Assigning a module writes it into self._modules, a dict that nn.Module.__init__ makes.",
                ),
                Choice(
                    "at its first use",
                    "So it is with a plain attribute. A layer must be registered when it is assigned.",
                ),
                Choice(
                    "never",
                    "Where a class has an __init__ of its own, Python does not call the parent's, and nn.Module needs it.",
                ),
            ),
            answer=0,
            proof="forgotten",
            show={"form": "left out", "first": "Linear"},
            ring="fails",
        ),
        Prediction(
            id="tensor",
            question="super().__init__() is left out, and __init__ only says self.scale = torch.ones(3). Does Net fail, and when?",
            choices=(
                Choice(
                    "at line 1 of __init__",
                    "So it is with a layer, a Parameter or a buffer. A plain tensor goes to the net's __dict__, which is there.",
                ),
                Choice("at its first use", "net(x) looks for dicts of hooks that nn.Module.__init__ would have made."),
                Choice("never", "The tensor is kept as in any Python object, but the net is no working module."),
            ),
            answer=1,
            proof="a plain tensor",
            show={"form": "left out", "first": "tensor", "assignments": 1},
            ring="fails",
        ),
        Prediction(
            id="base",
            question="class Net(Base) says super(Base, self).__init__(). Whose __init__ is skipped?",
            choices=(
                Choice("nobody's", "It reads as if it called Base, but super(Base, self) begins behind Base."),
                Choice(
                    "Base's",
                    "super(Base, self) begins behind Base in Net.__mro__; the first argument must be Net itself.",
                ),
                Choice("nn.Module's", "It is the one that is called: it stands next behind Base."),
            ),
            answer=1,
            proof="the base is skipped",
            show={"form": "super(Base, self).__init__()", "bases": "Base", "super_at": 0},
            ring="skipped",
        ),
        Prediction(
            id="mixin",
            question="class Net(nn.Module, Mixin) says super().__init__(). Whose __init__ is skipped?",
            choices=(
                Choice(
                    "Mixin's",
                    "nn.Module.__init__ calls no super().__init__() unless call_super_init is True: put Mixin first, and call super().__init__() in it.",
                ),
                Choice(
                    "nobody's", "So it is where each class calls super().__init__(). nn.Module by default does not."
                ),
                Choice("nn.Module's", "It is the first behind Net in Net.__mro__, so super().__init__() calls it."),
            ),
            answer=0,
            proof="a mixin behind",
            show={"bases": "nn.Module, Mixin", "super_at": 0},
            ring="skipped",
        ),
    ),
    traps=(
        Trap(
            name="super().__init__() forgotten",
            sentence="The first module, parameter or buffer has no dict to go to, and assigning it raises.",
            source="https://github.com/Genentech/gReLU/issues/188",
            params={"form": "left out", "first": "Linear"},
        ),
        Trap(
            name="One line too late",
            sentence="A layer is assigned above super().__init__(), where only plain attributes may stand.",
            source="https://github.com/pyg-team/pytorch_geometric/issues/681",
            params={"first": "Linear", "super_at": 1},
        ),
        Trap(
            name="The cell was run again",
            sentence="super(Net, self) looks the name Net up at the call, and it now means another class; super() does not.",
            source="https://github.com/Lightning-AI/pytorch-lightning/issues/8304",
            params={"form": "super(Net, self), cell run again", "super_at": 0},
        ),
        Trap(
            name="Mixin behind nn.Module",
            sentence="nn.Module.__init__ calls no super().__init__() by default, so a mixin behind it is not initialised.",
            source="https://github.com/pytorch/pytorch/issues/74036",
            params={"bases": "nn.Module, Mixin"},
        ),
        Trap(
            name="Arguments for nn.Module",
            sentence="nn.Module.__init__ takes none unless call_super_init is True; the message names your class, not nn.Module.",
            source="https://github.com/jindongwang/transferlearning/issues/281",
            params={"form": "super().__init__(3)", "super_at": 0},
        ),
    ),
)
