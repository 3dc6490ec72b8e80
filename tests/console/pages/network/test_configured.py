"""Exclusions, maintenance windows, custom rules and saved questions at the console."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.access.roles.builtin import SENSOR_READER
from holdfast.alerts.desk import AlertDesk
from holdfast.alerts.model import Alert, Severity, Violation
from holdfast.alerts.store.reading import AlertReader
from holdfast.alerts.store.writing import AlertStore
from holdfast.defender.catalogue.table import alert_types
from holdfast.defender.network.kinds import EXCLUSION, QUERY, RULE, WINDOW, exclusion_rule
from holdfast.defender.network.open import open_network, open_packets, prepare
from holdfast.defender.network.reading import Network
from holdfast.defender.rules.detector import ALERT
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.resources.query import Query
from holdfast.storage.database import Database
from tests.access.world import AccessWorld
from tests.api.access.http import Http, open_http
from tests.console.pages.access.browser import Browser

NEW_RULE = {
    "name": "Setpoint <b>changed</b>",
    "protocol": "modbus",
    "field-0": "@kind",
    "operator-0": "==",
    "value-0": "WRITE_SINGLE_REGISTER",
    "field-1": "address",
    "operator-1": "in range",
    "value-1": "100 to 119",
    "action": "alert",
    "severity": "high",
    "packets": "on",
    "start": "22:00",
    "end": "06:00",
    "weekday": "4",
    "sources": "10.1.0.0/16",
}


@dataclass
class Plant:
    """A console over a defender."""

    http: Http
    browser: Browser
    alerts: AlertStore
    database: Database
    """What sensors saw."""

    def bodies(self, kind: str) -> list[JsonObject]:
        store = self.http.here.world.store
        return [each.body for each in store.find(Query(kind, (ROOT,))).items]

    def address(self, kind: str, section: str) -> str:
        """The page of the only one there is."""
        (found,) = self.http.here.world.store.find(Query(kind, (ROOT,))).items
        return f"/network/{section}/{found.id}"


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    stores: list[AlertStore] = []
    databases: list[Database] = []

    def further(here: AccessWorld) -> dict[type, object]:
        world = here.world
        database = open_network(tmp_path, world.ring)
        prepare(database)
        databases.append(database)
        stores.append(AlertStore(world.database, alert_types(), world.clock))
        reader = AlertReader(world.database)
        return {
            Network: Network(database, open_packets(tmp_path, world.ring, world.randomness)),
            AlertDesk: AlertDesk(stores[0], reader, world.changes, world.clock),
        }

    with open_http(tmp_path, further) as http:
        yield Plant(http, Browser(http, "root"), stores[0], databases[0])


def test_an_exclusion_is_made_changed_and_deleted(plant: Plant) -> None:
    fields = {"name": "Known scanner", "devices": "10.0.0.7\n10.0.0.8", "start": "00:00", "end": "00:00"}
    fields |= {"type": "controller-stop", "engine": "platform", "weekday": "6"}
    page = plant.browser.post("/network/exclusions/-new", **fields)
    assert "Known scanner" in page
    (body,) = plant.bodies(EXCLUSION)
    rule = exclusion_rule(body)
    assert rule.devices == {"10.0.0.7", "10.0.0.8"}
    assert (*rule.types, *rule.engines) == ("controller-stop", "platform")
    assert rule.hours is not None
    assert rule.hours.contains(3 * 86_400 + 0.0)  # all of Sunday, 4 January 1970
    assert rule.hours.contains(3 * 86_400 + 86_399.0)
    assert "Controller Stop; platform; 10.0.0.7, 10.0.0.8; Sun 00:00 to 00:00 UTC" in plant.browser.get(
        "/network/exclusions"
    )
    here = plant.address(EXCLUSION, "exclusions")
    plant.browser.post(here, name="Known scanner", subnets="10.0.0.0/24")
    assert plant.bodies(EXCLUSION)[0]["subnets"] == ["10.0.0.0/24"]
    assert plant.bodies(EXCLUSION)[0]["devices"] == []
    assert "Every alert is raised." in plant.browser.post(here, do="delete")


def test_what_an_exclusion_cannot_be_is_said_on_its_form(plant: Plant) -> None:
    new = "/network/exclusions/-new"
    assert "would hide every alert" in plant.browser.refused(new, name="All")
    assert "not a subnet" in plant.browser.refused(new, name="x", subnets="plant")
    assert "at least one weekday" in plant.browser.refused(new, name="x", start="08:00", end="09:00")
    assert "beginning and an end" in plant.browser.refused(new, name="x", start="08:00", weekday="1")
    assert plant.bodies(EXCLUSION) == []


def test_a_window_is_opened_moved_and_opened_again_when_it_is_over(plant: Plant) -> None:
    clock = plant.http.here.world.clock
    page = plant.browser.post("/network/windows/-new", ticket="CHG-1", minutes="30", subnets="10.0.0.0/8")
    assert "CHG-1 What it says open It ends" in page
    (body,) = plant.bodies(WINDOW)
    assert (body["opened"], body["ends"]) == (clock.now(), clock.now() + 1800)
    clock.advance(600)
    plant.browser.post("/network/windows/CHG-1", minutes="10")
    assert plant.bodies(WINDOW)[0]["opened"] == clock.now() - 600
    clock.advance(600)
    assert "over It ended" in plant.browser.get("/network/windows/CHG-1")
    plant.browser.post("/network/windows/CHG-1", minutes="5")
    assert plant.bodies(WINDOW)[0]["opened"] == clock.now()
    assert "within 30 days" in plant.browser.refused("/network/windows/CHG-1", minutes="99999999")
    assert "whole number" in plant.browser.refused("/network/windows/CHG-1", minutes="soon")
    plant.browser.post("/network/windows/CHG-1", do="delete")
    assert plant.bodies(WINDOW) == []


def test_a_rule_is_made_and_shown_as_it_was_written(plant: Plant) -> None:
    page = plant.browser.post("/network/rules/-new", **NEW_RULE)
    assert "Nothing matched yet." in page
    (body,) = plant.bodies(RULE)
    assert body["conditions"] == [
        {"field": "@kind", "operator": "==", "value": "WRITE_SINGLE_REGISTER"},
        {"field": "address", "operator": "in range", "value": [100, 119]},
    ]
    assert body["hours"] == {"start": 1320, "end": 360, "weekdays": [4]}
    said = "modbus: @kind == WRITE_SINGLE_REGISTER and address in range 100 to 119, Fri 22:00 to 06:00 UTC"
    assert f"{NEW_RULE['name']} {said} alert, high" in plant.browser.get("/network/rules")
    raw = plant.browser.request("GET", plant.address(RULE, "rules")).text
    assert 'value="100 to 119"' in raw
    assert "<b>changed" not in raw


def test_a_bad_rule_is_refused_with_what_to_change(plant: Plant) -> None:
    new = "/network/rules/-new"
    assert "100 to 119" in plant.browser.refused(new, **{**NEW_RULE, "value-1": "many"})
    assert "100 to 119" in plant.browser.refused(new, **{**NEW_RULE, "value-1": "1 to 2 to 3"})
    assert "low and high" in plant.browser.refused(new, **{**NEW_RULE, "value-1": "119 to 100"})
    assert "not dissected" in plant.browser.refused(new, **{**NEW_RULE, "protocol": "fax"})
    assert plant.bodies(RULE) == []


def test_numbers_and_truth_values_of_conditions_are_kept_as_such(plant: Plant) -> None:
    values = ["7", "-1.5", "true", "0x1f", "1e999", ""]
    rows = {f"field-{n}": f"f{n}" for n in range(6)} | {f"value-{n}": value for n, value in enumerate(values)}
    rows |= {f"operator-{n}": "!=" for n in range(6)}
    plant.browser.post("/network/rules/-new", name="n", protocol="modbus", **rows)
    conditions = plant.bodies(RULE)[0]["conditions"]
    assert isinstance(conditions, list)
    kept = [each["value"] for each in conditions if isinstance(each, dict)]
    assert kept == [7, -1.5, True, "0x1f", "1e999", ""]


def test_a_rules_page_has_what_matched(plant: Plant) -> None:
    plant.browser.post("/network/rules/-new", **NEW_RULE)
    for name in (NEW_RULE["name"], "Other"):
        seen = Violation(f"{name}: register 7", "what the rule excludes", 10.0, 20.0, 3)
        type, ends = alert_types()[ALERT], ("10.1.0.9", "10.1.0.20")
        alert = Alert(f"a-{len(name)}", type, Severity.HIGH, *ends, "modbus", 10.0, 20.0, ["n1"])
        alert.violations.append(seen)
        plant.alerts.take_alerts([alert])
    page = plant.browser.get(plant.address(RULE, "rules"))
    assert page.count("register 7") == 1
    assert "register 7 3" in page


def test_a_question_is_saved_answered_and_tried_before(plant: Plant) -> None:
    new = "/network/queries/-new?subject=assets"
    assert "since is no moment" in plant.browser.refused(
        new, name="q", subject="assets", **{"filter-since": "soon"}
    )
    fields = {"name": "PLCs", "subject": "assets", "filter-type": "PLC", "filter-since": "-7d"}
    page = plant.browser.post(new, **fields, column="name")
    assert "PLCs" in page
    assert "Nothing matches now." in page
    (body,) = plant.bodies(QUERY)
    assert (body["filters"], body["columns"]) == ({"type": "PLC", "since": "-7d"}, ["name"])
    answer = plant.browser.request("GET", plant.address(QUERY, "queries") + "?format=csv")
    assert answer.text.splitlines() == ["Name"]


def test_everybodys_questions_are_answered_and_not_changed(plant: Plant) -> None:
    assert "Devices silent for a week" in plant.browser.get("/network/queries")
    assert "Nothing matches now." in plant.browser.get("/network/queries/inactive")
    assert plant.browser.submit("/network/queries/inactive", {"do": "delete"}).status_code == 404


@pytest.mark.parametrize("section", ["exclusions", "windows", "rules", "queries"])
def test_who_may_only_read_sees_no_form_for_new_ones(plant: Plant, section: str) -> None:
    plant.http.here.user("reader", SENSOR_READER.id)
    reader = Browser(plant.http, "reader")
    assert "New " not in reader.get(f"/network/{section}")
    assert reader.request("GET", f"/network/{section}/-new").status_code == 403
    assert reader.submit(f"/network/{section}/-new", {"name": "x"}).status_code == 403
