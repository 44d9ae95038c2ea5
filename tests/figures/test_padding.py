"""Filled cells look filled, and the numbers are those of the Result."""

import pytest

from figures.padding import draw
from lessons.padding import LABELS, LESSON, MASKS, WASTE, WAYS, Params

run = LESSON.run


def drawn(**values):
    params = Params(**values)
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_every_cell_shows_its_token_and_padding_is_marked():
    result, panels = drawn(padding_side="left")
    assert panels["input_ids"]["sub"] == result.tokens
    marked = [[mark == "pad" for mark in row] for row in panels["input_ids"]["marks"]]
    assert marked == (result.attention_mask == 0).tolist()


@pytest.mark.parametrize("values", [{}, {"padding_side": "left"}, {"padding": "max_length"}])
def test_the_rectangle_is_drawn_as_tokens_with_its_last_column_ringed(values):
    result, panels = drawn(**values)
    words = panels["input_ids, as tokens"]
    lines, positions = result.input_ids.shape
    for shown, tokens in zip(words["values"], result.tokens, strict=True):
        assert all(token.startswith(text.rstrip("…")) for text, token in zip(shown, tokens, strict=True))
    assert (words["rows"], words["cols"]) == (f"{lines} lines", f"{positions} positions")
    assert [[mark == "pad" for mark in row] for row in words["marks"]] == (result.attention_mask == 0).tolist()
    ringed = [line for line, row in enumerate(words["keys"]) for keys in row if "@shape" in keys]
    assert ringed == ([line for line in range(lines) if result.attention_mask[line, -1]] or [lines - 1])
    assert all("@shape" in words["keys"][line][-1] for line in ringed)


def test_the_bars_and_cells_that_decide_a_question_are_ringed():
    _, panels = drawn(view=LABELS)
    ringed = {
        name: keys[1:] for name, keys in zip(panels["mean loss"]["labels"], panels["mean loss"]["keys"], strict=True)
    }
    assert ringed["labels = input_ids"] == ringed["-100 where the mask is 0"] == ["@labels"]
    _, panels = drawn(view=MASKS)
    _, shifted, function = panels["largest move of a real token"]["rows"]
    assert shifted[3][2] == {"key": "@module"} and function[2][2] == {"key": "@function"}


def test_the_cells_of_the_batches_are_those_of_the_bars():
    result, panels = drawn(view=WASTE)
    for how in ("random order", "sorted by length"):
        cells = [i for row in panels[how]["values"] for i in row if i is not None]
        assert len(cells) == result.cells[how]
    assert panels["cells"]["values"] == list(result.cells.values())


def test_a_loss_that_is_ignored_is_marked_and_zero():
    result, panels = drawn(view=LABELS, pad_token="[SEP]")
    for name in ("ignored", "by_id"):
        pairs = zip(sum(panels[name]["marks"], []), getattr(result, name).flatten().tolist(), strict=True)
        assert all((mark == "pad") == (loss == 0) for mark, loss in pairs)


def test_the_table_of_masks_has_a_row_for_every_way():
    _, panels = drawn(view=MASKS)
    named = [row[0].split(": ") for row in panels["gap, line by line"]["rows"]]
    assert [way for argument, way in named if argument == "src_key_padding_mask"] == list(WAYS)
    assert [way for argument, way in named if argument == "attn_mask"] == list(WAYS[:3])


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_hero_names_the_api_of_each_difference_and_shows_nan_where_a_line_sees_nothing(side, mode):
    result, panels = drawn(view=MASKS, padding_side=side, mode=mode)
    layer, shifted, function = panels["largest move of a real token"]["rows"]
    assert [cell[0] == "NaN" for cell in layer[1:]] == result.gap[:3].amax(dim=1).isnan().tolist()
    assert (layer[2][0] == "NaN") == (mode == "eval")
    assert layer[2][1] == function[3][1] == "warn" and shifted[3][1] == function[2][1] == "yes"


def test_the_hero_of_each_trap_shows_its_mistake():
    shown = {trap.name: drawn(**trap.params) for trap in LESSON.traps}
    said = {name: {item["label"]: item["text"] for item in panels[""]["items"]} for name, (_, panels) in shown.items()}
    assert "does not have a padding token" in shown["No pad token"][1]["input_ids"]["text"]
    assert said["pad = end token"]["real tokens ignored by id"] == "6"
    assert said["pad_token that is not in the vocabulary"]["pad_token_id"] == "100, [UNK]"
    assert shown["New id, old embedding"][1]["logits"]["text"] == "IndexError: index out of range in self"


def test_a_tokenizer_that_refuses_shows_its_error_and_its_facts():
    result, panels = drawn(pad_token="None")
    assert panels["input_ids"]["text"] == result.error
    assert ["pad_token_id", ["None", "warn"]] in panels["tokenizer with pad_token None"]["rows"]


def test_the_lines_say_of_how_many_tokens_each_is():
    result = run(Params())
    [lines, *_] = draw(Params(), result)["rows"][0]
    assert lines["columns"] == ["", "text", "tokens"]
    assert [int(row[2]) for row in lines["rows"]] == result.attention_mask.sum(dim=1).tolist() == [4, 6, 8, 3, 4, 8]
    refused = Params(pad_token="None")
    assert draw(refused, run(refused))["rows"][0][0]["columns"] == ["", "text"]
