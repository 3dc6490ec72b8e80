import json
from pathlib import Path

import pytest

from holdfast.defender.capture.errors import CaptureError
from holdfast.defender.capture.packets import Packet
from holdfast.defender.capture.writer import pcap_bytes
from holdfast.defender.learned.stages import Stage
from holdfast.defender.sensor.analysis import Analysis, Request, known_alerts, run
from holdfast.defender.sensor.results import sensor_json
from holdfast.defender.sensor.settings import SensorSettings
from tests.support.shared import shared
from tests.support.traffic.case import HMI, PLC, Play
from tests.support.traffic.cases.exchanges import together
from tests.support.traffic.cases.modbus import POLL, WRITE, exchange, identified, poll, refused
from tests.support.traffic.wire import Wire

UNKNOWN_FUNCTION = "unpermitted-usage-of-modbus-function-code"


def capture(folder: Path, name: str, traffic: Play) -> Path:
    wire = Wire()
    traffic(wire)
    packets = [
        Packet(number, round(moment * 1e9), 1, len(frame), frame)
        for number, (moment, frame) in enumerate(wire.frames, 1)
    ]
    path = folder / name
    path.write_bytes(pcap_bytes(packets))
    return path


def analyzed(path: Path, **rest: object) -> Analysis:
    return run(Request((path,), SensorSettings(), **rest))  # type: ignore[arg-type] # fields by name


def types(analysis: Analysis) -> set[str]:
    return {alert.type.id for alert in analysis.sensor.alerts}


def test_the_first_run_learns_and_the_next_ones_judge(tmp_path: Path) -> None:
    learned = tmp_path / "plant.json"
    normal = capture(tmp_path, "normal.pcap", poll)
    attack = capture(tmp_path, "attack.pcap", exchange(POLL, WRITE))
    first = analyzed(normal, learned=learned)
    assert first.learned_saved
    assert types(first) == set()
    content = learned.read_bytes()
    assert types(analyzed(normal, learned=learned)) == set()
    assert UNKNOWN_FUNCTION in types(analyzed(attack, learned=learned))
    assert UNKNOWN_FUNCTION in types(analyzed(attack, learned=learned))
    assert learned.read_bytes() == content


def test_more_can_be_learned_into_a_file(tmp_path: Path) -> None:
    learned = tmp_path / "plant.json"
    analyzed(capture(tmp_path, "normal.pcap", poll), learned=learned)
    more = capture(tmp_path, "more.pcap", exchange(POLL, WRITE))
    analyzed(more, learned=learned, stage=Stage.LEARNING)
    assert types(analyzed(more, learned=learned)) == set()


def test_without_a_file_everything_is_learned_unless_told_otherwise(tmp_path: Path) -> None:
    path = capture(tmp_path, "normal.pcap", poll)
    assert types(analyzed(path)) == set()
    assert UNKNOWN_FUNCTION in types(analyzed(path, stage=Stage.OPERATIONAL))


def test_every_alert_has_its_packets_in_a_file(tmp_path: Path) -> None:
    analysis = analyzed(capture(tmp_path, "bad.pcap", refused(2)), pcaps=tmp_path / "slices")
    alert = next(iter(analysis.sensor.alerts))
    content = (tmp_path / "slices" / f"{alert.id}.pcap").read_bytes()
    assert analysis.pcaps_written == 1
    assert b"\x83\x02" in content


def test_records_are_lines_of_json(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    analyzed(capture(tmp_path, "normal.pcap", poll), records=records)
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    requests = [line for line in lines if line["protocol"] == "modbus" and line["role"] == "request"]
    assert len(requests) == 5
    assert (requests[0]["source_ip"], requests[0]["destination_port"]) == (HMI, 502)
    assert requests[0]["fields"]["address"] == 0


def test_the_json_has_assets_conversations_alerts_and_counters(tmp_path: Path) -> None:
    path = capture(tmp_path, "all.pcap", together(poll, identified("v1"), refused(2)))
    document = json.loads(json.dumps(sensor_json(analyzed(path).sensor, [])))
    assert {"assets", "conversations", "alerts", "counters"} <= set(document)
    plc = next(asset for asset in document["assets"] if asset["ip_addresses"] == [PLC])
    assert (plc["type"], plc["model"], plc["firmware"], plc["purdue_level"]) == ("PLC", "PLC-1", "v1", 1)
    origin = plc["attributes"]["firmware"][0]
    assert (origin["protocol"], origin["confidence"]) == ("modbus", 95)
    assert origin["frame"] > 0
    alert = document["alerts"][0]
    for name in (
        "id",
        "title",
        "engine",
        "severity",
        "category",
        "attack",
        "source",
        "destination",
        "protocol",
    ):
        assert alert[name]
    assert alert["remediation"]
    assert alert["frames"]
    assert alert["expected"] != alert["observed"]
    assert alert["attack"]["techniques"][0]["id"].startswith("T0")
    assert document["counters"]["faults"] == {}
    conversation = document["conversations"][0]
    assert "READ_HOLDING_REGISTERS" in conversation["commands"]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    path = capture(tmp_path, "normal.pcap", poll)
    with pytest.raises(CaptureError, match="cannot be written"):
        analyzed(path, records=tmp_path / "missing" / "records.jsonl")


def test_unknown_alerts_are_refused_by_name() -> None:
    assert known_alerts(["a"], {"a", "b"}) == ["a"]
    with pytest.raises(CaptureError, match="no alert 'c'"):
        known_alerts(["c"], {"a", "b"})


OWN = Path("own.pcap")


def captures() -> list[Path]:
    """The recordings where they are there, and one of our own in any case."""
    folder = shared("captures")
    recorded = [] if folder is None else folder.rglob("*")
    return [OWN, *sorted(each for each in recorded if each.suffix in {".pcap", ".pcapng"})]


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.name)
def test_no_rule_fails_on_real_traffic(path: Path, tmp_path: Path) -> None:
    if path == OWN:
        path = capture(tmp_path, path.name, poll)
    for stage in (Stage.LEARNING, Stage.OPERATIONAL):
        sensor = analyzed(path, stage=stage).sensor
        assert sensor.detection.faults == {}
        assert sensor_json(sensor, [])
