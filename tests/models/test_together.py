"""Laws of one model for many threads: every caller gets what it would get alone, and nobody waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.together import MOST_WASTE, Busy, Together
from tests.models.tiny import network

NET = network()
SIZES = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 30)), min_size=1, max_size=8)


def asked(rows: int, width: int, seed: int = 0) -> dict[str, torch.Tensor]:
    ids = torch.randint(4, 20, (rows, width), generator=torch.Generator().manual_seed(seed))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}


class Gate:
    """A model that waits until it may go on, and remembers what it read."""

    def __init__(self, model=NET):
        self.model, self.batches = model, []
        self.entered, self.open = threading.Event(), threading.Event()

    def __call__(self, **inputs):
        self.batches.append(inputs["input_ids"])
        self.entered.set()
        assert self.open.wait(20)
        return self.model(**inputs)


def behind_the_gate(together, gate, calls):
    """All calls wait while the first one is read; then the gate opens. Returns results, or the exceptions."""

    def result(inputs):
        try:
            return together(**inputs)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(result, calls[0])]
        assert gate.entered.wait(20)
        for count, inputs in enumerate(calls[1:], 1):
            futures.append(pool.submit(result, inputs))
            while together.waiting < count:
                threading.Event().wait(0.001)
        gate.open.set()
        return [future.result(20) for future in futures]


@settings(max_examples=30, deadline=None)
@given(SIZES)
def test_everyone_gets_what_the_model_says_to_it_alone(sizes):
    gate = Gate()
    together = Together(gate)
    calls = [asked(rows, width, seed) for seed, (rows, width) in enumerate(sizes)]
    for inputs, logits in zip(calls, behind_the_gate(together, gate, calls), strict=True):
        alone = NET(**inputs)
        torch.testing.assert_close(logits.start_logits, alone.start_logits, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(logits.end_logits, alone.end_logits, rtol=1e-4, atol=1e-4)
    assert together.waiting == 0


def test_who_asks_while_another_is_read_shares_one_forward():
    gate = Gate()
    behind_the_gate(Together(gate), gate, [asked(1, 9, seed) for seed in range(6)])
    assert [len(batch) for batch in gate.batches] == [1, 5]


def test_alone_the_model_reads_exactly_what_was_asked():
    gate = Gate()
    gate.open.set()
    inputs = asked(2, 7)
    logits = Together(gate)(**inputs)
    assert torch.equal(gate.batches[0], inputs["input_ids"]) and len(gate.batches) == 1
    assert torch.equal(logits.start_logits, NET(**inputs).start_logits)


@settings(max_examples=30, deadline=None)
@given(SIZES)
def test_a_shared_forward_keeps_its_bounds_and_reads_every_row_once(sizes):
    gate = Gate()
    calls = [asked(rows, width, seed) for seed, (rows, width) in enumerate([(1, 1), *sizes])]
    behind_the_gate(Together(gate, most_cells=60), gate, calls)
    for batch in gate.batches:
        real = int((batch != 0).sum())
        inside = batch.numel() <= 60 and batch.numel() <= MOST_WASTE * real
        assert inside or any(batch.shape == call["input_ids"].shape for call in calls)
    assert sum(map(len, gate.batches)) == sum(len(call["input_ids"]) for call in calls)


def test_who_asked_first_is_read_first():
    gate = Gate()
    calls = [asked(1, 5, seed) for seed in range(6)]
    behind_the_gate(Together(gate, most_cells=5), gate, calls)
    assert all(torch.equal(*pair) for pair in zip(gate.batches, [c["input_ids"] for c in calls], strict=True))


def test_an_error_reaches_the_one_who_caused_it_and_nobody_else():
    def picky(**inputs):
        if (inputs["input_ids"] == 19).any():
            raise RuntimeError("no 19")
        return NET(**inputs)

    gate = Gate(picky)
    calls = [asked(1, 6, seed) for seed in range(5)]
    for call in calls:
        call["input_ids"].clamp_(max=18)
    calls[2]["input_ids"][0, 3] = 19
    results = behind_the_gate(Together(gate), gate, calls)
    assert [isinstance(result, RuntimeError) for result in results] == [False, False, True, False, False]


def test_whoever_a_dying_reader_leaves_behind_is_read_by_the_next():
    class Dying(BaseException):
        """What no `except Exception` catches, such as a tokenizer's panic."""

    died = threading.Event()

    def mortal(**inputs):
        if len(inputs["input_ids"]) > 1 and not died.is_set():
            died.set()
            raise Dying
        return NET(**inputs)

    gate = Gate(mortal)
    together = Together(gate)
    calls, results = [asked(1, 8, seed) for seed in range(4)], []

    def call(inputs):
        try:
            results.append(together(**inputs))
        except Dying as death:
            results.append(death)

    threads = [threading.Thread(target=call, args=(inputs,)) for inputs in calls]
    threads[0].start()
    assert gate.entered.wait(20)
    for thread in threads[1:]:
        thread.start()
    while together.waiting < 3:
        threading.Event().wait(0.001)
    gate.open.set()
    for thread in threads:
        thread.join(20)
    assert sum(isinstance(result, Dying) for result in results) == 1 and len(results) == 4
    assert together.waiting == 0


def test_more_than_may_wait_are_told_at_once_and_the_others_answered():
    gate = Gate()
    together = Together(gate, most_waiting=2)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(together, **asked(1, 5))
        assert gate.entered.wait(20)
        others = [pool.submit(together, **asked(1, 5, seed)) for seed in (1, 2)]
        while together.waiting < 2:
            threading.Event().wait(0.001)
        with pytest.raises(Busy, match="2 questions wait"):
            together(**asked(1, 5))
        gate.open.set()
        assert all(future.result(20).start_logits.shape == (1, 5) for future in [first, *others])


def test_who_waits_too_long_gives_up_and_is_never_read():
    gate = Gate()
    together = Together(gate, patience=0.05)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(together, **asked(1, 5))
        assert gate.entered.wait(20)
        with pytest.raises(Busy, match="0.05 seconds"):
            together(**asked(3, 5))
        assert together.waiting == 0
        gate.open.set()
        first.result(20)
    assert [len(batch) for batch in gate.batches] == [1]


def test_calls_with_other_inputs_do_not_share_a_forward():
    gate = Gate()
    calls = [asked(1, 5, seed) for seed in range(3)]
    del calls[2]["token_type_ids"]
    behind_the_gate(Together(gate), gate, calls)
    assert len(gate.batches) == 3


def test_without_a_mask_nothing_is_read():
    with pytest.raises(TypeError, match="attention_mask"):
        Together(NET)(input_ids=torch.ones(1, 3, dtype=torch.long))


def test_two_readers_read_at_the_same_time():
    inside = threading.Barrier(2)

    def both(**inputs):
        inside.wait(20)
        return SimpleNamespace(start_logits=inputs["input_ids"], end_logits=inputs["input_ids"])

    with ThreadPoolExecutor(2) as pool:
        together = Together(both, readers=2, most_cells=1)
        assert len(list(pool.map(lambda seed: together(**asked(1, 5, seed)), range(2)))) == 2
