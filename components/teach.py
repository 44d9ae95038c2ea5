"""Teach: pages that open a room and plan a workshop, and the pages of a room: learner, remote, projector."""

import logging
from functools import cache

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from classroom.bank import Question
from classroom.database import Database
from classroom.doors import Doors, Rates
from classroom.gift import as_gift
from classroom.moodle import as_moodle
from classroom.paths import PATHS, Path, Step
from classroom.place import MEMORY, place
from classroom.routes import Rooms
from classroom.service import Service
from classroom.store import Store
from classroom.views import asked
from components.answer import to_json
from components.assets import BASE
from components.bank import bank
from components.bank import routes as bank_routes
from components.document import DARK, page, root_of
from components.nav import TITLE
from components.text import rich
from components.worksheet import offers as worksheets
from serving.rate import Buckets, rate_from_environment
from serving.visitor import address_of

VIEWS = {"learner": "Your vote", "projector": "Projector", "remote": "Remote"}
ENDS = "A room lives in the memory of this process and ends with it: no folder can be written to."
RULE = (
    (
        "below 35 %",
        "Give the hint, let them discuss, vote again. Explain after the second vote: that is when it is heard.",
    ),
    ("35 to 70 %", "“Find a neighbour who chose something else, and convince them.” Two minutes, then vote again."),
    ("above 70 %", "Show what torch returns, say why in one sentence, go on."),
)


def routes() -> list[Route]:
    rooms = Rooms(Service(_open_store), _doors())
    return [
        Route("/teach", _teach),
        Route("/teach/", _teach),
        Route("/teach/bank.json", _bank_json),
        Route("/teach/bank.gift", _gift),
        Route("/teach/bank.xml", _moodle),
        Route("/teach/{minutes}", _plan),
        Route("/room", _enter),
        Route("/room/", _enter),
        *rooms.routes(),
        Route("/room/{code}", _learner),
        Route("/room/{code}/projector", _view("projector")),
        Route("/room/{code}/remote", _view("remote")),
        *bank_routes(),
    ]


def _open_store() -> Store:
    where = place()
    if where == MEMORY:
        logging.warning(ENDS)
    return Store(Database(where), bank())


def _doors() -> Doors:
    """Rates in a second, which a visitor's own rate scales: a class of 200 comes from one address.

    By default 50 rooms at once and one more in 100 s: in the 12 hours that a room lives, no address opens a quarter of all.
    """
    rate = rate_from_environment()
    if not rate:
        return Doors(lambda request: address_of(request.scope), None)
    rates = Rates(opens=Buckets(rate / 1000, burst=5000), joins=Buckets(rate * 2), guesses=Buckets(rate / 10))
    return Doors(lambda request: address_of(request.scope), rates)


# Pages to read and to print


async def _teach(request: Request) -> Response:
    """One click opens a room; the plans; the bank; what is stored."""
    about = "A class votes, discusses, votes again, and torch decides: rooms for 2 to 1,000 people, without accounts."
    plans = Markup("").join(map(_offer, PATHS.values()))
    body = Markup(
        '<h1>Teach with it</h1><p class="lead">{about}</p><div class="teach" data-page="teach">'
        '<p class="go"><button type="button" class="open" data-path="">Open a room</button> <span>You choose the questions '
        'as you go. Or take a plan:</span></p><p class="problem" role="alert" hidden></p><ul class="plans">{plans}</ul></div>'
        "<h2>How a question goes</h2><ol><li>The projector shows the question. Everybody votes on a phone, alone, and may "
        "change the vote until you close it. No bars are shown, so nobody follows the others.</li><li>Your remote shows how "
        "many are right, and what to do with such a vote.</li><li>They discuss, and vote again.</li><li>You reveal: the server runs "
        "the call of the question in PyTorch, and every page shows what it returned, the deciding cell ringed, both votes side "
        "by side and how many moved from wrong to right.</li></ol>{rule}"
        "<h2>What you need</h2><p>A screen for the projector page, and a phone or a second window for the remote. "
        "Without phones in class, type the counts of raised hands into the remote.</p>"
        "<h2>What is stored</h2><p>{stored}</p>"
        "<h2>The bank</h2><p>{count} questions, each wrong choice a mistake that people make, with its reply: "
        '<a href="teach/bank.xml" download>Moodle XML</a>, <a href="teach/bank.gift" download>GIFT</a>. Each explanation links '
        "to the lesson that shows it. On paper, with a key: {worksheets}.</p>"
        '<script type="module" src="{base}/js/room/teach.js"></script>'
    )
    stored = (
        "A room keeps its questions, its votes, and a random word for each tab that joined. It keeps no name, no address and no "
        "cookie. After 12 hours, or when you end it, all of it is deleted."
    ) + ("" if place() != MEMORY else f" {ENDS}")
    shown = body.format(
        about=about, plans=plans, rule=_rule(), stored=stored, count=len(bank()), worksheets=worksheets(), base=BASE
    )
    return page(request, "Teach", about, shown)


