"""Packets: whatever a link carries, a run ends with its counters."""

from holdfast.defender.capture.packets import Block
from holdfast.defender.pipeline import Batch, Pipeline

_LINK_TYPES = (1, 113, 276, 101, 0, 228)


class _Ask:
    """Reads the fields of every record."""

    def consume(self, batch: Batch) -> None:
        for record in batch.records:
            assert isinstance(record.fields, dict)

    def finish(self) -> None:
        pass


def target(data: bytes) -> None:
    """The first byte chooses the link type; then packets, each behind its length."""
    if not data:
        return
    packets: list[tuple[int, int, int, int]] = []
    start = 1
    while start + 1 < len(data):
        stop = min(start + 1 + data[start], len(data))
        packets.append((len(packets) * 1_000_000, start + 1, stop, stop - start - 1))
        start = stop
    pipeline = Pipeline([_Ask()])
    pipeline.feed(Block(data, packets, _LINK_TYPES[data[0] % len(_LINK_TYPES)]))
    pipeline.finish()
    assert pipeline.counters.packets == len(packets)
