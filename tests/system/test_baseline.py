"""The baseline of a running instance: what a change does to a control reaches whoever should know."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from holdfast.cli.main import build
from tests.support.policies import receiving
from tests.support.receiving import Mail, Syslog, listening
from tests.support.running import RunningInstance, running
from tests.support.waiting import until

PATIENCE = 180.0
"""Seconds for runs of probes on a machine that does much else beside."""
CONTROL = "DP-3"
PROVIDER = "/api/access/identityProviders/plain"
PLAIN = {"displayName": "Plain", "issuer": "http://127.0.0.1:9/", "clientId": "c", "clientSecret": "s"}
"""An identity provider that is spoken to without encryption: the policy `hf-provider-https` is against it."""
POLICY = "hf-provider-https"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    data = tmp_path_factory.mktemp("baseline") / "data"
    with running(data, HOLDFAST_BASELINE__AUTOMATIC="true") as instance:
        yield instance


def state(instance: RunningInstance) -> str:
    with instance.remote() as remote:
        return str(remote.get(f"/api/baseline/controls/{CONTROL}")["state"])


def send_to(instance: RunningInstance, name: str, connection: dict[str, Any]) -> None:
    body = {"displayName": name, "connection": connection, "alerts": {"engines": ["baseline"]}}
    with instance.remote() as remote:
        remote.put(f"/api/alerts/destinations/{name}", body)


def alerts(instance: RunningInstance) -> list[dict[str, Any]]:
    with instance.remote() as remote:
        found = remote.get("/api/alerts?engine=baseline")["value"]
    return [alert for alert in found if alert["destination"] == CONTROL]


def test_a_change_that_hurts_a_control_is_told_to_webhook_syslog_and_email(
    instance: RunningInstance,
) -> None:
    until(lambda: state(instance) == "satisfied", PATIENCE)
    with receiving() as web, listening(Syslog) as syslog, listening(Mail) as mail:
        send_to(instance, "hook", {"type": "webhook", "url": f"http://127.0.0.1:{web.port}/"})
        send_to(
            instance,
            "syslog",
            {"type": "syslog", "host": "127.0.0.1", "port": syslog.port, "transport": "tcp"},
        )
        send_to(
            instance,
            "mail",
            {
                "type": "email",
                "host": "127.0.0.1",
                "port": mail.port,
                "encrypted": False,
                "sender": "holdfast@plant.example",
                "recipients": ["ada@plant.example"],
            },
        )
        with instance.remote() as remote:
            remote.put(PROVIDER, PLAIN)
        until(lambda: state(instance) == "not satisfied", PATIENCE)
        until(lambda: POLICY in json.dumps(web.got), PATIENCE)
        until(lambda: POLICY in syslog.text, PATIENCE)
        until(lambda: POLICY in mail.text, PATIENCE)
    assert {alert["status"] for alert in alerts(instance)} == {"new"}
    with instance.remote() as remote:
        remote.delete(PROVIDER)
    until(lambda: state(instance) == "satisfied", PATIENCE)
    until(lambda: {alert["status"] for alert in alerts(instance)} == {"closed"}, PATIENCE)


def run(instance: RunningInstance, *words: str) -> str:
    environment = {
        "HOLDFAST_URL": instance.url,
        "HOLDFAST_TOKEN": instance.token,
        "HOLDFAST_CA": str(instance.root_ca),
    }
    result = CliRunner().invoke(build(words[0]), list(words), env=environment)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_how_a_control_stood_and_how_that_is_known(instance: RunningInstance, tmp_path: Path) -> None:
    until(lambda: state(instance) == "satisfied", PATIENCE)
    found = json.loads(run(instance, "baseline", "control", CONTROL, "--json"))
    assert found["state"] == "satisfied"
    assert all(item["digest"] for each in found["features"] for item in each["observations"])
    assert "DP-3" in run(instance, "baseline", "control", CONTROL)
    earlier = json.loads(run(instance, "baseline", "control", CONTROL, "--at", "2020-03-03", "--json"))
    assert earlier["state"] == "not assessed"
    archive, key = tmp_path / "audit.zip", tmp_path / "key.pem"
    run(instance, "evidence", "export", "--control", CONTROL, "-o", str(archive))
    with zipfile.ZipFile(archive) as opened:
        key.write_bytes(opened.read("public-key.pem"))
    assert run(instance, "evidence", "verify", str(archive), "--key", str(key)).startswith("Sound")


def test_services_are_compared_with_how_ours_stands_here(instance: RunningInstance) -> None:
    until(lambda: state(instance) == "satisfied", PATIENCE)
    features = json.loads(run(instance, "baseline", "compare", "iot-central", "holdfast", "--json"))[
        "features"
    ]
    (transit,) = (each for each in features if each["feature"] == "Data in Transit Encryption")
    assert transit["holdfast"]["state"] == "satisfied"
    assert "state" not in transit["iot-central"]


def test_nothing_that_the_probes_did_at_the_start_is_an_alert(instance: RunningInstance) -> None:
    until(lambda: state(instance) == "satisfied", PATIENCE)
    with instance.remote() as remote:
        told = remote.get("/api/alerts")["value"]
    assert [alert for alert in told if "probe" in f"{alert['source']} {alert['organizationPath']}"] == []
    assert [
        alert for alert in told if alert["engine"] == "baseline" and alert["destination"] != CONTROL
    ] == []
