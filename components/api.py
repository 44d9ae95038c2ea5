"""Every lesson by its slug: `client.predict(p=0.3, api_name="/dropout")`."""

import inspect
import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import Field, fields
from typing import Any

import gradio as gr
from gradio.components.api_component import Api

from components.answer import answer, lesson_of
from components.frozen import Frozen
from components.runs import calling, settled
from explorable.params import BadParam, accepts, check, choices, kind, nullable
from serving.bodies import Refused

NAMES = {int: "integer", float: "number", bool: "boolean", str: "string"}


def expose(slug: str) -> None:
    """Register the endpoint `/<slug>`: the names, types, defaults and ranges of Params in; caption and numbers out."""
    lesson = lesson_of(slug)
    params = fields(lesson.Params)

    def call(*values: Any) -> dict[str, Any]:
        """The arguments as `arguments` left them: values of their parameters, or each the same refusal."""
        if values and isinstance(values[0], dict):
            raise gr.Error(values[0]["refused"], print_exception=False)
        try:
            asked = lesson.Params(*values)
            with calling() if lesson.button else nullcontext():
                if lesson.button and (problem := json.loads(settled(slug, asked)).get("problem")):
                    raise BadParam(problem)
                return answer(slug, asked)  # a run of its own if it was dropped
        except BadParam as problem:
            raise gr.Error(str(problem), print_exception=False) from None

    call.__name__ = slug
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(p.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=p.default, annotation=kind(p))
            for p in params
        ],
        return_annotation=dict[str, Any],
    )
    call.__annotations__ = {param.name: param.type for param in params} | {"return": dict[str, Any]}
    event = gr.api(call, api_name=slug, api_description=lesson.truth, queue=False)
    blocks = gr.context.Context.root_block
    assert blocks is not None
    for param, described in zip(params, blocks.fns[event["id"]].inputs, strict=True):
        assert isinstance(described, Api)
        describe(described, param)


def arguments(slug: str) -> Callable[[list[Any]], list[Any]]:
    """What reads the arguments of the endpoint: each in its parameter's type.

    It raises Refused where there are too few or too many, and BadParam where one is none of its parameter's values.
    """
    params = fields(lesson_of(slug).Params)

    def read(values: list[Any]) -> list[Any]:
        if len(values) != len(params):
            names = ", ".join(param.name for param in params)
            raise Refused(400, f"/{slug} takes {len(params)} arguments, not {len(values)}: {names}.")
        return [check(param, value) for param, value in zip(params, values, strict=True)]

    return read


def describe(made: Api, param: Field) -> None:
    """Turn what `gr.api` made of an annotation into the parameter that the lesson declares.

    Gradio sends a component's description with the page four times, and describes every component anew for each visitor.
    Here one description suffices, and all visitors share it: so it is frozen. (A subclass would do, were it not for the
    .pyi file that Gradio writes beside each one, and that mypy then reads in place of this file.)
    """
    described, nothing = Frozen(schema(param)), Frozen({})
    start = {} if made.value is None else {"value": made.value}
    shared = Frozen({"name": "api", "label": param.name, **start})
    made.label, made._api_info = param.name, described
    vars(made).update(
        get_config=lambda: shared,
        api_info=lambda: nothing,
        api_info_as_input=lambda: described,
        api_info_as_output=lambda: nothing,
    )


def schema(param: Field) -> dict[str, Any]:
    """The JSON schema of one parameter; the allowed range is in its description too."""
    options = choices(param)
    shape: dict[str, Any] = {"type": NAMES[type(options[0]) if options else kind(param)]}
    if options and shape["type"] == "string":  # gradio_client prints every entry of an enum as a string
        shape["enum"] = list(options)
    if "low" in param.metadata:
        shape |= {"minimum": param.metadata["low"], "maximum": param.metadata["high"]}
    if nullable(param):
        shape = {"anyOf": [shape, {"type": "null"}]}
    about = f"{param.name}: " + ", ".join(part for part in (param.metadata["about"], accepts(param)) if part)
    return {**shape, "description": about, "additional_description": about}
