"""Networks on a running platform: uploaded captures, sensors as devices, and who sees which zone."""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from holdfast.cli.main import build
from holdfast.defender.capture.packets import Packet
from holdfast.defender.capture.writer import pcap_bytes
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from holdfast.defender.sensor.slices import Slices
from holdfast.defender.uplink.bulletins import Bulletins
from holdfast.defender.uplink.connection import UplinkThread
from holdfast.defender.uplink.documents import EventDocument
from holdfast.defender.uplink.enrollment import identity_from, make_request
from holdfast.defender.uplink.messages import Events, packed
from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import SensorState
from holdfast.kernel.clock import SystemClock, SystemRandomness
from tests.support.pki import issue
from tests.support.running import RunningInstance, running
from tests.support.tapped import TappedDevice
from tests.support.traffic.case import ENGINEER, HMI, PLC
from tests.support.traffic.cases.exchanges import together
from tests.support.traffic.cases.modbus import poll, umas_exchange
from tests.support.traffic.wire import Wire, play
from tests.support.victims import run_and_kill

VERSION = {"api-version": "2022-07-31"}
PATIENCE = 60.0
LAST = "2027-01-15T08:00:00.000Z"
READ_ONLY, ANALYST = "sensor-read-only", "sensor-security-analyst"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("network") / "data") as instance:
        with client_of(instance, instance.token) as admin:
            for name, parent in (("plant", None), ("north", "plant"), ("south", "plant"), ("east", "plant")):
                body = {"displayName": name} | ({"parent": parent} if parent else {})
                assert admin.put(f"/api/organizations/{name}", params=VERSION, json=body).status_code == 200
        yield instance


@pytest.fixture
def admin(instance: RunningInstance) -> Iterator[httpx.Client]:
    with client_of(instance, instance.token) as client:
        yield client


def client_of(instance: RunningInstance, token: str) -> httpx.Client:
    headers = {"authorization": token}
    trust = ssl.create_default_context(cafile=instance.root_ca)
    return httpx.Client(base_url=instance.url, verify=trust, headers=headers, timeout=60)


