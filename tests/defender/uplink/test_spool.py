"""The spool on disk: in order, bounded, and there again after the process is gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import SensorState
from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.kernel.errors import ConflictError, StartupError


def opened(folder: Path) -> SensorState:
    return SensorState(folder, ManualClock(), SystemRandomness())


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SensorState]:
    state = opened(tmp_path)
    yield state
    state.close()


def waiting(spool: Spool) -> list[bytes]:
    return [each.data for each in spool.after(0, 1000)]


def test_messages_come_out_in_order_and_go_when_they_arrived(state: SensorState) -> None:
    spool = Spool(state)
    spool.append([b"one", b"two"])
    spool.append([b"three"])
    first, second, third = spool.after(0)
    assert [first.data, second.data, third.data] == [b"one", b"two", b"three"]
    spool.arrived(second.number)
    assert waiting(spool) == [b"three"]
    assert spool.octets == 5
    spool.arrived(third.number)
    spool.append([b"four"])
    assert spool.after(0)[0].number > third.number


def test_another_process_finds_what_waits(tmp_path: Path) -> None:
    state = opened(tmp_path)
    Spool(state).append([b"one", b"two"])
    name = Spool(state).id
    del state  # not closed: as a killed process leaves it
    again = opened(tmp_path)
    assert (waiting(Spool(again)), Spool(again).octets, Spool(again).id) == ([b"one", b"two"], 6, name)
    again.close()


def test_a_full_spool_gives_up_packets_first_and_counts_what_it_lost(state: SensorState) -> None:
    spool = Spool(state, maximum=10)
    spool.append([b"alert"])
    spool.append([b"pack1", b"x"], expendable=True)
    assert waiting(spool) == [b"alert", b"x"]
    spool.append([b"other"])
    assert waiting(spool) == [b"alert", b"other"]
    spool.append([b"newer"])
    assert waiting(spool) == [b"other", b"newer"]
    assert (spool.lost, Spool(state).lost) == (3, 3)


def test_an_unenrolled_sensor_has_no_identity(state: SensorState) -> None:
    with pytest.raises(ConflictError, match="not enrolled"):
        state.identity()


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    opened(tmp_path / "one").close()
    opened(tmp_path / "two").close()
    for name in ("provider.key", "ring.json"):
        (tmp_path / "one" / "keys" / name).write_bytes((tmp_path / "two" / "keys" / name).read_bytes())
    with pytest.raises(StartupError, match="cannot be decrypted"):
        opened(tmp_path / "one")
