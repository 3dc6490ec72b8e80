"""What devices report is found by queries, from the log, once and again."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from holdfast.devices.device import DEVICE, DEVICE_KIND
from holdfast.devices.reported import ReportedIndex
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT
from holdfast.log.port import Chunk, Position, Record
from holdfast.resources.query import Compare, Operator, Query
from tests.support.world import World, open_world


class Log:
    """A log of one partition in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def say(self, device: str, patch: JsonObject, module: str = "", kind: str = "reported") -> None:
        body = msgspec.json.encode({**patch, "$version": 2})
        self.records.append(Record(device, module, kind, 0.0, "", body, len(self.records) + 1))

    def poll(
        self, after: Mapping[int, Position], limit: int = 1000, kind: str = "", holding: str = ""
    ) -> Chunk:
        found = [r for r in self.records if r.offset > after[0].offset and kind in {"", r.kind}]
        end = Position(0, found[limit - 1].offset) if len(found) > limit else self.ends()[0]
        return Chunk(found[:limit], {0: end}, complete=len(found) <= limit)

    def read(self, after: Position, limit: int = 1000) -> list[Record]:
        return self.poll({0: after}, limit).records

    def ends(self) -> dict[int, Position]:
        return {0: Position(0, len(self.records))}

    def wait(self, timeout: float) -> bool:
        return False

    def close(self) -> None:
        """Nothing to free."""


def found(world: World, path: str, value: JsonValue) -> list[str]:
    assert isinstance(value, str | int | float | bool)
    where = Compare(path, Operator.EQUAL, value)
    return [device.id for device in world.store.find(Query(DEVICE, (ROOT,), where)).items]


def test_reported_values_follow_the_log_across_restarts(tmp_path: Path) -> None:
    log, positions = Log(), tmp_path / "consumers" / "reported"
    with open_world(tmp_path, [DEVICE_KIND]) as world:
        for name in ("pump", "valve"):
            world.put(DEVICE, name, {})
        log.say("pump", {"firmware": "1.2", "motor": {"__t": "c", "limit": 7}})
        log.say("valve", {"firmware": "1.2"})
        log.say("valve", {"firmware": "9"}, module="camera")
        log.say("valve", {"firmware": "9"}, kind="telemetry")
        index = ReportedIndex(world.database, log, positions)
        assert index.step(), "that was all"
        assert found(world, "reported.firmware", "1.2") == ["pump", "valve"]
        assert found(world, "reported.motor.limit", 7) == ["pump"]
        assert found(world, "reported.firmware", "9") == []

        log.say("pump", {"firmware": None, "motor": {"limit": None}})
        log.say("valve", {"firmware": {"major": 2}})
        assert ReportedIndex(world.database, log, positions).step()
        assert found(world, "reported.firmware", "1.2") == []
        assert found(world, "reported.motor.limit", 7) == []
        assert found(world, "reported.firmware.major", 2) == ["valve"]

        index.forget("valve")
        assert found(world, "reported.firmware.major", 2) == []
