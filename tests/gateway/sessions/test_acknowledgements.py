"""PUBACKs keep the order of the messages whatever becomes durable first, and none comes early."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.gateway.sessions.acknowledgements import Acknowledgements, Group


class _Owner:
    def durable(self, group: Group) -> None: ...

    def not_durable(self, error: Exception) -> None: ...

    def slow_down(self, seconds: float) -> None: ...


def owe(owed: Acknowledgements, *packet_ids: int) -> Group:
    group = Group(_Owner())
    group.packet_ids += packet_ids
    owed.add(group)
    return group


@given(st.lists(st.sampled_from(["wait", "done"]), max_size=30), st.randoms(use_true_random=False))
def test_order_holds_and_nothing_is_acknowledged_early(kinds: list[str], random: object) -> None:
    owed = Acknowledgements()
    sent: list[int] = []
    waiting: list[Group] = []
    for packet_id, kind in enumerate(kinds, 1):
        if kind == "wait":
            group = owe(owed, packet_id)
            waiting.append(group)
        elif owed.add_done(packet_id):
            sent.append(packet_id)
    random.shuffle(waiting)  # type: ignore[attr-defined]  # a random.Random
    pending = {packet_id for group in waiting for packet_id in group.packet_ids}
    for group in waiting:
        before = set(group.packet_ids)
        ready = owed.settle(group)
        pending -= before
        assert not pending & set(ready)
        sent += ready
    assert sent == list(range(1, len(kinds) + 1))


def test_what_needs_no_waiting_goes_at_once_when_nothing_waits() -> None:
    owed = Acknowledgements()
    assert owed.add_done(1)
    group = owe(owed)
    assert not owed.add_done(2)
    assert owed.settle(group) == [2]
    assert owed.add_done(3)
