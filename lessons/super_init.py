"""nn.Module.__init__ makes the dicts in which modules, parameters and buffers are kept: it must run before the first of them."""

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.seeding import seeded

RERUN = "super(Net, self), cell run again"
FORMS = (
    "super().__init__()", "super(Net, self).__init__()", "super(Base, self).__init__()", "nn.Module.__init__(self)",
    "super().__init__", "super().__init__(3)", RERUN, "left out",
)  # fmt: skip
Form = Literal[
    "super().__init__()", "super(Net, self).__init__()", "super(Base, self).__init__()", "nn.Module.__init__(self)",
    "super().__init__", "super().__init__(3)", "super(Net, self), cell run again", "left out",
]  # fmt: skip
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
    chain: list[str]  # the classes in the order in which super() walks them
    ran: list[str]  # the classes of this file whose __init__ was entered
    steps: list[dict[str, Any]]  # the dicts of the module (see `look`) at first and after each line that ran
    afterwards: dict[str, str] | None = None  # call -> what it returned, or what torch said; None if there is no net
    error: str | None = None  # raised by Net()


def look(module: nn.Module) -> dict[str, Any]:
    """What the dicts of a module hold; None for a dict that is not there yet."""
    own = vars(module)
    registered = {name: list(own[name]) if name in own else None for name in ("_parameters", "_buffers", "_modules")}
    hooks = sum(name.endswith("_hooks") for name in own)
    return {**registered, "hooks": hooks, "__dict__": [name for name in own if name not in vars(nn.Module())]}


def attempt(action: Callable[[], Any]) -> str:
    try:
        return str(action())
    except AttributeError as error:
        return f"AttributeError: {error}"


def use(Net: type) -> dict[str, str]:
    net = Net()
    x = torch.ones(2, 3)
    afterwards = {
        "repr(net)": attempt(lambda: f"{len(repr(net).splitlines())} lines"),
        "net.parameters()": attempt(lambda: f"{len(list(net.parameters()))} tensors"),
        "net.state_dict()": attempt(lambda: f"{len(net.state_dict())} keys"),
        "net.eval()": attempt(lambda: f"training={net.eval().training}"),
        "net(x)": attempt(lambda: f"shape {tuple(net(x).shape)}"),
    }
    return afterwards


def kinds(params: Params) -> list[str]:
    """The lines of Net.__init__ by name: the kinds of assignments, and `super` where the parent is called."""
    names = list(ASSIGNMENTS)
    start = names.index(params.first)
    lines = (names[start:] + names[:start])[: params.assignments]
    if params.form != "left out":
        lines.insert(params.super_at, "super")
    return lines


def code(params: Params) -> list[str]:
    """The lines of Net.__init__ as source."""
    return [{**ASSIGNMENTS, "super": call(params)}[kind] for kind in kinds(params)]


def call(params: Params) -> str:
    """How Net calls its parent, as source."""
    return "super(Net, self).__init__()" if params.form == RERUN else params.form


def assign(self: nn.Module, kind: str) -> None:
    if kind == "tensor":
        self.scale = torch.ones(3)
    if kind == "Linear":
        self.layer = nn.Linear(3, 3)
    if kind == "Parameter":
        self.weight = nn.Parameter(torch.ones(3))
    if kind == "buffer":
        self.register_buffer("mean", torch.zeros(3))


def parents(calls_super: bool, ran: list[str]) -> tuple[type, type]:
    class Base(nn.Module):
        def __init__(self) -> None:
            ran.append("Base")
            super().__init__()
            self.base = nn.Linear(3, 3)

    class Mixin:
        def __init__(self) -> None:
            ran.append("Mixin")
            if calls_super:
                super().__init__()
            self.gain = 2.0

    for parent in (Base, Mixin):  # as Python names them where they are not inside a function
        parent.__init__.__qualname__ = f"{parent.__name__}.__init__"
    return Base, Mixin


