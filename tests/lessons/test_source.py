"""The code that is shown is the code that ran, cut to the branches its values take."""

import pytest
import torch
from torch import Tensor, nn

from explorable.literal import literal
from lessons.source import HEADER, joined, snippet_of


class Twice(nn.Module):
    """A helper class."""

    def forward(self, x: Tensor) -> Tensor:
        return doubled(x)


def doubled(x: Tensor) -> Tensor:
    return 2 * x


def compute(p: float, layer: str, note: str) -> Tensor:
    """Not shown."""
    x = torch.ones(3)  # (3,)
    if layer == "twice":
        module = Twice()
    elif layer == "dropout" and p > 0:
        module = nn.Dropout(p)
    else:
        module = nn.Identity()

    # a reason
    y = module(x)
    if y.sum() > 100:
        y = -y
    return y


def shown(p: float = 0.5, layer: str = "identity", **options) -> str:
    return snippet_of(compute, {"p": p, "layer": layer, "note": "n"}, **options)


def test_only_the_branch_that_runs_is_shown():
    assert "module = nn.Identity()" in shown()
    assert "if layer" not in shown() and "Twice" not in shown() and "nn.Dropout" not in shown()
    assert "module = nn.Dropout(p)" in shown(layer="dropout") and "nn.Identity" in shown(p=0.0, layer="dropout")


def test_a_test_on_a_computed_value_stays():
    assert "if y.sum() > 100:\n    y = -y\n" in shown()


def test_only_the_values_that_the_code_uses_are_bound():
    assert "p = 0.5\n" in shown(layer="dropout")
    assert "p = " not in shown() and "layer = " not in shown() and "note = " not in shown()


def test_only_the_imports_that_the_code_uses_are_shown():
    assert shown().startswith("import torch\nfrom torch import nn\n\n")
    assert shown(header=HEADER + "import json\nfrom math import pi\n").startswith(
        "import torch\nfrom torch import nn\n\n"
    )


def test_helpers_come_along_when_they_are_used_in_an_order_that_runs():
    code = shown(layer="twice", also=[doubled, Twice])
    assert code.index("def doubled") < code.index("class Twice") < code.index("module = Twice()")
    assert "class Twice" not in shown(also=[doubled, Twice])


def test_the_docstring_and_the_last_return_are_left_out():
    assert "Not shown" not in shown() and "return y" not in shown()


@pytest.mark.parametrize("layer", ["twice", "dropout", "identity"])
def test_the_code_runs_alone_and_binds_what_the_function_returns(layer):
    names: dict = {"__name__": "__main__"}
    exec(shown(p=1.0, layer=layer, also=[doubled, Twice]), names)
    assert torch.equal(names["y"], compute(1.0, layer, ""))


def test_a_seed_stands_above_the_code():
    assert "\n\ntorch.manual_seed(7)\np = 0.5\n\nx = torch.ones(3)" in shown(layer="dropout", seed=7)


@pytest.mark.parametrize(
    "value", ["it's", 'say "x"', "a\\b\n\t", "\u2028é漢😀", "\x00\x7f", "'''\"\"\"", 0.1, -0.0, None, True, (1, 2)]
)
def test_a_literal_is_python_for_its_value(value):
    assert eval(literal(value)) == value
    assert "\n" not in literal(value)


def test_joined_snippets_import_each_name_once_and_the_standard_library_first():
    one = "import torch\nfrom torch import nn\n\nfrom functools import partial\n\nx = partial(nn.Linear, 2)\n"
    other = "import torch\nfrom torch import Tensor, nn\n\n\n\ny: Tensor = x(3).weight\n"
    assert joined(one, other) == (
        "from functools import partial\n\nimport torch\nfrom torch import Tensor, nn\n\nx = partial(nn.Linear, 2)\n\ny: Tensor = x(3).weight\n"
    )


def test_code_shows_the_characters_that_would_turn_its_direction():
    written = literal("a\u202eb\u2066c")
    assert written == r'"a\u202eb\u2066c"'
    assert eval(written) == "a\u202eb\u2066c"
