# %% parameters
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

call: str = "model(x)"
pre_hooks: bool = True  # before forward
hooks: bool = True  # after forward
backward_pre: bool = False  # when the gradient arrives
backward_hooks: bool = False  # when the gradient has passed
global_hooks: bool = False  # one pair for every module of the process
with_kwargs: bool = False
returns: str = "nothing"  # what one more hook of first returns
raises: str = "nowhere"  # whose forward raises
always_call: bool = False


class Layer(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        note(self, "forward", f"x {shapes(x)}")
        return super().forward(x)


class Model(nn.Module):
    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        note(self, "forward", f"x {shapes(x)}")
        return self.second(self.first(x))


def shapes(*values: Tensor | None) -> str:
    return ", ".join("None" if value is None else str(tuple(value.shape)) for value in values) or "empty"


def note(module: nn.Module, event: str, given: str) -> None:
    order.append((names[module], event, given))


def pre_hook(module: nn.Module, args: Any) -> None:
    note(module, "forward_pre_hook", f"args {shapes(*args)}")


def pre_hook_with_kwargs(module: nn.Module, args: Any, kwargs: Any) -> None:
    note(module, "forward_pre_hook", f"args {shapes(*args)}; kwargs {', '.join(kwargs) or 'empty'}")


def hook(module: nn.Module, args: Any, output: Any) -> None:
    note(module, "forward_hook", f"args {shapes(*args)}; output {shapes(output)}")


def hook_with_kwargs(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
    given = f"args {shapes(*args)}; kwargs {', '.join(kwargs) or 'empty'}; output {shapes(output)}"
    note(module, "forward_hook", given)


def backward_pre_hook(module: nn.Module, grad_output: Any) -> None:
    note(module, "full_backward_pre_hook", f"grad_output {shapes(*grad_output)}")


def backward_hook(module: nn.Module, grad_input: Any, grad_output: Any) -> None:
    note(module, "full_backward_hook", f"grad_input {shapes(*grad_input)}; grad_output {shapes(*grad_output)}")


def ten_times_the_input(module: nn.Module, args: Any) -> Any:
    note(module, "forward_pre_hook", f"args {shapes(*args)}; returns 10 * x")
    return (10 * args[0],)


def ten_times_the_output(module: nn.Module, args: Any, output: Any) -> Any:
    note(module, "forward_hook", f"output {shapes(output)}; returns 10 * output")
    return 10 * output


@contextmanager
def everywhere() -> Iterator[None]:
    """Global hooks meet every module of the process: these look at the model, and are removed whatever happens."""

    def global_pre_hook(module: nn.Module, args: Any) -> None:
        if module in names:
            note(module, "global forward_pre_hook", f"args {shapes(*args)}")

    def global_hook(module: nn.Module, args: Any, output: Any) -> None:
        if module in names:
            note(module, "global forward_hook", f"args {shapes(*args)}; output {shapes(output)}")

    handles = [register_module_forward_pre_hook(global_pre_hook), register_module_forward_hook(global_hook)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def count(model: Model, x: Tensor) -> dict[str, dict[str, int]]:
    """How many forward hooks of each module run for each way of calling the model."""
    ways = {
        "model(x)": lambda: model(x),
        "model(x=x)": lambda: model(x=x),
        "model.forward(x)": lambda: model.forward(x),
    }
    fired = {}
    for way, action in ways.items():
        order.clear()
        try:
            action()
        except RuntimeError:
            pass  # hooks that ran until then count
        hooked = [name for name, event, _ in order if "hook" in event]
        fired[way] = {name: hooked.count(name) for name in names.values()}
    order.clear()
    return fired


torch.manual_seed(0)
if raises == "first":
    model = Model(Layer(4, 3), Layer(3, 2))  # first expects 4 columns
elif raises == "second":
    model = Model(Layer(3, 3), Layer(5, 2))  # second expects 5 columns
else:
    model = Model(Layer(3, 3), Layer(3, 2))
names = {module: name or "model" for name, module in model.named_modules()}
order = list[tuple[str, str, str]]()  # (module, event, what it was given)
x = torch.randn(2, 3, requires_grad=True)
if raises == "nowhere":
    y_plain = model(x)

# %% register the hooks, then call the model
for module in model.modules():
    if pre_hooks and not with_kwargs:
        module.register_forward_pre_hook(pre_hook)
    if pre_hooks and with_kwargs:
        module.register_forward_pre_hook(pre_hook_with_kwargs, with_kwargs=True)
    if hooks and not with_kwargs:
        module.register_forward_hook(hook, always_call=always_call)
    if hooks and with_kwargs:
        module.register_forward_hook(hook_with_kwargs, with_kwargs=True, always_call=always_call)
    if backward_pre:
        module.register_full_backward_pre_hook(backward_pre_hook)
    if backward_hooks:
        module.register_full_backward_hook(backward_hook)
if returns == "pre hook: 10 * x":
    model.first.register_forward_pre_hook(ten_times_the_input)
elif returns == "hook: 10 * output":
    model.first.register_forward_hook(ten_times_the_output)
fired = count(model, x)  # in each of the three ways
if call == "model(x)" and not global_hooks:
    y = model(x)
elif call == "model(x=x)" and not global_hooks:
    y = model(x=x)
elif call == "model.forward(x)" and not global_hooks:
    y = model.forward(x)
elif call == "model(x)":
    with everywhere():
        y = model(x)
elif call == "model(x=x)":
    with everywhere():
        y = model(x=x)
else:
    with everywhere():
        y = model.forward(x)
if backward_pre or backward_hooks:
    y.sum().backward()

# %% print
for number, (name, event, given) in enumerate(order, 1):
    print(f"{number:2} {name:6} {event} ({given})")
print("hooks that ran:", fired)

# %% proof: order
model, ran = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)), list[str]()
for name, module in {"model": model, "first": model[0], "second": model[1]}.items():
    module.register_forward_hook(lambda module, args, output, name=name: ran.append(f"{name}'s"))
model(torch.ones(1, 1))
print(ran[-1])

# %% proof: forward
model, ran = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)), list[nn.Module]()
for module in model.modules():
    module.register_forward_pre_hook(lambda module, args: ran.append(module))
    module.register_forward_hook(lambda module, args, output: ran.append(module))
model.forward(torch.ones(1, 1))
print(f"{len(ran)} of 6")

# %% proof: keywords
relu = nn.ReLU()
relu.register_forward_pre_hook(lambda module, args: print("a tuple with x" if args else "an empty tuple"))
relu(input=torch.ones(1))

# %% proof: what a hook returns
relu = nn.ReLU()
y_plain = relu(torch.ones(1))
relu.register_forward_hook(lambda module, args, output: 10 * output)
print("y is the same" if torch.equal(relu(torch.ones(1)), y_plain) else "y is another")

# %% proof: an error
layer, ran = nn.Linear(2, 2), list[str]()
layer.register_forward_hook(lambda module, args, output: ran.append("it runs"))
try:
    layer(torch.ones(1, 3))
except RuntimeError:
    print(*ran or ["it is skipped"])
