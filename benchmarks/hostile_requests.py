"""Hostile requests for every door of the running app; the same seed gives the same requests."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from random import Random
from urllib.parse import quote

import httpx

from components.answer import lesson_of
from components.site import LESSONS
from explorable.params import kind

JSON = (("content-type", b"application/json"),)
HUGE = 2_000_000  # letters; a request may hold 2.1 MB
NO_PARAM_TAKES = (  # JSON; each of them is refused by every parameter, and the refusal can name it
    "18446744073709551616",
    "-9223372036854775809",
    "1" + "0" * 400,
    "1e308",
    "-1e308",
    "1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    '"\\ud800"',
    '"a\\udfff\\udfffb"',
    "[]",
    "{}",
    "[[[[[[[[1]]]]]]]]",
    '{"__type__": "update", "value": 1}',
    '{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}',
    '{"path": "http://127.0.0.1:1/", "url": "http://127.0.0.1:1/", "meta": {"_type": "gradio.FileData"}}',
)
TEXTS = (  # a text parameter may take them
    "",
    "\x00",
    "\u202e\u0301\ufeff",
    "%s%n{0.__class__}",
    "</script><script>alert(1)</script>",
    "../../../../etc/passwd",
    'a,b\n"1,2\n3',
    '{"a": ' * 50,
    "(" * 60,
    "\N{CAT FACE}" * 20,
)
WRONG_FIELDS = {  # of Gradio's bodies
    "data": ('"x"', "{}", "null", "3", "NaN", '"\\ud800"', "18446744073709551616", '{"a": Infinity}'),
    "session_hash": ("1", "[]", "true", "NaN", '{"a": "\\ud800"}', "18446744073709551616"),
    "oauth_token": ("1", "[]", "NaN"),
    "event_id": ("1", "{}", "-Infinity"),
    "fn_index": ('"x"', "1.5", "[]", "1e308", "NaN", "18446744073709551616"),
    "trigger_id": ('"x"', "[]", "NaN", "0.5"),
    "simple_format": ('"maybe"', "[]", "NaN"),
    "batched": ('"maybe"', "7", '"\\ud800"'),
}
ROOM_FIELDS: dict[str, tuple[str, ...]] = {  # what is done in a room, with the fields of its body
    "open": ("path",),
    "join": ("learner",),
    "vote": ("number", "round", "choice"),
    "answer": ("phase", "question", "choice"),
    "move": ("number", "phase", "to", "question"),
    "bars": ("bars",),
    "hands": ("number", "round", "counts"),
    "end": (),
}
CODES = ("22222", "CDFHJ", "nope", "%00", "x" * 300, "%C3%A9", "..%2f..")
HEADERS = ("Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For", "X-Forwarded-Prefix", "X-Gradio-Server",
           "Referer", "Cookie", "User-Agent", "Accept-Language", "Origin", "Authorization", "Range", "If-None-Match",
           "Accept-Encoding", "Accept")  # fmt: skip
HEADER_VALUES = (b"[", b"a:port", b"a b:99999999", b"http://[", b"http://x:port/", b"mailto:x", b"javascript", b"\xff\xfe",
                 b"::::", b"bytes=5-1", b'explorables_visitor="\\', b"x" * 5000, b",,,", b"null", b"%00", b"\xf0\x9f\x98\xba")  # fmt: skip


@dataclass(frozen=True)
class Attack:
    """One request, and what a right answer to it is."""

    door: str
    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, bytes], ...] = ()
    names: tuple[str, ...] = ()  # a refusal names one of them; none: the body cannot be read, or there is no field
    refused: bool = False  # it must be, and not merely may
    worded: bool = True  # a refusal is one sentence of ours; not so where Gradio serves files and pages
    listen: str = ""  # where the answer to an event comes; {event_id} is what the first answer gives


@dataclass(frozen=True)
class Endpoint:
    """A lesson as the running app numbers it."""

    slug: str
    function: int
    button: bool
    defaults: dict[str, str]  # as JSON
    texts: tuple[str, ...]  # parameters that hold a visitor's own words


def survey(http: httpx.Client) -> list[Endpoint]:
    """All lessons of the app that answers."""
    config = http.get("/config").json()
    functions = {one["api_name"]: one["id"] for one in config["dependencies"]}
    return [_endpoint(slug, functions[slug]) for slug in LESSONS]


def _endpoint(slug: str, function: int) -> Endpoint:
    lesson = lesson_of(slug)
    params = fields(lesson.Params)
    defaults = {param.name: json.dumps(param.default) for param in params}
    texts = tuple(param.name for param in params if kind(param) is str)
    return Endpoint(slug, function, bool(lesson.button), defaults, texts)


def attacks(door: str, endpoints: list[Endpoint], seed: int, count: int) -> Iterator[Attack]:
    """`count` requests for one of DOORS."""
    for index in range(count):
        draw = Random(f"{seed} {door} {index}")
        yield DOORS[door](door, draw, draw.choice(endpoints))


def _text(draw: Random) -> str:
    if draw.random() < 0.03:
        return "x" * HUGE
    return draw.choice((*TEXTS, "x" * draw.randint(40, 3000)))


def _values(draw: Random, endpoint: Endpoint) -> tuple[dict[str, str], str, bool]:
    """The parameters as JSON, one of them hostile; its name; whether it must be refused. Nothing here runs for seconds."""
    texts = () if endpoint.button else endpoint.texts
    if texts and draw.random() < 0.3:
        name, value, refused = draw.choice(texts), json.dumps(_text(draw)), False
    else:
        name, value, refused = draw.choice(list(endpoint.defaults)), draw.choice(NO_PARAM_TAKES), True
    return {**endpoint.defaults, name: value}, name, refused


def _object(members: dict[str, str]) -> bytes:
    return ("{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in members.items()) + "}").encode()


def _listed(values: dict[str, str]) -> str:
    return "[" + ", ".join(values.values()) + "]"


def _gradio(door: str, draw: Random, endpoint: Endpoint, members: dict[str, str], **expected: object) -> Attack:
    """A call of an endpoint at the door of Gradio's that the name of ours begins with."""
    session, own, listen = f"{draw.getrandbits(64):x}", dict[str, str](), ""
    if door.startswith("run"):
        path = f"/gradio_api/{draw.choice(('run', 'api'))}/{endpoint.slug}"
    elif door.startswith("call"):
        path = f"/gradio_api/call/{endpoint.slug}"
        listen = path + "/{event_id}"
    else:
        path, listen = "/gradio_api/queue/join", f"/gradio_api/queue/data?session_hash={session}"
        own = {"session_hash": f'"{session}"', "fn_index": str(endpoint.function)}
    return Attack(door, "POST", path, _object({**own, **members}), JSON, listen=listen, **expected)  # type: ignore[arg-type]


