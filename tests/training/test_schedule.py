"""A learning rate that ends at zero, whenever it is told to end."""

from hypothesis import given
from hypothesis import strategies as st

from training.schedule import finish_in, planned

STEPS = st.integers(10, 500)


@given(STEPS, st.integers(1, 50))
def test_it_never_exceeds_the_peak_and_ends_just_above_zero(steps, warmup):
    schedule = planned(steps, warmup, 0.35)
    shares = [schedule.share(step) for step in range(schedule.steps)]
    assert schedule.steps == steps and schedule.share(steps) == 0
    assert all(0 < share <= 1 for share in shares) and shares[-1] <= 1 / (0.3 * steps)


def test_it_rises_then_stays_then_falls():
    schedule = planned(100, 10, 0.5)
    shares = [schedule.share(step) for step in range(100)]
    assert shares[:10] == [(step + 1) / 10 for step in range(10)]
    assert set(shares[10:51]) == {1.0}
    assert all(later < earlier for earlier, later in zip(shares[50:], shares[51:], strict=False))


@given(STEPS, st.data())
def test_told_to_finish_it_goes_on_from_where_it_stands(steps, data):
    schedule = planned(steps, 5, 0.35)
    now, length = data.draw(st.integers(5, steps - 1)), data.draw(st.integers(1, 200))
    shorter = finish_in(schedule, now, length)
    assert shorter.share(now) == schedule.share(now)
    assert shorter.steps == min(schedule.steps, now + length)
    assert shorter.share(shorter.steps) == 0
