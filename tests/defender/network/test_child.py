"""What the process that analyzes a capture writes: learned first, judged by later, and what was wrong."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from holdfast.defender.capture.packets import Packet
from holdfast.defender.capture.source import CHUNK
from holdfast.defender.capture.writer import pcap_bytes
from holdfast.defender.network.child import LEARNED, MESSAGE, PROBLEMS, Job, parts
from holdfast.defender.uplink.messages import Alerts, unpack
from holdfast.kernel.errors import HoldfastError
from tests.support.traffic.case import Play
from tests.support.traffic.cases.exchanges import together
from tests.support.traffic.cases.modbus import poll, umas_exchange
from tests.support.traffic.wire import Wire

PCAP_HEAD = 24


@contextmanager
def file_of(content: bytes) -> Iterator[int]:
    """An open file without a name, as the parent gives it."""
    descriptor = os.memfd_create("capture")
    os.write(descriptor, content)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def capture(*plays: Play) -> bytes:
    wire = Wire()
    together(*plays)(wire)
    packets = (Packet(n, round(t * 1e9), 1, len(data), data) for n, (t, data) in enumerate(wire.frames, 1))
    return pcap_bytes(packets)


def analyzed(content: bytes, learned: bytes = b"", rules: bytes = b"[]") -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    with file_of(content) as descriptor:
        for kind, part in parts(Job("c1", "", "", descriptor, None, learned, msgspec.Raw(rules))):
            found.setdefault(kind, []).append(part)
    return found


def alerts(found: dict[bytes, list[bytes]]) -> set[str]:
    messages = [unpack(data) for data in found[MESSAGE]]
    return {item.type for message in messages if isinstance(message, Alerts) for item in message.items}


def test_the_first_capture_is_learned_and_later_ones_are_judged_by_it() -> None:
    monday = analyzed(capture(poll))
    assert "unpermitted-modbus-schneider-electric-extension" not in alerts(monday)
    learned = monday[LEARNED][0]
    tuesday = analyzed(capture(poll, umas_exchange(0x33, 0x41)), learned)
    assert "unpermitted-modbus-schneider-electric-extension" in alerts(tuesday)
    assert LEARNED not in tuesday


def test_custom_rules_are_watched() -> None:
    rule = {
        "name": "Any poll",
        "protocol": "modbus",
        "conditions": [{"field": "@role", "operator": "==", "value": "request"}],
    }
    found = analyzed(capture(poll), rules=msgspec.json.encode([rule]))
    assert "unauthorized-operation-was-detected-by-a-user-defined-rule" in alerts(found)


def test_a_damaged_capture_is_read_up_to_the_damage_and_named() -> None:
    found = analyzed(capture(poll)[:-3])
    problems = msgspec.json.decode(found[PROBLEMS][0], type=list[str])
    assert len(problems) == 1
    assert problems[0].startswith("c1")
    assert found[MESSAGE]


def test_what_is_no_capture_is_refused() -> None:
    with pytest.raises(HoldfastError):
        analyzed(b"nonsense")


def niceness(content: bytes) -> int:
    """How far the process of an analysis gave way by its end."""
    script = "import os; from holdfast.defender.network import child; child.main(); print(os.nice(0))"
    with file_of(content) as descriptor:
        job = msgspec.json.encode(Job("c1", "", "", descriptor, None))
        done = subprocess.run(
            [sys.executable, "-c", script],
            input=job,
            stdout=subprocess.PIPE,
            pass_fds=(descriptor,),
            check=True,
        )
    return int(done.stdout.rsplit(b"}", 1)[-1].split(b"]")[-1]) - os.nice(0)


def test_a_short_analysis_takes_its_turn_and_a_long_one_gives_way() -> None:
    content = capture(poll)
    head, packets = content[:PCAP_HEAD], content[PCAP_HEAD:]
    assert niceness(content) == 0
    assert niceness(head + packets * (1 + CHUNK // len(packets))) > 0
