# %% parameters
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

form: str = "super().__init__()"
above: tuple[int, ...] = (0,)  # the assignments above that call
below: tuple[int, ...] = (1, 2, 3)
bases: str = "nn.Module"
mixin_calls_super: bool = True


class Base(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Linear(3, 3)


class Mixin:
    def __init__(self) -> None:
        if mixin_calls_super:
            super().__init__()
        self.gain = 2.0


if bases == "nn.Module":
    parents = (nn.Module,)
elif bases == "Base":
    parents = (Base,)
elif bases == "nn.Module, Mixin":
    parents = (nn.Module, Mixin)
else:
    parents = (Mixin, nn.Module)


class Net(*parents):  # type: ignore[misc]
    def __init__(self) -> None:
        if 0 in above:
            self.scale = torch.ones(3)
        if 1 in above:
            self.layer = nn.Linear(3, 3)
        if 2 in above:
            self.weight = nn.Parameter(torch.ones(3))
        if 3 in above:
            self.register_buffer("mean", torch.zeros(3))
        if 4 in above:
            self.scale = torch.ones(3)
        if 5 in above:
            self.layer = nn.Linear(3, 3)
        if 6 in above:
            self.weight = nn.Parameter(torch.ones(3))
        if form == "super().__init__()":
            super().__init__()
        elif form in ("super(Net, self).__init__()", "super(Net, self), cell run again"):
            super(Net, self).__init__()
        elif form == "super(Base, self).__init__()":
            super(Base, self).__init__()
        elif form == "nn.Module.__init__(self)":
            nn.Module.__init__(self)
        elif form == "super().__init__":
            super().__init__
        elif form == "super().__init__(3)":
            super().__init__(3)
        if 0 in below:
            self.scale = torch.ones(3)
        if 1 in below:
            self.layer = nn.Linear(3, 3)
        if 2 in below:
            self.weight = nn.Parameter(torch.ones(3))
        if 3 in below:
            self.register_buffer("mean", torch.zeros(3))
        if 4 in below:
            self.scale = torch.ones(3)
        if 5 in below:
            self.layer = nn.Linear(3, 3)
        if 6 in below:
            self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        if bases == "Base":
            out = self.base(x)
        elif bases != "nn.Module":
            out = x * self.gain
        elif 0 in above or 0 in below or 4 in above or 4 in below:
            out = x * self.scale
        else:
            out = x
        return out


Defined = Net
if form == "super(Net, self), cell run again":

    class Net(nn.Module):  # type: ignore[no-redef]
        """The cell is run again: the name now means another class."""


def look(module: nn.Module) -> dict[str, Any]:
    """What the dicts of a module hold; None for a dict that is not there yet."""
    own = vars(module)
    registered = {name: list(own[name]) if name in own else None for name in ("_parameters", "_buffers", "_modules")}
    hooks = sum(name.endswith("_hooks") for name in own)
    return {**registered, "hooks": hooks, "__dict__": [name for name in own if name not in vars(nn.Module())]}


def watch(frame: FrameType, event: str, arg: Any) -> Any:
    """Notes each __init__ of this file that is entered, and the dicts before each line of Net's and at its end."""
    entered = {cls.__init__.__code__: cls.__name__ for cls in (Defined, Base, Mixin)}
    if event == "call":
        if frame.f_code not in entered:
            return None
        ran.append(entered[frame.f_code])
    elif frame.f_code is Defined.__init__.__code__ and (event == "line" or event == "return" and not raised):
        steps.append(look(frame.f_locals["self"]))
    elif event == "exception" and frame.f_code is Defined.__init__.__code__:
        raised.append(arg[0].__name__)
    return watch


def attempt(action: Callable[[], Any]) -> str:
    try:
        return str(action())
    except (AttributeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


chain = [cls.__name__ for cls in Defined.__mro__]
ran = list[str]()
steps = list[dict[str, Any]]()
raised = list[str]()
tracer = sys.gettrace()
sys.settrace(watch)
attempt(Defined)
sys.settrace(tracer)
x = torch.ones(2, 3)

# %% make the net, then use it
if form == "super(Net, self), cell run again":
    net = Defined()
else:
    net = Net()
afterwards = {
    "repr(net)": attempt(lambda: f"{len(repr(net).splitlines())} lines"),
    "net.parameters()": attempt(lambda: f"{len(list(net.parameters()))} tensors"),
    "net.state_dict()": attempt(lambda: f"{len(net.state_dict())} keys"),
    "net.eval()": attempt(lambda: f"training={net.eval().training}"),
    "net(x)": attempt(lambda: f"shape {tuple(net(x).shape)}"),
}

# %% print
for call, gives in afterwards.items():
    print(f"{call:20} {gives}")

# %% proof: above the call


class Above(nn.Module):
    def __init__(self) -> None:
        self.scale = torch.ones(3)
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


print("never" if Above()(torch.ones(2, 3)).shape == (2, 3) else "at its first use")

# %% proof: forgotten


class Forgetful(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(3, 3)


try:
    Forgetful()
except AttributeError as error:
    at = error.__traceback__.tb_next.tb_lineno - Forgetful.__init__.__code__.co_firstlineno  # type: ignore[union-attr]
    print(f"at line {at} of __init__")

# %% proof: a plain tensor


class Plain(nn.Module):
    def __init__(self) -> None:
        self.scale = torch.ones(3)


plain = Plain()
try:
    plain(torch.ones(2, 3))
except AttributeError:
    print("at its first use")

# %% proof: the base is skipped


class Skips(Base):
    def __init__(self) -> None:
        super(Base, self).__init__()


print("nobody's" if hasattr(Skips(), "base") else "Base's")

# %% proof: a mixin behind


class Behind(nn.Module, Mixin):
    def __init__(self) -> None:
        super().__init__()


print("nobody's" if hasattr(Behind(), "gain") else "Mixin's")
