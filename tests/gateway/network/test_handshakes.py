"""Places for TLS handshakes: bounded in all and for each address, and nobody waits for ever."""

from collections import Counter
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from holdfast.gateway.network.handshakes import HandshakeGate


def starting(started: list, what: object) -> Callable[[], bool]:
    """A start that is written down."""

    def start() -> bool:
        started.append(what)
        return True

    return start


def test_one_address_gets_at_most_half() -> None:
    gate = HandshakeGate(4)
    started: list[object] = []
    for number in range(4):
        gate.enter("stranger", starting(started, number))
    assert started == [0, 1]
    gate.enter("device", starting(started, "device"))
    assert started == [0, 1, "device"]
    gate.leave("stranger")
    assert started == [0, 1, "device", 2]
    assert (gate.active, gate.waiting) == (3, 1)


def test_addresses_take_turns() -> None:
    gate = HandshakeGate(2)
    started: list[object] = []
    for address in ("x", "y"):
        gate.enter(address, lambda: True)
    for address in ("a", "b", "c"):
        for number in range(2):
            gate.enter(address, starting(started, f"{address}{number}"))
    for address in ("x", "y", "a", "b", "c", "a"):
        gate.leave(address)
    assert started == ["a0", "b0", "c0", "a1", "b1", "c1"]


def test_a_connection_that_is_gone_takes_no_place() -> None:
    gate = HandshakeGate(2)
    started: list[object] = []
    gate.enter("a", lambda: False)
    gate.enter("a", starting(started, 1))
    assert (started, gate.active) == ([1], 1)


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(2, 6))
def test_everybody_gets_in_and_the_bounds_hold(arrivals: list[str], limit: int) -> None:
    gate = HandshakeGate(limit)
    running: list[tuple[str, int]] = []
    done: list[tuple[str, int]] = []
    for number, address in enumerate(arrivals):
        gate.enter(address, starting(running, (address, number)))
        assert len(running) <= limit
        assert max(Counter(a for a, _ in running).values(), default=0) <= max(1, limit // 2)
    while running:
        entry = running.pop(0)
        done.append(entry)
        gate.leave(entry[0])
    assert sorted(done) == sorted((a, n) for n, a in enumerate(arrivals))
    assert (gate.active, gate.waiting) == (0, 0)
    for address in set(arrivals):
        mine = [number for name, number in done if name == address]
        assert mine == sorted(mine)
