"""The picture of what moves holds what the Result says."""

import json
import re

import pytest

from figures.what_moves import _which, draw
from lessons.config_text import READY
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


def test_the_tree_has_a_chip_for_each_row_of_names_with_its_flag():
    result, drawn = panels(Params(config=TINY))
    tree = drawn["this bert: ▲ learns, ❄ frozen"]
    chips = [part["badge"] for node in tree["nodes"] for part in node.get("parts", [])]
    learns = [row[2] for row in result.rows][: len(chips)]
    assert [badge == "▲" for badge in chips] == learns and True in learns and False in learns


SMALL = {
    "model_type": "gpt2",
    "n_embd": 16,
    "n_layer": 4,
    "n_head": 2,
    "vocab_size": 99,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def way(**changes):
    """The rows of the picture of blocks, by their names."""
    params = Params(**{"config": json.dumps(SMALL), **changes})
    result, drawn = panels(params)
    grid = next(panel for title, panel in drawn.items() if title.endswith("from its input to its loss"))
    return result, grid, dict(zip(grid["rowLabels"], grid["values"], strict=True))


def test_each_block_has_what_learns_the_gradient_and_what_it_saves_without_the_freeze_and_with_it():
    result, grid, rows = way()
    assert grid["colLabels"] == ["input", "0", "1", "2", "3", "head", "all"]
    assert rows["norms, biases"] == ["", "▲", "▲", "▲", "▲", "▲", None]
    assert rows["weights"] == ["❄", "❄", "❄", "❄", "❄", "❄", None]
    tied = dict(zip(grid["rowLabels"], grid["sub"], strict=True))["weights"]
    assert tied == ["", "", "", "", "", "tied", ""]
    assert rows["gradient"] == ["–", "◀", "◀", "◀", "◀", "◀", None]
    bars = [bar[1] for bar in grid["bars"][-1]]
    shares = [now / free for _, free, now, _ in result.parts]
    assert bars == pytest.approx([*shares, result.saved / result.saved_free], abs=1e-4)
    assert ["@saved" in keys for keys in grid["keys"][-1]] == [name == "all" for name in grid["colLabels"]]
    way_down = dict(zip(grid["rowLabels"], grid["keys"], strict=True))["gradient"]
    assert ["@saved" in keys for keys in way_down] == [name == "0" for name in grid["colLabels"]], "where it ends"
    assert all("thirds" in mark.split() for mark in grid["marks"][-1])
    assert grid["rowLabels"][-2:] == ["KiB saved, unfrozen", "KiB saved, this freeze"]
    free = [float(value) for value in rows["KiB saved, unfrozen"]]
    assert free == pytest.approx([*(size / 2**10 for _, size, *_ in result.parts), result.saved_free / 2**10], abs=0.5)


TIED = {
    "GPT-2": ["head"],
    "BART base": ["head"],
    "T5 base": ["between", "head"],
}  # the others have a weight of their own there


@pytest.mark.parametrize(
    ("name", "pattern"), [*((name, r"bias$|norm|\bln_") for name in READY), ("GPT-2", r"wte|\bln_")]
)
def test_a_cell_is_tied_where_a_part_has_no_weight_but_that_of_an_earlier_one(name, pattern):
    result, grid, _ = way(config=READY[name], learns="names that match", pattern=pattern)
    tied = [
        (grid["colLabels"][at], grid["values"][row][at], grid["notes"][row][at])
        for row, cells in enumerate(grid.get("sub", []))
        for at, sub in enumerate(cells)
        if sub == "tied"
    ]
    assert [column for column, *_ in tied] == TIED.get(name, [])
    assert not tied or (tied[0][1] == "▲") == ("wte" in pattern)
    for _, badge, note in tied:
        assert badge == ("▲" if result.tied[0][1] else "❄") and note == f"the same tensor as {[*result.again][0]}"


@pytest.mark.parametrize("pattern", [r"ln_f", r"\.h\.[23]\.", "wte"])
def test_the_gradient_comes_down_to_the_lowest_part_that_learns_and_what_lies_below_saves_nothing(pattern):
    result, grid, rows = way(learns="names that match", pattern=pattern)
    came = [reached for *_, reached in result.parts]
    assert [cell == "◀" for cell in rows["gradient"][:-1]] == came
    lowest = came.index(True)
    assert all(now == 0 for _, _, now, _ in result.parts[:lowest])
    assert all(now > 0 for _, _, now, _ in result.parts[lowest + (lowest > 0) :])
    learns = [
        at
        for at, cells in enumerate(zip(*[rows[name] for name in rows if name not in WAYS], strict=True))
        if "▲" in cells
    ]
    assert lowest == min(learns)


WAYS = ("gradient", "KiB saved, unfrozen", "KiB saved, this freeze")


@pytest.mark.parametrize("name", READY)
def test_every_ready_model_has_columns_that_hold_all_its_parameters_and_all_that_it_saves(name):
    result, grid, rows = way(config=READY[name])
    assert sum(free for _, free, *_ in result.parts) == result.saved_free
    assert sum(now for *_, now, _ in result.parts) == result.saved
    assert (
        5 <= len(grid["colLabels"]) <= 20
        and grid["colLabels"][0] == "input"
        and grid["colLabels"][-2:] == ["head", "all"]
    )
    found = [re.match(r"(\d+) of (\d+)", note) for notes in grid["notes"] for note in notes if "parameter" in note]
    assert (
        sum(int(one[1]) for one in found) == result.learning_count and sum(int(one[2]) for one in found) == result.count
    )
    assert sum(len(row[6]) for row in result.rows) == result.count


def test_before_the_answer_the_blocks_and_what_learns_are_seen_and_not_the_way_nor_the_bytes():
    _, grid, rows = way()
    assert grid["veiled"] == "cells"
    seen = [["given" in mark for mark in marks] for marks in grid["marks"]]
    assert [all(row[:-1]) for row in seen] == [True, True, False, False, False] and not any(map(any, seen[2:]))


def test_what_learns_in_part_says_so_and_kinds_that_do_alike_are_one_row():
    _, grid, rows = way(learns="names that match", pattern="attn")
    assert rows["biases, weights"][:2] == ["❄", "▲"] and grid["sub"][1][1] == "some"
    assert list(way(learns="everything")[2])[0] == "parameters"


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
