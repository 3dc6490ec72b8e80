"""A live sensor over blocks of packets, with time that the test moves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from holdfast.alerts.model import Alert
from holdfast.defender.capture.packets import Block
from holdfast.defender.learned.stages import Stage
from holdfast.defender.pipeline import Pipeline
from holdfast.defender.sensor.health import Usage
from holdfast.defender.sensor.live import LiveRun, as_before, learned_in
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from holdfast.defender.sensor.slices import Slices
from holdfast.defender.uplink.instructions import SETUP, Decision, Setup, pack_setup
from holdfast.defender.uplink.messages import Alerts, Assets, Health, Message, Packets, unpack
from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import SensorState
from holdfast.kernel.clock import ManualClock, SystemRandomness
from tests.support.traffic.case import ENGINEER, HMI, PLC
from tests.support.traffic.cases.exchanges import together
from tests.support.traffic.cases.modbus import poll, umas_exchange
from tests.support.traffic.wire import BEGIN, Wire, blocks

STOP_PLC = umas_exchange(0x33, 0x41)


@dataclass
class Played:
    """Blocks instead of an interface; the clock moves with them."""

    blocks_: list[Block]
    clock: ManualClock
    dropped: int = 0

    def blocks(self, _patience: float) -> Iterator[Block]:
        for block in self.blocks_:
            self.clock.advance(1.0)
            yield block


@dataclass
class Plant:
    """A folder of a sensor that is started again and again."""

    folder: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(BEGIN))
    told: list[Alert] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    dropped: int = 0

    def run(self, *traffic: Block, stage: Stage | None = None) -> Sensor:
        state = self.state()
        learned = learned_in(state)
        sensor = Sensor(SensorSettings(name="s1"), learned, Slices())
        as_before(sensor, state, self.clock.now())
        if stage is not None:
            learned.stages.enter(stage, self.clock.now())
        source = Played([*traffic, Block(b"", [], 1)], self.clock, self.dropped)
        live = LiveRun(
            source, sensor, state, Spool(state), self.clock, lambda: Usage(0.0, 0), self.told.append,
            self.news.append, "mirror0",
        )  # fmt: skip
        live.run(lambda: False)
        state.close()
        return sensor

    def state(self) -> SensorState:
        return SensorState(self.folder, self.clock, SystemRandomness())

    def spooled(self) -> list[Message]:
        state = self.state()
        found = [unpack(waiting.data) for waiting in Spool(state).after(0, 1000)]
        state.close()
        return found

    def instruct(self, topic: str, payload: bytes) -> None:
        state = self.state()
        state.instruct(topic.encode() + b"\n" + payload)
        state.close()


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path / "state")


def heard(*plays: object) -> list[Block]:
    wire = Wire()
    together(*plays)(wire)  # type: ignore[arg-type]  # plays
    return list(blocks(wire))


def types(told: list[Alert]) -> list[str]:
    return [alert.type.id for alert in told]


def test_an_alert_is_told_once_and_spooled_with_its_packets(plant: Plant) -> None:
    plant.run(*heard(poll, STOP_PLC))
    assert types(plant.told).count("controller-stop") == 1
    messages = plant.spooled()
    alerts = [item for message in messages if isinstance(message, Alerts) for item in message.items]
    stopped = next(item for item in alerts if item.type == "controller-stop")
    parts = [item for message in messages if isinstance(message, Packets) for item in message.items]
    assert any(part.alert == stopped.id and part.content.startswith(b"M<\xb2\xa1") for part in parts)
    assets = {item.address for message in messages if isinstance(message, Assets) for item in message.items}
    assert {"10.1.0.10", "10.1.0.20", "10.1.0.30"} <= assets
    assert any(isinstance(message, Health) for message in messages)


def test_an_alert_comes_behind_the_assets_that_it_names(plant: Plant) -> None:
    plant.run(*heard(poll, STOP_PLC))
    known: set[str] = set()
    for message in plant.spooled():
        if isinstance(message, Assets):
            known |= {item.address for item in message.items}
        if isinstance(message, Alerts):
            named = {item.type: {item.source, item.destination} for item in message.items}
            assert named.get("controller-stop", set()) <= known


def test_what_was_learned_is_judged_by_after_a_restart(plant: Plant) -> None:
    plant.run(*heard(poll))
    plant.run(*heard(poll), stage=Stage.OPERATIONAL)
    assert "unpermitted-modbus-schneider-electric-extension" not in types(plant.told)
    plant.run(*heard(STOP_PLC))
    assert "unpermitted-modbus-schneider-electric-extension" in types(plant.told)


def test_lost_packets_are_counted_and_told(plant: Plant) -> None:
    plant.dropped = 0
    sensor = plant.run(*heard(poll))
    assert "packets-lost-by-the-sensor" not in types(plant.told)
    assert sensor.counters.dropped == 0
    plant.dropped = 500
    source_lost = plant.run(*heard(poll))
    assert source_lost.counters.dropped == 500


def test_a_decision_of_the_platform_is_followed_and_outlives_the_process(plant: Plant) -> None:
    plant.run(*heard(poll, STOP_PLC))
    stopped = next(alert for alert in plant.told if alert.type.id == "controller-stop")
    decision = Decision("muted", stopped.id, stopped.type.id, stopped.source, stopped.destination)
    plant.instruct("devices/s1/messages/devicebound/x", msgspec.json.encode(decision))
    plant.run()
    assert f"alert {stopped.id} was muted" in plant.news
    plant.told.clear()
    plant.run(*heard(poll, STOP_PLC))
    assert "controller-stop" not in types(plant.told)


def test_a_setup_of_the_platform_is_followed_and_outlives_the_process(plant: Plant) -> None:
    rule = {
        "name": "Any poll",
        "protocol": "modbus",
        "conditions": [{"field": "@role", "operator": "==", "value": "request"}],
    }
    setup = Setup(rules=msgspec.Raw(msgspec.json.encode([rule])))
    payload = msgspec.json.encode({SETUP: pack_setup(setup)})
    plant.instruct("$iothub/twin/PATCH/properties/desired/?$version=2", payload)
    plant.run()
    assert "the platform's setup is in use" in plant.news
    plant.run(*heard(poll))
    assert "unauthorized-operation-was-detected-by-a-user-defined-rule" in types(plant.told)


def test_what_is_found_while_the_sensor_learns_is_authorized_and_the_next_is_not() -> None:
    sensor = Sensor(SensorSettings(name="s1"))
    pipeline = Pipeline([sensor])
    for block in heard(poll):
        pipeline.feed(block)
    pipeline.flush()
    assert sensor.enter(Stage.OPERATIONAL, BEGIN)
    assert not sensor.enter(Stage.OPERATIONAL, BEGIN)
    for block in heard(STOP_PLC):
        pipeline.feed(block)
    pipeline.finish()
    assert {asset.address: asset.authorized for asset in sensor.inventory} == {
        HMI: True, PLC: True, ENGINEER: False,
    }  # fmt: skip


def test_nonsense_of_the_platform_is_told_and_forgotten(plant: Plant) -> None:
    plant.instruct("devices/s1/messages/devicebound/x", b"{}")
    plant.run(*heard(poll))
    assert any("cannot be followed" in text for text in plant.news)
    state = plant.state()
    assert state.instructions() == []
    state.close()


def test_nothing_that_is_kept_can_be_read_without_the_key(plant: Plant) -> None:
    plant.run(*heard(poll, STOP_PLC))
    for path in plant.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"10.1.0.20" not in content
            assert b"controller" not in content
            assert path.stat().st_mode & 0o077 == 0


def test_what_was_captured_before_the_stop_is_read(plant: Plant) -> None:
    state = plant.state()
    sensor = Sensor(SensorSettings(name="s1"), learned_in(state), Slices())
    traffic = heard(poll, STOP_PLC)
    source = Played([*traffic, Block(b"", [], 1), *traffic], plant.clock)
    live = LiveRun(
        source, sensor, state, None, plant.clock, lambda: Usage(0.0, 0), plant.told.append, plant.news.append
    )
    live.run(lambda: True)
    state.close()
    assert sensor.counters.packets == sum(len(block.packets) for block in traffic)
    assert "controller-stop" in types(plant.told)
