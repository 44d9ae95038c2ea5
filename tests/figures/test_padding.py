"""Filled cells look filled, and the numbers are those of the Result."""

from figures.padding import draw
from lessons.padding import LABELS, MASKS, WASTE, WAYS, Params, run


def drawn(**values):
    params = Params(**values)
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_every_cell_shows_its_token_and_padding_is_marked():
    result, panels = drawn(padding_side="left")
    assert panels["input_ids"]["sub"] == result.tokens
    marked = [[mark == "pad" for mark in row] for row in panels["input_ids"]["marks"]]
    assert marked == (result.attention_mask == 0).tolist()


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
    assert [row[0] for row in panels["gap"]["rows"]] == list(WAYS)


def test_a_tokenizer_that_refuses_shows_its_error_and_its_facts():
    result, panels = drawn(pad_token="None")
    assert panels["input_ids"]["text"] == result.error
    assert ["pad_token_id", ["None", "warn"]] in panels["tokenizer with pad_token None"]["rows"]
