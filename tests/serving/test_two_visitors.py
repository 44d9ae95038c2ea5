"""What one visitor sends through any door is in nothing that another is sent, and not in the log.

Every door gets a mark of its own, so that a failure says which one leaks, and where to.
"""

import contextlib
import json
import os
import re

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from benchmarks.hostile_requests import ROOM_FIELDS, survey
from benchmarks.server import OURS, serving
from components import CHAPTERS
from components.assets import VERSION
from components.site import LESSONS

HEADERS = ("Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For", "X-Forwarded-Prefix", "Forwarded",
           "X-Gradio-Server", "Referer", "Cookie", "User-Agent", "Accept-Language", "Origin", "Authorization",
           "X-Request-Id", "If-None-Match", "X-Hf-Token")  # fmt: skip
PAGES = ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/app_id", "/theme.css",
         "/gradio_api/theme.css", "/gradio_api/startup-events", "/gradio_api/queue/status", "/gradio_api/user",
         "/manifest.json", "/robots.txt", "/healthz", "/explorables/ask/", "/nothing", "/gradio_api/nothing",
         "/traps/", "/traps/stack/unequal-shapes", "/python", "/sitemap.xml", "/teach", "/teach/45", "/teach/bank.json",
         "/teach/bank.gift", "/teach/bank.xml", "/room/", "/room/22222", "/room/22222/state", f"/worksheet/{CHAPTERS[0].slug}",
         f"/explorables/thumbs/{CHAPTERS[0].slug}", "/explorables/question/dropout.three_calls")  # fmt: skip
FORMS = ("ipynb", "py")
QUERIES = ("", "?all_endpoints=true", "?serialize=true", "?page=", "?deep_link=x", "?lesson=own_data")
MARK = re.compile("zqmark[0-9]{4}qz")
HASTY = {"timeout": 60, "limits": httpx.Limits(max_keepalive_connections=0)}


class Visitor:
    """Sends requests, each with a mark that names its door, and does not care for the answers."""

    def __init__(self, url):
        self.url, self.marks, self.session = url, {}, f"first{os.getpid()}"
        self.http = httpx.Client(base_url=url, **HASTY)

    def mark(self, door):
        """Letters and digits: a host, a name of a file and a text may be that."""
        mark = f"zqmark{len(self.marks):04d}qz"
        self.marks[mark] = door
        return mark

    def send(self, method, path, **request):
        with contextlib.suppress(httpx.HTTPError):
            return self.http.request(method, path, **request)

    def events(self, path, body):
        """Join the queue at `path`, and listen till the end."""
        answer = self.send("POST", path, json=body)
        if answer is not None and answer.status_code == 200:
            where = (
                f"{path}/{answer.json()['event_id']}" if "/call/" in path else f"queue/data?session_hash={self.session}"
            )
            self.send("GET", where if "/call/" in path else f"/gradio_api/{where}")


def marked(endpoint, mark, instant=("own_data", "freeze", "traversal")):
    """The lesson's parameters with the mark in each text, or as the first one that is no text, where it is refused.

    instant: lessons in which a new text is soon computed; there it is read and told of.
    """
    values = {name: json.loads(value) for name, value in endpoint.defaults.items()}
    if endpoint.texts and endpoint.slug in instant:
        values |= {name: f"name,x\nBob,{mark}\n" if name == "data" else mark for name in endpoint.texts}
    else:
        values[next(name for name in values if name not in endpoint.texts)] = mark
    return values


def through_the_client(visitor, endpoints):
    client = Client(visitor.url, verbose=False, headers={"x-mark": visitor.mark("gradio_client's header")})
    for endpoint in endpoints:
        values = marked(endpoint, visitor.mark(f"gradio_client, /{endpoint.slug}"))
        with contextlib.suppress(AppError):  # refused: the mark is no value of the parameter
            client.predict(**values, api_name=f"/{endpoint.slug}")
    client.close()


