"""Pages without Gradio, which a search engine can read: every trap, all lessons as endpoints, and where they are."""

import re
from collections.abc import Sequence
from dataclasses import fields

from gradio.route_utils import get_root_url
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from components.answer import lesson_of
from components.assets import BASE
from components.errors import recorded
from components.nav import TITLE
from components.site import LESSONS
from components.text import rich
from explorable.lesson import Lesson, Trap
from explorable.params import accepts, to_query

DARK = (
    'document.documentElement.classList.toggle("dark", new URLSearchParams(location.search).get("__theme") === "dark" || '
    '!location.search.includes("__theme=") && matchMedia("(prefers-color-scheme: dark)").matches)'
)


def routes() -> list[Route]:
    return [
        Route("/traps", _traps),
        Route("/traps/", _traps),
        Route("/traps/{lesson}/{trap}", _trap),
        Route("/python", _python),
        Route("/sitemap.xml", _sitemap),
        Route("/robots.txt", _robots),
    ]


def name_of(trap: Trap) -> str:
    """A trap in an address: "stride is not the step" -> stride-is-not-the-step."""
    return re.sub(r"[^a-z0-9]+", "-", trap.name.lower()).strip("-")


def address_of(lesson: Lesson, trap: Trap) -> str:
    return f"traps/{lesson.slug}/{name_of(trap)}"


def root_of(request: Request) -> str:
    """The app's address as the visitor sees it, behind a proxy too."""
    path = request.scope.get("root_path", "")
    return get_root_url(request, request.url.path.removeprefix(path) or "/", path or None).rstrip("/") + "/"


def page(request: Request, title: str, about: str, body: Markup) -> Response:
    shell = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{} · {}</title><base href="{}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="description" content="{}">'
        '<link rel="stylesheet" href="{}/style.css"><script>{}</script></head><body><div class="document">'
        '<header><a href="./">{}</a></header><main>{}</main></div></body></html>'
    )
    return HTMLResponse(shell.format(title, TITLE, root_of(request), about, BASE, Markup(DARK), TITLE, body))


async def _trap(request: Request) -> Response:
    wanted = request.path_params
    for lesson, trap in all_traps():
        if (lesson.slug, name_of(trap)) == (wanted["lesson"], wanted["trap"]):
            return page(request, trap.name, trap.sentence, _about_trap(lesson, trap))
    raise HTTPException(404)


def all_traps() -> list[tuple[Lesson, Trap]]:
    return [(lesson, trap) for lesson in map(lesson_of, LESSONS) for trap in lesson.traps]


def _about_trap(lesson: Lesson, trap: Trap) -> Markup:
    query = to_query(lesson.slug, lesson.Params(**trap.params))
    others = [other for other in lesson.traps if other is not trap]
    return Markup(
        '<h1>{}</h1><p class="lead">{}</p>{}<p><a class="open" href="./?{}">See it happen: real torch, these settings</a></p>'
        '<p>A trap of the lesson <a href="./?lesson={}">{}</a>: {}</p>{}'
        '<p><a href="{}" rel="noopener noreferrer">A thread in which people fell into it</a></p>'
    ).format(
        trap.name,
        rich(trap.sentence),
        _errors(lesson, trap),
        query,
        lesson.slug,
        lesson.title,
        rich(lesson.predictions[0].question),
        _list("Its other traps", lesson, others) if others else "",
        trap.source,
    )


def _errors(lesson: Lesson, trap: Trap) -> Markup:
    texts = [error.text for error in recorded().get(lesson.slug, []) if error.trap == trap.name]
    if not texts:
        return Markup("<p>Nothing is raised: the result is wrong, or other than expected, in silence.</p>")
    blocks = Markup("").join(Markup("<pre><code>{}</code></pre>").format(text) for text in texts[:4])
    return Markup("<h2>The error</h2>{}<p>Each # is a number.</p>").format(blocks)


def _list(title: str, lesson: Lesson, traps: Sequence[Trap]) -> Markup:
    """The traps, each a link and its sentence."""
    items = Markup("").join(
        Markup('<li><a href="{}">{}</a>: {}</li>').format(address_of(lesson, trap), trap.name, rich(trap.sentence))
        for trap in traps
    )
    return Markup("<h2>{}</h2><ul>{}</ul>").format(title, items)


async def _traps(request: Request) -> Response:
    lists = Markup("").join(
        _list(lesson.title, lesson, lesson.traps) for lesson in map(lesson_of, LESSONS) if lesson.traps
    )
    about = "Well-known mistakes in PyTorch: what goes wrong, what torch raises if it raises anything, and a link that shows it happen."
    return page(request, "Traps", about, Markup("<h1>Traps</h1><p>{}</p>{}").format(about, lists))


async def _python(request: Request) -> Response:
    """The endpoints: names, parameters and ranges, from Params."""
    snippet = (
        "from gradio_client import Client\n\n"
        f'client = Client("{root_of(request)}")\n'
        'answer = client.predict(p=0.3, mode="eval", api_name="/dropout")\n'
        'print(answer["caption"])\n'
        'print(answer["numbers"]["y_eval"]["shape"], answer["link"])\n'
    )
    about = "Every lesson is an endpoint: PyTorch's parameter names in; the caption, the numbers and a link out."
    endpoints = Markup("").join(map(_endpoint, map(lesson_of, LESSONS)))
    body = Markup(
        "<h1>Ask it from Python</h1><p>{}</p><pre><code>{}</code></pre>"
        "<p>A parameter that is left out takes its default. A value out of range is answered with one sentence that names the "
        "parameter and its range.</p><h2>The endpoints</h2>{}"
    )
    return page(request, "Python API", about, body.format(about, snippet, endpoints))


def _endpoint(lesson: Lesson) -> Markup:
    rows = Markup("").join(
        Markup('<tr><th scope="row"><code>{}</code></th><td>{}</td><td><code>{!r}</code></td></tr>').format(
            param.name, accepts(param), _short(param.default)
        )
        for param in fields(lesson.Params)
    )
    return Markup(
        '<details><summary><code>/{}</code> {}</summary><table><thead><tr><th scope="col">parameter</th><th scope="col">accepts</th>'
        '<th scope="col">default</th></tr></thead><tbody>{}</tbody></table></details>'
    ).format(lesson.slug, lesson.title, rows)


def _short(value: object) -> object:
    return value[:40] + "…" if isinstance(value, str) and len(value) > 40 else value


async def _sitemap(request: Request) -> Response:
    places = ["", *(f"?lesson={slug}" for slug in LESSONS), "python", "traps/", "teach/"]
    places += [address_of(lesson, trap) for lesson, trap in all_traps()]
    urls = Markup("").join(Markup("<url><loc>{}</loc></url>").format(root_of(request) + place) for place in places)
    head = Markup('<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">')
    return Response(head + urls + Markup("</urlset>"), media_type="application/xml")


async def _robots(request: Request) -> Response:
    return PlainTextResponse(f"User-agent: *\nDisallow: /gradio_api/\nSitemap: {root_of(request)}sitemap.xml\n")
