"""Attackers write the packets: whatever they put into them, no rule of any engine fails."""

import random

import pytest

from tests.support.traffic.case import Case
from tests.support.traffic.cases.registry import CASES
from tests.support.traffic.wire import Wire, play, sensor_for

LABELLED = [pytest.param(case, id=case.label) for case in CASES]
ROUNDS = 2
HEADERS = 34
"""Ethernet and IPv4: what is behind them is an application's."""
EXTREMES = (0x00, 0x7F, 0x80, 0xFF)


def spoil(wire: Wire, chance: random.Random) -> Wire:
    """The same frames with some of their bytes changed, some frames cut, some sent twice."""
    frames: list[tuple[float, bytes]] = []
    for moment, frame in wire.frames:
        octets = bytearray(frame)
        for _ in range(chance.choice((0, 1, 1, 2, 8))):
            if len(octets) > HEADERS:
                octets[chance.randrange(HEADERS, len(octets))] = chance.choice(
                    (*EXTREMES, chance.randrange(256))
                )
        end = len(octets) if chance.random() < 0.9 else chance.randrange(14, len(octets) + 1)
        frames += [(moment, bytes(octets[:end]))] * chance.choice((1, 1, 1, 2))
    return Wire(frames=frames)


@pytest.mark.parametrize("case", LABELLED)
def test_no_rule_fails_on_spoiled_packets(case: Case) -> None:
    chance = random.Random(case.label)
    for _ in range(ROUNDS):
        wire = Wire()
        case.attack(wire)
        sensor = play(spoil(wire, chance), sensor_for(enable=(case.alert,)))
        assert sensor.detection.faults == {}