def through_the_api(visitor, endpoint):
    def data(door):
        return list(marked(endpoint, visitor.mark(f"{door}, {endpoint.slug}")).values())

    slug = endpoint.slug
    for door in (f"/gradio_api/run/{slug}", f"/gradio_api/api/{slug}"):
        visitor.send("POST", door, json={"data": data(f"{door} without a session")})
        visitor.send("POST", door, json={"data": data(f"{door} in a session"), "session_hash": visitor.session})
        visitor.send("POST", door, json={"data": data(f"{door}, too few")[:1]})
    visitor.events(f"/gradio_api/call/{slug}", {"data": data("call")})
    joined = {"data": data("queue/join"), "fn_index": endpoint.function, "session_hash": visitor.session}
    visitor.events("/gradio_api/queue/join", joined)
    visitor.send("POST", "/gradio_api/call/" + slug, json={"data": data("call, never fetched")})


def through_the_page(visitor, endpoint):
    slug = endpoint.slug
    door = f"/explorables/ask/{VERSION}/{slug}"
    every = ("span",) if endpoint.button else LESSONS
    changed = marked(endpoint, visitor.mark(f"a change of {slug}"), every)
    visitor.send("POST", door, json={"params": changed})
    visitor.send("GET", door, params=marked(endpoint, visitor.mark(f"a change of {slug} in an address"), every))
    visitor.send("POST", door, json={"params": {visitor.mark(f"an unknown name in a change of {slug}"): 1}})
    for method, where in (("POST", "json"), ("GET", "params")):
        for link in (
            {"lesson": slug, **marked(endpoint, visitor.mark(f"{method} of a link to {slug}"))},
            {"lesson": visitor.mark(f"{method} of a link to an unknown lesson, {slug}")},
            {"lesson": slug, visitor.mark(f"{method} of a link with an unknown name, {slug}"): "1"},
            {"lesson": slug, "q": visitor.mark(f"{method} of a link to a question, {slug}")},
        ):
            visitor.send(method, door, **{where: {"link": link} if method == "POST" else link})


def through_files(visitor, endpoint):
    """What is taken away: a notebook and a program."""
    for form in FORMS:
        door = f"/explorables/take/{endpoint.slug}.{form}"
        params = marked(endpoint, visitor.mark(f"{door}, a parameter"), () if endpoint.button else LESSONS)
        visitor.send("POST", door, json={"params": params, "q": visitor.mark(f"{door}, its question")})
        visitor.send("POST", door, json={"params": {visitor.mark(f"{door}, an unknown name"): 1}})
        visitor.send("POST", door, json={"params": {}, visitor.mark(f"{door}, an unknown field"): 1})


def through_rooms(visitor):
    """A room that another visitor may come to: what its people send besides their choices."""
    visitor.send("POST", "/room/open", json={"path": visitor.mark("the plan of a room")})
    room = visitor.send("POST", "/room/open", json={"path": "45"}).json()
    lead = {"authorization": f"Bearer {room['secret']}"}
    for code in (room["code"], "22222"):
        for act, fields in ROOM_FIELDS.items():
            for name in fields if act != "open" else ():
                whole = {one: 0 for one in fields} | {name: visitor.mark(f"the field {name} of {act} in a room")}
                for headers in (lead, {"authorization": f"Bearer {visitor.mark(f'the word of who may not {act}')}"}):
                    visitor.send("POST", f"/room/{code}/{act}", json=whole, headers=headers)
        learner = visitor.mark("the word of a learner")
        joined = visitor.send("POST", f"/room/{code}/join", json={"learner": learner})
        word = joined.json().get("learner", learner)
        asked = {"number": 0, "phase": "lobby", "to": "vote", "question": "dropout.three_calls"}
        visitor.send("POST", f"/room/{code}/move", json=asked, headers=lead)
        vote = {"number": 1, "round": 1, "choice": 0}
        visitor.send("POST", f"/room/{code}/vote", json=vote, headers={"authorization": f"Bearer {word}"})
    visitor.send("GET", f"/room/{visitor.mark('the code of a room')}/state")
    return room["code"]


