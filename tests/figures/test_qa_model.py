"""The line that is marked is the line that raised, and the cells are the tensors."""

import itertools
import traceback

import pytest

import lessons.qa_model as lesson
from explorable.params import choices
from figures.qa_model import draw, raised_in
from lessons.qa_model import Params, as_in_the_notes, run

FIELDS = {f.name: f for f in Params.__dataclass_fields__.values()}
CASES = list(itertools.product(*(choices(FIELDS[name]) for name in ("target", "items", "forward", "head"))))


@pytest.mark.parametrize(("target", "items", "forward", "head"), CASES)
def test_the_marked_line_is_the_one_that_raised(monkeypatch, target, items, forward, head):
    raised = []
    noted = lesson.noted

    def watched(*given):
        try:
            return noted(*given)
        except Exception as error:
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == lesson.__file__]
            inside = [frame for frame in frames if frame.name in ("forward", "get_loss")]
            raised.append(inside[-1].line)
            raise

    monkeypatch.setattr(lesson, "noted", watched)
    params = Params(target=target, items=items, forward=forward, head=head)
    result = run(params)
    assert [raised_in(params, result)] == (raised or [""])


def test_the_source_on_screen_is_that_of_the_class():
    params = Params()
    [panel] = draw(params, run(params))["rows"][1]
    source = as_in_the_notes().split("    def forward")[1].splitlines()
    assert [row[0].strip() for row in panel["rows"]] == [
        line.strip() for line in [f"def forward{source[0]}", *source[1:]] if line
    ]


def test_a_gate_that_opens_shows_the_sizes_of_the_stack():
    params = Params()
    result = run(params)
    rows = {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}
    assert [row[1] for row in rows["gate: torch.stack(logits)"]["rows"]] == list(result.logits.shape)


def test_padding_is_marked_in_ids_and_labels():
    params = Params(answers="padded with -100", question="Which continent is Kenya in?", answer="Africa")
    result = run(params)
    panels = {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}
    for name, filled in (("input_ids", result.attention_mask == 0), ("labels", result.labels == -100)):
        assert [[mark == "pad" for mark in row] for row in panels[name]["marks"]] == filled.tolist()
        assert filled.any()
