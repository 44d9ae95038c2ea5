"""What must hold of every picture: it is data that a view can draw, and its cells are the tensors of the Result."""

import json
import math
import re
from typing import Any

from torch import Tensor

from figures.panels import numbers
from tests.corners import at_every_corner, figure_at, result_at
from tests.figures.printed import printed

VIEWS = {
    "grid",
    "cube",
    "bars",
    "table",
    "dots",
    "error",
    "tree",
    "strip",
    "operator",
    "facts",
    "curve",
    "board",
    "lanes",
    "line",
}


def panels(lesson: Any, params: Any) -> list[dict[str, Any]]:
    return [panel for row in figure_at(lesson.slug, params)["rows"] for panel in row]


@at_every_corner
def test_a_figure_is_json_for_views_that_exist(lesson, params):
    json.dumps(figure_at(lesson.slug, params), allow_nan=False)
    assert panels(lesson, params)
    assert {panel["view"] for panel in panels(lesson, params)} <= VIEWS
    assert all(panel["title"] or panel["view"] == "facts" for panel in panels(lesson, params))


@at_every_corner
def test_cells_named_after_a_field_are_the_field(lesson, params):
    """A title such as `y_train` or `mean[-1]` is an expression over the fields of the Result; the cells are its value."""
    for panel in cells(lesson, params):
        if is_shown(value := field_named(panel["title"], result_at(lesson.slug, params))):
            if "frames" in panel and sizes_of(panel["values"]) != sizes_of(listed(value)):
                steps = listed(value)
                assert panel["values"] == steps[-1], f"{panel['title']} does not end with its last step"
                assert all(frame.get("values", panel["values"]) in steps for frame in panel["frames"]), panel["title"]
            else:
                assert flat(panel["values"]) == flat(listed(value)), panel["title"]
                assert sizes_of(panel["values"]) == sizes_of(listed(value)), panel["title"]


def test_some_cells_are_named_after_a_field(lesson):
    params = lesson.Params()
    result = result_at(lesson.slug, params)
    shown = [field_named(panel["title"], result) for panel in cells(lesson, params)]
    assert (
        not shown or any(map(is_shown, shown)) or not any(map(is_shown, vars(result).values()))
    )  # of a run apart no tensor comes


@at_every_corner
def test_a_tensor_carries_its_name_shape_dtype_and_device(lesson, params):
    for panel in cells(lesson, params):
        value = field_named(panel["title"], result_at(lesson.slug, params))
        if isinstance(value, Tensor):
            name, sizes, dtype = re.match(r"(.+?) \[(.*?)\] (\w+) cpu", panel["tensor"]).groups()
            assert name and f"torch.{dtype}" == str(value.dtype)
            assert without_ones(map(int, re.findall(r"(\d+)(?:,|$)", sizes))) == sizes_of(panel["values"])
        elif "parts" in panel:
            assert panel["tensor"].startswith(f"list of {len(panel['values'])}")
        else:
            assert panel["tensor"], panel["title"]


@at_every_corner
def test_what_belongs_to_cells_has_the_shape_of_the_cells(lesson, params):
    for panel in cells(lesson, params):
        assert math.isfinite(panel["limit"]) and panel["limit"] > 0
        for name in ("notes", "marks", "groups", "sub"):
            if name in panel:
                assert len(flat(panel[name])) == len(flat(panel["values"])), f"{name} of {panel['title']}"


@at_every_corner
def test_a_key_holds_no_space_that_would_split_it_in_two(lesson, params):
    for panel in panels(lesson, params):
        assert [key for key in flat(panel.get("keys", [])) if key is not None and re.search(r"\s", str(key))] == []


@at_every_corner
def test_every_picture_has_words_for_a_screen_reader(lesson, params):
    for panel in panels(lesson, params):
        if panel["view"] == "table":
            assert all(len(row) == len(panel["columns"]) for row in panel["rows"]), panel["title"]


def hero(lesson: Any, params: Any) -> list[dict[str, Any]]:
    drawn = figure_at(lesson.slug, params)
    return [panel for row in drawn["rows"][: drawn["hero"]] for panel in row]


def test_the_hero_shows_at_most_60_numbers_at_the_default(lesson):
    texts = [text for panel in hero(lesson, lesson.Params()) for _, text in printed(panel)]
    assert sum(bool(re.match(r"[-−+]?\d", text)) for text in texts) <= 60


def test_the_ringed_cell_says_what_the_right_choice_says(lesson):
    for prediction in lesson.predictions:
        if prediction.ring:
            panels = hero(lesson, lesson.Params(**prediction.show))
            found = sorted(
                ((panel, text) for panel in panels for key, text in printed(panel) if prediction.ring in key.split()),
                key=lambda pair: "veiled" not in pair[0],  # as the page does: what comes out before what goes in
            )
            assert found, f"{prediction.question} no cell of the hero has the key {prediction.ring}"
            panel, text = found[0]
            assert "veiled" in panel, f"{prediction.question} its cell is seen before it is answered"
            assert text == prediction.right.text, (
                f"{prediction.question} its cell does not say what the right choice says"
            )


def cells(lesson: Any, params: Any) -> list[dict[str, Any]]:
    return [panel for panel in panels(lesson, params) if panel["view"] in ("grid", "cube")]


def field_named(title: str, result: Any) -> Any:
    """The value of a title read as an expression over the fields; None where it is not one."""
    try:
        return eval(title, {"__builtins__": {}}, vars(result))
    except (SyntaxError, NameError, AttributeError):
        return None


def is_shown(value: Any) -> bool:
    """Whether a field is a tensor, or a list of separate tensors, in which None may stand."""
    parts = value if isinstance(value, (list, tuple)) else [value]
    return any(isinstance(part, Tensor) for part in parts)


def listed(value: Any) -> Any:
    """A tensor, or a list of tensors, as the nested lists that a panel holds."""
    return numbers(value.tolist()) if isinstance(value, Tensor) else value and [listed(part) for part in value]


def flat(nested: Any) -> list[Any]:
    return [leaf for item in nested for leaf in flat(item)] if isinstance(nested, list) else [nested]


def sizes_of(nested: Any) -> list[int]:
    """The shape of nested lists without its ones: a vector may be drawn as a grid of one row."""
    shape = []
    while isinstance(nested, list):
        shape.append(len(nested))
        nested = nested[0] if nested else None
    return without_ones(shape)


def without_ones(shape: Any) -> list[int]:
    return [size for size in shape if size != 1]
