"""Runs in line: bounded, shared by equal Params, told while they go, and stopped when nobody watches."""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType

import gradio as gr
import pytest

from components import answer, door, runs
from components.api import expose
from explorable.lesson import Lesson
from explorable.params import BadParam, bounded
from explorable.progress import Bar
from serving.cost import Cost
from serving.visitor import Visitor
from tests.awaited import awaited
from tests.components.served import at_the_door
from tests.toy import program

STEPS = 4


@dataclass(frozen=True)
class Params:
    p: int = bounded(0, low=0, high=99, step=1)


@dataclass(frozen=True)
class Result:
    done: int


class Slow:
    """A lesson whose every step waits until the test lets it go."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.began: list[int] = []
        self.finished: list[int] = []

    def run(self, params: Params) -> Result:
        self.began.append(params.p)
        if params.p == 98:
            raise BadParam("p must not be 98.")
        if params.p == 99:
            raise ZeroDivisionError
        for _ in Bar(range(STEPS), so_far=lambda: Result(0)):
            assert self.go.acquire(timeout=10)
        self.finished.append(params.p)
        return Result(STEPS)


@pytest.fixture
def slow(monkeypatch) -> Iterator[Slow]:
    lesson = Slow()
    module, figure = ModuleType("lessons.slow"), ModuleType("figures.slow")
    entry = Lesson(
        slug="slow",
        title="Slow",
        truth="It takes its time.",
        Params=Params,
        program=program(lesson.run),
        caption=lambda params, result: f"{result.done} steps of {params.p}",
        predictions=(),
        traps=(),
        button="Run",
        at_once=1,
    )
    vars(module).update(LESSON=entry, __file__=__file__)
    vars(figure).update(draw=lambda params, result: {"rows": []})
    monkeypatch.setitem(sys.modules, "lessons.slow", module)
    monkeypatch.setitem(sys.modules, "figures.slow", figure)
    for kept in (answer._room, runs.line_of, answer.computed):
        kept.cache_clear()
    for kept in ("_states", "_openings"):
        monkeypatch.setattr(answer, kept, answer.Kept(10**6))
    monkeypatch.setattr(runs, "PICTURE_EVERY", 0.0)
    yield lesson
    lesson.go.release(100)
    for kept in (answer._room, runs.line_of, answer.computed):
        kept.cache_clear()


def follow(p: int):
    """The news of a run, as they come."""
    return runs.follow("slow", Params(p))


async def started(slow: Slow, news) -> None:
    """Watch a run until it has begun."""
    await anext(news)
    while not slow.began:
        await asyncio.sleep(0.01)


async def rest_of(news) -> list[dict]:
    return [json.loads(message) async for message in news if message]


def test_a_visitor_sees_steps_and_pictures_so_far_and_last_the_state(slow):
    async def visit() -> list[dict]:
        news = follow(1)
        first = [json.loads(await anext(news))]
        for _ in range(STEPS):
            slow.go.release()
            await asyncio.sleep(0.1)
            first.append(json.loads(await anext(news)))
        return first + await rest_of(news)

    told = awaited(visit())
    assert "steps" in told[0] or "ahead" in told[0]
    assert [1, STEPS] in [message.get("steps") for message in told]
    assert "0 steps of 1" in [message.get("caption") for message in told]
    assert told[-1]["state"]["caption"] == "4 steps of 1"


def test_equal_params_are_one_run_and_who_comes_later_finds_the_answer(slow):
    async def visit() -> list[list[dict]]:
        slow.go.release(STEPS)
        return await asyncio.gather(*[rest_of(follow(2)) for _ in range(5)])

    answers = awaited(visit()) + [awaited(rest_of(follow(2)))]
    assert {told[-1]["state"]["caption"] for told in answers} == {"4 steps of 2"}
    assert slow.began == [2]


def test_who_waits_is_told_how_many_are_before_and_starts_when_they_are_done(slow):
    async def visit() -> list[dict]:
        first, second = follow(1), follow(2)
        await started(slow, first)
        assert json.loads(await anext(second)) == {"ahead": 0}
        third = follow(3)
        assert json.loads(await anext(third)) == {"ahead": 1}
        slow.go.release(3 * STEPS)
        await asyncio.gather(rest_of(first), rest_of(second))
        return await rest_of(third)

    assert awaited(visit())[-1]["state"]["caption"] == "4 steps of 3"
    assert slow.finished == [1, 2, 3]


def test_a_run_that_nobody_watches_stops_at_its_next_step_and_one_in_line_never_begins(slow):
    async def visit() -> None:
        first, second = follow(1), follow(2)
        await started(slow, first)
        await anext(second)
        await first.aclose()
        await second.aclose()

    awaited(visit())
    slow.go.release(2 * STEPS)
    assert "state" in json.loads(runs.settled("slow", Params(3)))
    assert slow.began == [1, 3] and slow.finished == [3]
    assert not runs.line_of("slow")._runs


def test_who_asks_again_after_a_cancelled_run_gets_a_whole_one(slow):
    async def visit() -> list[dict]:
        first = follow(1)
        await started(slow, first)
        await first.aclose()
        slow.go.release(2 * STEPS)
        return await rest_of(follow(1))

    assert awaited(visit())[-1]["state"]["caption"] == "4 steps of 1"


@pytest.mark.parametrize(("p", "said"), [(98, "p must not be 98."), (99, "The run failed")])
def test_a_run_that_fails_says_so_in_one_sentence_and_leaves_the_line_free(slow, p, said):
    assert awaited(rest_of(follow(p)))[-1]["problem"].startswith(said)
    slow.go.release(STEPS)
    assert "state" in json.loads(runs.settled("slow", Params(1)))


def test_what_is_kept_needs_no_place_in_the_line(slow, monkeypatch):
    slow.go.release(STEPS)
    known = awaited(rest_of(follow(1)))[-1]
    monkeypatch.setattr(runs, "LONGEST_LINE", 0)
    assert awaited(rest_of(follow(1))) == [known] == [json.loads(runs.settled("slow", Params(1)))]
    assert slow.began == [1]


def test_a_run_has_so_many_watchers_and_no_more(slow, monkeypatch):
    monkeypatch.setattr(runs, "MOST_WATCHERS", 2)

    async def visit() -> None:
        watching = [follow(1), follow(1)]
        for news in watching:
            await anext(news)
        with pytest.raises(BadParam, match="Too many visitors"):
            await anext(follow(1))
        slow.go.release(STEPS)
        told = await asyncio.gather(*map(rest_of, watching))
        assert all("state" in messages[-1] for messages in told)

    awaited(visit())


def test_calls_that_wait_for_runs_leave_threads_to_the_other_visitors(slow):
    with gr.Blocks() as demo:
        expose("slow")
    call = next(iter(demo.fns.values())).fn
    with ThreadPoolExecutor(runs.MOST_CALLS) as callers:
        waiting = [callers.submit(call, p) for p in range(runs.MOST_CALLS)]
        while len(runs.line_of("slow")._runs) < runs.MOST_CALLS:
            time.sleep(0.01)
        with pytest.raises(gr.Error, match="calls of the API wait"):
            call(50)
        slow.go.release(STEPS * (runs.MOST_CALLS + 1))
        for waits in waiting:
            waits.result(timeout=10)
    assert call(50)["caption"] == "4 steps of 50"


@pytest.mark.parametrize(
    ("who", "most", "whose"),
    [
        (lambda i: Visitor("a cookie", f"10.0.0.{i}"), runs.MOST_OWN, "yours"),
        (lambda i: Visitor("", "10.0.0.1"), runs.MOST_SHARED, "your address"),
        (lambda i: Visitor(f"invented {i}", "10.0.0.1"), runs.MOST_SHARED, "your address"),
    ],
    ids=["one cookie", "no cookie", "invented cookies"],
)
def test_neither_a_visitor_nor_an_address_fills_the_line(slow, who, most, whose):
    async def visit() -> None:
        own = [runs.follow("slow", Params(p), who(p)) for p in range(most)]
        for news in own:
            await anext(news)
        with pytest.raises(BadParam, match=f"{most} runs of {whose} are under way"):
            await anext(runs.follow("slow", Params(90), who(90)))
        another = runs.follow("slow", Params(90), Visitor("another", "10.9.9.9"))
        await anext(another)
        for news in [*own, another]:
            await news.aclose()

    awaited(visit())


def test_a_full_line_refuses_with_one_sentence(slow, monkeypatch):
    monkeypatch.setattr(runs, "LONGEST_LINE", 1)

    async def visit() -> None:
        first = follow(1)
        await anext(first)
        with pytest.raises(BadParam, match="Too many runs"):
            await anext(follow(2))
        await first.aclose()

    awaited(visit())


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'{"params": 3}', b"[" * 10**5, b'{"params": {}, "x": 1}', b"{}"])
def test_the_door_refuses_what_is_no_question(slow, body):
    assert at_the_door("slow").post("slow", content=body).status_code == 400


def test_the_door_answers_with_events_and_bad_values_with_one_sentence(slow):
    slow.go.release(STEPS)
    events = at_the_door("slow").post("slow", json={"params": {"p": 5}})
    assert events.headers["content-type"].startswith("text/event-stream")
    assert json.loads(events.text.split("\n\n")[-2].removeprefix("data: "))["state"]["params"] == {"p": 5}
    refused = at_the_door("slow").post("slow", json={"params": {"p": 500}})
    assert (refused.status_code, refused.text) == (400, "p must be a whole number from 0 to 99, not 500.")


def test_what_is_kept_of_a_run_is_one_answer_at_an_address(slow):
    slow.go.release(STEPS)
    assert "data: " in at_the_door("slow").get("slow?p=5").text
    kept = at_the_door("slow").get("slow?p=5")
    assert kept.json()["state"]["params"] == {"p": 5} and "immutable" in kept.headers["cache-control"]


def test_a_full_line_is_429_with_one_sentence(slow, monkeypatch):
    monkeypatch.setattr(runs, "LONGEST_LINE", 0)
    refused = at_the_door("slow").get("slow?p=5")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2") and refused.text.startswith(
        "Too many runs"
    )


def test_who_leaves_in_the_middle_of_a_body_is_no_failure(slow):
    route, _ = door.routes(("slow",), Cost())
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive() -> dict:
        return next(messages)

    async def send(message: dict) -> None:
        sent.append(message)

    where = {"version": "x", "slug": "slow"}
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b"", "path_params": where}
    awaited(route.app(scope, receive, send))
    assert sent[0]["status"] == 400 and not slow.began


def test_at_the_end_who_waits_is_told_at_once_who_is_under_way_later_and_nothing_begins(slow, monkeypatch):
    async def visit() -> list[list[dict]]:
        going, waiting = follow(1), follow(2)
        await started(slow, going)
        await anext(waiting)
        monkeypatch.setattr(runs.ENDING, "asked", True)
        ended = asyncio.create_task(asyncio.to_thread(runs.end_runs, 30))
        told = [await rest_of(waiting), await rest_of(follow(3))]
        assert not ended.done()  # the first run is under way still
        slow.go.release(STEPS)
        await ended
        return [*told, await rest_of(going)]

    *told, finished = awaited(visit())
    assert [messages[-1] for messages in told] == [json.loads(runs.ENDED)] * 2
    assert finished[-1]["state"]["caption"] == "4 steps of 1" and slow.began == [1]


def test_a_run_that_does_not_end_is_let_go_and_a_call_of_the_api_is_told_too(slow, monkeypatch):
    async def visit() -> tuple[list[dict], bytes]:
        going = follow(1)
        await started(slow, going)
        called = asyncio.create_task(asyncio.to_thread(runs.settled, "slow", Params(2)))
        while len(runs.line_of("slow")._runs) < 2:
            await asyncio.sleep(0.01)
        monkeypatch.setattr(runs.ENDING, "asked", True)
        await asyncio.to_thread(runs.end_runs, 0)
        return await rest_of(going), await called

    told, answered = awaited(visit())
    assert told[-1] == json.loads(answered) == json.loads(runs.ENDED) and slow.finished == []


def test_addresses_take_turns_however_many_runs_one_of_them_asks_for(slow):
    async def visit() -> None:
        crowd = [runs.follow("slow", Params(p), Visitor(f"cookie {p}", "here")) for p in range(1, 6)]
        await started(slow, crowd[0])
        others = [runs.follow("slow", Params(p), Visitor("", f"there {p}")) for p in (11, 12)]
        first = [json.loads(await anext(news)) for news in (*crowd[1:], *others)]
        assert [told["ahead"] for told in first[-2:]] == [0, 1]
        slow.go.release(100)
        await asyncio.gather(*map(rest_of, (*crowd, *others)))

    awaited(visit())
    assert slow.finished == [1, 11, 12, 2, 3, 4, 5]


def test_a_run_that_was_cancelled_in_line_takes_no_turn(slow):
    async def visit() -> None:
        one, two, three = map(follow, (1, 2, 3))
        await started(slow, one)
        for news in (two, three):
            await anext(news)
        await two.aclose()
        slow.go.release(100)
        await asyncio.gather(rest_of(one), rest_of(three))

    awaited(visit())
    assert slow.finished == [1, 3]
