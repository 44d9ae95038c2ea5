"""Which draws repeat among workers and epochs; whatever was started is gone afterwards."""

import multiprocessing
import random

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info

from lessons.worker_seeds import LESSON, Params, batches_agree, epochs_agree

run = LESSON.run
SEEDED = ("seed = worker_id", "seed = torch.initial_seed()")


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("init", ["None", *SEEDED])
def test_a_kept_generator_repeats_per_worker_unless_seeded_and_per_epoch_unless_seeded_by_torch_or_kept(
    init, persistent
):
    result = run(Params(worker_init_fn=init, persistent_workers=persistent))
    assert batches_agree(result) == (init == "None")
    assert epochs_agree(result) == (not persistent and init != SEEDED[1])
    assert result.worker == [0, 1, 0, 1] and multiprocessing.active_children() == []


def test_torch_seeds_its_own_generator_in_each_worker_and_epoch():
    result = run(Params(source="torch.randint"))
    assert not batches_agree(result) and not epochs_agree(result)
    first, second = result.seeds
    assert first[1] - first[0] == second[1] - second[0] == 1 and first[0] != second[0]


def test_without_workers_one_generator_goes_on():
    generator = random.Random(0)
    expected = [generator.randrange(1000) for _ in range(16)]
    assert run(Params(num_workers=0)).numbers.flatten().tolist() == expected


def test_spawn_refuses_the_lambda_that_fork_takes():
    refused = run(Params(start="spawn"))
    assert "local object 'joined.<locals>.<lambda>'" in refused.error and refused.numbers is None
    assert run(Params(start="fork")).error is None


class Globals(Dataset):
    """Draws from the global generators of Python and torch."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return random.random(), torch.rand(()).item(), get_worker_info().id


def test_the_global_generators_of_python_and_torch_differ_among_workers():
    loader = DataLoader(Globals(), batch_size=2, num_workers=2, multiprocessing_context="fork", timeout=20)
    (python, own, _), (other_python, other, _) = loader
    assert not python.equal(other_python) and not own.equal(other)


def test_a_spawned_worker_of_an_unguarded_script_is_stopped_by_python():
    refused = run(Params(start="spawn, unguarded"))
    assert refused.error == (
        "ProcessError: RuntimeError: An attempt has been made to start a new process before the current process has "
        "finished its bootstrapping phase."
    )
    assert "imports the script anew" in LESSON.caption(Params(start="spawn, unguarded"), refused)


def test_the_caption_says_how_many_of_the_draws_are_distinct():
    assert LESSON.caption(Params(), run(Params())).startswith("16 draws give only 4 distinct numbers:")
    one = Params(num_workers=0)
    assert LESSON.caption(one, run(one)).startswith(f"16 draws give {run(one).different} distinct numbers:")


class Seeded(Dataset):
    """Draws from a generator of its own."""

    def __init__(self):
        self.generator = random.Random(0)

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return self.generator.randrange(1000)


def one_seed_for_all(worker_id):
    get_worker_info().dataset.generator = random.Random(7)


def test_a_worker_init_fn_with_one_seed_for_all_workers_repeats_as_none_does():
    loader = DataLoader(
        Seeded(), batch_size=2, num_workers=2, multiprocessing_context="fork", timeout=20, worker_init_fn=one_seed_for_all,
    )  # fmt: skip
    first, second = loader
    assert first.equal(second) and "gives each its own seed" in LESSON.truth


def test_the_traps_say_that_only_new_workers_repeat_an_epoch():
    for init, told in (("None", "new workers draw them again"), (SEEDED[0], "new workers repeat the epoch before")):
        new, kept = (run(Params(worker_init_fn=init, persistent_workers=keeps)) for keeps in (False, True))
        assert epochs_agree(new) and not epochs_agree(kept)
        assert any(told in trap.sentence for trap in LESSON.traps)


@pytest.mark.parametrize(
    ("drawn", "why"),
    [
        ({}, "in each epoch each worker starts with the same copy of the generator."),
        ({"num_workers": 1}, "in each epoch the worker starts with a new copy of the generator."),
        ({"num_workers": 1, "persistent_workers": True}, "the worker keeps its copy of the generator."),
        ({"persistent_workers": True}, "each worker starts with the same copy of the generator and keeps it."),
    ],
)
def test_the_caption_says_where_the_copies_begin(drawn, why):
    params = Params(**drawn)
    result = run(params)
    assert LESSON.caption(params, result).endswith(f": {why}")
    assert epochs_agree(result) == (not params.persistent_workers)
    assert batches_agree(result) == (params.num_workers > 1)
