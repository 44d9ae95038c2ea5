"""Equal objects carry equal letters, bands and keys in both pictures."""

from figures.indexing import LETTERS, draw
from lessons.indexing import LESSON, Params

run = LESSON.run


def drawn(**params):
    asked = Params(**params)
    result = run(asked)
    panels = [panel for row in draw(asked, result)["rows"] for panel in row]
    return result, [panel for panel in panels if panel["view"] not in ("operator", "facts")]


def outcome(**params):
    asked = Params(**params)
    return {item["key"]: item["text"] for item in draw(asked, run(asked))["rows"][2][0]["items"]}


def test_name_colour_key_and_letter_follow_the_object():
    for operation in ("layers[i:]", "layers.insert(i, new)", "[layer] * 3", "copy.deepcopy(layers)"):
        result, [before, got, *_] = drawn(operation=operation)
        for panel, ids, names in (
            (before, result.before_ids, result.before_names),
            (got, result.got_ids, result.got_names),
        ):
            assert panel["values"] == [names, *[[f"{name}.{of}" for name in names] for of in ("weight", "bias")]]
            assert panel["sub"][0] == [f"Linear {letter}" for letter in ids]
            assert panel["groups"] == [[LETTERS.index(letter) for letter in ids]] * 3
            assert [keys[0] for keys in panel["keys"][0]] == [f"object-{letter}" for letter in ids]
        assert all("@names" in keys for keys in got["keys"][0][:6]) and "@names" not in before["keys"][0][0]


def test_the_weights_below_share_one_scale_and_stand_under_their_names():
    result, [_, _, before, got, *_] = drawn(operation="layers[i] = new")
    assert before["limit"] == got["limit"]
    assert (before["title"], before["colLabels"]) == ("before", result.before_names)
    assert (got["values"], got["colLabels"]) == ([result.got.tolist()], result.got_names)


def test_below_each_key_stands_what_an_older_checkpoint_has_there():
    for params in (
        {"operation": "layers[i:]"},
        {"operation": "nn.Sequential(*layers[i:])"},
        {"operation": "[layer] * 3"},
    ):
        result, [before, got, *_] = drawn(**params)
        owners = dict(zip(result.before_names, result.before_ids, strict=True))
        for keys, subs, marks in zip(got["values"][1:], got["sub"][1:], got["marks"][1:], strict=True):
            for key, sub, mark in zip(keys, subs, marks, strict=True):
                same = result.checkpoint[key] == "the same numbers"
                assert sub == ("✓ the same" if same else f"✗ {owners[key.partition('.')[0]]}'s numbers")
                assert ("error" in mark) != same
        assert before["sub"][1:] == [[""] * 4] * 2
    _, [_, got, *_] = drawn(operation="layers[i]")
    assert got["values"] == [["no name"], ["weight"], ["bias"]] and got["sub"][1:] == [["✗ no such key"]] * 2


def test_what_all_keys_begin_with_is_said_once():
    _, [before, got, *_] = drawn(container="own __getitem__", operation="copy.deepcopy(layers)")
    assert before["values"][:2] == [[f"layers.{k}" for k in range(4)], [f"{k}.weight" for k in range(4)]]
    assert all('each begins with "layers."' in panel["tensor"] for panel in (before, got))
    assert "begins" not in drawn()[1][0]["tensor"]


def test_a_refusal_stands_where_the_result_would_be():
    result, [_, error, *_] = drawn(container="ModuleDict", operation="layers[i]", i=2)
    assert (error["view"], error["text"], error["where"]) == ("error", result.error, "layers[2]")


def test_an_empty_slice_is_said_in_words():
    _, [_, got, *_] = drawn(i=4)
    said = ["an empty container", "warn", {"key": "@bool"}]
    assert got["view"] == "table" and got["rows"] == [["layers[4:]", said]]


def test_the_outcome_says_what_came_out_under_which_names():
    assert outcome() == {
        "kind": "a new Sequential", "names": "1, 2, 3", "parameters": "6 tensors", "keys": "6 of 6", "bool": "it is true",
    }  # fmt: skip
    assert outcome(i=5)["bool"] == "it is false" and outcome(i=5)["names"] == "there is no layer"
    assert outcome(operation="del layers[i]")["kind"] == "layers itself"
    assert outcome(operation="layers[i]") == {
        "kind": "the very layer", "names": "a layer has none", "parameters": "2: one weight, one bias", "keys": "0 of 2",
        "bool": "it is true",
    }  # fmt: skip
    assert outcome(container="ModuleList", operation="layers(x)") == {"kind": "it raises NotImplementedError"}
    assert outcome(operation="layers(x)") == {"kind": "one tensor"}
