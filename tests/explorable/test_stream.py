"""A module with a stream of its own draws what it would draw alone."""

import copy

import torch
from torch import nn

from explorable.stream import OwnStream


def dropout(seed: int) -> nn.Module:
    module = nn.Sequential(nn.Dropout(0.5))
    OwnStream(module, torch.Generator().manual_seed(seed).get_state())
    return module


def test_the_masks_are_those_of_manual_seed_whoever_draws_in_between():
    x, module, drawn = torch.ones(64), dropout(3), []
    with torch.random.fork_rng(devices=[]):
        for _ in range(3):
            torch.rand(7)
            drawn.append(module(x))
        torch.manual_seed(3)
        assert all(torch.equal(nn.functional.dropout(x), mask) for mask in drawn)
    assert not torch.equal(drawn[0], drawn[1])


def test_the_default_generator_stays_where_it_was():
    before = torch.get_rng_state()
    dropout(0)(torch.ones(8))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_copy_goes_on_by_itself():
    module = dropout(1)
    twin = copy.deepcopy(module)
    assert torch.equal(module(torch.ones(64)), twin(torch.ones(64)))


def test_a_forward_that_fails_gives_the_lock_back():
    module = nn.Sequential(nn.Linear(2, 2))
    OwnStream(module, torch.Generator().get_state())
    for _ in range(2):
        try:
            module(torch.ones(3))
        except RuntimeError:
            continue
    assert module(torch.ones(2)).shape == (2,)
