"""What is remembered of bytes from the wire."""

from holdfast.defender.dissect.decoding import remembered


def test_short_bytes_are_read_once_and_long_ones_each_time() -> None:
    read: list[bytes] = []

    @remembered(8)
    def length(factor: int, octets: bytes) -> int:
        read.append(octets)
        return factor * len(octets)

    short, long = bytes(20), bytes(20_000)
    assert [length(2, each) for each in (short, long, short, long)] == [40, 40_000, 40, 40_000]
    assert read == [short, long, long]