def _argument(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    values, name, refused = _values(draw, endpoint)
    return _gradio(door, draw, endpoint, {"data": _listed(values)}, names=(name,), refused=refused)


def _count(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    given = list(endpoint.defaults.values())
    wrong = draw.choice(
        (given[:-1], [], given[:1] if len(given) > 1 else [], [*given, "1"], given * 30, given[:-1] * 50)
    )
    if len(wrong) == len(given):
        wrong = [*given, "null"]
    names = ("data", "argument", endpoint.slug)
    return _gradio(door, draw, endpoint, {"data": "[" + ", ".join(wrong) + "]"}, names=names, refused=True)


def _field(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    known = ("data", "session_hash", "oauth_token") if door.startswith("call") else tuple(WRONG_FIELDS)
    name = draw.choice(known)
    members = {"data": _listed(endpoint.defaults), name: draw.choice(WRONG_FIELDS[name])}
    if endpoint.button and name != "data":  # the field may be one that is not looked at
        members["data"] = "[]"
    names = (name,) if not endpoint.button else (name, "data", "argument", endpoint.slug)
    return _gradio(door, draw, endpoint, members, names=names, refused=name == "data")


def _unknown(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    slug = draw.choice(("nope", "predict", "dropout2", "%00", "x" * 300, "%C3%A9", "__init__", "0"))
    index = draw.choice((-1, 10**6, 2**63, 0))
    if door.startswith("join"):
        members = {"data": "[]", "fn_index": str(index)}
    else:
        endpoint = Endpoint(slug, 0, False, {}, ())
        members = {"data": "[]", **({"fn_index": str(index)} if draw.random() < 0.5 else {})}
    return _gradio(door, draw, endpoint, members, refused=True)


def _unreadable(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    """A body that is no JSON, is cut off, is too deep, repeats a key, or comes as something else."""
    at = draw.choice((f"run/{endpoint.slug}", f"call/{endpoint.slug}", "queue/join", "cancel", "reset"))
    others = (_door(endpoint), f"/explorables/take/{endpoint.slug}.ipynb", "/room/open")
    path = draw.choice((*[f"/gradio_api/{at}"] * 4, *others))
    whole = _object({"data": _listed(endpoint.defaults), "fn_index": str(endpoint.function), "session_hash": '"s"'})
    depth = draw.choice((1000, 5000, 100_000))
    body = draw.choice(
        (
            whole[: draw.randrange(len(whole))],
            b'{"data": %s1%s}' % (b"[" * depth, b"]" * depth),
            b'{"data": [%s]}' % (b"1" * 5000),
            b'{"data": "\xff\xfe"}',
            b"\x00" * 50,
            b"",
            b"null",
            b"[]",
            b"NaN",
            b'"\\ud800"',
            b'{"data": [], "data": NaN}',
            b'{"component_id": "\\ud800", "fn_name": NaN, "session_hash": 1, "data": {}, "data": []}',
        )
    )
    kind_of = draw.choice(
        (*[b"application/json"] * 4, b"text/plain", b"application/x-www-form-urlencoded", b"\xff", b"")
    )
    ours = path in others or at not in ("cancel", "reset")
    return Attack(door, "POST", path, body, (("content-type", kind_of),), refused=True, worded=ours)


def _multipart(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    name = draw.choice((b"x.csv", b"../../x", b"\xff", b"a" * 3000, b"%00", b""))
    body = (
        b'--b\r\nContent-Disposition: form-data; name="data"; filename="%s"\r\n\r\nx\r\n'
        b'--b\r\nContent-Disposition: form-data; name="component_id"\r\n\r\n1\r\n--b--\r\n' % name
    )
    path = draw.choice((f"run/{endpoint.slug}", "queue/join", f"call/{endpoint.slug}"))
    headers = (("content-type", b"multipart/form-data; boundary=b"),)
    return Attack(door, "POST", f"/gradio_api/{path}", body, headers, refused=True)


def _door(endpoint: Endpoint) -> str:
    return f"/explorables/ask/any/{endpoint.slug}"


def _change(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    values, name, refused = _values(draw, endpoint)
    if draw.random() < 0.2:
        name, refused = draw.choice(("nope", "__class__", "\x00")), True
        values |= {name: "1"}
    body = b'{"params": %s}' % _object(values)
    return Attack(door, "POST", _door(endpoint), body, JSON, (name.strip("\x00"),), refused)


def _change_in_an_address(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    value = quote(draw.choice((*NO_PARAM_TAKES, *TEXTS)))
    return Attack(door, "GET", f"{_door(endpoint)}?{draw.choice(list(endpoint.defaults))}={value}", worded=False)


def _opened(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    values, name, _ = _values(draw, endpoint)
    link = {"lesson": draw.choice((f'"{endpoint.slug}"', *NO_PARAM_TAKES)), name: values[name]}
    asked = draw.choice((_object(link).decode(), _object(link).decode(), *NO_PARAM_TAKES))
    return Attack(door, "POST", _door(endpoint), b'{"link": %s}' % asked.encode("utf-8", "surrogatepass"), JSON)


def _no_question(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    wrong = draw.choice(("null", "[]", "NaN", '"\\ud800"', "18446744073709551616"))
    name = draw.choice(("params", "link"))
    return Attack(door, "POST", _door(endpoint), b'{"%s": %s}' % (name.encode(), wrong.encode()), JSON, (name,), True)


def _take(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    """A notebook or a program of what is no state, or around what is no question."""
    values, name, refused = _values(draw, endpoint)
    q = '"x"'
    if draw.random() < 0.2:
        values, q, name, refused = endpoint.defaults, draw.choice(("1", "[]", "null", "true", '{"a": []}')), "q", True
    body = b'{"params": %s, "q": %s}' % (_object(values), q.encode())
    slug = endpoint.slug if draw.random() < 0.95 else draw.choice(("nope", "..%2fapp", "%00", "x" * 300))
    path = f"/explorables/take/{slug}.{draw.choice(('ipynb', 'py', 'py', 'exe'))}"
    known = slug == endpoint.slug and not path.endswith("exe")
    return Attack(door, "POST", path, body, JSON, (name,) if known else (), refused or not known, worded=known)


def _room(door: str, draw: Random, _: Endpoint) -> Attack:
    """Something done in a room that is not there, or opening one with a plan that there is not."""
    act, code = draw.choice(list(ROOM_FIELDS)), draw.choice(CODES)
    wrong = (*NO_PARAM_TAKES, *(json.dumps(text) for text in TEXTS[1:]), f'"{"x" * 3000}"')
    body = _object({name: draw.choice(wrong) for name in ROOM_FIELDS[act]})
    known = ((b"authorization", b"Bearer " + draw.choice(HEADER_VALUES)),) if draw.random() < 0.5 else ()
    headers = tuple((name.decode(), value) for name, value in known)
    path = "/room/open" if act == "open" else f"/room/{code}/{act}"
    return Attack(door, "POST", path, body, (*JSON, *headers), refused=True, worded=path == "/room/open")


def _room_seen(door: str, draw: Random, _: Endpoint) -> Attack:
    """What may be read of a room that is not there, or by somebody who may not."""
    what = draw.choice(("state", "results.csv", "check"))
    headers = (("x-view", draw.choice((b"teacher", b"\xff", b""))), ("authorization", draw.choice(HEADER_VALUES)))
    return Attack(door, "GET", f"/room/{draw.choice(CODES)}/{what}", headers=headers, refused=True, worded=False)


def _link(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    name = draw.choice((*endpoint.defaults, "page", "deep_link", "all_endpoints", "serialize", "__theme", "view"))
    value = draw.choice((*map(quote, TEXTS), "%ff%fe", "%00", "1e308", "x" * 5000, "nope", "18446744073709551616"))
    path = draw.choice(("/", "/", "/config", "/gradio_api/info", "/gradio_api/openapi.json"))
    return Attack(door, "GET", f"{path}?lesson={endpoint.slug}&{name}={value}", worded=False)


def _header(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    headers = ((draw.choice(HEADERS), draw.choice(HEADER_VALUES)),)
    path = draw.choice(("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json", "/theme.css", "run"))
    if path != "run":
        return Attack(door, "GET", path, headers=headers, worded=False)
    body = _object({"data": _listed({**endpoint.defaults, next(iter(endpoint.defaults)): "NaN"})})
    return Attack(door, "POST", f"/gradio_api/run/{endpoint.slug}", body, (*JSON, *headers), worded=False)


def _path(door: str, draw: Random, _: Endpoint) -> Attack:
    folder = draw.choice(
        ("", "static/", "assets/", "svelte/", "gradio_api/", "explorables/", "gradio_api/run/", "healthz/")
    )
    name = draw.choice(
        ("nope", "%00", "%ff", "x" * 300, "x" * 5000, "..%2f..%2fapp.py", "%2e%2e/%2e%2e/app.py", "a/" * 500)
    )
    return Attack(door, draw.choice(("GET", "GET", "POST", "HEAD", "PUT")), f"/{folder}{name}", worded=False)


def _stream(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    """News of a session or an event that there never was."""
    who = draw.choice(("nope", "%00", "x" * 3000, "%ff", "", f"{draw.getrandbits(64):x}"))
    path = draw.choice(
        (f"queue/data?session_hash={who}", f"call/{endpoint.slug}/{who}", f"call/nope/{who}", "queue/data")
    )
    return Attack(door, "GET", f"/gradio_api/{path}", worded=False)


def _cancel(door: str, draw: Random, endpoint: Endpoint) -> Attack:
    members = {"session_hash": '"x"', "fn_index": str(endpoint.function), "event_id": '"nope"'}
    name = draw.choice(list(members))
    members[name] = draw.choice(NO_PARAM_TAKES)
    return Attack(door, "POST", "/gradio_api/" + draw.choice(("cancel", "reset")), _object(members), JSON, worded=False)


DOORS: dict[str, Callable[[str, Random, Endpoint], Attack]] = {
    "run, an argument": _argument,
    "run, their number": _count,
    "run, a field of the body": _field,
    "run, an unknown endpoint": _unknown,
    "call, an argument": _argument,
    "call, their number": _count,
    "call, a field of the body": _field,
    "call, an unknown endpoint": _unknown,
    "join the queue, an argument": _argument,
    "join the queue, their number": _count,
    "join the queue, a field of the body": _field,
    "join the queue, an unknown function": _unknown,
    "ours, a change": _change,
    "ours, a change in an address": _change_in_an_address,
    "ours, a link": _opened,
    "ours, what is no question": _no_question,
    "a body that cannot be read": _unreadable,
    "a body in parts": _multipart,
    "ours, a file to take": _take,
    "ours, a room": _room,
    "ours, what is seen of a room": _room_seen,
    "a link": _link,
    "a header": _header,
    "a path": _path,
    "a stream": _stream,
    "cancel and reset": _cancel,
}
