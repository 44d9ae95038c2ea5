"""The page's door: an answer that its address says all of may be kept for good, and no word of a visitor may."""

from dataclasses import fields, replace

import pytest

from components import door, gpu
from components.answer import lesson_of
from components.site import LESSONS
from explorable.params import choices, kind, read_written
from tests.components.served import at_the_door

GOOD = "public, max-age=31536000, immutable"


def test_equal_addresses_get_equal_bytes_for_good_and_who_has_them_is_told_so():
    page = at_the_door()
    first, second = page.get("dropout?p=0.3"), page.get("dropout?p=0.3")
    assert first.content == second.content and first.headers["cache-control"] == GOOD
    known = page.get("dropout?p=0.3", headers={"If-None-Match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_a_page_of_another_version_is_answered_and_keeps_nothing():
    answer = at_the_door().get("../0123456789ab/dropout?p=0.3")
    assert answer.json()["state"]["params"]["p"] == 0.3
    assert answer.headers["cache-control"] == "no-store" and "etag" not in answer.headers


def test_words_of_a_visitor_are_never_to_be_kept_whichever_way_they_come():
    page = at_the_door()
    typed = [page.post("freeze", json={"params": {"pattern": "head"}}), page.get("freeze?pattern=head")]
    typed += [page.post("freeze", json={"link": {"lesson": "freeze", "pattern": "head"}})]
    typed += [page.get("freeze?lesson=freeze&pattern=head"), page.get("freeze?lesson=freeze&nope=words")]
    typed += [page.post("freeze/ran", json={"params": {"pattern": "head"}}), page.get("freeze/ran?pattern=head")]
    assert [answer.headers["cache-control"] for answer in typed] == ["no-store"] * 7
    assert (
        typed[5].json() == typed[6].json() and typed[0].json() == typed[1].json() and typed[2].json() == typed[3].json()
    )
    assert page.get("freeze").headers["cache-control"] == GOOD


def test_operators_are_those_of_the_params_and_kept_for_good():
    page = at_the_door("dropout", "edit")
    opened, asked = page.get("dropout?lesson=dropout&mode=eval").json(), page.get("dropout/ran?mode=eval")
    assert asked.json() == {"ran": opened["ran"]} and any(opened["ran"])
    assert asked.json() != page.get("dropout/ran?mode=train").json()
    assert asked.headers["cache-control"] == GOOD
    for address in ("edit/ran", "dropout/ran?lesson=dropout", "dropout/ran?p=7"):
        assert page.get(address).status_code == 400


def test_what_is_measured_is_not_to_be_kept(monkeypatch):
    lesson = replace(lesson_of("stack"), measured=frozenset({"y"}))
    monkeypatch.setattr(door, "lesson_of", lambda slug: lesson)
    assert at_the_door().get("stack?n=2").headers["cache-control"] == "no-store"


def test_who_cannot_read_compressed_answers_gets_them_plain():
    plain = at_the_door().get("dropout", headers={"Accept-Encoding": "identity"})
    small = at_the_door().get("dropout", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers and small.headers["content-encoding"] == "gzip"
    assert plain.json() == small.json()


@pytest.mark.parametrize("address", ["dropout?p=7", "dropout?p=x", "dropout?P=0.3", "dropout?p=", "dropout?mode="])
def test_a_value_that_is_none_is_one_sentence(address):
    refused = at_the_door().get(address)
    assert refused.status_code == 400 and refused.headers["content-type"].startswith("text/plain")
    assert refused.text.count(".\n") == 0 and refused.text.endswith(".") and len(refused.text) < 200


def test_a_lesson_that_is_not_there_is_404():
    assert at_the_door().get("nope").status_code == at_the_door().post("nope", json={"params": {}}).status_code == 404


def test_whoever_asks_pays_with_his_own_time_on_the_gpu(monkeypatch):
    asked = []
    monkeypatch.setattr(gpu, "asked_by", lambda request: asked.append(request.url.path))
    at_the_door().get("dropout?p=0.3")
    at_the_door().get("dropout?lesson=dropout")
    assert len(asked) == 2


@pytest.mark.parametrize("slug", LESSONS)
def test_every_value_can_be_written_into_an_address_as_the_page_does(slug):
    Params = lesson_of(slug).Params
    for param in fields(Params):
        values = choices(param) or ((True, False) if kind(param) is bool else (param.default,))
        for value in values:
            assert getattr(read_written(Params, {param.name: str(value)}), param.name) == value


def test_a_link_says_what_it_got_wrong_beside_the_state():
    opened = at_the_door().get("dropout?lesson=dropout&p=9&hide=seed").json()
    assert opened["state"]["params"]["p"] == 0.5 and opened["state"]["notes"] == []
    assert [note.split()[0] for note in opened["notes"]] == ["p"]
