"""The picture of what moves holds what the Result says."""

import pytest

from figures.what_moves import _which, draw
from lessons.what_moves import LESSON, REQUIRING, STEPPED, THAWED, Params, moved
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
    bars = drawn["saved for backward()"]
    assert bars["values"] == [100, 100 * result.saved / result.saved_free]
    assert [round(3 * place) for _, place in bars["references"]] == [bars["values"][0], 2 * bars["values"][0]]


def test_the_hero_has_a_chip_for_each_row_of_names_with_its_flag():
    result, drawn = panels(Params(config=TINY))
    tree = drawn["this bert: ▲ learns, ❄ frozen"]
    assert "veiled" not in tree
    chips = [part["badge"] for node in tree["nodes"] for part in node.get("parts", [])]
    learns = [row[2] for row in result.rows][: len(chips)]
    assert [badge == "▲" for badge in chips] == learns and True in learns and False in learns


def test_what_learns_is_told_in_words_where_each_kind_does_as_one():
    params = Params(config='{"model_type": "gpt2", "n_embd": 16, "n_layer": 2, "n_head": 2, "vocab_size": 99}')
    result, drawn = panels(params)
    rows = drawn["this gpt2: what learns"]["rows"]
    assert [(kind, words.replace("\N{NO-BREAK SPACE}", " "), where) for kind, (words, _), where in rows] == [
        ("norms", "▲ learn", ["blocks 0 to 1, and outside", "", {"key": "@saved"}]),
        ("biases", "▲ learn", "blocks 0 to 1"),
        ("embeddings", "❄ frozen", "outside the blocks"),
        ("other weights", "❄ frozen", "blocks 0 to 1"),
    ]
    biases_and_norms = [row for row in result.rows if row[0].endswith("bias") or "ln_" in row[0]]
    assert [row for row in result.rows if row[2]] == biases_and_norms
    assert "this bert: what learns" not in panels(Params(config=TINY, learns="every second block"))[1]


def test_blocks_that_are_alike_are_one_line_that_says_which():
    assert _which([""]) == "" and _which(["3"]) == " (3)" and _which(["0", "1", "2"]) == " × 3 (0 … 2)"
    assert _which(["1", "3", "5"]) == " × 3 (1, 3 …)"


def test_where_names_are_walked_twice_the_flags_are_what_is_asked_for():
    tied = '{"model_type": "gpt2", "n_embd": 16, "n_layer": 2, "n_head": 2, "vocab_size": 99}'
    _, drawn = panels(Params(config=tied, learns="names that match", remove_duplicate=False))
    tree = drawn["this gpt2: ▲ learns, ❄ frozen"]
    assert tree["veiled"]
    [chip] = [part for node in tree["nodes"] for part in node.get("parts", []) if "@tied" in part["key"].split()]
    assert chip["badge"] == "❄" and chip["facts"] == "= lm_head.weight"


def test_where_the_optimizer_is_made_at_another_time_the_hero_draws_what_it_holds_and_updates():
    result, drawn = panels(Params(config=TINY, order=THAWED, given=REQUIRING))
    assert drawn[f"of {result.count} parameters"]["values"] == list(result.sees.values())
    assert f"of {result.count} parameters" not in panels(Params(config=TINY))[1]
    result, drawn = panels(Params(config=TINY, order=STEPPED))
    held = drawn["AdamW's state after it"]["values"]
    assert held == [(result.state_bytes - result.state_frozen) / 2**20, result.state_frozen / 2**20] and min(held) > 0


def test_a_block_of_which_all_is_alike_is_one_line():
    result, drawn = panels(Params(config=TINY, learns="every second block"))
    lines = {
        node["name"]: node["parts"] for node in drawn["this bert: ▲ learns, ❄ frozen"]["nodes"] if ".*" in node["name"]
    }
    assert [[(part["badge"], part["name"]) for part in parts] for parts in lines.values()] == [
        [("▲", "all 16")],
        [("❄", "all 16")],
    ]
    inside = [row for row in result.rows if "*" in row[0]]
    assert len(inside) == 32 and sum(row[2] for row in inside) == 16


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


@pytest.mark.parametrize(
    ("learns", "lowest"),
    [("biases and norms", "norms"), ("everything", "embeddings"), ("all but the embeddings", "norms")],
)
def test_what_the_gradient_goes_down_to_is_ringed(learns, lowest):
    config = '{"model_type": "gpt2", "n_embd": 16, "n_layer": 2, "n_head": 2, "vocab_size": 99}'
    _, drawn = panels(Params(config=config, learns=learns))
    rows = drawn["this gpt2: what learns"]["rows"]
    assert [row[0] for row in rows if not isinstance(row[2], str)] == [lowest]