def token_for(admin: httpx.Client, name: str, role: str, organization: str) -> str:
    body = {"roles": [{"role": role, "organization": organization}]}
    answer = admin.put(f"/api/apiTokens/{name}", params=VERSION, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def until(look: Callable[[], Any]) -> Any:  # any JSON
    """What `look` gives once it gives something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def capture() -> bytes:
    """A client that polls, and an engineer who stops the controller."""
    wire = Wire()
    together(poll, umas_exchange(0x33, 0x41))(wire)
    return capture_of(wire)


def capture_of(wire: Wire) -> bytes:
    """What was on a wire as a capture file."""
    packets = (Packet(n, round(t * 1e9), 1, len(data), data) for n, (t, data) in enumerate(wire.frames, 1))
    return pcap_bytes(packets)


def upload(client: httpx.Client, name: str, organization: str) -> httpx.Response:
    return client.put(
        f"/api/defender/captures/{name}",
        params={"organization": organization},
        content=capture(),
        headers={"content-type": "application/vnd.tcpdump.pcap"},
    )


def analyzed(client: httpx.Client, name: str) -> Any:  # any JSON
    return until(
        lambda: (
            client.get(f"/api/defender/captures/{name}").json()["analysis"]["status"] in ("done", "failed")
        )
    )


def test_an_uploaded_capture_is_shown_to_its_zone_alone(
    instance: RunningInstance, admin: httpx.Client
) -> None:
    assert upload(admin, "monday", "north").status_code == 202
    analyzed(admin, "monday")
    north, south = token_for(admin, "n", ANALYST, "north"), token_for(admin, "s", ANALYST, "south")
    with client_of(instance, north) as inside, client_of(instance, south) as outside:
        assets = inside.get("/api/defender/assets").json()
        assert {item["address"] for item in assets["value"]} == {HMI, PLC, ENGINEER}
        alert = next(
            item
            for item in inside.get("/api/defender/alerts").json()["value"]
            if item["type"] == "controller-stop"
        )
        assert (alert["source"], alert["destination"], alert["zone"]) == (ENGINEER, PLC, "north")
        packets = inside.get(f"/api/defender/alerts/{alert['id']}/packets")
        assert packets.content.startswith(b"M<\xb2\xa1")
        assert outside.get("/api/defender/assets").json()["total"] == 0
        assert outside.get("/api/defender/alerts").json()["value"] == []
        assert outside.get(f"/api/defender/alerts/{alert['id']}").status_code == 404
        assert outside.get(f"/api/defender/alerts/{alert['id']}/packets").status_code == 404
        assert outside.post(f"/api/defender/alerts/{alert['id']}/close").status_code == 404
        assert outside.get(f"/api/defender/assets/{assets['value'][0]['id']}").status_code == 404
        assert upload(outside, "intruder", "north").status_code == 403
        assert outside.get("/api/v1/devices").json() == []
        assert len(inside.get("/api/v1/devices").json()) == 3


def test_who_may_only_read_changes_nothing_and_gets_no_packets(
    instance: RunningInstance, admin: httpx.Client
) -> None:
    reader = token_for(admin, "r", READ_ONLY, "north")
    with client_of(instance, reader) as client:
        alert = client.get("/api/defender/alerts").json()["value"][0]["id"]
        assert client.get(f"/api/defender/alerts/{alert}/packets").status_code == 403
        for deed in ("close", "mute", "learn", "acknowledge"):
            assert client.post(f"/api/defender/alerts/{alert}/{deed}").status_code == 403
        asset = client.get("/api/defender/assets").json()["value"][0]["id"]
        assert client.patch(f"/api/defender/assets/{asset}", json={"authorized": True}).status_code == 403
        assert client.delete("/api/defender/captures/monday").status_code == 403


def test_a_word_about_an_asset_wins_and_is_audited(admin: httpx.Client) -> None:
    plc = next(a for a in admin.get("/api/defender/assets").json()["value"] if a["address"] == PLC)
    path = f"/api/defender/assets/{plc['id']}"
    assert admin.patch(path, json={"name": "Boiler", "important": True}).status_code == 200
    assert until(lambda: admin.get(path).json()["name"] == "Boiler")
    assert admin.get("/api/defender/assets", params={"search": "boil"}).json()["total"] == 1
    assert "Boiler" in admin.get("/api/defender/export/assets").text
    assert admin.patch(path, json={"name": None}).status_code == 200
    assert until(lambda: admin.get(path).json()["name"] == PLC)


def test_the_map_names_who_talks_to_whom(admin: httpx.Client) -> None:
    drawn = admin.get("/api/defender/map", params={"organization": "/plant/north/"}).json()
    names = {node["id"]: node["address"] for node in drawn["nodes"]}
    pairs = {(names[edge["source"]], names[edge["target"]]) for edge in drawn["edges"]}
    assert pairs == {(HMI, PLC), (ENGINEER, PLC)}


def test_every_documented_report_answers(admin: httpx.Client) -> None:
    for path in (
        *("/api/v1/devices/connections", "/api/v1/devices/cves", "/api/v1/alerts", "/api/v2/alerts"),
        *("/api/v1/events", "/external/v1/alerts", "/external/v2/alerts", "/external/v1/devices"),
        *(f"/api/v1/reports/vulnerabilities/{name}" for name in ("devices", "security", "operational")),
        "/api/v1/reports/vulnerabilities/mitigation",
        *(f"/api/defender/{name}" for name in ("overview", "risk", "findings", "events", "sites", "sensors")),
        *("/api/defender/connections", "/api/defender/predefinedQueries", "/api/defender/alerts-count"),
    ):
        assert admin.get(path).status_code == 200, path


def test_the_documented_console_handles_alerts_by_number_and_id(
    instance: RunningInstance, admin: httpx.Client
) -> None:
    (stop,) = (
        each
        for each in admin.get("/external/v2/alerts", params={"zoneId": "north", "sensorId": "monday"}).json()
        if each["title"] == "Controller Stop"
    )
    assert (stop["handled"], stop["zoneName"], stop["sensorName"]) == (False, "north", "monday")
    assert admin.get(f"/api/v2/alerts/pcap/{stop['id']}").content.startswith(b"M<\xb2\xa1")
    assert admin.get("/api/v2/alerts/pcap/999999").json().keys() == {"error"}
    for name in (stop["id"], stop["uuid"]):
        asked = admin.get(f"/external/v2/alerts/pcap/{name}").json()
        assert (asked["id"], asked["xsenseAlertId"], asked["xsenseId"]) == (stop["id"], stop["id"], "monday")
        with client_of(instance, asked["token"]) as script:
            assert script.get(asked["downloadUrl"]).content.startswith(b"M<\xb2\xa1")
    missing = admin.get("/external/v2/alerts/pcap/999999")
    assert (missing.status_code, missing.json()) == (500, {"error": "alert not found"})
    one = f"/external/v1/alerts/{stop['uuid']}"
    form = {"content-type": "application/x-www-form-urlencoded"}  # what `curl -d` calls JSON
    for _twice in range(2):
        handled = admin.put(one, content=b'{"action": "handle"}', headers=form)
        assert (handled.status_code, list(handled.json())) == (200, ["content"]), handled.text
    assert admin.put(one, json={"action": "forget"}).status_code == 500
    assert admin.put("/external/v1/alerts/999999", json={"action": "handle"}).json().keys() == {"error"}
    handled = admin.get("/api/v1/alerts", params={"state": "handled"})
    assert stop["id"] in {each["id"] for each in handled.json()}
    owners = until(
        lambda: [
            each["owner"]
            for each in admin.get("/api/v1/events", params={"type": "ALERT_UPDATED"}).json()
            if each["content"].startswith("Controller Stop: closed")
        ]
    )
    assert owners == ["first-start"]


def test_the_documented_maintenance_window_opens_once_and_is_logged(
    instance: RunningInstance, admin: httpx.Client
) -> None:
    path, ticket = "/external/v1/maintenanceWindow", {"ticketId": "T-1"}
    assert admin.get(path, params={"ticketId": "T-1"}).status_code == 204
    window = {**ticket, "ttl": "20", "engines": ["ANOMALY"], "subnets": ["10.0.0.0/8"]}
    with client_of(instance, token_for(admin, "shift", ANALYST, "north")) as shift:
        for wrong, status in (
            ({"ttl": 20}, 400),
            ({**window, "ttl": "soon"}, 400),
            ({**window, "ttl": 0}, 400),
            ({**window, "engines": ["MAGIC"]}, 400),
            ({**window, "subnets": ["10"]}, 400),
            ({**window, "sensorIds": ["nobody"]}, 404),
            (window, 201),
            (window, 409),
        ):
            assert shift.post(path, json=wrong).status_code == status, wrong
        assert shift.put(path, json={**ticket, "ttl": 45}).status_code == 200
        assert shift.put(path, json={**ticket, "ttl": -1}).status_code == 400
        assert shift.put(path, json={"ticketId": "T-2", "ttl": 45}).status_code == 404
        assert shift.request("DELETE", path, json=ticket).status_code == 200
        assert shift.request("DELETE", path, json=ticket).status_code == 404
        assert shift.request("DELETE", path).status_code == 400
        done = shift.get(path, params={"tokenName": "shift"}).json()
        assert [(each["operationType"], each.get("ttl")) for each in done] == [
            ("CLOSE", None),
            ("UPDATE", 45),
            ("OPEN", 20),
        ]
        assert (done[2]["engines"], done[2]["subnets"]) == (["anomaly"], ["10.0.0.0/8"])
        assert shift.get(path, params={"toDate": "2020-01-01"}).status_code == 204
        assert shift.get(path, params={"fromDate": "yesterday"}).status_code == 400
    with client_of(instance, token_for(admin, "elsewhere", ANALYST, "south")) as elsewhere:
        assert elsewhere.get(path).status_code == 204


def cli(instance: RunningInstance, *words: str) -> Any:  # any JSON, or text
    """`holdfast …` in this process, as the administrator."""
    known = {"URL": instance.url, "CA": str(instance.root_ca), "TOKEN": instance.token}
    environment = {"COLUMNS": "200", **{f"HOLDFAST_{name}": value for name, value in known.items()}}
    done = CliRunner().invoke(build(words[0]), words, env=environment)
    assert done.exit_code == 0, (done.output, done.exception)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return done.stdout


def test_the_command_line_does_what_the_pages_do(
    instance: RunningInstance, admin: httpx.Client, tmp_path: Path
) -> None:
    file = tmp_path / "tuesday.pcap"
    file.write_bytes(capture())
    uploaded = cli(
        instance, "defender", "upload", str(file), "--organization", "east", "--stage", "learning", "--wait"
    )
    assert uploaded["analysis"]["status"] == "done"
    east = ("--organization", "/plant/east/")
    known = cli(instance, "defender", "assets", *east, "--json")
    assert {each["address"] for each in known} == {HMI, PLC, ENGINEER}
    scores = [each["risk"]["score"] for each in known]
    assert scores == sorted(scores)
    plc = next(each["id"] for each in known if each["address"] == PLC)
    assert cli(instance, "defender", "asset", str(plc))["risk"]["deductions"]
    assert cli(instance, "defender", "set", str(plc), '{"important": true}')["important"] is True
    assert "controller-stop" in {each["type"] for each in _alerts_of(admin)}
    for words, shown in (
        (("assets", *east), PLC),
        (("connections", *east, "--protocol", "modbus"), "modbus"),
        (("events", "--address", PLC), PLC),
        (("findings", *east), "points"),
        (("risk", *east), "/plant/east/"),
        (("captures",), "tuesday"),
        (("sensors",), "sensor"),
        (("export", "assets", "--where", "type=PLC", "--columns", "name,type"), "PLC"),
        (("alert", "list"), PLC),
        (("query", "predefined"), "unauthorized"),
    ):
        assert shown in str(cli(instance, "defender", *words)), words
    until(lambda: PLC in str(cli(instance, "defender", "query", "run", "important")))
    rule = {"displayName": "ours", "devices": [ENGINEER], "organization": "east"}
    assert cli(instance, "defender", "exclusion", "set", "ours", json.dumps(rule))["devices"] == [ENGINEER]
    assert [each["id"] for each in cli(instance, "defender", "exclusion", "list", "--json")] == ["ours"]
    cli(instance, "defender", "exclusion", "remove", "ours")
    assert cli(instance, "defender", "exclusion", "list", "--json") == []
    cli(instance, "defender", "delete-capture", "tuesday")


def _alerts_of(admin: httpx.Client) -> list[Any]:  # any JSON
    return list(admin.get("/api/defender/alerts", params={"organization": "/plant/east/"}).json()["value"])


DEVICE_ADDRESS = "127.66.0.9"


def test_an_asset_is_linked_to_the_device_whose_traffic_was_captured(
    instance: RunningInstance, admin: httpx.Client
) -> None:
    made = admin.put("/api/devices/boiler-1", params=VERSION, json={"displayName": "Boiler"})
    assert made.status_code == 200, made.text
    keys = admin.get("/api/devices/boiler-1/credentials", params=VERSION).json()["symmetricKey"]
    device = TappedDevice(instance, "boiler-1", keys["primaryKey"], DEVICE_ADDRESS)
    device.close()
    answer = admin.put(
        "/api/defender/captures/mirror",
        params={"organization": "east"},
        content=capture_of(device.wire),
        headers={"content-type": "application/vnd.tcpdump.pcap"},
    )
    assert answer.status_code == 202, answer.text
    analyzed(admin, "mirror")

    def linked() -> list[Any]:  # any JSON
        return list(admin.get("/api/defender/assets", params={"device": "boiler-1"}).json()["value"])

    (asset,) = until(linked)
    assert (asset["address"], asset["device"]) == (DEVICE_ADDRESS, "boiler-1")
    assert "tls" in {use["name"] for use in asset["protocols"]}
    admin.delete("/api/defender/captures/mirror")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SensorState]:
    state = SensorState(tmp_path / "state", SystemClock(), SystemRandomness())
    yield state
    state.close()


def enroll(admin: httpx.Client, state: SensorState, name: str, organization: str) -> None:
    made = make_request(name)
    body = {"certificateRequest": made.request, "displayName": name, "organization": organization}
    answer = admin.post(f"/api/defender/sensors/{name}/enroll", json=body)
    assert answer.status_code == 200, answer.text
    state.enroll(identity_from(answer.json(), made.key))


def connected(state: SensorState, spool: Spool, news: list[str]) -> UplinkThread:
    uplink = UplinkThread(state, spool, SystemClock(), SystemRandomness(), news.append)
    uplink.start()
    return uplink


def heard(name: str) -> Sensor:
    wire = Wire()
    together(poll, umas_exchange(0x33, 0x41))(wire)
    return play(wire, Sensor(SensorSettings(name=name), slices=Slices()))


def test_a_sensor_reports_and_follows_what_people_decide(admin: httpx.Client, state: SensorState) -> None:
    enroll(admin, state, "line-3", "south")
    spool, news = Spool(state), list[str]()
    spool.append(packed(Bulletins(heard("line-3")).everything()))
    uplink = connected(state, spool, news)
    until(lambda: spool.octets == 0)

    def stopped() -> Any:  # any JSON
        found = admin.get("/api/defender/alerts", params={"sensor": "line-3"}).json()["value"]
        return next((item for item in found if item["type"] == "controller-stop" and item["packets"]), None)

    alert = until(stopped)
    assert (alert["organization"], alert["site"], alert["zone"]) == ("/plant/south/", "plant", "south")
    sensor = admin.get("/api/defender/sensors/line-3").json()
    assert (sensor["connected"], sensor["refusedMessages"]) == (True, 0)
    assert admin.post(f"/api/defender/alerts/{alert['id']}/mute").status_code == 200
    until(lambda: any(b'"muted"' in data for _, data in state.instructions()))
    assert (
        admin.patch("/api/defender/sensors/line-3", json={"setup": {"office": ["10.9.0.0/16"]}}).status_code
        == 200
    )
    until(lambda: any(b'"setup"' in data for _, data in state.instructions()))
    assert admin.delete("/api/defender/sensors/line-3").status_code == 204
    until(lambda: any("refuses this sensor" in text or "no connection" in text for text in news))
    uplink.stop(grace=0)


def test_a_sensor_provisions_itself_with_a_certificate_of_the_plants_authority(
    instance: RunningInstance, admin: httpx.Client, tmp_path: Path
) -> None:
    authority = issue("plant authority", authority=True)
    own = issue("line-9", authority)
    files = {"ca": authority.pem, "cert": own.pem + authority.pem, "key": own.key_pem}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    cli(instance, "enrollment-group", "create", "sensors", "--certificate", str(tmp_path / "ca"))
    code = cli(instance, "enrollment-group", "code", "sensors")["verificationCode"]
    (tmp_path / "proof").write_text(issue(code, authority).pem)
    cli(instance, "enrollment-group", "verify", "sensors", str(tmp_path / "proof"))
    enroll = (
        *("sensor", "enroll", "--state", str(tmp_path / "state"), "--ca", str(instance.root_ca)),
        *("--certificate", str(tmp_path / "cert"), "--key", str(tmp_path / "key")),
        *("--host", instance.address, "--id-scope", instance.id_scope),
    )
    assert "line-9 is enrolled" in cli(instance, *enroll)
    body = {"displayName": "Line 9", "organization": "east"}
    made = admin.put("/api/defender/sensors/line-9", json=body)
    assert made.status_code == 200, made.text
    state = SensorState(tmp_path / "state", SystemClock(), SystemRandomness())
    spool = Spool(state)
    spool.append(packed([Events([EventDocument(LAST, "NOTIFICATION", "INFO", "hello", [], 0, 1)])]))
    uplink = connected(state, spool, [])
    query = {"sensor": "line-9", "type": "NOTIFICATION"}
    until(lambda: admin.get("/api/defender/events", params=query).json()["total"] == 1)
    assert admin.get("/api/defender/sensors/line-9").json()["zone"] == "east"
    uplink.stop(grace=0)
    state.close()


def test_what_is_sent_twice_counts_once(admin: httpx.Client, state: SensorState) -> None:
    enroll(admin, state, "line-4", "south")
    sensor, spool = heard("line-4"), Spool(state)
    sent = list(packed(Bulletins(sensor).everything()))
    spool.append(sent)
    uplink = connected(state, spool, [])
    until(lambda: spool.octets == 0)
    uplink.stop(grace=0)
    with state.lock:  # a sensor that was killed before it noted the acknowledgements sends all of it again
        state.connection.executemany(
            "INSERT INTO spool (number, expendable, octets, data) VALUES (?, 0, ?, ?)",
            [(number, len(data), data) for number, data in enumerate(sent, 1)],
        )
    again = Spool(state)
    again.append(packed([Events([EventDocument(LAST, "NOTIFICATION", "INFO", "the last word", [], 0, 1)])]))
    uplink = connected(state, again, [])

    def events(**query: str) -> int:
        answer = admin.get("/api/defender/events", params={"sensor": "line-4", **query})
        return int(answer.json()["total"])

    until(lambda: events(type="NOTIFICATION") == 1)
    uplink.stop(grace=0)
    assert events() == len(sensor.timeline) + 1


KILLS = (3, 17, 40)
"""Messages after which the sensor is killed in each of its runs; before the first connection, and while some
are under way."""
KEPT = 100


def test_what_a_sensor_kept_arrives_once_and_in_order_whoever_is_killed(
    instance: RunningInstance, admin: httpx.Client, state: SensorState, tmp_path: Path
) -> None:
    enroll(admin, state, "line-6", "south")
    state.close()
    command = ["tests.defender.uplink.victim", str(tmp_path / "state"), str(KEPT)]
    said: list[str] = []
    for lines in KILLS:
        said += run_and_kill(command, lines)
        kill_worker(instance)  # which takes in what came
    said += run_and_kill(command, KEPT)
    assert set(map(int, said)) <= set(range(1, KEPT + 1))

    def arrived() -> list[str]:
        query = {"sensor": "line-6", "limit": "1000"}
        listed = admin.get("/api/defender/events", params=query).json()["value"]
        return [each["title"] for each in sorted(listed, key=lambda each: each["id"])]

    until(lambda: len(arrived()) >= KEPT)
    assert arrived() == [str(number) for number in range(1, KEPT + 1)]


def kill_worker(instance: RunningInstance) -> None:
    """SIGKILL; the supervisor starts another one."""
    assert instance.process is not None
    for child in psutil.Process(instance.process.pid).children():
        if child.cmdline()[-1].startswith("worker"):
            child.kill()
            child.wait(60)


def test_a_sensor_that_is_taken_away_is_no_device_any_more(admin: httpx.Client, state: SensorState) -> None:
    enroll(admin, state, "line-5", "south")
    assert admin.get("/api/devices/line-5", params=VERSION).status_code == 200
    assert admin.delete("/api/defender/sensors/line-5").status_code == 204
    assert admin.get("/api/devices/line-5", params=VERSION).status_code == 404


def test_a_capture_is_deleted_with_what_only_it_showed(admin: httpx.Client) -> None:
    assert admin.delete("/api/defender/captures/monday").status_code == 204
    query = {"organization": "/plant/north/"}
    assert until(lambda: admin.get("/api/defender/assets", params=query).json()["total"] == 0)


def test_what_was_seen_moves_with_its_organization(instance: RunningInstance, admin: httpx.Client) -> None:
    for name, parent in (("dock", "plant"), ("yard", "plant")):
        body = {"displayName": name, "parent": parent}
        assert admin.put(f"/api/organizations/{name}", params=VERSION, json=body).status_code == 200
    assert upload(admin, "friday", "dock").status_code == 202
    analyzed(admin, "friday")
    with client_of(instance, token_for(admin, "y", ANALYST, "yard")) as yard:
        assert yard.get("/api/defender/assets").json()["total"] == 0
        moved = admin.patch("/api/organizations/dock", params=VERSION, json={"parent": "yard"})
        assert moved.status_code == 200, moved.text
        until(lambda: yard.get("/api/defender/assets").json()["total"] == 3)


def test_a_mass_deletion_is_an_alert_and_a_risk_of_who_does_it(
    instance: RunningInstance, admin: httpx.Client
) -> None:
    query = {"displayName": "q", "subject": "assets", "organization": "north"}
    with client_of(instance, token_for(admin, "bulk", ANALYST, "north")) as client:
        for number in range(20):
            assert client.put(f"/api/defender/queries/q{number}", json=query).status_code == 200
        for number in range(20):
            assert client.delete(f"/api/defender/queries/q{number}").status_code == 204
    alerts = {"engine": "platform"}

    def told() -> Any:  # any JSON
        found = admin.get("/api/defender/alerts", params=alerts).json()["value"]
        return next((item for item in found if item["type"] == "mass-deletion"), None)

    assert until(told)["source"] == "bulk"
    signals = until(lambda: admin.get("/api/access/riskSignals").json()["value"])
    assert [(signal["id"], signal["level"]) for signal in signals] == [("principal:bulk", "high")]
