"""A dataset is an index away from its sample; everything else is the loader's."""

import ast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from explorable.cut import source_of
from explorable.parsing import tree_of, value_of
from lessons.dataset import JOBS, LESSON, PATH, PROTOCOL, Params, is_refusal, loop

run = LESSON.run

KINDS = Params.__annotations__["kind"].__args__


def outcomes(kind):
    return run(Params(view=PROTOCOL, kind=kind)).outcomes


def test_every_line_is_filed_under_its_own_source():
    nodes = [node for node in ast.walk(source_of("dataset").tree) if isinstance(node, ast.Dict) and len(node.keys) > 8]
    assert len(nodes) == 2
    for table in nodes:
        for key, call in zip(table.keys, table.values, strict=True):
            assert isinstance(call, ast.Call) and isinstance(call.args[0], ast.Lambda)
            assert ast.unparse(call.args[0].body) == ast.unparse(tree_of(key.value))


@given(n=st.integers(3, 12), batch_size=st.integers(1, 6))
def test_an_epoch_asks_for_each_sample_once_and_hands_out_all(n, batch_size):
    result = run(Params(n=n, batch_size=batch_size))
    assert result.calls == n and sum(result.batches, []) == result.samples.tolist() == [i * i for i in range(n)]
    assert len(result.batches) == -(-n // batch_size)


def test_a_dataset_with_getitems_is_handed_all_indices_of_a_batch():
    class Whole(torch.utils.data.Dataset):
        def __len__(self):
            return 6

        def __getitems__(self, indices):
            asked.append(indices)
            return indices

    asked = []
    list(DataLoader(Whole(), batch_size=4))
    assert asked == [[0, 1, 2, 3], [4, 5]]


@given(n=st.integers(3, 12), batch_size=st.integers(1, 6))
def test_both_have_a_length_samples_and_batches(n, batch_size):
    jobs = run(Params(n=n, batch_size=batch_size)).jobs
    assert jobs["len(dataset)"] == str(n) and jobs["len(loader)"] == str(-(-n // batch_size))
    assert sum(value_of(jobs["[len(b) for b in dropping]"])) == n - n % batch_size
    assert sorted(sum(value_of(jobs["[b.tolist() for b in shuffled]"]), [])) == [i * i for i in range(n)]


def test_only_the_dataset_is_indexed_and_joined():
    jobs = run(Params()).jobs
    assert {left for job, left, right, doer in JOBS if doer == "Dataset" and is_refusal(jobs[left])} == set()
    assert all(is_refusal(jobs[right]) for job, left, right, doer in JOBS if doer == "Dataset")
    assert not any(is_refusal(jobs[right]) for job, left, right, doer in JOBS if doer == "DataLoader")


def test_without_len_only_a_sampler_of_ones_own_works():
    seen = outcomes("Dataset without __len__")
    works = {expression for expression, outcome in seen.items() if not is_refusal(outcome)}
    assert works == {"ds[2]", "ds[-1]", "[*islice(ds, 9)]", "[*DataLoader(ds, batch_size=None, sampler=[2, 0])]"}


def test_without_len_a_sampler_of_ones_own_gives_the_loader_a_length_too():
    class NoLen(torch.utils.data.Dataset):
        def __getitem__(self, i):
            return i

    assert len(DataLoader(NoLen(), sampler=[2, 0])) == 2
    with pytest.raises(TypeError, match="has no len"):
        len(DataLoader(NoLen()))


def test_without_getitem_the_base_class_says_what_to_do():
    assert outcomes("Dataset without __getitem__")["ds[2]"].startswith("NotImplementedError: Subclasses of Dataset")


def test_iterating_a_dataset_ignores_its_len():
    assert outcomes("Dataset with both")["len(ds)"] == "6"
    assert len(value_of(outcomes("Dataset with both")["[*islice(ds, 9)]"])) == 9


@pytest.mark.parametrize("kind", ["class that is no Dataset", "list", "range", "str", "dict with keys 0, 1, ..."])
def test_whatever_has_both_methods_is_a_dataset(kind):
    assert not is_refusal(outcomes(kind)["[*DataLoader(ds, batch_size=None)]"])


def test_keys_need_not_be_integers():
    assert outcomes("dict with keys a, b, ...")["[*DataLoader(ds, batch_size=None, sampler=['c', 'a'])]"] == "[4, 0]"


@given(
    wrapper=st.sampled_from(Params.__annotations__["wrapper"].__args__),
    n=st.integers(3, 12),
    k=st.integers(-6, 14),
    seed=st.integers(0, 99),
)
def test_a_wrapper_leads_to_the_sample_at_its_index_or_refuses(wrapper, n, k, seed):
    result = run(Params(view=PATH, wrapper=wrapper, n=n, k=k, seed=seed))
    assert (result.error is None) == (-len(result.reached) <= k < len(result.reached))
    if result.error is None:
        assert result.sample == result.reached[k] == result.index[result.sample]


@given(n=st.integers(3, 12), seed=st.integers(0, 99))
def test_the_parts_of_a_split_or_a_concat_are_the_whole(n, seed):
    for wrapper in ("random_split", "ConcatDataset"):
        parts = run(Params(view=PATH, wrapper=wrapper, n=n, seed=seed)).parts
        assert sorted(sum(parts, [])) == list(range(n))


ENDS = {
    "Dataset with both": "it never ends",
    "Dataset with both and IndexError": "it ends after 6",
    "Dataset without __len__": "it never ends",
    "Dataset without __getitem__": "it raises NotImplementedError",
    "class that is no Dataset": "it never ends",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_loop_over_a_dataset_ends_at_an_index_error_and_at_no_length(kind):
    assert loop(outcomes(kind)["[*islice(ds, 9)]"]) == ENDS.get(kind, "it ends after 6")


@pytest.mark.parametrize(("n", "batch_size"), [(3, 1), (10, 4), (12, 6)])
def test_the_caption_tells_what_an_index_raises_and_how_many_batches_come(n, batch_size):
    params = Params(n=n, batch_size=batch_size)
    result = run(params)
    assert result.jobs["loader[0]"].startswith("TypeError: ") and "the loader raises TypeError" in LESSON.caption(
        params, result
    )
    assert f": {len(result.batches)} batches of " in LESSON.caption(params, result)


def test_a_batch_of_one_is_no_batch_of_up_to_one():
    assert LESSON.caption(Params(batch_size=1), run(Params(batch_size=1))).endswith("10 batches of 1.")
    assert LESSON.caption(Params(), run(Params())).endswith("3 batches of up to 4.")


def test_one_class_is_checked_an_iterable_dataset_is_not_asked_for_an_index():
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter([0, 1])

        def __getitem__(self, i):
            raise AssertionError(i)

    assert [*torch.utils.data.DataLoader(Stream(), batch_size=None)] == [0, 1]
    assert [*torch.utils.data.DataLoader([0, 1], batch_size=None)] == [0, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_on_a_kind_are_told_in_the_right_number_and_end_in_one_stop(kind):
    params = Params(view=PROTOCOL, kind=kind)
    result = run(params)
    told, more = LESSON.caption(params, result), LESSON.details(params, result)
    works = sum(not is_refusal(outcome) for outcome in result.outcomes.values())
    assert told.endswith(f"{works} of 10 expressions {'works' if works == 1 else 'work'}.")
    assert ".." not in more.replace("...", "")
    assert ("whatever len(ds) says" in more) == (
        "here none comes" in more and not is_refusal(result.outcomes["len(ds)"])
    )


@pytest.mark.parametrize("wrapper", Params.__annotations__["wrapper"].__args__)
@pytest.mark.parametrize("k", [-6, 0, 14])
def test_the_words_on_a_wrapper_say_who_holds_how_many_and_what_is_raised(wrapper, k):
    params = Params(view=PATH, wrapper=wrapper, n=5, k=k)
    result = run(params)
    told, more = LESSON.caption(params, result), LESSON.details(params, result)
    sizes = [len(part) for part in result.parts]
    assert f"holds {len(result.reached)} samples: " in told
    assert (f"the part holds {sizes[0]}." if len(sizes) == 1 else f"the parts hold {sizes}.") in more
    if result.error:
        assert told.endswith(f"wrapped[{k}] raises {result.error.partition(':')[0]}.")
    else:
        assert told.endswith(f"index {k} leads to sample {result.sample.item()}.")
        assert more.endswith(f"{result.path[-1]} = {result.sample.item()}.")


def test_each_iter_of_a_loader_begins_a_new_epoch_and_next_of_it_is_the_first_batch():
    loader = DataLoader(range(10), batch_size=4)
    assert [next(iter(loader)).tolist() for _ in range(2)] == [[0, 1, 2, 3]] * 2
    with pytest.raises(TypeError, match="not an iterator"):
        next(loader)  # type: ignore[call-overload]


def test_shuffle_mixes_the_whole_epoch_and_leaves_the_dataset_as_it_was():
    dataset = list(range(100))
    batches = [b.tolist() for b in DataLoader(dataset, 10, shuffle=True, generator=torch.Generator().manual_seed(0))]
    assert any(set(batch) != set(range(10 * at, 10 * at + 10)) for at, batch in enumerate(batches))
    assert dataset == list(range(100))


def test_what_is_left_of_a_split_is_dealt_out_from_the_first_part_on():
    def split(n, *fractions):
        return [len(part) for part in torch.utils.data.random_split(range(n), fractions)]

    assert split(10, 0.33, 0.33, 0.34) == [4, 3, 3] and split(11, 0.33, 0.33, 0.34) == [4, 4, 3]


def test_drop_last_rounds_down_and_a_set_of_keys_is_asked_for_by_default_as_numbers():
    assert len(DataLoader(range(10), 4)) == 3 and len(DataLoader(range(10), 4, drop_last=True)) == 2
    assert outcomes("dict with keys a, b, ...")["[*DataLoader(ds, batch_size=None)]"] == "KeyError: 0"
