"""The tables show the first rows and batches; a press on a column takes it out of the sample or puts it back."""

from figures.own_data import draw
from lessons.own_data import GAP, LESSON, Params

run = LESSON.run


def panels(params):
    return {panel["title"]: panel for row in draw(params, run(params))["rows"] for panel in row}


def test_the_first_batch_is_drawn_beside_the_rows_it_was_made_of():
    shown = panels(Params())
    assert [node["name"] for node in shown["the first batch"]["nodes"]] == [
        "batch 0",
        "'name'",
        "'age'",
        "'kg'",
        "'tame'",
    ]
    assert shown["rows"]["columns"] == ["", "name", "age", "kg", "tame"]
    assert [node.get("key") for node in shown["the first batch"]["nodes"]] == [
        None,
        *(f"@column-{at}" for at in range(4)),
    ]
    ringed = [[cell[2]["key"] for cell in row[1:] if isinstance(cell, list)] for row in shown["rows"]["rows"]]
    assert ringed == [[f"@column-{at}" for at in range(4)]] * 4 + [[]] * 2
    assert [row[:3] for row in shown["loader"]["rows"]] == [
        ["0", "0, 1, 2, 3", ["4", ""]],
        ["1", "4, 5", ["2", "warn"]],
    ]


def test_a_press_leaves_a_column_out_and_another_press_puts_it_back():
    def press(params, column):
        [row] = [row for row in panels(params)["columns"]["rows"] if row[0] == column]
        return Params(**row[2][2]["params"])

    without = press(Params(), "name")
    assert without.columns == "age,kg,tame"
    assert press(without, "name") == Params()


def test_an_error_of_torch_stands_beside_the_rows_and_an_error_of_reading_alone():
    assert list(panels(Params(data=GAP))) == ["rows", "DataLoader(rows, 4)", "batch", "", "columns"]
    assert list(panels(Params(data=""))) == ["data"]


def test_a_table_of_many_columns_shows_some_and_says_so():
    params = Params(data=",".join(f"c{at}" for at in range(60)) + "\n" + ",".join(["1"] * 60))
    assert len(panels(params)["rows"]["columns"]) == 13 and "12 of the columns" in panels(params)["rows"]["note"]