def define(params: Params, ran: list[str], steps: list[dict[str, Any]]) -> type:
    """The class Net that `snippet` spells out, noting which __init__ ran and what each line did."""
    Base, Mixin = parents(params.mixin_calls_super, ran)
    names = {"nn.Module": nn.Module, "Base": Base, "Mixin": Mixin}

    class Net(*(names[name] for name in params.bases.split(", "))):  # type: ignore[misc]
        forms = {
            "super().__init__()": lambda self: super().__init__(),
            "super(Net, self).__init__()": lambda self: super(Net, self).__init__(),  # noqa: UP008 as many write it
            "super(Base, self).__init__()": lambda self: super(Base, self).__init__(),  # type: ignore[arg-type]
            "nn.Module.__init__(self)": lambda self: nn.Module.__init__(self),
            "super().__init__": lambda self: super().__init__,
            "super().__init__(3)": lambda self: super().__init__(3),
        }

        def __init__(self) -> None:
            ran.append("Net")
            steps.append(look(self))
            for kind in kinds(params):
                if kind == "super":
                    self.forms[call(params)](self)
                assign(self, kind)
                steps.append(look(self))

        def forward(self, x: Tensor) -> Tensor:
            return {"nn.Module": lambda: x, "Base": lambda: self.base(x)}.get(params.bases, lambda: x * self.gain)()

    Defined = Net
    if params.form == RERUN:  # the name Net now means another class
        Net = type("Net", (nn.Module,), {})  # type: ignore[assignment, misc]
    return Defined


def run(params: Params) -> Result:
    with seeded(0):
        ran: list[str] = []
        steps: list[dict[str, Any]] = []
        Net = define(params, ran, steps)
        result = Result([cls.__name__ for cls in Net.__mro__], ran, steps)
        try:
            return replace(result, afterwards=use(Net))
        except (AttributeError, TypeError) as error:
            return replace(result, error=f"{type(error).__name__}: {error}")


def snippet(params: Params) -> str:
    """The class as a colleague writes it: `define` with its loop over lines and its choice of parents written out."""
    helpers = [textwrap.dedent(inspect.getsource(helper)) for helper in (look, attempt)]
    calls = textwrap.dedent(inspect.getsource(use).split("\n", 1)[1].rsplit("    return", 1)[0])
    again = ""
    if params.form == RERUN:
        calls = calls.replace("Net()", "Defined()")
        again = "Defined = Net\n\n\nclass Net(nn.Module):  # the cell is run again: the name now means another class\n    pass\n\n\n"
    parts = [
        "from collections.abc import Callable\nfrom typing import Any\n\nimport torch\nfrom torch import Tensor, nn\n",
        *helpers,
        "ran, steps = [], []\n",
        *_parents(params),
        _class(params),
        f"chain = [cls.__name__ for cls in Net.__mro__]\n{again}{calls}",
    ]
    return "\n\n".join(parts)


def _parents(params: Params) -> list[str]:
    base = [
        "class Base(nn.Module):",
        "    def __init__(self) -> None:",
        '        ran.append("Base")',
        "        super().__init__()",
        "        self.base = nn.Linear(3, 3)",
    ]
    mixin = [
        "class Mixin:",
        "    def __init__(self) -> None:",
        '        ran.append("Mixin")',
        *["        super().__init__()"] * params.mixin_calls_super,
        "        self.gain = 2.0",
    ]
    needed = [base] * ("Base" in params.bases + params.form) + [mixin] * ("Mixin" in params.bases)
    return ["\n".join(lines) + "\n" for lines in needed]


def _class(params: Params) -> str:
    output = {"nn.Module": "x", "Base": "self.base(x)"}.get(params.bases, "x * self.gain")
    lines = [line for assignment in code(params) for line in (assignment, "steps.append(look(self))")]
    body = textwrap.indent("\n".join(lines), " " * 8)
    return (
        f"class Net({params.bases}):\n    def __init__(self) -> None:\n"
        f'        ran.append("Net")\n        steps.append(look(self))\n{body}\n\n'
        f"    def forward(self, x: Tensor) -> Tensor:\n        return {output}\n"
    )


def caption(params: Params, result: Result) -> str:
    total, done = len(kinds(params)), len(result.steps) - 1
    walked = " → ".join(result.chain)
    if result.error:
        return f"Line {done + 1} of {total}, `{code(params)[done]}`, raises {result.error}. The chain is {walked}."
    seen = result.steps[-1]
    if seen["_modules"] is None:
        missing = f"all {total} lines ran, but the dicts were never made; net(x) says {_after(result, 'net(x)')}"
    else:
        counts = [f"{len(seen[name])} in {name}" for name in ("_parameters", "_buffers", "_modules")]
        missing = f"all {total} lines ran: {', '.join(counts)}, {len(seen['__dict__'])} unregistered; net(x): {_after(result, 'net(x)')}"
    skipped = [name for name in result.chain[:-1] if name not in {*result.ran, "Module"}]
    tail = f" {skipped[0]}.__init__ never ran." if skipped else ""
    return f"super() walks {walked}; {missing}.{tail}"


