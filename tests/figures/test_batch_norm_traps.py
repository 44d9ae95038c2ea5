"""What is told of the means is true, and what decides a question is ringed."""

import pytest

from figures.batch_norm_traps import draw
from lessons.batch_norm_traps import LESSON, MICRO, POISONED, RANKS, SWAPPED, UNTRACKED, Params

run = LESSON.run


def panels(params):
    return {panel["title"]: panel for row in draw(params, run(params))["rows"] for panel in row}


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize(("case", "title"), [(SWAPPED[0], "y, by position"), ("as usual", "y, by channel")])
def test_behind_each_row_stands_its_mean_and_where_that_is_0_a_frame_goes_round_all_of_it(case, title, mode):
    panel = panels(Params(case, mode))[title]
    means, marks = [row[-1] for row in panel["values"][:3]], panel.get("marks", [[""]] * 3)
    assert means == pytest.approx([sum(row[:-1]) / 6 for row in panel["values"][:3]], abs=1e-4)
    assert (means == [0.0] * 3) is (mode == "train")
    assert [set(row) for row in marks[:3]] == [{"lit"} if mode == "train" else {""}] * 3


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_row_holds_a_position_and_below_each_channel_stands_its_mean_over_both_samples(mode):
    result, shown = run(Params(mode=mode)), panels(Params(mode=mode))
    for name in ("x", "y"):
        drawn = [row[:6] for row in shown[f"{name}, by position"]["values"][:3]]
        assert drawn == getattr(result, name).reshape(2, 3, 3).permute(1, 2, 0).reshape(3, 6).tolist()
    panel = shown["y, by position"]
    *means, corner = panel["values"][-1]
    assert corner is None and [name for name, _ in panel["colGroups"]] == ["ch. 0", "ch. 1", "ch. 2", ""]
    assert panel["colLabels"] == ["n=0", "n=1"] * 3 + ["mean"] and panel["rowLabels"][-1] == "mean"
    assert panel["badge"] == "↓ axis 1: read as channel" and not shown["x, by position"].get("badge")
    assert means == pytest.approx(result.y.mean(0).tolist(), abs=1e-4) and all(means)


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_as_usual_a_row_holds_a_channel(mode):
    result, shown = run(Params("as usual", mode)), panels(Params("as usual", mode))
    for name in ("x", "y"):
        drawn = [row[:6] for row in shown[f"{name}, by channel"]["values"]]
        assert drawn == getattr(result, name).T.tolist()


@pytest.mark.parametrize(
    ("case", "what", "place"), [(SWAPPED[0], "position", "1, 0, 0"), ("as usual", "channel", "1, 0")]
)
def test_each_number_is_told_under_the_pointer_with_its_place(case, what, place):
    for name in ("x", "y"):
        panel = panels(Params(case))[f"{name}, by {what}"]
        told = [note for row in panel["notes"][:3] for note in row[:6]]
        assert [float(note.split(" = ")[1]) for note in told] == pytest.approx(
            sum((row[:6] for row in panel["values"][:3]), []), abs=1e-4
        )
        assert told[1].startswith(f"{name}[{place}] = ")


@pytest.mark.parametrize("case", [SWAPPED[0], "as usual"])
def test_values_are_said_to_share_a_mean_in_train_mode_and_in_eval_mode_only_that_none_has_the_mean_0(case):
    def said(mode):
        [fact] = panels(Params(case, mode))[""]["items"]
        return fact["label"], fact["text"]

    whose = "those of one position" if case == SWAPPED[0] else "those of one channel"
    assert said("train") == ("values that share one mean", whose)
    assert said("eval") == ("values whose mean in y is 0", "none")


def test_what_is_stored_of_swapped_axes_is_told_by_position():
    for case, axis in ((SWAPPED[0], "position"), ("as usual", "channel")):
        table = panels(Params(case))["running_mean after 30 batches"]
        assert table["columns"][0] == axis
        assert [row[1] for row in table["rows"]] == (["5, 0, -2"] * 3 if axis == "position" else ["5", "0", "-2"])


def test_what_goes_in_and_what_comes_out_have_one_scale():
    for params in (Params(), Params("as usual"), Params(MICRO), Params(POISONED)):
        drawn = [panel for row in draw(params, run(params))["rows"][:1] for panel in row if panel["view"] == "grid"]
        assert len(drawn) > 1 and len({panel["limit"] for panel in drawn}) == 1


def test_the_ringed_cells_are_the_means_that_are_0_or_are_nan_or_move():
    def rung(panel, key):
        pairs = zip(panel["values"], panel["keys"], strict=True)
        return [value for row, keys in pairs for value, one in zip(row, keys, strict=True) if key in one]

    assert rung(panels(Params())["y, by position"], "@shares") == [0.0] * 3
    assert rung(panels(Params(POISONED, "eval"))["y"], "@returns") == ["nan"] * 6
    moved = rung(panels(Params(UNTRACKED, "eval"))["how far the first rows of y move"], "@moves")
    assert len(moved) == 3 and all(moved)
    assert rung(panels(Params(RANKS))["how far the first rows of y move"], "@moves") == [0.0] * 3
