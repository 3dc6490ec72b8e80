from hypothesis import given
from hypothesis import strategies as st

from holdfast.delivery.retry import FIRST_DELAY, LONGEST_DELAY, Patience, Throttle, delay


def test_delays_double_up_to_the_longest() -> None:
    assert [delay(attempts, 1.0) for attempts in (1, 2, 3, 4)] == [2.0, 4.0, 8.0, 16.0]
    assert delay(50, 1.0) == LONGEST_DELAY


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0, 10_000))
def test_chance_spreads_over_the_upper_half_and_the_destinations_wish_counts(
    attempts: int, chance: float, wish: float
) -> None:
    plain = delay(attempts, chance)
    assert delay(attempts, 1.0) / 2 <= plain <= delay(attempts, 1.0)
    assert plain >= FIRST_DELAY / 2
    assert delay(attempts, chance, wish) == max(plain, wish)


def test_patience_ends_by_attempts_or_age() -> None:
    patience = Patience(attempts=3, age=100.0)
    assert not patience.exhausted(2, 99.0)
    assert patience.exhausted(3, 0.0)
    assert patience.exhausted(0, 100.0)


def test_a_throttle_lets_a_burst_through_and_then_its_rate() -> None:
    throttle = Throttle(rate=2.0, burst=3.0)
    assert [throttle.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert throttle.wait(10.0) == 0.5
    assert not throttle.take(10.4)
    assert throttle.take(10.5)


@given(st.lists(st.floats(0, 50), min_size=1, max_size=60))
def test_a_throttle_never_lets_more_through_than_burst_and_rate_allow(moments: list[float]) -> None:
    throttle = Throttle(rate=1.0, burst=2.0)
    taken = [now for now in sorted(moments) if throttle.take(now)]
    for start in range(len(taken)):
        for end in range(start, len(taken)):
            assert end - start + 1 <= 2.0 + (taken[end] - taken[start]) + 1e-6
