"""A seeded block draws what `torch.manual_seed` promises, and nobody outside it notices."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
import torch
import torch.nn.functional as F

from explorable.progress import Bar, watched
from explorable.seeding import seeded


def draw(seed: int) -> torch.Tensor:
    with seeded(seed):
        return F.dropout(torch.ones(4096))


def test_a_block_draws_what_a_script_with_manual_seed_draws():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        assert torch.equal(draw(3), F.dropout(torch.ones(4096)))


def test_the_generator_stands_where_it_stood_even_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(IndexError), seeded(0):
        torch.stack([torch.rand(2)], dim=5)
    assert torch.equal(torch.get_rng_state(), before)


def test_blocks_may_be_nested():
    with seeded(1):
        draw(2)
        inner = torch.rand(3)
    with seeded(1):
        assert torch.equal(torch.rand(3), inner)


def test_many_threads_with_one_seed_draw_one_mask():
    together = Barrier(8)

    def visitor(_: int) -> list[torch.Tensor]:
        together.wait()
        return [draw(5) for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        assert all(torch.equal(mask, draw(5)) for masks in pool.map(visitor, range(8)) for mask in masks)


def test_a_block_that_tells_how_far_it_is_lets_others_draw_between_two_steps_and_goes_on_where_it_stood():
    with seeded(1):
        expected = torch.rand(2)
    before, own, other = torch.get_rng_state(), [], []

    def watcher(done: int, *_: object) -> None:
        with ThreadPoolExecutor(1) as pool:
            other.append(pool.submit(draw, 5).result(timeout=60))

    with watched(watcher), seeded(1):
        for _ in Bar(range(2)):
            own.append(torch.rand(1))
    assert torch.equal(torch.cat(own), expected) and torch.equal(torch.get_rng_state(), before)
    assert torch.equal(other[0], other[1]) and torch.equal(other[0], draw(5))


@pytest.mark.parametrize("quiet", [{"disable": True}, {"leave": False}])
def test_a_bar_that_is_told_to_nobody_lets_others_draw_too(quiet):
    waits = Event()

    def other() -> None:
        waits.wait(60)
        draw(5)

    with ThreadPoolExecutor(1) as pool, seeded(1):
        drawn = pool.submit(other)
        waits.set()
        for _ in Bar(range(10**6), **quiet):
            if drawn.done():
                break
        assert drawn.done()
