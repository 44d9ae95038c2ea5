"""model(x) runs the hooks around forward; model.forward(x) runs forward alone."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import choice, switch
from explorable.seeding import seeded
from lessons.source import snippet_of

Call = Literal["model(x)", "model(x=x)", "model.forward(x)"]
POSITIONAL = ("model(x)", "model.forward(x)")


@dataclass(frozen=True)
class Params:
    call: Call = choice("model(x)", about="how the model is called")
    pre_hooks: bool = switch(True, about="before forward, on all three modules")
    hooks: bool = switch(True, about="after forward, on all three modules")
    backward_pre: bool = switch(False, about="when the gradient arrives", when={"call": POSITIONAL})
    backward_hooks: bool = switch(False, about="when the gradient has passed", when={"call": POSITIONAL})
    global_hooks: bool = switch(False, about="one pair for every module there is")
    with_kwargs: bool = switch(False, about="of the forward hooks", when={"call": ("model(x=x)",)})
    returns: Literal["nothing", "pre hook: 10 * x", "hook: 10 * output"] = choice(
        "nothing", about="what one more hook of first returns"
    )
    raises: Literal["nowhere", "first", "second"] = choice("nowhere", about="whose forward raises")
    always_call: bool = switch(False, about="of the forward hooks", when={"raises": ("first", "second")})


@dataclass(frozen=True)
class Result:
    x: Tensor  # (2, 3) input
    fired: dict[str, dict[str, int]]  # way of calling -> module -> forward hooks that fired
    order: list[tuple[str, str, str]]  # (module, event, what it was given) in the order in which it happened
    y_plain: Tensor | None = None  # (2, 2) the model's output before any hook was registered
    y: Tensor | None = None  # (2, 2) its output with the hooks
    error: str | None = None


def shapes(*values: Tensor | None) -> str:
    return ", ".join("None" if value is None else str(tuple(value.shape)) for value in values) or "nothing"


def note(module: Any, event: str, given: str) -> None:
    module.order.append((module.name, event, given))


def pre_hook(module: nn.Module, args: Any) -> None:
    note(module, "forward_pre_hook", f"args {shapes(*args)}")


def pre_hook_with_kwargs(module: nn.Module, args: Any, kwargs: Any) -> None:
    note(module, "forward_pre_hook", f"args {shapes(*args)}; kwargs {', '.join(kwargs) or 'nothing'}")


def hook(module: nn.Module, args: Any, output: Any) -> None:
    note(module, "forward_hook", f"args {shapes(*args)}; output {shapes(output)}")


def hook_with_kwargs(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
    given = f"args {shapes(*args)}; kwargs {', '.join(kwargs) or 'nothing'}; output {shapes(output)}"
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
def everywhere(order: list[tuple[str, str, str]]) -> Iterator[None]:
    """Global hooks meet every module of the process: these look at one model, and are removed whatever happens."""

    def global_pre_hook(module: nn.Module, args: Any) -> None:
        if getattr(module, "order", None) is order:
            note(module, "global forward_pre_hook", f"args {shapes(*args)}")

    def global_hook(module: nn.Module, args: Any, output: Any) -> None:
        if getattr(module, "order", None) is order:
            note(module, "global forward_hook", f"args {shapes(*args)}; output {shapes(output)}")

    handles = [register_module_forward_pre_hook(global_pre_hook), register_module_forward_hook(global_hook)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


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


def count(model: Any, x: Tensor) -> dict[str, dict[str, int]]:
    """How many forward hooks of each module fire for each way of calling the model."""
    ways = {
        "model(x)": lambda: model(x),
        "model(x=x)": lambda: model(x=x),
        "model.forward(x)": lambda: model.forward(x),
    }
    fired = {}
    for way, action in ways.items():
        model.order.clear()
        try:
            action()
        except RuntimeError:
            pass  # hooks that fired until then count
        hooked = [name for name, event, _ in model.order if "hook" in event]
        fired[way] = {name: hooked.count(name) for name in ("model", "first", "second")}
    model.order.clear()
    return fired


def build(raises: str) -> tuple[nn.Module, Tensor, list[tuple[str, str, str]]]:
    if raises == "nowhere":
        model = Model(Layer(3, 3), Layer(3, 2))
    if raises == "first":
        model = Model(Layer(4, 3), Layer(3, 2))  # first expects 4 columns
    if raises == "second":
        model = Model(Layer(3, 3), Layer(5, 2))  # second expects 5 columns
    order: list[tuple[str, str, str]] = []
    for name, module in model.named_modules():
        module.name, module.order = name or "model", order
    x = torch.randn(2, 3, requires_grad=True)
    return model, x, order


def before(model: Any, x: Tensor) -> Tensor:
    y_plain = model(x)
    return y_plain


def compare(model: Any, x: Tensor) -> dict[str, dict[str, int]]:
    fired = count(model, x)
    return fired


def register(  # noqa: C901 shown by branch
    model: Any, pre_hooks: bool, hooks: bool, backward_pre: bool, backward_hooks: bool,
    with_kwargs: bool, returns: str, always_call: bool,
) -> None:  # fmt: skip
    if pre_hooks and not with_kwargs:
        for module in model.modules():
            module.register_forward_pre_hook(pre_hook)
    if pre_hooks and with_kwargs:
        for module in model.modules():
            module.register_forward_pre_hook(pre_hook_with_kwargs, with_kwargs=True)
    if hooks and not with_kwargs:
        for module in model.modules():
            module.register_forward_hook(hook, always_call=always_call)
    if hooks and with_kwargs:
        for module in model.modules():
            module.register_forward_hook(hook_with_kwargs, with_kwargs=True, always_call=always_call)
    if backward_pre:
        for module in model.modules():
            module.register_full_backward_pre_hook(backward_pre_hook)
    if backward_hooks:
        for module in model.modules():
            module.register_full_backward_hook(backward_hook)
    if returns == "pre hook: 10 * x":
        model.first.register_forward_pre_hook(ten_times_the_input)
    if returns == "hook: 10 * output":
        model.first.register_forward_hook(ten_times_the_output)


def perform(
    model: Any, x: Tensor, order: list[tuple[str, str, str]], call: str, global_hooks: bool, backward: bool
) -> Tensor:
    if call == "model(x)" and not global_hooks:
        y = model(x)
    if call == "model(x=x)" and not global_hooks:
        y = model(x=x)
    if call == "model.forward(x)" and not global_hooks:
        y = model.forward(x)
    if call == "model(x)" and global_hooks:
        with everywhere(order):
            y = model(x)
    if call == "model(x=x)" and global_hooks:
        with everywhere(order):
            y = model(x=x)
    if call == "model.forward(x)" and global_hooks:
        with everywhere(order):
            y = model.forward(x)
    if backward:
        y.sum().backward()
    return y


def settings(params: Params) -> dict[str, Any]:
    """The Params that matter, by name; a hidden control has no effect."""
    by_name = params.call == "model(x=x)"
    backward_pre, backward = params.backward_pre and not by_name, params.backward_hooks and not by_name
    return {
        **vars(params),
        "backward_pre": backward_pre,
        "backward_hooks": backward,
        "backward": backward_pre or backward,
        "with_kwargs": params.with_kwargs and by_name,
        "always_call": params.always_call and params.raises != "nowhere",
    }


HOOKS = ("pre_hooks", "hooks", "backward_pre", "backward_hooks", "with_kwargs", "returns", "always_call")
HELPERS: tuple[Any, ...] = (
    shapes, note, Layer, Model, pre_hook, pre_hook_with_kwargs, hook, hook_with_kwargs, backward_pre_hook, backward_hook,
    ten_times_the_input, ten_times_the_output, count, everywhere,
)  # fmt: skip
IMPORTS = {
    "Iterator": "from collections.abc import Iterator",
    "contextmanager": "from contextlib import contextmanager",
    "Any": "from typing import Any",
    "torch": "import torch\nfrom torch import Tensor, nn",
    "register_module": "from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook",
}


def run(params: Params) -> Result:
    values = settings(params)
    with seeded(0):  # one run at a time: every thread of the process meets global hooks
        model, x, order = build(params.raises)
        y_plain = before(model, x).detach() if params.raises == "nowhere" else None
        register(model, **{name: values[name] for name in HOOKS})
        result = Result(x.detach(), compare(model, x), order, y_plain)
        try:
            y = perform(model, x, order, params.call, params.global_hooks, values["backward"])
        except RuntimeError as error:
            return replace(result, error=f"{type(error).__name__}: {error}")
    return replace(result, y=y.detach())


def snippet(params: Params) -> str:
    values = settings(params)
    steps: list[Any] = [build, *[before] * (params.raises == "nowhere"), register, compare, perform]
    bodies = [snippet_of(step, values, header="") for step in steps]
    used = "\n".join(bodies)
    helpers: list[str] = []
    for helper in reversed(HELPERS):  # a later helper may use an earlier one
        if helper.__name__ in used:
            helpers.insert(0, source(helper))
            used += helpers[0]
    imports = [line for name, line in IMPORTS.items() if name in used]
    return "\n".join(["\n".join(imports) + "\n", *helpers, "torch.manual_seed(0)", *bodies])


source = cache(inspect.getsource)


def caption(params: Params, result: Result) -> str:
    hooks = [(name, event, given) for name, event, given in result.order if event != "forward"]
    own = [f"{event} ({given})" for name, event, given in hooks if name == "model"]
    seen = f"those of the model itself saw: {'; '.join(own)}" if own else "none of them belongs to the model itself"
    told = f"{params.call} makes {len(result.order)} events happen, {len(hooks)} of them hooks; {seen}."
    if result.error:
        return f"{told} The forward of {params.raises} raises {result.error}"
    assert result.y is not None and result.y_plain is not None
    moved = (result.y - result.y_plain).abs().max().item()
    change = f"differs by up to {moved:.3f} from" if moved else "equals"
    return f"{told} The output {change} the one without hooks."


LESSON = Lesson(
    slug="call_forward",
    title="Calling forward",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="A forward hook is registered on model. You call model.forward(x). Does it fire?",
            choices=("True", "False"),
            answer=1,
            why="Hooks are run by model.__call__; forward is only the method that it calls between them.",
            proof="(lambda model, seen: (model.register_forward_hook(lambda *_: seen.append(1)), model.forward(torch.ones(1)), "
            "bool(seen))[-1])(nn.ReLU(), [])",
            show={"call": "model.forward(x)"},
        ),
        Prediction(
            question="model.forward(x) calls self.first(x) inside. Do the hooks of first fire?",
            choices=("True", "False"),
            answer=0,
            why="Inside, first is called as a module, so its own __call__ runs; only the outermost hooks are lost.",
            proof="(lambda model, seen: (model[0].register_forward_hook(lambda *_: seen.append(1)), model.forward(torch.ones(1)), "
            "bool(seen))[-1])(nn.Sequential(nn.ReLU()), [])",
            show={"call": "model.forward(x)"},
        ),
        Prediction(
            question="model(**item) with three tensors: how many positional inputs does a plain forward_pre_hook see?",
            choices=("0", "1", "3"),
            answer=0,
            why="A hook gets positional arguments only; it must be registered with with_kwargs=True to see the others.",
            proof="(lambda model, seen: (model.register_forward_pre_hook(lambda module, args: seen.append(len(args))), "
            "model(input=torch.ones(1)), seen[0])[-1])(nn.ReLU(), [])",
            show={"call": "model(x=x)"},
        ),
        Prediction(
            question="A forward hook ends with `return 10 * output`. What does model(x) return?",
            choices=("what forward returned", "10 times that"),
            answer=1,
            why="What a hook returns replaces the output, unless it is None; a pre hook replaces the input in the same way.",
            proof="(lambda model: (model.register_forward_hook(lambda module, args, output: 10 * output), "
            "{1: 'what forward returned', 10: '10 times that'}[int(model(torch.ones(1)))])[-1])(nn.ReLU())",
            show={"returns": "hook: 10 * output"},
        ),
        Prediction(
            question="The forward of a layer raises. Does its forward hook still fire?",
            choices=("yes", "only with always_call=True"),
            answer=1,
            why="The exception leaves __call__ before the hooks; those with always_call=True are run with output None.",
            proof="(lambda fires: {(False, True): 'only with always_call=True'}[fires(False), fires(True)])(lambda always: "
            "(lambda layer, seen: (layer.register_forward_hook(lambda *_: seen.append(1), always_call=always), "
            "__import__('unittest').TestCase().assertRaises(RuntimeError, layer, torch.ones(1, 3)), bool(seen))[-1])"
            "(nn.Linear(2, 2), []))",
            show={"raises": "second", "always_call": True},
        ),
    ),
    traps=(
        Trap(
            name="model.forward(x)",
            sentence="The hooks of the model are skipped in silence, and with them whatever a library does in hooks.",
            source="https://github.com/allenai/allennlp/issues/456",
            params={"call": "model.forward(x)", "backward_hooks": True},
        ),
        Trap(
            name="Keyword arguments are not seen",
            sentence="model(x=x), as with **item: the hook's args are empty unless it was registered with with_kwargs=True.",
            source="https://github.com/pytorch/pytorch/issues/156695",
            params={"call": "model(x=x)"},
        ),
        Trap(
            name="A hook that returns something",
            sentence="A lambda that ends in a value replaces the output of the layer.",
            source="https://github.com/pytorch/pytorch/issues/74024",
            params={"returns": "hook: 10 * output"},
        ),
        Trap(
            name="forward raises, the hook is skipped",
            sentence="What a pre hook opened is not closed again, unless the hook is registered with always_call=True.",
            source="https://github.com/pytorch/pytorch/issues/103997",
            params={"raises": "second"},
        ),
    ),
)
