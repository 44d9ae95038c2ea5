"""The facts agree with each other, and the held-out wordings can be answered from the others."""

import re
from collections import defaultdict

import pytest

from models.facts import load_aliases, load_facts, load_templates, wordings

FACTS = load_facts()
TEMPLATES = load_templates()
RELATIONS = sorted({fact.relation for fact in FACTS})
CONTINENTS = {"Africa", "Asia", "Europe", "North America", "South America", "Oceania"}


def table(relation: str) -> dict[str, str]:
    return {fact.subject: fact.answer for fact in FACTS if fact.relation == relation}


def words(relation: str, use: str) -> set[str]:
    texts = [t.template for t in TEMPLATES if (t.relation, t.use) == (relation, use)]
    return set(re.findall(r"[\w{}]+|'s", " ".join(texts).lower()))


def test_there_are_600_facts_in_5_relations():
    assert len(FACTS) >= 600 and len(RELATIONS) >= 5


def test_a_subject_has_one_answer_in_a_relation():
    assert len({(fact.relation, fact.subject) for fact in FACTS}) == len(FACTS)


def test_no_two_questions_are_alike_but_differ_in_their_answer():
    answers = defaultdict(set)
    for fact in FACTS:
        for question in wordings(fact, "train") + wordings(fact, "held_out"):
            answers[question.lower() if fact.relation != "element" else question].add(fact.answer)
    assert {question for question, found in answers.items() if len(found) > 1} == set()


def test_names_are_plain_ascii_without_stray_spaces():
    for fact in FACTS:
        for text in (fact.subject, fact.answer):
            assert text.isascii() and text == " ".join(text.split()) != ""


def test_a_country_keeps_its_code_in_every_relation():
    countries = [f for f in FACTS if f.relation in ("capital", "continent", "currency", "language")]
    pairs = {(fact.subject, fact.code) for fact in countries}
    pairs |= {(fact.answer, fact.code) for fact in FACTS if fact.relation == "country"}
    assert len(pairs) == len({name for name, _ in pairs}) == len({code for _, code in pairs})
    assert all(re.fullmatch("[A-Z]{2}", code) for _, code in pairs)


def test_a_capital_lies_in_its_country():
    country = table("country")
    for name, city in table("capital").items():
        assert country.get(city, name) == name


def test_no_two_countries_share_a_capital():
    assert len(set(table("capital").values())) == len(table("capital"))


def test_continents_are_the_six_that_have_countries():
    assert set(table("continent").values()) == CONTINENTS


def test_atomic_numbers_count_all_elements_in_order():
    assert list(table("atomic number").values()) == [str(n) for n in range(1, 119)]


def test_symbol_and_element_are_inverse():
    assert {symbol: name for name, symbol in table("symbol").items()} == table("element")
    assert list(table("symbol")) == list(table("atomic number"))


def test_a_symbol_is_one_capital_letter_and_perhaps_a_small_one():
    assert all(re.fullmatch("[A-Z][a-z]?", symbol) for symbol in table("element"))


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_relation_has_several_wordings_and_one_that_training_never_sees(relation: str):
    uses = [template.use for template in TEMPLATES if template.relation == relation]
    assert uses.count("train") >= 5 and uses.count("held_out") >= 1
    assert set(uses) == {"train", "held_out"}


@pytest.mark.parametrize("relation", RELATIONS)
def test_held_out_wordings_use_only_words_of_the_training_wordings(relation: str):
    assert words(relation, "held_out") <= words(relation, "train")


def test_no_held_out_wording_is_a_training_wording_in_disguise():
    plain = {use: set() for use in ("train", "held_out")}
    for template in TEMPLATES:
        plain[template.use].add(re.sub(r"[^\w{}' ]", "", template.template).lower().strip())
    assert not plain["train"] & plain["held_out"]


def test_a_template_has_one_place_for_the_subject():
    assert all(template.template.count("{s}") == 1 for template in TEMPLATES)


def test_an_alias_names_one_known_subject_and_is_no_subject_itself():
    subjects = {fact.subject for fact in FACTS}
    aliases = [alias for _, alias in load_aliases()]
    assert {name for name, _ in load_aliases()} <= subjects
    assert len(set(aliases)) == len(aliases) and not set(aliases) & subjects
