"""The line that is marked is the line that raised, and the cells are the tensors."""

import itertools
import json
import traceback

import pytest

from explorable.params import choices
from figures.qa_model import class_lines, draw, raised_in
from lessons.qa_model import AGAIN, COLLATE, LESSON, PADDED, Params

run = LESSON.run
FIELDS = {f.name: f for f in Params.__dataclass_fields__.values()}
CASES = list(itertools.product(*(choices(FIELDS[name]) for name in ("target", "answers", "items", "forward", "head"))))


@pytest.mark.parametrize(("target", "answers", "items", "forward", "head"), CASES[::2])
def test_the_marked_line_is_the_one_that_raised(target, answers, items, forward, head):
    params = Params(target=target, answers=answers, items=items, forward=forward, head=head)
    assert raised_in(params, run(params)) == line_that_raises(params)


def line_that_raises(params):
    """The last line of the program that a traceback names."""
    names = {
        "__name__": "__main__",
        "print": lambda *_: None,
        **LESSON.program.values(params),
        **LESSON.program.given(params),
    }
    try:
        exec(LESSON.program._cut(params, LESSON.program.given(params)).code, names)
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith("programs/")]
        inside = [frame.line for frame in frames if frame.name in ("forward", "get_loss")]
        own = [line for line in inside if line in {line.strip() for line in class_lines()}]
        return own[-1] if own else COLLATE
    return ""


def test_the_class_on_screen_is_that_of_the_program():
    params = Params()
    titled = {panel["title"]: panel for row in draw(params, run(params))["rows"] for panel in row}
    shown = [row[0].strip() for row in titled["the class that loops, line by line"]["rows"]]
    words = " ".join(LESSON.snippet(params).split())
    assert " ".join(" ".join(shown).split()) in words and shown[0].startswith("def forward(")


def test_a_call_that_raised_is_not_told_as_none():
    said = {}
    for target in ("neither", "labels"):
        result = run(params := Params(target=target))
        said[target] = json.dumps(draw(params, result)["rows"][0][0])
    assert "the first call raised" in said["neither"] and "raised" not in said["labels"]


def test_a_gate_that_opens_shows_the_sizes_of_the_stack():
    params = Params()
    result = run(params)
    rows = {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}
    assert [row[1] for row in rows["the axes of torch.stack(logits)"]["rows"]] == [
        str(size) for size in result.logits.shape
    ]


def test_a_slab_holds_the_logits_of_its_call_and_the_stack_holds_the_slabs():
    params = Params()
    result = run(params)
    drawn = {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}
    slabs, stack = drawn["one slab for each call"], drawn["the stack, drawn"]
    assert slabs["parts"] == [f"item {n}: {lane['shape']}" for n, lane in enumerate(result.lanes)]
    assert [part[0] for part in slabs["values"]] == stack["values"]
    for n, rows in enumerate(stack["values"]):
        for t, row in enumerate(rows):
            assert row == [result.logits[n, 0, t, word].item() for word in result.drawn]
    assert stack["sizes"] == [result.logits.shape[dim] for dim in stack["at"]] == [3, 2, 2020]
    assert result.logits.shape[1] == 1 and "batch of 1" in stack["badge"]
    assert slabs["colLabels"] == ["Paris", "Tokyo", "Rome", "</s>"]


def test_the_hero_draws_the_sizes_of_each_call_and_those_of_the_stack_which_stands_in_the_fold():
    result = run(params := Params())
    drawn = draw(params, result)
    (calls, call, sizes), (facts,) = drawn["rows"][: drawn["hero"]]
    assert calls["view"] == sizes["view"] == "grid" and call["title"] == "torch.stack(logits)"
    assert "veiled" in sizes and "veiled" not in calls and facts["view"] == "facts"
    assert sizes["colLabels"] == ["items", "batch", "tokens", "vocabulary"] and sizes["sub"] == [["new", "", "", ""]]
    [(slabs, stack)] = [row for row in drawn["rows"][drawn["hero"] :] if row[-1].get("newDim") == 0]
    assert slabs["view"] == stack["view"] == "cube"


def test_the_sizes_of_each_call_and_of_the_stack_are_those_of_torch():
    result = run(params := Params())
    drawn = {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}
    assert drawn["self.model(**item).logits"]["values"] == [list(lane["shape"]) for lane in result.lanes]
    assert drawn["the shape of one tensor"]["values"] == [list(result.logits.shape)]


def test_where_the_calls_differ_in_length_their_tokens_are_ringed():
    result = run(params := Params(answers="long"))
    calls = draw(params, result)["rows"][0][0]
    assert [["@forward" in key for key in keys] for keys in calls["keys"]] == [[False, True, False]] * 3
    assert len({sizes[1] for sizes in calls["values"]}) > 1


def test_losses_stand_in_the_hero_where_they_differ_or_the_last_forward_read_another_batch():
    for params, there in (
        (Params(), False),
        (Params(forward=AGAIN), True),
        (Params(answers=PADDED, answer="Berlin"), True),
    ):
        drawn = draw(params, run(params))
        titles = [panel["title"] for row in drawn["rows"][: drawn["hero"]] for panel in row]
        assert ("losses" in titles) == there


def test_padding_is_marked_in_ids_and_labels():
    params = Params(answers="padded with -100", question="Which continent is Kenya in?", answer="Africa")
    result = run(params)
    panels = {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}
    for name, filled in (("input_ids", result.attention_mask == 0), ("labels", result.labels == -100)):
        assert [[mark == "pad" for mark in row] for row in panels[name]["marks"]] == filled.tolist()
        assert filled.any()
