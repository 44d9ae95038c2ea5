"""The tables say what was tried, and every card keeps its number."""

from figures.dataset import draw
from lessons.dataset import JOBS, LESSON, PATH, PROTOCOL, Params


def drawn(**values):
    params = Params(**values)
    result = LESSON.run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_each_job_shows_what_the_dataset_and_what_the_loader_gave():
    result, panels = drawn()
    for (job, left, right, _), row in zip(JOBS, panels["Who does it?"]["rows"], strict=True):
        assert [row[0], *row[2:]] == [job, f"{left} → {result.jobs[left]}", f"{right} → {result.jobs[right]}"]


def test_a_sample_has_the_same_key_and_colour_in_the_dataset_and_in_its_batch():
    result, panels = drawn(n=7, batch_size=3)
    colours = dict(zip(panels["samples"]["keys"][0], panels["samples"]["groups"][0], strict=True))
    for keys, groups in zip(panels["batches"]["keys"], panels["batches"]["groups"], strict=True):
        assert [colours.get(key) for key in keys] == groups
    columns = [[i for i in column if i is not None] for column in zip(*panels["batches"]["values"], strict=True)]
    assert columns == result.batches


def test_the_protocol_table_is_the_outcomes():
    result, panels = drawn(view=PROTOCOL, kind="set")
    assert {row[0]: row[2] for row in panels["What was tried"]["rows"]} == result.outcomes


def test_the_hero_holds_what_loader_0_gives_beside_what_the_loader_hands_out():
    result, panels = drawn(n=7, batch_size=3)
    said, handed = panels["what comes out"], panels["loader = DataLoader(dataset, 3): what it hands out"]
    assert (said["text"], said["key"]) == (result.jobs["loader[0]"], "@subscript") and "veiled" in said
    assert handed["values"] == [sum(result.batches, [])] and "veiled" in handed
    assert handed["sub"] == [[f"batch {at}" for at, batch in enumerate(result.batches) for _ in batch]]
    ringed = [i for i, keys in zip(handed["values"][0], handed["keys"][0], strict=True) if "@length" in keys]
    assert ringed == [batch[0] for batch in result.batches]


def test_a_position_lights_the_sample_that_it_stands_for():
    result, panels = drawn(view=PATH, wrapper="random_split")
    assert panels["reached"]["keys"] == [[f"sample-{i}" for i in result.reached.tolist()]]
    assert panels["reached"]["sub"][0].index("asked") == 2


def test_the_lengths_of_a_split_stand_in_the_hero():
    params = Params(view=PATH, wrapper="random_split")
    result = LESSON.run(params)
    picture = draw(params, result)
    [[parts]] = picture["rows"][3 : picture["hero"]]
    assert [row[1] for row in parts["rows"]] == [[f"{len(part)}", "no", {"key": "@lengths"}] for part in result.parts]
    assert "parts" in [
        panel["title"] for row in draw(Params(view=PATH), LESSON.run(Params(view=PATH)))["rows"] for panel in row
    ]


def test_an_index_that_is_not_there_shows_the_error():
    result, panels = drawn(view=PATH, k=14)
    assert panels["sample"]["text"] == result.error