def _after(result: Result, call: str) -> str:
    return (result.afterwards or {})[call]


LESSON = Lesson(
    slug="super_init",
    title="super().__init__()",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="super().__init__() is forgotten and __init__ says self.layer = nn.Linear(3, 3). When does it fail?",
            choices=("at that assignment", "at the first forward", "never"),
            answer=0,
            why="Assigning a module writes it into self._modules, a dict that only nn.Module.__init__ makes.",
            proof="(lambda Net: __import__('unittest').TestCase().assertRaises(AttributeError, Net) or 'at that assignment')"
            "(type('Net', (nn.Module,), {'__init__': lambda self: setattr(self, 'layer', nn.Linear(3, 3))}))",
            show={"form": "left out", "first": "Linear"},
        ),
        Prediction(
            question="super().__init__() is forgotten, but only a plain tensor is assigned. Does Net() fail?",
            choices=("yes", "no, its first use does"),
            answer=1,
            why="A plain tensor needs no dict of the module; repr(), parameters() and the call look for the missing ones.",
            proof="(lambda net: 'yes' if hasattr(net, '_modules') else 'no, its first use does')"
            "(type('Net', (nn.Module,), {'__init__': lambda self: setattr(self, 'scale', torch.ones(3))})())",
            show={"form": "left out", "first": "tensor", "assignments": 1},
        ),
        Prediction(
            question="class Net(Base) says super(Base, self).__init__(). Whose __init__ is skipped?",
            choices=("Net's", "Base's", "nn.Module's"),
            answer=1,
            why="super(Base, self) starts behind Base in the chain Net, Base, Module; the first argument must be Net itself.",
            proof="(lambda Base: (lambda net: \"Base's\" if hasattr(net, '_modules') and not hasattr(net, 'base') else '?')"
            "(type('Net', (Base,), {'__init__': lambda self: super(Base, self).__init__()})()))"
            "(type('Base', (nn.Module,), {'__init__': lambda self: (nn.Module.__init__(self), setattr(self, 'base', 1))[0]}))",
            show={"form": "super(Base, self).__init__()", "bases": "Base"},
        ),
        Prediction(
            question="super(QAModel, self).__init__(): how many arguments besides self reach the parent's __init__?",
            choices=("0", "1", "2"),
            answer=0,
            why="QAModel and self are arguments of super(), which finds the next class; the empty brackets are the call.",
            proof="(lambda P: (lambda Q: (setattr(Q, '__init__', lambda self: super(Q, self).__init__()), Q().given)[1])"
            "(type('Q', (P,), {})))(type('P', (), {'__init__': lambda self, *args: setattr(self, 'given', len(args))}))",
            show={"form": "super(Net, self).__init__()"},
        ),
        Prediction(
            question="class Net(nn.Module, Mixin) calls super().__init__(). Does Mixin.__init__ run?",
            choices=("True", "False"),
            answer=1,
            why="nn.Module.__init__ does not call super().__init__() (nn.Module.call_super_init is False): put the mixin first.",
            proof="hasattr(type('Net', (nn.Module, type('Mixin', (), {'__init__': lambda self: setattr(self, 'gain', 2)})), {})(), "
            "'gain')",
            show={"bases": "nn.Module, Mixin"},
        ),
    ),
    traps=(
        Trap(
            name="super().__init__() forgotten",
            sentence="The first module, parameter or buffer has no dict to go to.",
            source="https://github.com/pytorch/pytorch/issues/37824",
            params={"form": "left out", "first": "Linear"},
        ),
        Trap(
            name="One line too late",
            sentence="A layer is assigned above super().__init__(); only plain attributes may stand there.",
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
            sentence="nn.Module ends the chain of super() calls, so a mixin after it is never initialised.",
            source="https://github.com/pytorch/pytorch/issues/74036",
            params={"bases": "nn.Module, Mixin"},
        ),
        Trap(
            name="Arguments for nn.Module",
            sentence="nn.Module.__init__ takes none, and the message blames your class, not the call.",
            source="https://github.com/jindongwang/transferlearning/issues/281",
            params={"form": "super().__init__(3)", "super_at": 0},
        ),
    ),
)
