"""The pages that a search engine reads."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
from markupsafe import escape

from components.answer import lesson_of
from components.document import address_of, all_traps
from components.errors import recorded
from components.site import LESSONS
from components.text import rich
from serving.rate import VARIABLE
from tests.components.served import served


@pytest.fixture(scope="module")
def app():
    """Without limits: a test here asks for more pages at once than a reader does."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(VARIABLE, "0")
        with served() as client:
            yield client


def test_no_two_traps_share_an_address():
    addresses = [address_of(*one) for one in all_traps()]
    assert len(set(addresses)) == len(addresses) and all(
        re.fullmatch(r"traps/\w+/[a-z0-9-]+", one) for one in addresses
    )


def test_each_trap_has_a_page_with_its_title_its_sentence_and_a_way_to_see_it(app):
    for lesson, trap in all_traps():
        page = app.get(f"/{address_of(lesson, trap)}")
        assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
        assert f'href="./?lesson={lesson.slug}' in page.text and trap.source in page.text.replace("&amp;", "&")
        assert f"<title>{escape(trap.name)} · " in page.text and str(rich(trap.sentence)) in page.text


def test_the_list_of_traps_has_the_sentence_of_each(app):
    page = app.get("/traps/").text
    assert all(f'href="{address_of(*one)}"' in page and str(rich(one[1].sentence)) in page for one in all_traps())


def test_a_trap_that_raises_shows_the_error_text(app):
    [entry] = [entry for entry in recorded()["stack"] if entry.trap == "Empty list"]
    [trap] = [trap for trap in lesson_of("stack").traps if trap.name == "Empty list"]
    assert entry.text in app.get(f"/{address_of(lesson_of('stack'), trap)}").text


@pytest.mark.parametrize("path", ["traps/stack/nothing", "traps/nothing/empty-list", "traps/%3Cb%3E/x", "traps/a/b/c"])
def test_another_address_is_404(app, path):
    assert app.get(f"/{path}").status_code == 404


def test_the_sitemap_leads_to_home_to_every_lesson_and_every_trap(app):
    tree = ElementTree.fromstring(app.get("/sitemap.xml").text)
    places = [place.text for place in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    root = str(app.base_url).rstrip("/") + "/"
    assert root in places and f"{root}sitemap.xml" in app.get("/robots.txt").text
    assert {f"{root}?lesson={slug}" for slug in LESSONS} <= set(places)
    assert {root + address_of(*one) for one in all_traps()} <= set(places)
    assert all(app.get(place).status_code == 200 for place in places if "?" not in place)


def test_the_address_is_the_one_the_visitor_used(app, monkeypatch):
    monkeypatch.setattr("serving.forwarded.proxies", lambda: 1)
    behind = {"x-forwarded-host": "torch.example", "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1"}
    assert "https://torch.example/traps/" in app.get("/sitemap.xml", headers=behind).text


def test_the_python_page_names_every_endpoint_and_every_parameter(app):
    page = app.get("/python").text
    for slug in LESSONS:
        assert f"/{slug}</code>" in page
        assert all(f"<code>{name}</code>" in page for name in vars(lesson_of(slug).Params()))
