"""The Teach pages and the rooms of the app as it is served: what is planned exists, and every bad request gets one sentence."""

import json

import pytest

from classroom.check import PAIRS
from classroom.paths import PATHS
from components.bank import FEWEST, bank
from serving.rate import VARIABLE
from tests.components.served import served

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_EXPLORABLES_ROOMS", str(tmp_path_factory.mktemp("rooms") / "rooms"))
        patch.setenv(VARIABLE, "0")
        with served() as client:
            yield client


@pytest.fixture
def room(app):
    return app.post("/room/open", json={"path": "45"}).json()


def leading(room):
    return {"headers": {"authorization": f"Bearer {room['secret']}"}}


def move(app, room, to, question="", number=0, phase="lobby"):
    said = {"number": number, "phase": phase, "to": to, "question": question}
    return app.post(f"/room/{room['code']}/move", json=said, **leading(room))


def test_every_question_of_the_bank_can_be_voted_on():
    for question in bank().values():
        assert len(question.choices) >= FEWEST and 0 <= question.right < len(question.choices)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_plan_takes_its_minutes_and_asks_what_the_bank_holds(app, path):
    assert sum(step.minutes for step in path.steps) == path.minutes
    asked = [step.question for step in path.steps if step.question]
    assert set(asked) <= set(bank()) and len(set(asked)) == len(asked)
    checked = {name for pair in PAIRS for name in pair}
    assert not checked & set(asked) and checked <= set(bank())
    page = app.get(f"/teach/{path.minutes}").text
    assert all(step.title in page.replace("&#39;", "'") for step in path.steps)


def test_a_vote_goes_through_the_server_and_a_state_that_has_not_changed_is_304(app, room):
    at = f"/room/{room['code']}"
    learner = app.post(f"{at}/join", json={"learner": ""}).json()["learner"]
    assert move(app, room, "vote", "dropout.three_calls").status_code == 200
    voted = {"number": 1, "round": 1, "choice": 2}
    assert app.post(f"{at}/vote", json=voted, headers={"authorization": f"Bearer {learner}"}).json() == {"choice": 2}
    assert move(app, room, "closed", number=1, phase="vote").status_code == 200
    state = app.get(f"{at}/state")
    assert (state.json()["voted"], state.json()["joined"]) == (1, 1) and "set-cookie" not in state.headers
    same = app.get(f"{at}/state", headers={"if-none-match": state.headers["etag"]})
    assert same.status_code == 304 and not same.content
    teacher = app.get(f"{at}/state", headers={**leading(room)["headers"], "x-view": "teacher"}).json()
    assert teacher["tallies"][0] == [0, 0, 1] and teacher["advice"].startswith("100 % are right")


@pytest.mark.parametrize(
    "path, body, status, sentence",
    [
        ("open", {"path": "46"}, 400, "path must be"),
        ("CODE/join", {"learner": 3}, 400, "learner must be a text"),
        ("CODE/vote", {"number": 1, "round": 1}, 400, "choice must be a whole number"),
        ("CODE/vote", {"number": 1, "round": 1, "choice": True}, 400, "choice must be a whole number"),
        ("CODE/vote", {"number": 10**12, "round": 1, "choice": 0}, 400, "number must be a whole number"),
        ("CODE/vote", [], 400, "The body must be a JSON object"),
        ("CODE/vote", {"number": 1, "round": 1, "choice": 0}, 403, "You are not in this room"),
        ("CODE/move", {"number": 0, "phase": "lobby", "to": "vote", "question": ""}, 403, "Only the teacher"),
        ("CODE/move", {"number": 0, "phase": "lobby", "to": "x", "question": ""}, 400, "to must be one of"),
        ("CODE/hands", {"number": 0, "round": 1, "counts": [0.5]}, 400, "counts must be a list of whole numbers"),
        ("ABCDE/join", {"learner": ""}, 404, "A code is 5"),
    ],
)
def test_a_bad_request_gets_one_sentence(app, room, path, body, status, sentence):
    answer = app.post(f"/room/{path.replace('CODE', room['code'])}", content=json.dumps(body), headers=JSON)
    assert answer.status_code == status
    assert answer.json()["problem"].startswith(sentence)


def test_codes_cannot_be_tried_at_speed_and_who_is_in_the_room_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_EXPLORABLES_ROOMS", str(tmp_path / "rooms"))
    monkeypatch.setenv(VARIABLE, "10")
    with served() as app:
        room = app.post("/room/open", json={"path": ""}).json()
        learner = app.post(f"/room/{room['code']}/join", json={"learner": ""}).json()["learner"]
        answers = [app.get("/room/22222/state").status_code for _ in range(40)]
        assert set(answers) == {404, 429} and answers.count(404) < 30
        at = f"/room/{room['code']}/state"
        while app.get("/room/22222/state").status_code != 429:
            pass
        assert app.get(at).status_code == 200, "the room was found from this address before"
        assert app.get("/room/33333/state", headers={"authorization": f"Bearer {learner}"}).status_code == 429
        assert app.get(at, headers={"authorization": f"Bearer {learner}"}).status_code == 200


def test_what_torch_answers_is_the_state_of_the_lesson_and_its_deciding_cell(app):
    answer = app.get("/explorables/question/stack.new_axis").json()
    assert answer["ring"] == "shape" and answer["state"]["params"]["dim"] == 0
    assert app.get("/explorables/question/stack.nope").status_code == 404


def test_the_exports_lead_to_this_app(app):
    for name in ("bank.xml", "bank.gift"):
        text = app.get(f"/teach/{name}").text
        assert "lesson" in text and str(app.base_url).rstrip("/").split("//")[1].split(":")[0] in text
