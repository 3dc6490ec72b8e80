"""Policies on a running instance: refused and changed requests on every way in, states, drift, alerts."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Page, sync_playwright

from tests.support.policies import (
    ASSIGNMENTS,
    DEFINITIONS,
    DEVICES,
    EXEMPTIONS,
    INSIGHTS,
    PATIENCE,
    SETS,
    STATES,
    Client,
    Web,
    eventually,
    holdfast,
    of_type,
    receiving,
)
from tests.support.running import running
from tests.support.signing_in import sign_in


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(tmp_path_factory.mktemp("policies") / "data") as instance:
        trust = ssl.create_default_context(cafile=str(instance.root_ca))
        headers = {"authorization": instance.token}
        with httpx.Client(verify=trust, base_url=instance.url, headers=headers, timeout=120) as http_client:
            yield Client(instance, http_client)


# What policies refuse


@dataclass(frozen=True)
class Way:
    """A way in, and a request of it that a policy shall refuse."""

    kind: str
    method: str
    path: str
    body: Any


_ROLE = {"displayName": "Readers", "permissions": ["organization:device:read"]}
_CONNECTION = {"type": "webhook", "url": "https://x.example/"}
WAYS = [
    Way(DEVICES, "PUT", "/api/devices/refused", {"displayName": "Refused"}),
    Way(
        "Holdfast.Devices/enrollmentGroups",
        "PUT",
        "/api/enrollmentGroups/refused",
        {"displayName": "Refused", "type": "iot", "attestation": {"type": "symmetricKey"}},
    ),
    Way(
        "Holdfast.Devices/deviceGroups",
        "PUT",
        "/api/deviceGroups/refused",
        {"displayName": "Refused", "filter": "SELECT * FROM devices"},
    ),
    Way("Holdfast.Access/organizations", "PUT", "/api/organizations/refused", {"displayName": "Refused"}),
    Way(
        "Holdfast.Access/apiTokens",
        "PUT",
        "/api/apiTokens/refused",
        {"roles": [{"role": "ca310b8d-2f4a-44e0-a36e-957c202cd8d4"}]},
    ),
    Way(
        "Holdfast.Access/settings",
        "PUT",
        "/api/access/settings/application",
        {"localMethods": {"deviceSas": True}},
    ),
    Way("Holdfast.Access/roles", "PUT", "/api/access/roles/refused", _ROLE),
    Way("Microsoft.IoTCentral/iotApps", "PATCH", "/api/application", {"displayName": "Refused"}),
    Way(
        "Holdfast.Delivery/alertDestinations",
        "PUT",
        "/api/alerts/destinations/refused",
        {
            "displayName": "Refused",
            "connection": {"type": "webhook", "url": "https://x.example/"},
            "alerts": {},
        },
    ),
]


@pytest.mark.parametrize("way", WAYS, ids=[way.path for way in WAYS])
def test_a_denied_change_says_by_what_and_why_on_every_way_in(client: Client, way: Way) -> None:
    definition = client.define("closed", of_type(way.kind), "deny")
    message = {"message": "Ask the plant's security team."}
    assignment = client.assign("closed", definition, nonComplianceMessages=[message])
    try:
        answer = client.call(way.method, way.path, way.body)
    finally:
        client.unassign("closed")
    assert answer.status_code == 403, answer.text
    assert answer.headers["x-ms-error-code"] == "RequestDisallowedByPolicy"
    error = answer.json()["error"]
    assert error["code"] == "RequestDisallowedByPolicy"
    assert "About closed" in error["message"]
    assert message["message"].rstrip(".") in error["message"]
    (violation,) = error["additionalInfo"]
    assert violation["type"] == "PolicyViolation"
    info = violation["info"]
    assert (info["policyAssignmentId"], info["policyDefinitionId"]) == (assignment, definition)
    compared = info["evaluationDetails"]["evaluatedExpressions"]
    assert (compared[0]["expression"], compared[0]["targetValue"]) == ("type", way.kind)


def test_the_management_surface_refuses_too(client: Client) -> None:
    apps = "/subscriptions/0/resourceGroups/holdfast/providers/Microsoft.IoTCentral/iotApps"
    app = client.ok("GET", f"{apps}?api-version=2021-06-01")["value"][0]
    condition = of_type(
        "Microsoft.IoTCentral/iotApps",
        {"field": "Microsoft.IoTCentral/iotApps/publicNetworkAccess", "equals": "Disabled"},
    )
    client.assign("stays-public", client.define("stays-public", condition, "deny"))
    answer = client.http.patch(
        f"{apps}/{app['name']}?api-version=2021-06-01",
        json={"properties": {"publicNetworkAccess": "Disabled"}},
    )
    client.unassign("stays-public")
    assert answer.status_code == 403, answer.text
    assert answer.json()["error"]["code"] == "RequestDisallowedByPolicy"


def test_a_refusal_is_one_sentence_on_the_command_line(client: Client) -> None:
    client.assign("closed", client.define("closed", of_type(DEVICES), "deny"))
    done = holdfast(client.instance, "device", "create", "refused")
    client.unassign("closed")
    assert done.returncode == 1
    assert "Refused by the policy “About closed” (assignment “closed”)" in done.stderr
    assert "Traceback" not in done.stderr


def test_deletions_are_refused_by_deny_action(client: Client) -> None:
    client.ok("PUT", "/api/devices/kept", {"displayName": "Kept"})
    details = {"actionNames": ["delete"]}
    client.assign("kept", client.define("kept", of_type(DEVICES), "denyAction", **details))
    answer = client.call("DELETE", "/api/devices/kept")
    client.unassign("kept")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "RequestDisallowedByPolicy")
    client.ok("DELETE", "/api/devices/kept")


# What policies change


def test_what_a_policy_changes_is_in_the_answer_and_in_the_audit_log(client: Client) -> None:
    step = {"operation": "addOrReplace", "field": f"{DEVICES}/enabled", "value": False}
    details = {"roleDefinitionIds": [], "operations": [step]}
    client.assign("starts-blocked", client.define("starts-blocked", of_type(DEVICES), "Modify", **details))
    try:
        answer = client.call("PUT", "/api/devices/changed", {"displayName": "Changed", "enabled": True})
        done = holdfast(client.instance, "device", "create", "changed-too")
    finally:
        client.unassign("starts-blocked")
    said = "the policy “About starts-blocked” (assignment “starts-blocked”) set enabled to false"
    assert answer.json()["enabled"] is False
    assert json.loads(answer.headers["x-holdfast-policy-effects"]) == [said]
    assert done.returncode == 0
    assert said in done.stderr
    (record,) = client.audit(name="device.created", resource="changed")
    assert said in record["detail"]
    plain = client.call("PUT", "/api/devices/changed", {"displayName": "Changed", "enabled": True})
    assert "x-holdfast-policy-effects" not in plain.headers


# Policy resources over HTTP


def test_definitions_initiatives_assignments_and_exemptions_live_over_http(client: Client) -> None:
    definition = client.define(
        "simulated", of_type(DEVICES, {"field": f"{DEVICES}/simulated", "equals": True}), "audit"
    )
    members = [
        {"policyDefinitionId": definition, "policyDefinitionReferenceId": "one", "groupNames": ["IM-1"]}
    ]
    groups = [{"name": "IM-1", "additionalMetadataId": "/providers/x/IM-1"}]
    properties = {"displayName": "Own set", "policyDefinitions": members, "policyDefinitionGroups": groups}
    initiative = client.ok("PUT", f"{SETS}/own-set", {"properties": properties})["id"]
    assert client.call("DELETE", f"{DEFINITIONS}/simulated").status_code == 409
    assignment = client.assign("own-set", initiative)
    client.ok("PUT", "/api/devices/simulated-1", {"displayName": "One", "simulated": True})
    eventually(lambda: client.states("own-set").get("simulated-1") == "NonCompliant")
    exemption = {
        "policyAssignmentId": assignment,
        "exemptionCategory": "Waiver",
        "scope": f"/providers/{DEVICES}/simulated-1",
    }
    client.ok("PUT", f"{EXEMPTIONS}/waived", {"properties": exemption})
    eventually(lambda: client.states("own-set").get("simulated-1") == "Exempt")
    for path in (
        f"{DEFINITIONS}/simulated",
        f"{SETS}/own-set",
        f"{ASSIGNMENTS}/own-set",
        f"{EXEMPTIONS}/waived",
    ):
        collection, _, name = path.rpartition("/")
        read = client.ok("GET", path)
        assert read["name"] == name
        assert read["id"] == path
        assert name in [each["name"] for each in client.ok("GET", collection)["value"]]
    summary = client.ok("POST", f"{STATES}/latest/summarize")["value"][0]
    assert "own-set" in [
        each["policyAssignmentId"].rpartition("/")[2] for each in summary["policyAssignments"]
    ]
    moved = client.ok("GET", f"{STATES}/history?policyAssignmentName=own-set")["value"]
    assert ("NonCompliant", "Exempt") in [(each["from"], each["to"]) for each in moved]
    assert client.call("DELETE", f"{ASSIGNMENTS}/own-set").status_code == 409
    for path in (
        f"{EXEMPTIONS}/waived",
        f"{ASSIGNMENTS}/own-set",
        f"{SETS}/own-set",
        f"{DEFINITIONS}/simulated",
    ):
        assert client.call("DELETE", path).status_code == 204
        assert client.call("GET", path).status_code == 404


def test_what_cannot_work_is_refused_with_its_pointer(client: Client) -> None:
    broken = {
        "properties": {"policyRule": {"if": {"field": "type", "resembles": "x"}, "then": {"effect": "audit"}}}
    }
    answer = client.call("PUT", f"{DEFINITIONS}/broken", broken)
    assert answer.status_code == 400
    assert answer.json()["error"]["target"].startswith("/policyRule/if")


def test_a_remediation_is_planned_carried_out_and_reported(client: Client) -> None:
    client.ok("PUT", "/api/devices/remedied", {"displayName": "Remedied", "enabled": True, "simulated": True})
    enabled = {"field": f"{DEVICES}/enabled", "equals": True}
    named = {"field": "name", "equals": "remedied"}
    step = {"operation": "addOrReplace", "field": f"{DEVICES}/enabled", "value": False}
    details = {"roleDefinitionIds": [], "operations": [step]}
    definition = client.define("blocked", of_type(DEVICES, named, enabled), "modify", **details)
    assignment = client.assign("blocked", definition)
    eventually(lambda: client.states("blocked").get("remedied") == "NonCompliant")

    def run(name: str, **properties: Any) -> Any:
        path = f"{INSIGHTS}/remediations/{name}"
        client.ok("PUT", path, {"properties": {"policyAssignmentId": assignment, **properties}})
        eventually(lambda: client.ok("GET", path)["properties"]["provisioningState"] == "Succeeded")
        return client.ok("GET", path)["properties"]["deployments"][0]

    planned = run("dry", dryRun=True)
    assert (planned["status"], planned["changes"]) == (
        "Planned",
        [{"pointer": "/enabled", "before": True, "after": False}],
    )
    assert client.ok("GET", "/api/devices/remedied")["enabled"] is True
    assert run("wet")["status"] == "Succeeded"
    assert client.ok("GET", "/api/devices/remedied")["enabled"] is False
    eventually(lambda: client.states("blocked").get("remedied") == "Compliant")
    client.unassign("blocked")


# Drift, alerts, and where they go


@pytest.fixture
def web() -> Iterator[Web]:
    with receiving() as state:
        yield state


def test_drift_is_an_alert_that_arrives_although_everything_was_killed(client: Client, web: Web) -> None:
    web.is_down = True
    connection = {"type": "webhook", "url": f"http://127.0.0.1:{web.port}/", "headers": {"X-Token": "s3cret"}}
    made = client.ok(
        "PUT",
        "/api/alerts/destinations/hook",
        {"displayName": "Hook", "connection": connection, "alerts": {"engines": ["policy"]}},
    )
    assert made["credentials"] == ["connection.headers.X-Token"]
    assert "s3cret" not in json.dumps(made)
    client.ok("PUT", "/api/devices/drifting", {"displayName": "Drifting"})
    condition = of_type(
        DEVICES, {"field": "name", "equals": "drifting"}, {"field": f"{DEVICES}/enabled", "equals": False}
    )
    client.assign("enabled", client.define("enabled", condition, "audit"))
    eventually(lambda: client.states("enabled").get("drifting") == "Compliant")
    client.ok("PATCH", "/api/devices/drifting", {"enabled": False})
    (alert,) = eventually(lambda: client.ok("GET", "/api/alerts?engine=policy&status=open")["value"])
    assert alert["source"] == f"/providers/{DEVICES}/drifting"
    hook = "/api/alerts/destinations/hook"
    eventually(lambda: client.ok("GET", hook)["delivery"]["lastError"])

    client.instance.kill()
    web.is_down = False
    client.instance.start()
    eventually(lambda: web.got)
    assert [(each["id"], each["title"]) for each in web.got] == [(alert["id"], alert["title"])]
    assert set(web.credentials) == {"s3cret"}
    eventually(lambda: client.ok("GET", hook)["delivery"]["waiting"] == 0)

    assert client.ok("POST", f"/api/alerts/{alert['id']}/acknowledge")["status"] == "active"
    client.ok("PATCH", "/api/devices/drifting", {"enabled": True})
    eventually(lambda: client.ok("GET", f"/api/alerts/{alert['id']}")["resolution"] == "resolved")
    client.unassign("enabled")
    assert client.ok("POST", f"{hook}/test") == {"delivered": True}
    assert web.got[-1]["title"] == "Test message"
    web.is_down = True
    refused = client.call("POST", f"{hook}/test")
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "DeliveryFailed")
    listed = json.loads(run(client, "alert", "list", "--status", "closed", "--json"))
    assert alert["id"] in [each["id"] for each in listed]
    assert "drifting" in run(client, "alert", "show", alert["id"])
    run(client, "alert", "comment", alert["id"], "Known.")
    again = holdfast(client.instance, "alert", "close", alert["id"])
    assert (again.returncode, "is closed and cannot" in again.stderr) == (1, True)
    assert "hook" in run(client, "alert", "destination", "list")
    run(client, "alert", "destination", "remove", "hook")
    assert json.loads(run(client, "alert", "destination", "list", "--json")) == []


def test_a_killed_worker_is_followed_by_one_that_goes_on(client: Client) -> None:
    client.assign(
        "worker", client.define("worker", of_type(DEVICES, {"field": "name", "like": "worked-*"}), "audit")
    )
    assert client.instance.process is not None
    workers = [
        child
        for child in psutil.Process(client.instance.process.pid).children()
        if child.cmdline()[-1].startswith("worker")
    ]
    for worker in workers:
        worker.kill()
    client.ok("PUT", "/api/devices/worked-1", {"displayName": "Worked"})
    eventually(lambda: client.states("worker").get("worked-1") == "NonCompliant")
    client.unassign("worker")


# The command line


def run(client: Client, *words: str) -> str:
    """What a command prints that must succeed."""
    done = holdfast(client.instance, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_line_uploads_assigns_and_shows(client: Client, tmp_path: Path) -> None:
    rule = {"if": of_type(DEVICES, {"field": "name", "equals": "cli-1"}), "then": {"effect": "audit"}}
    definition = {
        "name": "cli",
        "properties": {"displayName": "CLI", "policyType": "Custom", "mode": "All", "policyRule": rule},
    }
    (tmp_path / "cli.json").write_text(json.dumps(definition))
    client.ok("PUT", "/api/devices/cli-1", {"displayName": "CLI"})

    assert "cli" in run(client, "policy", "instance", "upload", str(tmp_path))
    run(client, "policy", "instance", "assign", "cli", f"{DEFINITIONS}/cli", "--audit-only")
    eventually(lambda: client.states("cli").get("cli-1") == "NonCompliant")
    found = json.loads(run(client, "policy", "instance", "states", "--json"))
    assert "cli-1" in [each["resourceId"].rpartition("/")[2] for each in found]
    assert json.loads(run(client, "policy", "instance", "summary"))["policyAssignments"]
    changed = json.loads(run(client, "policy", "instance", "history", "--json"))
    assert "NonCompliant" in [each["to"] for each in changed if each["resourceId"].endswith("/cli-1")]
    resource = f"/providers/{DEVICES}/cli-1"
    run(client, "policy", "instance", "exempt", "off", "cli", resource, "--reason", "Spare")
    eventually(lambda: client.states("cli").get("cli-1") == "Exempt")
    client.ok("DELETE", f"{EXEMPTIONS}/off")
    run(client, "policy", "instance", "remediate", "cli-task", "cli", "--dry-run")

    def ended() -> bool:
        task = json.loads(run(client, "policy", "instance", "remediation", "cli-task"))
        return task["properties"]["provisioningState"] in ("Succeeded", "Failed")

    eventually(ended)
    run(client, "policy", "instance", "unassign", "cli")


# The console


@pytest.fixture(scope="module")
def page(client: Client) -> Iterator[Page]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.set_default_timeout(PATIENCE * 1000)
        sign_in(page, client.instance)
        yield page
        browser.close()


def test_a_definition_is_checked_as_one_types_tried_and_stored(client: Client, page: Page) -> None:
    client.ok("PUT", "/api/devices/typed", {"displayName": "Typed", "enabled": False})
    page.goto(f"{client.instance.url}/policies/editor")
    editor = page.get_by_label("Definition, as Azure")
    text = editor.input_value()
    editor.fill(text.replace('"equals": false', '"resembles": false'))
    page.get_by_text("'resembles' is neither an operator").wait_for()
    editor.fill(text)
    page.get_by_text("Nothing is wrong with it").wait_for()
    page.get_by_label("Try it on").select_option(f"/providers/{DEVICES}/typed")
    page.get_by_text("It would act: audit").wait_for()
    page.get_by_label("Name", exact=True).fill("typed")
    page.get_by_role("button", name="Store it").click()
    page.wait_for_url("**/policies/definitions/typed")
    assert (
        client.ok("GET", f"{DEFINITIONS}/typed")["properties"]["displayName"] == "Devices should be enabled"
    )


def test_a_form_that_a_policy_refuses_says_so(client: Client, page: Page) -> None:
    assignment = client.define("no-groups", of_type("Holdfast.Devices/deviceGroups"), "deny")
    client.assign("no-groups", assignment)
    page.goto(f"{client.instance.url}/groups")
    page.get_by_text("New group").click()
    page.get_by_role("textbox", name="Id", exact=True).fill("refused")
    page.get_by_role("textbox", name="Name", exact=True).fill("Refused")
    page.get_by_role("button", name="Create").click()
    alert = page.get_by_role("alert").inner_text()
    client.unassign("no-groups")
    assert "Refused by the policy “About no-groups” (assignment “no-groups”)" in alert


def test_what_a_policy_changes_in_a_form_is_told_once(client: Client, page: Page) -> None:
    step = {"operation": "addOrReplace", "field": f"{DEVICES}/enabled", "value": False}
    details = {"roleDefinitionIds": [], "operations": [step]}
    named = {"field": "name", "equals": "told"}
    client.assign("told", client.define("told", of_type(DEVICES, named), "modify", **details))
    page.goto(f"{client.instance.url}/devices/new")
    page.get_by_label("Device id").fill("told")
    page.get_by_role("button", name="Create").click()
    page.get_by_text("the policy “About told” (assignment “told”) set enabled to false").wait_for()
    page.reload()
    assert page.get_by_text("Your change was changed").count() == 0
    client.unassign("told")


def test_compliance_is_shown_resource_by_resource_and_exempted(client: Client, page: Page) -> None:
    named = {"field": "name", "equals": "seen"}
    client.ok("PUT", "/api/devices/seen", {"displayName": "Seen"})
    client.assign("seen", client.define("seen", of_type(DEVICES, named), "audit"))
    eventually(lambda: client.states("seen").get("seen") == "NonCompliant")
    page.goto(f"{client.instance.url}/policies")
    page.get_by_role("link", name=f"/providers/{DEVICES}/seen", exact=True).first.click()
    panel = page.get_by_label("seen", exact=True)
    panel.get_by_text("Why").click()
    panel.get_by_text("name equals 'seen', found 'seen'").wait_for()
    panel.get_by_role("link", name="Exempt it").click()
    page.get_by_label("Name", exact=True).fill("seen-off")
    page.get_by_label("Because").fill("Known")
    page.get_by_role("button", name="Exempt").click()
    page.get_by_role("button", name="End seen-off").wait_for()
    eventually(lambda: client.states("seen").get("seen") == "Exempt")
    client.ok("DELETE", f"{EXEMPTIONS}/seen-off")
    client.unassign("seen")
