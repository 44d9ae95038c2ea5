"""What visitors share stays as it is: constants, lessons, kept Results, models and tokenizers.

The answers of one visitor are computed from them, so a change would be seen by the next.
"""

import hashlib
import json
import sys
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytest
from torch import Tensor, nn

from components.answer import answer, computed, state, to_json
from explorable.params import read
from explorable.wire import plain
from models.shared import shared_registry
from tests.corners import quick

ROOMS = ("components", "figures", "lessons", "models", "serving")


def test_what_a_lesson_shares_is_the_same_after_a_visit(lesson):
    before = dict(shared())
    visits = [
        quick(lesson),
        *(read(lesson.Params, trap.params) for trap in lesson.traps[: 0 if lesson.button else 1]),
    ]
    results = [to_json(plain(computed(lesson.slug, params).result)) for params in visits]
    for params in visits:
        state(lesson.slug, params)
        answer(lesson.slug, params)
    assert [to_json(plain(computed(lesson.slug, params).result)) for params in visits] == results
    after = dict(shared())
    assert [name for name in before if after.get(name) != before[name]] == []


def test_a_change_of_any_of_it_would_be_seen():
    import figures.stack
    import lessons.stack

    model = shared_registry().get(shared_registry().choices[0].name)
    weight = next(weight for weight in parts(model, nn.Module)[0].parameters())
    for change, undo in [
        (lambda: figures.stack.CALLS.update(new="x"), lambda: figures.stack.CALLS.pop("new")),
        (
            lambda: lessons.stack.LESSON.traps[0].params.update(n=3),
            lambda: lessons.stack.LESSON.traps[0].params.pop("n"),
        ),
        (lambda: weight.data.add_(1), lambda: weight.data.sub_(1)),
        (lambda: weight.requires_grad_(True), lambda: weight.requires_grad_(False)),
    ]:
        before = dict(shared())
        change()
        try:
            assert dict(shared()) != before
        finally:
            undo()


def shared() -> Iterator[tuple[str, str]]:
    """A name and a digest of everything at module level that can be changed, and of each model that is loaded."""
    for name, module in sorted(sys.modules.items()):
        if name.split(".")[0] in ROOMS:
            for label, value in vars(module).items():
                if may_be_changed(label, value):
                    yield f"{name}.{label}", digest(repr(value))
    for name, model in shared_registry()._models.items():
        for number, module in enumerate(parts(model, nn.Module)):
            yield f"model {name} {number}", digest_of_model(module)
        for number, tokenizer in enumerate(parts(model, object, "backend_tokenizer")):
            yield f"tokenizer {name} {number}", digest(settled(tokenizer.backend_tokenizer.to_str()))


def may_be_changed(label: str, value: Any) -> bool:
    """Not of a cache: an app that warms up beside this test may fill it."""
    cache = isinstance(value, OrderedDict) and label.startswith("_")
    return label == "LESSON" or isinstance(value, (dict, list, set)) and not label.startswith("__") and not cache


def parts(model: Any, kind: type, having: str = "") -> list[Any]:
    """The model itself and what it holds, as far as it is of this kind and has this attribute."""
    held = [model, *getattr(model, "__dict__", {}).values()]
    return [part for part in held if isinstance(part, kind) and (not having or hasattr(part, having))]


def settled(tokenizer: str) -> str:
    """Without what every call sets for itself, one thread at a time (models/guarded.py)."""
    return json.dumps({**json.loads(tokenizer), "truncation": None, "padding": None}, sort_keys=True)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def digest_of_model(module: nn.Module) -> str:
    found = hashlib.sha256()
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        found.update(f"{name} {tensor.requires_grad} {tensor.grad is None}".encode())
        found.update(raw(tensor))
    found.update(json.dumps([part.training for part in module.modules()]).encode())
    return found.hexdigest()


def raw(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().float().numpy().tobytes()


@pytest.fixture(autouse=True, scope="module")
def _shipped_models_are_loaded():
    for choice in shared_registry().choices[:2]:
        shared_registry().get(choice.name)
