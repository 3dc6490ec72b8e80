import json
from pathlib import Path

from typer.testing import CliRunner

from holdfast.cli.sensor import app
from tests.defender.sensor.test_analysis import capture
from tests.support.traffic.cases.exchanges import together
from tests.support.traffic.cases.modbus import poll, refused


def test_analyze_prints_json_for_scripts(tmp_path: Path) -> None:
    path = capture(tmp_path, "all.pcap", together(poll, refused(2)))
    result = CliRunner().invoke(app, ["analyze", str(path), "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert [alert["type"] for alert in document["alerts"]] == ["modbus-exception"]


def test_analyze_prints_tables_for_people_and_says_what_was_learned(tmp_path: Path) -> None:
    path = capture(tmp_path, "all.pcap", poll)
    result = CliRunner().invoke(app, ["analyze", str(path), "--learned", str(tmp_path / "plant.json")])
    assert result.exit_code == 0
    for part in ("Assets", "Conversations", "Alerts", "modbus 502", "Learned"):
        assert part in result.stdout


def test_alerts_can_be_turned_off_by_name(tmp_path: Path) -> None:
    path = capture(tmp_path, "bad.pcap", refused(2))
    result = CliRunner().invoke(app, ["analyze", str(path), "--json", "--disable", "modbus-exception"])
    assert json.loads(result.stdout)["alerts"] == []


def test_a_missing_capture_is_an_error_in_words(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["analyze", str(tmp_path / "none.pcap")])
    assert result.exit_code != 0
    assert "none.pcap" in str(result.exception)
