from hypothesis import given
from hypothesis import strategies as st

from holdfast.defender.engines.places import Place, Places
from holdfast.defender.engines.windows import DistinctValues, Occurrences

events = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1000)), max_size=60).map(
    lambda found: sorted(found, key=lambda event: event[1])
)


@given(events, st.integers(1, 6), st.integers(1, 300))
def test_occurrences_agree_with_counting_every_window(
    found: list[tuple[str, int]], count: int, window: int
) -> None:
    occurrences = Occurrences(count, window)
    for position, (key, time) in enumerate(found):
        enough = occurrences.add(key, time)
        within = [when for name, when in found[: position + 1] if name == key and time - when <= window]
        assert enough == (len(within) >= count)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1000)), max_size=60), st.integers(1, 5))
def test_distinct_values_agree_with_counting_sets(found: list[tuple[int, int]], count: int) -> None:
    distinct = DistinctValues(count, 100)
    found = sorted(found, key=lambda event: event[1])
    for position, (value, time) in enumerate(found):
        enough = distinct.add("key", value, time)
        within = {other for other, when in found[: position + 1] if time - when <= 100}
        assert enough == (len(within) >= count)


def test_counters_forget_the_keys_idle_longest() -> None:
    occurrences, distinct = Occurrences(2, 100, maximum=3), DistinctValues(2, 100, maximum=3)
    for key in "abcd":
        occurrences.add(key, 1)
        distinct.add(key, 1, 1)
    assert (len(occurrences), len(distinct)) == (3, 3)
    assert not occurrences.add("a", 2)


def test_values_that_turn_out_harmless_no_longer_count() -> None:
    distinct = DistinctValues(2, 100)
    distinct.add("key", 1, 1)
    distinct.discard("key", 1)
    assert not distinct.add("key", 2, 2)
    assert distinct.size("key") == 1


def test_addresses_have_places() -> None:
    places = Places()
    assert [
        places.of(address)
        for address in (
            "10.1.2.3",
            "8.8.8.8",
            "224.0.0.1",
            "0.0.0.0",
            "240.0.0.1",
            "fd00::1",
            "00:11:22:33:44:55",
        )
    ] == [
        Place.LOCAL,
        Place.INTERNET,
        Place.GROUP,
        Place.NOWHERE,
        Place.IMPOSSIBLE,
        Place.LOCAL,
        Place.LOCAL,
    ]