def _offer(path: Path) -> Markup:
    return Markup(
        '<li><h3><a href="teach/{0}">{0} minutes</a></h3><p>{1}</p><button type="button" class="open" data-path="{0}">'
        "Open a room with this plan</button></li>"
    ).format(path.minutes, path.about)


def _rule() -> Markup:
    rows = Markup("").join(Markup('<tr><th scope="row">{}</th><td>{}</td></tr>').format(*row) for row in RULE)
    return Markup(
        '<table class="rule"><caption>After the first vote, by how many are right</caption><tbody>{}</tbody></table>'
    ).format(rows)


async def _plan(request: Request) -> Response:
    """A workshop minute by minute: to hold it from, and to print."""
    path = PATHS.get(request.path_params["minutes"])
    if path is None:
        raise HTTPException(404)
    begun, parts = 0, []
    for step in path.steps:
        parts.append(_step(step, begun))
        begun += step.minutes
    body = Markup(
        '<h1>A workshop of {0} minutes</h1><p class="lead">{1}</p><div class="teach" data-page="teach"><p class="go">'
        '<button type="button" class="open" data-path="{0}">Open a room with this plan</button> '
        '<button type="button" class="print">Print this page</button></p><p class="problem" role="alert" hidden></p></div>'
        "<h2>Before they come</h2><p>Open the room, put its projector page on the screen, and open the remote on your phone: "
        "the remote shows a code for that. The remote leads through this plan step by step.</p>{2}"
        '<ol class="steps">{3}</ol><script type="module" src="{4}/js/room/teach.js"></script>'
    )
    title = f"A workshop of {path.minutes} minutes"
    return page(
        request, title, path.about, body.format(path.minutes, path.about, _rule(), Markup("").join(parts), BASE)
    )


def _step(step: Step, begun: int) -> Markup:
    question = bank()[step.question] if step.question else None
    return Markup(
        '<li><h2><span class="clock">{}–{}′</span> {}</h2>{}<p><b>Say:</b> {}</p>{}<p><b>Show:</b> {}</p>{}</li>'
    ).format(
        begun,
        begun + step.minutes,
        step.title,
        _choices(question) if question else "",
        rich(step.say),
        Markup("<p><b>Below 35 % right:</b> {}</p>").format(rich(step.hint)) if step.hint else "",
        rich(step.show),
        Markup('<p class="after"><a href="./?{}">What torch answers</a></p>').format(question.link) if question else "",
    )


def _choices(question: Question) -> Markup:
    items = Markup("").join(
        Markup("<li{}>{}</li>").format(Markup(' class="right"') if index == question.right else "", rich(choice.text))
        for index, choice in enumerate(question.choices)
    )
    return Markup('<p class="asks">{}</p><ul class="choices">{}</ul>').format(rich(question.text), items)


# The bank


@cache
def _questions() -> bytes:
    paths = {name: [vars(step) for step in path.steps] for name, path in PATHS.items()}
    return to_json({"questions": [asked(question) for question in bank().values()], "paths": paths})


async def _bank_json(_: Request) -> Response:
    """What a remote offers: the questions without answers, and the steps of the plans."""
    return Response(_questions(), media_type="application/json", headers={"Cache-Control": "public, max-age=600"})


async def _gift(request: Request) -> Response:
    return _download(as_gift(bank(), root_of(request)), "text/plain", "torch-explorables.gift")


async def _moodle(request: Request) -> Response:
    return _download(as_moodle(bank(), root_of(request)), "application/xml", "torch-explorables.xml")


def _download(text: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)


# The pages of a room: assets/js/room draws them


async def _enter(request: Request) -> Response:
    return _room_page(request, "join", "Join a room", "")


async def _learner(request: Request) -> Response:
    return _room_page(request, "learner", VIEWS["learner"], request.path_params["code"])


def _view(name: str):  # type: ignore[no-untyped-def]  # a handler of Starlette
    async def view(request: Request) -> Response:
        return _room_page(request, name, VIEWS[name], request.path_params["code"])

    return view


def _room_page(request: Request, script: str, title: str, code: str) -> Response:
    """No room is looked up for the page itself: its script asks, and says what there is."""
    shell = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} · {site}</title><base href="{root}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        '<link rel="stylesheet" href="{base}/style.css"><link rel="stylesheet" href="{base}/css/room.css"><script>{dark}</script>'
        '</head><body class="room-page" data-view="{script}" data-code="{code}"><main id="room" class="room"></main>'
        '<script type="module" src="{base}/js/room/{script}.js"></script></body></html>'
    )
    shown = shell.format(
        title=title, site=TITLE, root=root_of(request), base=BASE, dark=Markup(DARK), script=script, code=code[:40]
    )
    return HTMLResponse(shown)
