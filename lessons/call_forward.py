"""model(x) runs the hooks of model around forward; model.forward(x) leaves them out, but a child called inside still runs its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import choice, switch
from explorable.program import Program
from explorable.words import count, number

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
        "nothing", about="first gets one more hook, which returns this"
    )
    raises: Literal["nowhere", "first", "second"] = choice("nowhere", about="whose forward raises")
    always_call: bool = switch(False, about="of the forward hooks", when={"raises": ("first", "second")})

    @property
    def registered(self) -> int:
        """How many forward hooks the three modules have together."""
        return 3 * (self.pre_hooks + self.hooks) + (self.returns != "nothing")


@dataclass(frozen=True)
class Result:
    x: Tensor  # (2, 3) input
    fired: dict[str, dict[str, int]]  # way of calling -> module -> forward hooks that ran, without global ones
    order: list[tuple[str, str, str]]  # (module, event, what it was given) in the order in which it happened
    y_plain: Tensor | None  # (2, 2) the model's output before any hook was registered
    y: Tensor | None  # (2, 2) its output with the hooks
    error: str | None

    def ran(self, call: str) -> int:
        return sum(self.fired[call].values())


def values(params: Params) -> Mapping[str, Any]:
    """The parameters of the program; a hidden control has no effect."""
    by_name = params.call == "model(x=x)"
    return {
        **vars(params),
        "backward_pre": params.backward_pre and not by_name,
        "backward_hooks": params.backward_hooks and not by_name,
        "with_kwargs": params.with_kwargs and by_name,
        "always_call": params.always_call and params.raises != "nowhere",
    }


def caption(params: Params, result: Result) -> str:
    beside = " beside the global ones" if params.global_hooks else ""
    return f"{params.call} runs {_ran([kind for _, kind, _ in result.order])}{beside}; {_outcome(params, result)}."


def _ran(kinds: list[str]) -> str:
    hooks = {"pre hook": kinds.count("forward_pre_hook"), "forward hook": kinds.count("forward_hook")}
    if not any(hooks.values()):
        return f"{count(kinds.count('forward'), 'forward method')} and no hook"
    return " and ".join(count(times, noun) if times else f"no {noun}" for noun, times in hooks.items())


def last_hooked(result: Result) -> str:
    """The module whose forward hook ran last; "" where none ran."""
    return next((name for name, kind, _ in reversed(result.order) if kind == "forward_hook"), "")


def _outcome(params: Params, result: Result) -> str:
    if result.y is None or result.y_plain is None:
        return f"the forward of {params.raises} raises {str(result.error).partition(':')[0]}"
    if not result.y.equal(result.y_plain):
        return "the output differs from the one before any hook"
    if last := last_hooked(result):
        return f"the last forward hook is {last}'s"
    return "the output equals the one before any hook"


def details(params: Params, result: Result) -> str:
    hooks = [(name, event, given) for name, event, given in result.order if event != "forward"]
    own = [f"{event} ({given})" for name, event, given in hooks if name == "model"]
    given = f"Those of model were given: {'; '.join(own)}." if own else "None of them belongs to model."
    kind = "one of them a hook" if len(hooks) == 1 else f"{len(hooks) or 'none'} of them hooks"
    backward = any("backward" in event for _, event, _ in result.order)
    makes = f"{params.call} and y.sum().backward() make" if backward else f"{params.call} makes"
    events = f"{makes} {count(len(result.order), 'event')} happen, {kind}."
    return " ".join([events, *([given] if hooks else []), *_far(result)])


def _far(result: Result) -> list[str]:
    if result.y is None or result.y_plain is None:
        return [f"{result.error}."]
    far = (result.y - result.y_plain).abs().max().item()
    return [f"The output differs by up to {number(far)} from the one before any hook."] if far else []


LESSON = Lesson(
    slug="call_forward",
    title="Calling forward",
    truth=__doc__,
    Params=Params,
    program=Program("call_forward", Result, raises=(RuntimeError,), values=values),
    caption=caption,
    details=details,
    minutes=5,
    main=("call", "returns", "raises", "with_kwargs"),
    related=("registration", "freeze", "edit"),
    predictions=(
        Prediction(
            id="last",
            question="model, first and second each have a forward hook. In model(x), whose runs last?",
            choices=(
                Choice(
                    "second's",
                    "second is the last layer to compute. But model(x) is a call too, and it ends after its forward does.",
                ),
                Choice(
                    "model's",
                    "first and second are called inside the forward of model, so their hooks have run when it returns.",
                ),
                Choice(
                    "first's",
                    "Hooks are no stack over all modules: each runs when the forward of its own module has returned.",
                ),
            ),
            answer=1,
            proof="order",
            show={},
            ring="last",
        ),
        Prediction(
            id="forward",
            question="Three modules, each with a pre hook and a forward hook. How many of the six run in model.forward(x)?",
            choices=(
                Choice(
                    "0 of 6",
                    "forward is called directly on model alone. Inside it, first and second are called as modules.",
                ),
                Choice(
                    "6 of 6",
                    "It computes the same output. But hooks are run by __call__, and model.forward(x) goes past the one of model.",
                ),
                Choice(
                    "4 of 6",
                    "The two of model are left out; self.first(x) and self.second(x) inside go through __call__ and run theirs.",
                ),
            ),
            answer=2,
            proof="forward",
            show={"call": "model.forward(x)"},
            ring="ran",
        ),
        Prediction(
            id="keywords",
            question="model(x=x), by keyword. What does a forward_pre_hook of model get as args?",
            choices=(
                Choice(
                    "an empty tuple",
                    "args holds what was given by position. With with_kwargs=True a hook gets kwargs beside it; args stays empty.",
                ),
                Choice(
                    "a tuple with x",
                    "So it is for model(x). torch does not sort keywords into positions for a hook.",
                ),
                Choice(
                    "a dict with x",
                    "That is kwargs, a third argument, which a hook gets if it is registered with with_kwargs=True.",
                ),
            ),
            answer=0,
            proof="keywords",
            show={"call": "model(x=x)"},
            ring="args",
        ),
        Prediction(
            id="returns",
            question="A forward hook of first ends with `return 10 * output`. What becomes of y = model(x)?",
            choices=(
                Choice(
                    "y is the same",
                    "A hook is often written to look only, and None leaves the output alone. Any other value takes its place.",
                ),
                Choice(
                    "no y: it raises",
                    "So it was up to torch 1.1, where a forward hook had to return None. Since then the value is used.",
                ),
                Choice(
                    "y is another",
                    "What the hook returns is what first(x) returns, so second computes with ten times the numbers.",
                ),
            ),
            answer=2,
            proof="what a hook returns",
            show={"returns": "hook: 10 * output"},
            ring="y",
        ),
        Prediction(
            id="error",
            question="The forward of second raises. What becomes of a plain forward hook of second?",
            choices=(
                Choice(
                    "it runs, output None",
                    "That is what always_call=True asks for. A plain hook is not in a finally.",
                ),
                Choice(
                    "it is skipped",
                    "The exception leaves __call__ before the forward hooks; those with always_call=True are run all the same.",
                ),
                Choice(
                    "it runs, then it raises",
                    "A forward hook is given the output, and there is none: the error comes before its turn.",
                ),
            ),
            answer=1,
            proof="an error",
            show={"raises": "second"},
            ring="skipped",
        ),
    ),
    traps=(
        Trap(
            name="model.forward(x)",
            sentence="The hooks of model are left out without a word, full backward hooks too; those of first and second run.",
            source="https://github.com/pytorch/pytorch/issues/117925",
            params={"call": "model.forward(x)", "backward_hooks": True},
        ),
        Trap(
            name="Keyword arguments",
            sentence="model(x=x), as with **item: args is (). with_kwargs=True hands a hook kwargs as well, and args stays ().",
            source="https://github.com/pytorch/pytorch/issues/156695",
            params={"call": "model(x=x)"},
        ),
        Trap(
            name="A hook that returns something",
            sentence="A forward hook that returns anything but None, as a lambda easily does, replaces the output of its layer.",
            source="https://github.com/pytorch/pytorch/pull/74414",
            params={"returns": "hook: 10 * output"},
        ),
        Trap(
            name="forward raises",
            sentence="A forward hook with always_call=False does not run then: what the pre hook of the layer opened stays open.",
            source="https://github.com/pytorch/pytorch/pull/104278",
            params={"raises": "second"},
        ),
    ),
)
