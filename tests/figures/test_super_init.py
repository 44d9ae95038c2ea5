"""The listing and the dicts move line by line, and say what the steps hold."""

import pytest

from figures.super_init import DICTS, draw
from lessons.super_init import LESSON, Params, code, forward


def drawn(**params):
    asked = Params(**params)
    result = LESSON.run(asked)
    picture = draw(asked, result)
    return asked, result, picture, {panel["title"]: panel for row in picture["rows"] for panel in row}


def test_every_state_has_a_frame_and_marks_its_line_until_the_net_is_there():
    for params in ({}, {"form": "left out"}, {"first": "Linear"}):
        _, result, picture, _ = drawn(**params)
        listing, _, went = picture["rows"][0]
        assert len(picture["steps"]) == len(listing["frames"]) == len(went["frames"])
        lit = [{**listing, **frame}.get("lit") for frame in listing["frames"]]
        last = [len(lit) - 2] if result.error else None  # of a net that is there the line that decides is ringed
        assert lit == [None, *([line] for line in range(len(lit) - 2)), last]


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({}, 1),  # puts a plain tensor
        ({"first": "Linear"}, 1),  # raises
        ({"bases": "nn.Module, Mixin", "super_at": 0}, 1),  # skips Mixin.__init__, which net(x) needs
        ({"form": "super().__init__", "assignments": 1}, 2),
        ({"super_at": 0}, 2),
    ],
)
def test_the_line_that_decides_is_ringed_at_the_end(params, line):
    _, _, picture, _ = drawn(**params)
    listing = picture["rows"][0][0]
    frames = [{**listing, **frame} for frame in listing["frames"]]
    ringed = [[row[0] for row in frame["rows"] if isinstance(row[1], list)] for frame in frames]
    assert ringed == [[]] * (len(frames) - 1) + [[str(line)]]


def test_the_listing_is_the_init_and_the_forward_of_the_program():
    for params in (
        {"first": "buffer", "super_at": 3},
        {"form": "left out"},
        {"form": "super().__init__(3)", "super_at": 0},
        {"bases": "Base"},
        {"bases": "Mixin, nn.Module"},
        {"first": "Linear", "assignments": 2},
        {"first": "Linear", "assignments": 4, "super_at": 0},
        {"form": "super(Net, self), cell run again"},
    ):
        asked, _, picture, _ = drawn(**params)
        shown = [row[1][0] if isinstance(row[1], list) else row[1] for row in picture["rows"][0][0]["rows"]]
        shown[-1] = shown[-1].removeprefix("forward(x): ")
        assert shown == [*code(asked), forward(asked)]
        text = LESSON.program.text(asked)
        *init, used = (f"        {line}\n" for line in shown)
        head = "    def forward(self, x: Tensor) -> Tensor:\n"
        assert f"{''.join(init)}\n{head}{used}        return out\n" in text


def test_the_dicts_hold_what_the_step_holds():
    _, result, _, shown = drawn()
    panel = shown["Dicts of self"]
    for state, frame in zip(result.steps, panel["frames"], strict=True):
        shown = {row[0].split()[0]: row[1] for row in {**panel, **frame}["rows"]}
        for name in DICTS:
            text = ("not there", "warn") if state[name] is None else (", ".join(state[name]) or "empty",)
            assert shown[name][: len(text)] == list(text)


def test_the_line_that_raises_is_named_and_the_lines_below_it_are_not_reached():
    asked, result, _, shown = drawn(first="Linear")
    assert (shown["What Python says"]["text"], shown["What Python says"]["where"]) == (result.error, code(asked)[0])
    went = shown[WENT]["rows"]
    assert [row[1][0] for row in went] == ["raises", *["not reached"] * 4, "there is no net"]
    assert went[0][1][2] == {"key": "@fails"}


WENT = "what each line does"


def test_each_line_says_what_it_puts_where_and_the_plain_tensor_is_ringed():
    *_, shown = drawn()
    said = [row[1][0] for row in shown[WENT]["rows"]]
    assert said == [
        "scale → __dict__", "makes _parameters, _buffers, _modules", "layer → _modules", "weight → _parameters",
        "mean → _buffers", "works",
    ]  # fmt: skip
    ringed = [row[0] for row in shown[WENT]["rows"] if row[1][2]["key"] == "@fails"]
    assert ringed == ["1", "net(x)"]


def test_a_line_is_told_once_it_has_run():
    *_, shown = drawn()
    for at, frame in enumerate(shown[WENT]["frames"]):
        told = [row[1][0] != "…" for row in {**shown[WENT], **frame}["rows"]]
        assert told == [k < at for k in range(5)] + [at == 5]


@pytest.mark.parametrize(
    ("params", "line", "said"),
    [
        (
            {"bases": "nn.Module, Mixin", "super_at": 0},
            0,
            "makes _parameters, _buffers, _modules; Mixin.__init__ never ran",
        ),
        (
            {"bases": "Mixin, nn.Module", "mixin_calls_super": False, "super_at": 0},
            0,
            "gain → __dict__; Module.__init__ never ran",
        ),
        ({"form": "super().__init__"}, 1, "puts nothing; Module.__init__ never ran"),
        ({"form": "left out", "assignments": 1}, 1, "raises AttributeError"),
    ],
)
def test_the_line_that_calls_the_parent_says_whose_init_it_skips(params, line, said):
    *_, shown = drawn(**params)
    assert shown[WENT]["rows"][line][1][0] == said


def test_the_order_of_classes_says_whose_init_ran():
    *_, shown = drawn(bases="Base", form="super(Base, self).__init__()")
    order = {row[0]: row[1][0] for row in shown["Net.__mro__"]["rows"]}
    assert order == {"1. Net": "✓ ran", "2. Base": "✗ never ran", "3. Module": "✓ ran", "4. object": "–"}
