"""What large requests hold together is bounded, and small ones are let in all the same."""

import asyncio
from collections import Counter

import pytest

from serving.bounded_bodies import ALL, SHARED, SMALL, BoundBodies
from serving.limits import LARGEST, announced
from tests.awaited import awaited


async def statuses(requests: list[tuple[str, tuple[bytes, bytes]]]) -> tuple[Counter[int], BoundBodies]:
    done = asyncio.Event()

    async def holding(scope, receive, send) -> None:
        await done.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    bounded = BoundBodies(holding)
    found: Counter[int] = Counter()

    async def ask(address: str, header: tuple[bytes, bytes]) -> None:
        async def send(message) -> None:
            if "status" in message:
                found[message["status"]] += 1

        await bounded({"type": "http", "method": "POST", "headers": [header], "client": (address, 1)}, None, send)

    asking = [asyncio.create_task(ask(*request)) for request in requests]
    await asyncio.sleep(0.01)
    done.set()
    await asyncio.gather(*asking)
    return found, bounded


def length(size: int) -> tuple[bytes, bytes]:
    return b"content-length", str(size).encode()


def test_one_address_holds_so_much_and_another_still_gets_in():
    fit = SHARED // LARGEST
    found, bounded = awaited(statuses([("me", length(LARGEST))] * (fit + 5) + [("you", length(LARGEST))]))
    assert found == {200: fit + 1, 503: 5} and not bounded.in_flight


def test_all_together_hold_so_much_and_small_ones_still_get_in():
    fit = ALL // LARGEST
    large = [(f"{i}", length(LARGEST)) for i in range(fit + 5)]
    found, _ = awaited(statuses([*large, *((address, length(SMALL)) for address, _ in large)]))
    assert found == {200: fit + fit + 5, 503: 5}


def test_a_body_that_does_not_say_its_length_counts_as_the_largest():
    fit = SHARED // LARGEST
    assert awaited(statuses([("me", (b"transfer-encoding", b"chunked"))] * (fit + 1)))[0] == {200: fit, 503: 1}


@pytest.mark.parametrize("said", [b"1", b"nonsense", b"9" * 30])
def test_what_comes_in_chunks_or_says_nonsense_counts_as_the_largest(said):
    chunks = [(b"transfer-encoding", b"chunked")] * said.isdigit()
    assert announced({"type": "http", "headers": [(b"content-length", said), *chunks]}) == LARGEST
