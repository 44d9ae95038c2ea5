"""The picture shows the matrices of the module, and its notes end with the numbers in the cells."""

import re

import pytest

from figures.dense_relu_dense import draw
from lessons.dense_relu_dense import LESSON, Params

run = LESSON.run


def drawn(**params):
    asked = Params(**params)
    result = run(asked)
    return result, {panel["title"]: panel for row in draw(asked, result)["rows"] for panel in row}


@pytest.mark.parametrize("form, titles", [("relu", "h a y"), ("gated-gelu", "h a g hidden y")])
def test_the_pipeline_has_one_panel_for_each_step_that_there_is(form, titles):
    asked = Params(feed_forward_proj=form)
    assert [panel["title"] for panel in draw(asked, run(asked))["rows"][2]] == titles.split()
    assert "dropped" in drawn(feed_forward_proj=form, dropout_rate=0.5)[1]


@pytest.mark.parametrize("name", ["h", "a", "g", "hidden", "y"])
def test_the_note_of_a_cell_ends_with_the_cell(name):
    result, panels = drawn(feed_forward_proj="gated-silu")
    for notes, row in zip(panels[name].get("notes", []), getattr(result, name).tolist(), strict=False):
        assert [note.rsplit(" ", 1)[-1] for note in notes] == [f"{value:+.4f}" for value in row]


def test_the_terms_of_a_note_add_up():
    result, panels = drawn()
    terms = re.findall(r"([+-]\d+\.\d+)·\(?(-?\d+\.\d+)\)?", panels["y"]["notes"][1][2])
    assert len(terms) == 6
    assert sum(float(a) * float(b) for a, b in terms) == pytest.approx(result.y[1, 2].item(), abs=0.05)


def test_the_cells_of_one_token_light_together():
    _, panels = drawn()
    assert all(panels[name]["keys"][2][0] == "t2" for name in ("x", "h", "a", "y"))
    assert all(panels[title]["keys"][2] == ["t2"] for title in (DENSE, ATTENTION))


DENSE, ATTENTION = "DenseReluDense: moves by", "to compare: SelfAttention"


def test_the_bars_of_both_share_one_scale_and_that_of_the_token_is_ringed():
    result, panels = drawn(token=3)
    assert ["@moved" in keys for keys in panels[DENSE]["keys"]] == [False, False, False, True]
    assert panels[DENSE]["limit"] == panels[ATTENTION]["limit"]
    assert not any("@moved" in keys for keys in panels[ATTENTION]["keys"])
    assert set(panels[ATTENTION]["marks"]) == {"quiet"} and "marks" not in panels[DENSE]
    assert panels[DENSE]["values"] == result.moved.abs().amax(1).tolist() and panels[DENSE]["values"][:3] == [0, 0, 0]
    assert panels[ATTENTION]["values"] == result.moved_attention.abs().amax(1).tolist()
    assert all(f"{move:+.4f}" in panels[ATTENTION]["notes"][1] for move in result.moved_attention[1].tolist())


@pytest.mark.parametrize(
    ("change", "told"), [("reverse the tokens", "new − reversed old"), ("double x", "new − 2 · old")]
)
def test_a_title_says_what_was_subtracted(change, told):
    result, panels = drawn(change=change)
    told = told.replace(" ", "\N{NO-BREAK SPACE}")
    assert panels[f"DenseReluDense: max\N{NO-BREAK SPACE}|{told}|"]["values"] == result.moved.abs().amax(1).tolist()


def test_the_place_of_the_chosen_stack_is_marked():
    _, panels = drawn(stack="decoder")
    table = panels["places"]
    assert [table["rows"][index][0] for index in table["lit"]] == ["model.decoder.block[0].layer[2].DenseReluDense"]


def facts(**params):
    asked = Params(**params)
    return {item["key"]: item["text"] for item in draw(asked, run(asked))["rows"][1][0]["items"]}


def test_the_facts_say_which_outputs_moved():
    assert facts()["moved"] == "its own alone" and facts()["attention"] == "all four move"
    assert facts(stack="decoder", token=2)["attention"] == "tokens 2 and 3 move"
    assert facts(change="reverse the tokens")["moved"] == "the same, reversed"
    assert facts(change="double x")["moved"] == "twice the numbers"
    assert facts(change="reverse the tokens", dropout_rate=0.5)["moved"] == "other numbers"


def test_the_facts_name_the_layers_of_the_form_and_its_place():
    gated = facts(feed_forward_proj="gated-silu", stack="decoder")
    assert (gated["linears"], gated["biases"], gated["place"]) == ("three: wi_0, wi_1, wo", "none at all", "layer[2]")
    assert facts()["linears"] == "two: wi, wo"


def test_the_changed_tokens_are_marked_in_x():
    asked = Params(token=2)
    x = draw(asked, run(asked))["rows"][0][0]
    assert [any(row) for row in x["marks"]] == [False, False, True, False]
