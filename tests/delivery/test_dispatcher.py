"""From an alert to its destinations, over restarts and failures."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holdfast.alerts.model import AlertType, Origin, Report, Severity, Sighting
from holdfast.alerts.store.reading import AlertReader
from holdfast.alerts.store.writing import AlertStore
from holdfast.delivery.alerts.sources import AuditRecords, OpenedAlerts
from holdfast.delivery.destinations import Destination, Webhook
from holdfast.delivery.dispatcher import REVIVED, Dispatcher
from holdfast.delivery.kind import DESTINATION, DESTINATION_KIND
from holdfast.delivery.model import DeliveryError, Message
from holdfast.delivery.shelves.sql import SqlShelf, open_shelf
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action
from tests.support.world import World, open_world

DRIFT = AlertType("drift", "Drift", "policy", Severity.MEDIUM, "Policy")


@dataclass
class Receivers:
    """Every destination at once: what they got, and what they answer."""

    got: list[tuple[str, str]] = field(default_factory=list)
    """URL and title, in the order of arrival."""
    ids: list[str] = field(default_factory=list)
    answers: dict[str, list[DeliveryError | Exception]] = field(default_factory=dict)

    def make(self, _name: str, destination: Destination) -> "Receiver":
        assert isinstance(destination, Webhook)
        return Receiver(self, destination.url)


@dataclass
class Receiver:
    all: Receivers
    url: str

    def send(self, message: Message) -> None:
        waiting = self.all.answers.get(self.url)
        if waiting:
            raise waiting.pop(0)
        self.all.got.append((self.url, message.title))
        self.all.ids.append(message.id)

    def close(self) -> None:
        pass


@dataclass
class Site:
    """An instance with a dispatcher that can be started anew."""

    world: World
    alerts: AlertStore
    shelf: SqlShelf
    receivers: Receivers
    dispatcher: Dispatcher = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """What a worker does at its start."""
        world = self.world
        sources = (OpenedAlerts(AlertReader(world.database)), AuditRecords(world.feed))
        self.dispatcher = Dispatcher(
            world.store, world.feed, sources, self.shelf, self.receivers.make, world.clock, world.randomness
        )

    def run(self) -> None:
        """Let everything happen that is due."""
        while self.dispatcher.step() or self.dispatcher.settle():
            continue

    def see(self, source: str = "pump", organization: str = "/", severity: Severity | None = None) -> None:
        """Raise an alert."""
        report = Report(
            "drift", self.world.clock.now(), source, "policy", "", "bad", "good", severity=severity
        )
        self.alerts.raise_alerts([Sighting(report, Origin("policy", OrganizationPath(organization)))])

    def destination(self, name: str, **body: object) -> None:
        """Make or replace a webhook; `body` replaces what it is by default."""
        place = OrganizationPath(str(body.pop("organization", ROOT)))
        whole: JsonObject = {
            "displayName": name,
            "connection": {"type": "webhook", "url": f"https://{name}.example/"},
            "alerts": {},
            **body,  # type: ignore[dict-item]  # JSON
        }
        self.world.put(DESTINATION, name, whole, organization=place)


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    with open_world(tmp_path, [DESTINATION_KIND], url=database_url, seals=False) as world:
        shelf = open_shelf(tmp_path, world.ring, database_url)
        shelf.prepare()
        alerts = AlertStore(world.database, {DRIFT.id: DRIFT}, world.clock)
        site = Site(world, alerts, shelf, Receivers())
        site.run()  # the sources are followed from here on
        yield site
        site.dispatcher.close()
        shelf.close()


def test_an_alert_goes_once_to_every_destination_that_wants_it(site: Site) -> None:
    site.destination("siem")
    site.destination("pager", alerts={"minimumSeverity": "high"})
    site.destination("north", organization="/north/")
    site.destination("off", enabled=False)
    site.see("pump")
    site.see("pump")
    site.see("valve", "/north/plant/", Severity.HIGH)
    site.run()
    assert sorted(site.receivers.got) == [
        ("https://north.example/", "Drift"),
        ("https://pager.example/", "Drift"),
        ("https://siem.example/", "Drift"),
        ("https://siem.example/", "Drift"),
    ]


def test_what_was_not_sent_before_a_crash_is_sent_after_it_and_nothing_twice(site: Site) -> None:
    site.destination("siem")
    site.receivers.answers["https://siem.example/"] = [DeliveryError("down")]
    site.see("pump")
    site.run()
    assert site.receivers.got == []
    site.see("valve")
    site.start()  # nothing of the old process is left but what is on disk
    site.run()
    assert len(site.receivers.got) == 2
    site.start()
    site.run()
    assert len(site.receivers.ids) == len(set(site.receivers.ids)) == 2


def test_a_destination_that_fails_is_tried_again_later_and_holds_up_no_other(site: Site) -> None:
    site.destination("siem")
    site.destination("pager")
    site.receivers.answers["https://siem.example/"] = [DeliveryError("down")] * 2
    site.see()
    site.run()
    assert site.receivers.got == [("https://pager.example/", "Drift")]
    assert site.shelf.status("siem").error == "down"
    for _ in range(4):
        site.world.clock.advance(5.0)
        site.run()
    assert site.receivers.got[1:] == [("https://siem.example/", "Drift")]


def test_a_changed_destination_is_tried_at_once(site: Site) -> None:
    site.destination("siem")
    site.receivers.answers["https://siem.example/"] = [DeliveryError("refused", retry_after=3600.0)]
    site.see()
    site.run()
    site.destination("siem", connection={"type": "webhook", "url": "https://new.example/"})
    site.run()
    assert site.receivers.got == [("https://new.example/", "Drift")]


def test_a_hopeless_message_is_a_dead_letter_until_somebody_revives_it(site: Site) -> None:
    site.destination("siem")
    site.receivers.answers["https://siem.example/"] = [
        DeliveryError("400", permanent=True),
        ValueError("odd"),
    ]
    site.see("pump")
    site.see("valve")
    site.run()
    assert [letter.error for letter in site.shelf.dead("siem")] == [
        "It cannot be sent as it is (ValueError).",
        "400",
    ]
    site.world.change(Action.EMIT, DESTINATION, "siem", verb=REVIVED, permission=Permission.ALERT_MANAGE)
    site.run()
    assert len(site.receivers.got) == 2
    assert site.shelf.dead("siem") == []


def test_what_waits_for_a_destination_goes_with_it(site: Site) -> None:
    site.destination("siem")
    site.receivers.answers["https://siem.example/"] = [DeliveryError("down")]
    site.see()
    site.run()
    site.world.change(Action.DELETE, DESTINATION, "siem")
    site.run()
    assert list(site.shelf.destinations()) == []


def test_a_destination_hears_nothing_of_what_was_before_it(site: Site) -> None:
    site.see("pump")
    site.run()
    site.destination("siem")
    site.see("valve")
    site.run()
    assert len(site.receivers.got) == 1


def test_the_audit_log_is_sent_to_who_asks_for_it(site: Site) -> None:
    site.destination("siem", alerts=None, audit=True)
    site.run()
    before = len(site.receivers.got)
    site.world.changes.record(SYSTEM, "user.signed-in", resource="ann", detail="with a passkey")
    site.see()
    site.run()
    assert site.receivers.got[before:] == [("https://siem.example/", "user.signed-in")]
