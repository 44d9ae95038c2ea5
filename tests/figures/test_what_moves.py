"""The picture of what moves holds what the Result says."""

from figures.what_moves import draw
from lessons.what_moves import LESSON, REQUIRING, THAWED, Params, moved
from tests.corners import TINY


def panels(params):
    result = LESSON.run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_there_is_a_dot_for_each_parameter_and_it_is_marked_where_it_learns():
    result, drawn = panels(Params(config=TINY))
    kinds = drawn["A dot for each parameter"]["kinds"]
    assert len(kinds) == result.count and kinds.count("1") == result.learning_count


def test_the_hero_draws_what_forward_saves_with_the_freeze_and_without():
    result, drawn = panels(Params(config=TINY))
    bars = drawn["saved by forward for backward"]
    assert bars["values"] == [result.saved_free / 2**20, result.saved / 2**20]
    assert [3 * place for _, place in bars["references"]] == [bars["values"][0], 2 * bars["values"][0]]


def test_the_rows_of_names_stand_for_all_parameters_and_say_who_is_missed():
    result, drawn = panels(Params(config=TINY, learns="every second block", order=THAWED, given=REQUIRING))
    rows = drawn["Names: found and not found"]["rows"]
    assert sum(len(row[6]) for row in result.rows) == result.count and len(rows) == len(result.rows)
    missed = [row for row in rows if row[4] == ["does not", "warn"]]
    assert missed and all(row[3] == ["not held", "muted"] for row in missed)
    assert sum(len(row[6]) for row in result.rows if row[4]) == moved(result)


def test_what_torch_refuses_is_shown_with_its_line():
    _, drawn = panels(Params(config=TINY, learns="names that match", pattern="nowhere"))
    assert drawn["What torch says"]["where"] == "loss.backward()"
    _, drawn = panels(Params(config=TINY, learns="names that match", pattern="nowhere", given=REQUIRING))
    assert drawn["What torch says"]["where"] == "optim = ..."
