"""Whatever a visitor brings: rows become the batches of a real DataLoader, or one sentence says why not, soon and in little memory."""

import json
import tracemalloc
from dataclasses import replace
from unittest.mock import MagicMock

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import default_collate

from components.answer import state_json
from explorable.apart import Apart, Process
from explorable.params import BadParam, from_query, read, to_query
from lessons.own_data import GAP, LESSON, TOKENS, Params, caption, details, large

run, snippet = LESSON.run, LESSON.snippet

MEGABYTE = 1_000_000
JSON = {"format": "JSON lines"}
CELLS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8)


def refusal(data, **rest):
    result = run(Params(data=data, **rest))
    assert result.n is None and result.trees is None
    return result.error


@pytest.mark.parametrize(
    "data, rest, said",
    [
        ("", {}, "The text is empty."),
        (" \n\n", JSON, "The text is empty."),
        ("PK\3\4\0\0", {}, "NUL character"),
        ("a,b\n1,2,3\n", {}, "Line 2 has 3 cells, but the first line names 2."),
        ("a,b,a\n1,2,3\n", {}, "The first line names the column 'a' twice."),
        ("," * (MEGABYTE - 2) + "\n", {}, "names 999999 columns; at most 64 are read."),
        ('id,note\n1,"open\n2,two\n3,three\n', {}, "The quote that opens in line 2 is never closed."),
        ('a,b\n"x\ny",2\n"1\n2","open\n', {}, "The quote that opens in line 5 is never closed."),
        ("sep=;\na;b\n1;2\n", {}, "Line 1 is a note for Excel (sep=...) and names no columns: delete it."),
        ("# made by a tool\na,b\n1,2\n", {}, "Line 1 is a comment (#) and names no columns: delete it."),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", {}, "Lines between pipes are a Markdown table"),
        ('""', {}, "The first line names no column."),
        ("a\n" + "1\n" * 400_000, {}, "The text has more than 100000 rows."),
        (",".join(map(str, range(64))) + "\n" + "1\n" * 99_000, {}, "Rows of 64 columns make more than 1000000 cells"),
        ("x\n" * 400_000, {"format": "lines"}, "The text has more than 100000 rows."),
        ("{}\n" * 300_000, JSON, "The text has more than 100000 rows."),
        ('{"a": 1}\nnot json\n', JSON, "Line 2 cannot be read as JSON: Expecting value"),
        ("[1, 2]\n", JSON, "Line 1 is a JSON list, not an object"),
        ("[" * (MEGABYTE - 1), JSON, "Line 1 is nested too deep; at most 8 levels are read."),
        ('{"a":' * 30 + "1" + "}" * 30, JSON, "Line 1 is nested too deep; at most 8 levels are read."),
        ('{"a": [' + "1," * 300_000 + "1]}", JSON, "Line 1 holds more than 2000 values."),
        ('{"a": NaN}', JSON, "NaN is Python, JSON has no such number"),
        ('{"a": -Infinity}', JSON, "-Infinity is Python, JSON has no such number"),
        ('{"a": 1}\n{"\\ud83d": 1}', JSON, "Line 2 holds half of a surrogate pair, which is no character."),
        (r'{"a": ["\ude00"]}', JSON, "Line 1 holds half of a surrogate pair, which is no character."),
        ('{"a": 1, "a": 2}', JSON, "a key stands twice in one object"),
        ('{"a": ' + "9" * 5000 + "}", JSON, "Exceeds the limit (4300"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence_in_bounded_memory(data, rest, said):
    tracemalloc.start()
    error = refusal(data, **rest)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.startswith("ValueError: ") and said in error and "\n" not in error and len(error) < 260
    assert peak < 60 * MEGABYTE


@pytest.mark.parametrize(
    "data, rest, said",
    [
        (GAP, {"batch_size": 3}, "NoneType"),
        ("a,b\n1,2\n3\n", {}, "NoneType"),
        (TOKENS, JSON, "RuntimeError: each element in list of batch should be of equal size"),
        ('{"a": 1}\n{"b": 2}', JSON, "KeyError: 'a'"),
        ("a\n10239237003504588839\n", {}, "Overflow when unpacking long"),
        ('{"a": 0.5}\n{"a": ' + "9" * 400 + "}", JSON, "int too large to convert to float"),
        ('{"a": 1}\n{"a": 3, "b": 2}', JSON | {"columns": "b"}, "KeyError: 'b'"),
    ],
)
def test_what_a_batch_cannot_hold_is_what_torch_says(data, rest, said):
    result = run(Params(data=data, **rest))
    assert said in result.error and result.n > 0


def test_an_empty_table_is_an_empty_epoch_and_shuffling_it_is_refused():
    assert run(Params(data="a,b\n")).trees == [] and run(Params(data="a,b\n")).length == 0
    assert run(Params(data="a,b\n", shuffle=True)).error.startswith("ValueError: num_samples should be a positive")


def test_nothing_that_is_read_is_ever_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    formulas = "a,b\n=cmd|' /C calc'!A0,@SUM(1+1)\n__import__('os').mkdir('x'),/etc/passwd\n"
    first = run(Params(data=formulas)).first_rows
    assert first[0][1] == ["str", "'@SUM(1+1)'"] and first[1][1] == ["str", "'/etc/passwd'"]
    exec(snippet(Params(data=formulas)), {"__name__": "__main__"})
    assert list(tmp_path.iterdir()) == []


def test_quoted_newlines_and_delimiters_stay_in_their_cell():
    result = run(Params(data='name;note\r\nRex;"two\nlines; one cell"\r\nMia;"said ""no"""\r\n'))
    assert result.n == 2 and result.names == ["name", "note"]
    assert [row[1][1] for row in result.first_rows] == ["'two\\nlines; one cell'", "'said \"no\"'"]


@pytest.mark.parametrize(
    "written, kind",
    [("3", "int"), ("-12", "int"), ("12.5", "float"), ("1e3", "float"), (".5", "float"), ("007", "str"), ("inf", "float"),
     ("1_000", "str"), ("٣", "str"), ("0x10", "str"), (" 3", "int"), ("9" * 500, "str"), ("", "NoneType"), ("nan", "NoneType")],
)  # fmt: skip
def test_a_column_is_of_numbers_only_when_each_cell_is_written_as_one(written, kind):
    assert run(Params(data=f"a,b\n{written},x\n")).first_rows[0][0][0] == kind
    assert run(Params(data=f"a,b\n{written},x\n", numbers=False)).first_rows[0][0][0] == (
        "str" if written else "NoneType"
    )


def column(result, at):
    return [row[at] for row in result.first_rows]


@pytest.mark.parametrize(
    "data, rows, names",
    [
        ('"a;b;c",x\n1,2\n', 1, ["a;b;c", "x"]),
        ("last, first\tcity, state, zip\nA\tB\n", 1, ["last, first", "city, state, zip"]),
        ("a, b\n1, 2\n3, 4\n", 2, ["a", "b"]),
        ("a|b\n1|2\n", 1, ["a", "b"]),
        (",x,y\n0,1.5,2\n", 1, ["column 0", "x", "y"]),
        ("\ufeffcity,n\nOslo,1\n", 1, ["city", "n"]),
        ("city,n\n", 0, ["city", "n"]),
        ("a\n" + "b" * 140_000, 1, ["a"]),
        ("a,b,\n1,2,\n", 1, ["a", "b"]),
    ],
)
def test_a_file_people_have_is_read_as_pandas_reads_it(data, rows, names):
    result = run(Params(data=data, batch_size=64))
    assert (result.n, result.names, result.error) == (rows, names, None)
    for name in names:
        assert run(Params(data=data, columns=f'"{name}"')).chosen == [name], "any header can be chosen"


def test_only_line_ends_end_a_line():
    text = "one\u2028still one\ntwo\x0cstill two\nthree\x85still three\n"
    assert run(Params(data=text, format="lines")).n == 3
    assert run(Params(data="a\r\nb\rc\n", format="lines")).n == 3


@pytest.mark.parametrize(
    "data, kinds, said",
    [
        ("zip,n\n01067,3\n80331,4\n00123,5\n", {"str"}, "zip is text: 01067 in row 0 begins with 0, which a number would lose"),
        ("x,n\n1,3\nthree,4\n", {"str"}, "x is text, as 'three' in row 1 is no number"),
        ("x,n\n1,3\n2.5,4\n", {"float"}, ""),
        ("x;n\n1,5;3\n2,5;4\n", {"str"}, "x is text: 1,5 in row 0 has a decimal comma; write a point"),
        ('x,n\n"1,234",3\n"5",4\n', {"str"}, "x is text: 1,234 in row 0 has commas between the thousands; take them away"),
        *[(f"x,n\n{gap},3\n1.5,4\n", {"NoneType", "float"}, "x (float) has no value in row 0")
          for gap in ("NA", "nan", "NULL", "", "N/A", "None")],
        ("x,n\ninf,3\n1.5,4\n", {"float"}, ""),
    ],
)  # fmt: skip
def test_a_column_has_one_type_and_the_page_says_why(data, kinds, said):
    params = Params(data=data)
    result = run(params)
    assert {kind for kind, _ in column(result, 0)} == kinds
    assert said in " ".join(result.remarks) and said in details(params, result)
    assert bool(said) == any(remark.startswith("x") or remark.startswith("zip") for remark in result.remarks)


def test_what_cuts_the_cells_is_said_unless_it_is_a_comma():
    assert run(Params(data="a;b\n1;2\n")).remarks == ["cells are cut at every semicolon"]
    assert run(Params(data="a,b\n1,2\n")).remarks == []


def test_a_comment_between_the_rows_is_pointed_at():
    assert "line 3 begins with #" in " ".join(run(Params(data="a,b\n1,2\n# note\n3,4\n")).remarks)


def test_a_column_of_another_file_is_dropped_and_said():
    params = Params(data="age,size\n1,2\n", columns="city, age")
    result = run(params)
    assert result.chosen == ["age"] and result.error is None
    assert "No column is called 'city', so that choice is dropped." in details(params, result)
    assert run(Params(data="age\n1\n", columns="city")).chosen == []


def test_a_key_that_only_some_objects_have_is_offered_and_said():
    params = Params(data='{"a": 1}\n{"a": 3, "b": 2}\n', **JSON)
    result = run(params)
    assert result.names == ["a", "b"] and result.remarks == ["b is not in row 0"]
    assert [node[1] for node in result.trees[0]] == ["batch 0", "'a'"], "default_collate takes the first row's keys"


@pytest.mark.parametrize(
    "rows, said",
    [
        ([1, 2, 2.5, 3.5], "'x' changes its type between batches: int64 in batch 0, float64 in batch 1."),
        ([1, 2.5], "'x' is float32 in batch 0, as its first value is no float but another one is."),
        ([True, 2.5], "'x' is float32 in batch 0, as its first value is no float but another one is."),
    ],
)
def test_a_type_that_depends_on_the_batch_is_said_once(rows, said):
    params = Params(data="\n".join(json.dumps({"x": x}) for x in rows), batch_size=2, **JSON)
    assert details(params, run(params)).count(said) == 1


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("values", [["a", "b", "c"], [1, 2, 3], [1.5, 2.5, 3.5]])
def test_a_none_stops_default_collate_unless_a_string_came_first(values, at):
    batch = [*values[:at], None, *values[at + 1 :]]
    if isinstance(batch[0], str):
        assert default_collate(batch) == batch
    else:
        with pytest.raises((TypeError, RuntimeError)):
            default_collate(batch)


def test_a_caption_says_why_the_loader_stops():
    params = Params(data=GAP, batch_size=3)
    assert caption(params, run(params)) == (
        "With default_collate the loader stops at the batch that begins with row 0 with RuntimeError: "
        "a value is missing; fill it or leave the row out."
    )


def test_a_caption_says_that_floats_are_not_what_a_layer_has():
    told = caption(Params(), run(Params()))
    assert (
        told
        == "In the first batch 4 numbers of kg became one float64 tensor; the weights of a new nn.Linear are float32."
    )
    assert torch.nn.Linear(1, 1).weight.dtype == torch.float32


def test_numbers_become_64_bit_tensors_and_strings_stay_lists():
    [_, name, *_, kg, _] = run(Params(columns="name, age, kg, tame")).trees[0]
    age = run(Params(columns="age")).trees[0][1]
    assert name[1:4] == ["'name'", "list", "len 4"]
    assert age[1:4] == ["'age'", "Tensor", "int64 (4,)"] and kg[1:4] == ["'kg'", "Tensor", "float64 (4,)"]


@given(
    rows=st.lists(
        st.fixed_dictionaries({"x": st.integers(-(2**63), 2**63 - 1), "words": CELLS}), min_size=1, max_size=30
    ),
    batch_size=st.integers(1, 64),
    shuffle=st.booleans(),
    seed=st.integers(0, 999),
    drop_last=st.booleans(),
)
def test_an_epoch_reads_every_row_once_in_batches_of_batch_size(rows, batch_size, shuffle, seed, drop_last):
    data = "\n".join(map(json.dumps, rows))
    result = run(Params(data, "JSON lines", True, "", batch_size, shuffle, seed, drop_last))
    assert result.n == len(rows)
    assert result.length == (len(rows) // batch_size if drop_last else -(-len(rows) // batch_size))
    assert result.sizes == [min(batch_size, len(rows) - at * batch_size) for at in range(result.length)][:6]
    order = list(range(len(rows)))
    if shuffle:
        g = torch.Generator().manual_seed(seed)
        torch.empty((), dtype=torch.int64).random_(generator=g)  # the base seed, drawn for workers or none
        order = torch.randperm(len(rows), generator=g).tolist()
    assert result.asked == order[: sum(result.sizes)]


@given(st.text(max_size=300), st.sampled_from(["CSV", "JSON lines", "lines"]), CELLS)
def test_any_text_gives_a_result(data, format, columns):
    result = run(Params(data=data, format=format, columns=columns))
    assert (result.error is None) == (result.trees is not None)


@pytest.mark.parametrize("format, name", [("CSV", "data.csv"), ("lines", "data.txt")])
def test_a_text_too_long_for_a_page_is_read_from_a_file_by_the_code(tmp_path, monkeypatch, format, name):
    params = Params(data="name,size\r\n" + "\u2028 é漢,12.5\n" * 60_000, format=format, shuffle=True)
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(params.data.encode())
    names = {"__name__": "__main__"}
    exec(snippet(params), names)
    result = run(params)
    assert len(snippet(params)) < 20_000
    assert all(names[name] == value for name, value in vars(result).items() if name != "error")


def test_a_megabyte_of_rows_shows_only_the_first_batches():
    result = run(Params(data="a,b\n" + "12345,abcde\n" * 80_000, batch_size=64))
    assert (result.n, result.length, len(result.trees), len(result.asked)) == (80_000, 1250, 6, 384)
    assert len(repr(result)) < 20_000


@pytest.mark.parametrize("rest", ["", "x,y,z\n"], ids=["read", "refused"])
def test_a_large_text_is_read_by_a_process_of_its_own_with_the_same_result(rest, monkeypatch):
    runs = MagicMock(side_effect=Process.run)
    monkeypatch.setattr(Process, "run", lambda *arguments: runs(*arguments))
    params = Params(data="a,b\n" + "12345,abcde\n" * 5000 + rest)
    assert isinstance(LESSON.program, Apart)
    here = replace(LESSON.program, when=lambda _: False).run(params)
    run(Params())
    assert not runs.called and large(params)
    apart = run(params)
    assert runs.call_count == 1
    assert apart == here and getattr(apart.error, "cell", None) == getattr(here.error, "cell", None)


def test_more_than_a_megabyte_is_refused_with_the_name_of_the_field():
    with pytest.raises(BadParam, match=r"^data must be text of at most 1000000 characters"):
        read(Params, {"data": "x" * (MEGABYTE + 1)})


def test_a_link_leaves_a_long_text_out_and_keeps_the_rest():
    link = to_query("own_data", Params(data="x" * 2001, batch_size=7))
    assert link == "lesson=own_data&batch_size=7"
    assert from_query(Params, {"batch_size": "7"}) == (Params(batch_size=7), [])
    assert "data=" in to_query("own_data", Params(data="x" * 2000))


def test_the_page_says_that_a_long_text_is_not_in_the_link():
    [note] = json.loads(state_json("own_data", Params(data="a\n" + "x" * 2000)))["state"]["notes"]
    assert note == "The link and the address leave data out: it has 2002 characters, a link holds 2000."
    assert json.loads(state_json("own_data", Params()))["state"]["notes"] == []


def test_a_mixed_column_is_told_as_a_column_and_not_as_the_batch():
    """The first value of the batch is a text here: it is the second column that begins with a number."""
    params = Params(data='{"a": "x", "b": 1}\n{"a": "y", "b": "z"}\n', **JSON)
    result = run(params)
    assert "the first value of a column of the batch is a number, another one is not." in caption(params, result)


@pytest.mark.parametrize("column", [[None, 1], [1, "x"], [[1], [1, 2]], [2**64, 1]])
def test_default_collate_refuses_more_than_types_without_a_rule(column):
    with pytest.raises((TypeError, RuntimeError, ValueError)):
        default_collate(column)


def test_the_details_quote_the_columns_and_say_that_no_batch_is_left():
    said = LESSON.details(Params(), run(Params()))
    assert "with the columns 'name', 'age', 'kg' and 'tame'" in said and "Batch 0 holds: 'name' list of 4 str;" in said
    empty = Params(batch_size=64, drop_last=True)
    said = LESSON.details(empty, run(empty))
    assert said.endswith("64 to a batch, and a short last one is dropped: no batch is left.")
    refused = Params(data=GAP, batch_size=3, shuffle=True)
    assert "The rows come drawn with seed 0, 3 to a batch." in LESSON.details(refused, run(refused))


@pytest.mark.parametrize(("collate_fn", "kind"), [("list", "a list"), ("dict of lists", "a dict")])
def test_the_caption_says_what_collate_fn_makes_of_the_first_batch(collate_fn, kind):
    params = Params(data="a\nx\ny\n", collate_fn=collate_fn)
    assert (
        LESSON.caption(params, run(params))
        == f"2 rows make 1 batch, and collate_fn, {collate_fn}, makes {kind} of the first."
    )