def through_headers(visitor):
    for header in HEADERS:
        for path in ("/gradio_api/info", "/config", "/?lesson=own_data", "/nothing", "/gradio_api/run/dropout"):
            mark = visitor.mark(f"the header {header} at {path}")
            value = {
                "X-Gradio-Server": f"http://{mark}",
                "Origin": f"http://{mark}",
                "Cookie": f"explorables_visitor={mark}",
            }
            headers = {header: value.get(header, mark)}
            body = {"json": {"data": []}} if "run" in path else {}
            visitor.send("POST" if body else "GET", path, headers=headers, **body)


def through_links_and_names(visitor):
    def mark(door):
        return visitor.mark(door)

    for path in PAGES:
        for name in ("lesson", "data", "page", "deep_link", "all_endpoints", "serialize", "__theme", "view"):
            visitor.send("GET", f"{path}?{name}={mark(f'the query {name} of {path}')}")
        visitor.send("GET", f"{path}?{mark(f'a name in the query of {path}')}=1")
    for folder in (
        "",
        "static/",
        "assets/",
        "svelte/",
        "gradio_api/",
        "gradio_api/run/",
        "gradio_api/call/",
        "explorables/ask/x/",
    ):
        for method in ("GET", "POST"):
            visitor.send(
                method, f"/{folder}{mark(f'the path {method} /{folder}')}", **({"json": {}} if method == "POST" else {})
            )
    visitor.send("GET", f"/gradio_api/queue/data?session_hash={mark('the session of queue/data')}")
    visitor.send("GET", f"/gradio_api/call/dropout/{mark('the event of a call')}")
    with contextlib.suppress(httpx.HTTPError):
        with visitor.http.stream("GET", f"/gradio_api/heartbeat/{mark('the session of a heartbeat')}"):
            pass
    for path in ("run/dropout", "queue/join", "upload"):
        file = {"file": (mark(f"the name of a file for {path}"), mark(f"a file for {path}").encode())}
        visitor.send("POST", f"/gradio_api/{path}", files=file, data={"component_id": mark(f"a part for {path}")})


def through_fields(visitor, endpoint):
    whole = {"data": [json.loads(value) for value in endpoint.defaults.values()], "fn_index": endpoint.function}
    file = {"path": "/etc/zq", "orig_name": "", "url": "http://127.0.0.1:1/", "meta": {"_type": "gradio.FileData"}}
    for path in (f"run/{endpoint.slug}", f"call/{endpoint.slug}", "queue/join", "cancel", "reset"):
        for name in ("session_hash", "event_id", "fn_index", "trigger_id", "event_data", "oauth_token", "simple_format",
                     "batched", "data", "component_id", "fn_name", "request", "username"):  # fmt: skip
            mark = visitor.mark(f"the field {name} at {path}")
            visitor.send("POST", f"/gradio_api/{path}", json={"session_hash": visitor.session, **whole, name: mark})
        named = {**whole, visitor.mark(f"an unknown field at {path}"): 1}
        visitor.send("POST", f"/gradio_api/{path}", json=named)
        for part in ("path", "orig_name", "url"):
            sent = {**file, part: visitor.mark(f"the {part} of a file at {path}")}
            visitor.send("POST", f"/gradio_api/{path}", json={**whole, "data": [sent, *whole["data"][1:]]})
        update = {"__type__": "update", "value": visitor.mark(f"an update at {path}")}
        visitor.send("POST", f"/gradio_api/{path}", json={**whole, "data": [update, *whole["data"][1:]]})


def everything_sent_to(url, endpoints, room):
    """Where from, and the answer with its headers: all that a visitor gets who has sent nothing of note."""
    with httpx.Client(base_url=url, **HASTY) as http:
        for path in PAGES:
            for query in QUERIES:
                yield f"GET {path}{query}", http.get(path + query)
        for what in ("", "/projector", "/remote", "/state", "/results.csv", "/check"):
            yield f"the room, {what}", http.get(f"/room/{room}{what}")
        yield "the room, joined", http.post(f"/room/{room}/join", json={"learner": ""})
        for one in endpoints:
            yield from sent_of_a_lesson(http, one)
        yield from sent_by_the_queue(http, next(one for one in endpoints if one.slug == "dropout"))


