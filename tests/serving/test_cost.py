"""Nobody computes more at once than is his, and what is heavy goes one after the other; everybody else notices nothing."""

import asyncio
from collections import Counter

import pytest

from serving import cost
from serving.cost import BoundCost, Cost
from serving.visitor import COOKIE
from tests.awaited import awaited

LIGHT, BIG = 100, cost.HEAVY + 1


class App:
    """Counts who computes; each computation ends when the test says so."""

    def __init__(self) -> None:
        self.going: Counter[str] = Counter()
        self.done = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        self.going[scope["client"][0]] += 1
        await self.done.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(app, address: str, cookie: str = "", length: int = LIGHT, path: str = "/gradio_api/run/dropout") -> int:
    statuses = []

    async def send(message) -> None:
        statuses.append(message.get("status"))

    headers = [(b"content-length", str(length).encode()), (b"cookie", f"{COOKIE}={cookie}".encode())]
    await app({"type": "http", "method": "POST", "path": path, "headers": headers, "client": (address, 1)}, None, send)
    return statuses[0]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def asked(app: App, bounded: BoundCost, requests: list[tuple]) -> tuple[Counter[str], Counter[int]]:
    """How many of each address go at once while nothing ends, and the statuses once all may."""
    asking = [asyncio.create_task(ask(bounded, *request)) for request in requests]
    await settle()
    going = Counter(app.going)
    app.done.set()
    return going, Counter(await asyncio.gather(*asking))


@pytest.mark.parametrize(
    ("of_one", "at_once", "line"),
    [
        (lambda i: ("me", "mine"), cost.OWN, cost.OWN_LINE),
        (lambda i: ("me", f"invented {i}", BIG), 1, cost.HEAVY_SHARED),
    ],
    ids=["one cookie", "heavy"],
)
def test_so_many_go_the_others_wait_and_beyond_the_line_they_are_refused(of_one, at_once, line):
    async def visit() -> tuple[Counter[str], Counter[int]]:
        app = App()
        return await asked(app, BoundCost(app, Cost()), [*map(of_one, range(at_once + line + 5)), ("you", "yours")])

    going, statuses = awaited(visit())
    assert going["me"] == at_once and statuses == {200: at_once + line + 1, 429: 5}


@pytest.mark.parametrize("cookie", ["", "invented {}"], ids=["no cookie", "invented cookies"])
def test_who_invents_cookies_fills_the_line_of_his_address_and_nobody_elses(cookie):
    mine = [("me", cookie.format(i)) for i in range(cost.AT_ONCE + cost.SHARED_LINE + 5)]

    async def visit() -> tuple[Counter[str], Counter[int]]:
        app = App()
        return await asked(app, BoundCost(app, Cost()), [*mine, ("you", "yours")])

    assert awaited(visit()) == (Counter(me=cost.AT_ONCE), Counter({200: len(mine) - 5 + 1, 429: 5}))


def test_addresses_take_turns_however_many_requests_one_of_them_has():
    went: list[str] = []

    async def app(scope, receive, send) -> None:
        went.append(scope["client"][0])
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def visit() -> None:
        bounded = BoundCost(app, Cost())
        await asyncio.gather(*(ask(bounded, address) for address in ["me"] * 20 + ["you", "she"] * 2))

    awaited(visit())
    first = cost.AT_ONCE
    assert went[:first] == ["me"] * first
    assert sorted(went[first : first + 3]) == sorted(went[first + 3 : first + 6]) == ["me", "she", "you"]


def test_who_leaves_the_line_or_fails_takes_no_turn_along():
    async def visit() -> int:
        app, cost_of_all = App(), Cost()
        asking = [asyncio.create_task(ask(BoundCost(app, cost_of_all), "me")) for _ in range(10)]
        await settle()
        for left in asking:  # the first two compute, the others wait
            left.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        app.going.clear()
        return (await asked(app, BoundCost(app, cost_of_all), [("you",)] * 5))[0]["you"]

    assert awaited(visit()) == cost.AT_ONCE


def test_a_run_of_seconds_stands_in_its_own_line_and_in_no_other():
    async def visit() -> tuple[Counter[str], Counter[int]]:
        app = App()
        requests = [("me", "", LIGHT, "/gradio_api/run/edit")] * 10
        return await asked(app, BoundCost(app, Cost(), frozenset({"edit"})), requests)

    assert awaited(visit())[0] == Counter(me=10)


def test_slow_ones_go_one_at_a_time_beside_light_ones():
    async def visit() -> tuple[Counter[str], Counter[int]]:
        app = App()
        slow = [(f"slow {i}", "", LIGHT, "/gradio_api/run/batch_memory") for i in range(5)]
        bounded = BoundCost(app, Cost(), slow=frozenset({"batch_memory"}))
        return await asked(app, bounded, [*slow, *((f"{i}",) for i in range(5))])

    assert awaited(visit()) == (Counter({"slow 0": 1, "0": 1, "1": 1}), Counter({200: 10}))


def test_heavy_ones_of_many_addresses_go_one_after_the_other_beside_light_ones():
    async def visit() -> tuple[Counter[str], Counter[int]]:
        app = App()
        return await asked(
            app, BoundCost(app, Cost()), [(f"{i}", "", BIG) for i in range(10)] + [(f"{i}",) for i in range(10)]
        )

    going, statuses = awaited(visit())
    assert going.total() == 1 + cost.AT_ONCE and statuses == {200: 20}


def test_nothing_is_kept_of_who_has_been_answered():
    async def visit() -> Cost:
        app, cost_of_all = App(), Cost()
        await asked(
            app, BoundCost(app, cost_of_all), [(f"{i}", f"{i}", size) for i in range(30) for size in (LIGHT, BIG)]
        )
        return cost_of_all

    cost_of_all = awaited(visit())
    for turns in (cost_of_all._own, cost_of_all._heavy, cost_of_all._heavy_shared):
        assert not turns._gates and not turns._wanted
    for rounds, free in ((cost_of_all._light, cost.AT_ONCE), (cost_of_all._slow, 1)):
        assert not rounds._waiting and rounds._free == free


def test_what_computes_nothing_waits_for_nothing():
    async def visit() -> tuple[Counter[str], Counter[int]]:
        app = App()
        requests = [("me", "mine", LIGHT, "/gradio_api/heartbeat/x")] * 100
        return await asked(app, BoundCost(app, Cost()), requests)

    assert awaited(visit())[0] == Counter(me=100)
