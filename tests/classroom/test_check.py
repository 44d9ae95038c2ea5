"""The check: two forms, answers that count once, the gain; and what a teacher takes home."""

import csv
import xml.etree.ElementTree as ET
from io import StringIO
from itertools import chain

import pytest

from classroom.check import FORMS, form_of, gain, summary
from classroom.gift import as_gift
from classroom.moodle import as_moodle
from classroom.phases import AFTER, BEFORE
from classroom.refused import Refused
from classroom.tables import HEAD, as_csv
from classroom.views import for_all
from tests.classroom.samples import BANK, NAMES, store_in, walk

SITE = "https://site.example/app/"


@pytest.fixture
def store():
    store = store_in("")
    yield store
    store.database.close()


def test_each_learner_meets_one_form_before_and_the_other_one_after(store):
    assert not set(FORMS[0]) & set(FORMS[1]) and len(FORMS[0]) == len(FORMS[1]) >= 8
    code, _ = store.open("")
    dealt = {store.own(code, store.join(code))["form"] for _ in range(40)}
    assert dealt == {0, 1}
    for form in (0, 1):
        assert {form_of(form, BEFORE), form_of(form, AFTER)} == set(FORMS)


def test_answers_count_once_while_the_check_is_open_and_are_shown_when_the_teacher_says_so(store):
    code, secret = store.open("")
    learner = store.join(code)
    form = store.own(code, learner)["form"]
    walk(store, code, secret, BEFORE)
    for choice in (0, 2, 0):
        store.answer(code, learner, BEFORE, form_of(form, BEFORE)[0], choice)
    assert store.own(code, learner)["check"][BEFORE] == {form_of(form, BEFORE)[0]: 0}
    with pytest.raises(Refused, match="form"):
        store.answer(code, learner, BEFORE, form_of(form, AFTER)[0], 0)
    walk(store, code, secret, "lobby", AFTER)
    for question in form_of(form, AFTER):
        store.answer(code, learner, AFTER, question, 1)
    assert "right" not in str(for_all(store.read(code), BANK, None))
    walk(store, code, secret, "check_answers")
    found = summary(store.checked(code), BANK)
    assert (found.learners, found.before, found.after, found.gain) == ((1, 1, 1), 0.0, 1.0, 1.0)
    assert for_all(store.read(code), BANK, found)["forms"][0][0]["right"] == 1
    with pytest.raises(Refused, match="shown"):
        walk(store, code, secret, "lobby", AFTER)


@pytest.mark.parametrize(
    "before, after, expected",
    [(0.5, 0.75, 0.5), (0.5, 0.25, -0.5), (0.0, 1.0, 1.0), (1.0, 1.0, None), (None, 1.0, None)],
)
def test_the_gain_is_the_share_of_what_was_not_known(before, after, expected):
    assert gain(before, after) == expected


def test_the_table_holds_every_vote_and_move_once(store):
    code, secret = store.open("")
    learners = [store.join(code) for _ in range(3)]
    walk(store, code, secret, "vote")
    for learner, choice in zip(learners, (0, 0, 1), strict=True):
        store.vote(code, learner, 1, 1, choice)
    store.count_hands(code, secret, 1, 1, [0, 0, 4])
    walk(store, code, secret, "closed", "discuss", "vote_again")
    for learner in learners[:2]:
        store.vote(code, learner, 1, 2, 1)
    asked, tally, moves = store.results(code, secret)
    text = as_csv(asked, tally, moves, summary([], BANK), BANK)
    rows = list(csv.DictReader(StringIO(text)))
    assert tuple(rows[0]) == HEAD
    votes = [int(row["count"]) for row in rows if row["table"] == "votes"]
    assert votes == [2, 1, 4, 0, 2, 0]
    moved = {(row["choice"], row["moved_to"]): row["count"] for row in rows if row["table"] == "moves"}
    assert moved["one `x`", "two < 3"] == "2" and sum(map(int, moved.values())) == 2
    assert not any(learner in text for learner in learners)


def test_the_bank_as_moodle_xml_holds_each_question_with_one_right_answer_and_its_link():
    root = ET.fromstring(as_moodle(BANK, SITE))
    questions = [one for one in root if one.get("type") == "multichoice"]
    assert [one.findtext("name/text") for one in questions] == list(NAMES)
    for one, name in zip(questions, NAMES, strict=True):
        assert [answer.get("fraction") for answer in one.iter("answer")] == ["0", "100", "0"]
        assert f"<code>{name}</code>" in one.findtext("questiontext/text")
        assert f'href="{SITE}?{BANK[name].link}"'.replace("&", "&amp;") in one.findtext("generalfeedback/text")


def test_the_bank_as_gift_escapes_what_means_something_there():
    text = as_gift(BANK, SITE)
    assert text.count("::[html]") == len(BANK) and text.count("\n\t=") == len(BANK)
    assert r"No\: \{a\=b\} \~ \# \:" in text
    free = chain.from_iterable(part[:1] for part in text.replace("\\\\", "").split("\\")[1:])
    assert set(free) <= set("~=#{}:")
