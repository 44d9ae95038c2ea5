"""Equal objects carry equal letters, bands and keys in both pictures."""

from figures.indexing import LETTERS, draw
from lessons.indexing import LESSON, Params

run = LESSON.run


def drawn(**params):
    asked = Params(**params)
    result = run(asked)
    return result, [panel for row in draw(asked, result)["rows"] for panel in row]


def test_band_key_and_letter_follow_the_object_and_the_name_stands_above():
    for operation in ("layers[i:]", "layers.insert(i, new)", "[layer] * 3", "copy.deepcopy(layers)"):
        result, [before, got, *_] = drawn(operation=operation)
        for panel, ids, names in (
            (before, result.before_ids, result.before_names),
            (got, result.got_ids, result.got_names),
        ):
            assert panel["groups"] == [[LETTERS.index(letter) for letter in ids]]
            assert panel["sub"] == [[f"object {letter}" for letter in ids]] and panel["colLabels"] == names
            assert panel["keys"] == [[f"object-{letter}" for letter in ids]]


def test_the_two_pictures_share_one_scale():
    _, [before, got, *_] = drawn(operation="layers[i] = new")
    assert before["limit"] == got["limit"]


def test_the_checkpoint_is_told_key_by_key():
    result, [_, _, checkpoint, _] = drawn(container="ModuleList", operation="del layers[i]")
    assert [[key, text] for key, (text, _) in checkpoint["rows"]] == [
        [key, text] for key, text in result.checkpoint.items() if key.endswith("weight")
    ]


def test_a_refusal_stands_where_the_result_would_be():
    result, [_, error, *_] = drawn(container="ModuleDict", operation="layers[i]", i=2)
    assert (error["view"], error["text"], error["where"]) == ("error", result.error, "layers[2]")


def test_an_empty_slice_is_said_in_words():
    _, [_, got, *_] = drawn(i=4)
    assert got["view"] == "table" and got["rows"] == [["layers[4:]", ["an empty container", "warn"]]]