def sent_of_a_lesson(http, one):
    data = [json.loads(value) for value in one.defaults.values()]
    door = f"/explorables/ask/{VERSION}/{one.slug}"
    for asked in ({"lesson": one.slug}, {}, {"nope": 1}):
        yield f"{asked} of {one.slug}", http.get(door, params=asked)
    if not one.button:
        yield f"the endpoint /{one.slug}", http.post(f"/gradio_api/run/{one.slug}", json={"data": data})
        for form in FORMS:
            yield f"{one.slug}.{form}", http.post(f"/explorables/take/{one.slug}.{form}", json={"params": {}})
    yield f"a refusal of /{one.slug}", http.post(f"/gradio_api/run/{one.slug}", json={"data": data[:-1]})
    yield f"a refusal of /{one.slug}", http.post(f"/gradio_api/run/{one.slug}", json={"data": [[], *data[1:]]})


def sent_by_the_queue(http, first):
    session, data = f"second{os.getpid()}", [json.loads(value) for value in first.defaults.values()]
    joined = {"data": data, "fn_index": first.function, "session_hash": session}
    yield "queue/join", http.post("/gradio_api/queue/join", json=joined)
    yield "queue/data", http.get("/gradio_api/queue/data", params={"session_hash": session})
    for stranger in ("", "null", "undefined", "None"):
        with contextlib.suppress(httpx.HTTPError):
            yield f"queue/data of {stranger!r}", http.get(f"/gradio_api/queue/data?session_hash={stranger}")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Nobody has asked it for more than the page."""
    log = tmp_path_factory.mktemp("two_visitors") / "log"
    with serving(*OURS, log=log) as app:
        yield app.url, log


def test_a_zero_below_zero_stays_with_the_visitor_who_sent_it(app):
    """-0.0 equals 0.0, so it may name the same kept answer: it must not be what the next visitor is told of 0.0."""
    with httpx.Client(base_url=app[0], **HASTY) as http:
        for one in survey(http):
            if name := SIGNED.get(one.slug):
                asked(http, one, name, -0.0)
                assert "-0.0" not in asked(http, one, name, 0.0), f"{name} of {one.slug}"


SIGNED = {"batch_norm": "shift", "logits": "z0"}


def asked(http, endpoint, name, value):
    """The params and the link of the answer to the page."""
    door = f"/explorables/ask/{VERSION}/{endpoint.slug}"
    state = http.post(door, json={"params": {name: value}}).json()["state"]
    return json.dumps([state["params"], state["link"]])


def test_no_word_of_one_visitor_is_in_anything_another_is_sent_nor_in_the_log(app):
    url, log = app
    visitor = Visitor(url)
    through_headers(visitor)  # first: what the first request says of the host may be what is kept
    endpoints = survey(visitor.http)
    for endpoint in endpoints:
        through_the_api(visitor, endpoint)
        through_the_page(visitor, endpoint)
        through_files(visitor, endpoint)
    room = through_rooms(visitor)
    through_fields(visitor, next(one for one in endpoints if one.slug == "dropout"))
    through_links_and_names(visitor)
    through_the_client(visitor, endpoints)
    sent = [(place, f"{a.status_code} {a.headers} {a.text}") for place, a in everything_sent_to(url, endpoints, room)]
    sent.append(("the log", log.read_text(errors="replace")))
    leaks = {visitor.marks[mark]: place for place, text in sent for mark in MARK.findall(text.lower())}
    assert len(visitor.marks) > 1100 and len(sent) > 300
    assert not leaks, f"{len(leaks)} doors leak:\n" + "\n".join(f"{door} -> {leaks[door]}" for door in sorted(leaks))
