import pytest

from explorable.progress import Bar, Cancelled, tell, watched


def halves(steps: int) -> list[int]:
    told = []
    for step in Bar(range(steps), so_far=lambda: list(told)):
        told.append(step)
    return told


def test_a_watcher_sees_every_step_with_the_result_so_far() -> None:
    seen = []
    with watched(lambda done, total, so_far: seen.append((done, total, so_far and so_far()))):
        assert halves(3) == [0, 1, 2]
    assert seen == [(1, 3, [0]), (2, 3, [0, 1]), (3, 3, [0, 1, 2])]


def test_a_watcher_stops_the_run_between_two_steps() -> None:
    def stop(done: int, total: int, so_far: object) -> None:
        if done == 2:
            raise Cancelled

    with watched(stop), pytest.raises(Cancelled):
        halves(5)
    assert halves(5) == [0, 1, 2, 3, 4]  # nobody watches any more


def test_work_that_counts_by_itself_is_told_too_and_may_be_stopped() -> None:
    seen = []
    tell(1, 2)  # nobody watches
    with watched(lambda done, total, so_far: seen.append((done, total, so_far))):
        tell(3, 100)
    assert seen == [(3, 100, None)]


def test_a_program_gets_a_bar_in_place_of_tqdms() -> None:
    seen = []
    with watched(lambda done, total, so_far: seen.append((done, total, so_far and so_far()))):
        assert list(Bar(range(2), so_far=lambda: "so far")) == [0, 1]
        assert list(Bar(range(2), disable=True)) == [0, 1]
        bar = Bar(total=3)
        bar.update(2)
    assert seen == [(1, 2, "so far"), (2, 2, "so far"), (2, 3, None)]
