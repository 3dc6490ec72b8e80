"""Destinations at the console: made, tested, changed without losing a credential, and how delivery goes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holdfast.access.roles.builtin import AUDITOR
from holdfast.console.pages.destinations.forms import MEMBERS
from holdfast.delivery.destinations import Destination
from holdfast.delivery.kind import DESTINATION, FORMS
from holdfast.delivery.model import DeliveryError, Message, Urgency
from holdfast.delivery.service import Delivery
from holdfast.delivery.shelves.sql import SqlShelf
from holdfast.kernel.json import JsonObject, at_path
from tests.access.world import AccessWorld
from tests.api.access.http import Http, open_http
from tests.console.pages.access.browser import Browser

HOOK = {"name": "SIEM", "url": "https://siem.example/in", "alerts": "on", "minimum": "high", "enabled": "on"}
HOOK |= {"secret": "hush", "headers": "X-Key: k1\nX-Plant: north", "chosen-engines": "policy\nmalware"}


@dataclass
class Receiver:
    """Takes messages, or says why not."""

    reason: str = ""
    got: list[Message] = field(default_factory=list)

    def make(self, _name: str, _destination: Destination) -> "Receiver":
        return self

    def send(self, message: Message) -> None:
        if self.reason:
            raise DeliveryError(self.reason)
        self.got.append(message)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Place:
    """A console with a place to send to."""

    http: Http
    browser: Browser
    shelf: SqlShelf
    receiver: Receiver

    def body(self, identity: str = "siem") -> JsonObject:
        stored = self.http.here.world.store.get(DESTINATION, identity)
        assert stored is not None
        return stored.body


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    receiver, shelves = Receiver(), list[SqlShelf]()

    def further(here: AccessWorld) -> dict[type, object]:
        shelves.append(SqlShelf(here.world.database))
        shelves[0].prepare()
        delivery = Delivery(shelves[0], receiver.make, here.world.clock, here.world.randomness)
        return {Delivery: delivery}

    with open_http(tmp_path, further) as http:
        yield Place(http, Browser(http, "root"), shelves[0], receiver)


def message(title: str) -> Message:
    return Message(title, 0.0, "alert", title, "", Urgency.WARNING, 5, {})


def test_every_kind_has_a_form_with_its_members() -> None:
    assert {kind: {member.name for member in members} for kind, members in MEMBERS.items()} == {
        kind: set(form.__dataclass_fields__) for kind, form in FORMS.items()
    }


def test_a_webhook_is_made_and_its_credentials_are_never_shown(place: Place) -> None:
    page = place.browser.post("/destinations/new/webhook", id="siem", **HOOK)
    assert "webhook Where https://siem.example/in What alerts from high on" in page
    body = place.body()
    assert at_path(body, "connection.secret") == "hush"
    assert at_path(body, "connection.headers") == {"X-Key": "k1", "X-Plant": "north"}
    assert at_path(body, "alerts.engines") == ["policy", "malware"]
    raw = place.browser.request("GET", "/destinations/siem").text
    assert "hush" not in raw
    assert "k1" not in raw
    assert "SIEM webhook https://siem.example/in alerts from high on" in place.browser.get("/destinations")


def test_what_is_left_empty_is_kept_and_what_is_removed_is_gone(place: Place) -> None:
    place.browser.post("/destinations/new/webhook", id="siem", **HOOK)
    place.browser.post("/destinations/siem", **{**HOOK, "secret": "", "headers": "X-Plant:", "name": "New"})
    body = place.body()
    assert (body["displayName"], at_path(body, "connection.secret")) == ("New", "hush")
    assert at_path(body, "connection.headers") == {"X-Key": "k1"}
    place.browser.post("/destinations/siem", **{**HOOK, "secret": "", "headers": "", "remove-secret": "on"})
    assert at_path(place.body(), "connection.secret") in (None, "")
    off = {name: value for name, value in HOOK.items() if name not in ("enabled", "alerts")}
    place.browser.post("/destinations/siem", **off, audit="on")
    body = place.body()
    assert (body["enabled"], body["audit"], body.get("alerts")) == (False, True, None)


def test_mail_and_syslog_are_made_with_what_is_usual(place: Place) -> None:
    common = {"alerts": "on", "minimum": "low", "enabled": "on"}
    mail = {
        "host": "mail.example",
        "port": "",
        "sender": "a@x.example",
        "recipients": "b@x.example\nc@x.example",
    }
    page = place.browser.post(
        "/destinations/new/email", id="mail", name="Mail", encrypted="on", **mail, **common
    )
    assert "b@x.example, c@x.example by mail.example" in page
    syslog = {"host": "log.example", "port": "514", "transport": "udp", "format": "cef"}
    page = place.browser.post("/destinations/new/syslog", id="log", name="Log", **syslog, **common)
    assert "log.example:514 (udp, cef)" in page
    bad = place.browser.refused(
        "/destinations/new/syslog", id="x", name="X", **{**syslog, "host": "a b"}, **common
    )
    assert "name or address of a host" in bad
    assert "header is written as" in place.browser.refused(
        "/destinations/new/webhook", id="y", **{**HOOK, "headers": "Authorization"}
    )


def test_a_test_message_says_whether_it_arrived(place: Place) -> None:
    place.browser.post("/destinations/new/webhook", id="siem", **HOOK)
    assert "The test message arrived." in place.browser.post("/destinations/siem/test")
    assert [each.title for each in place.receiver.got] == ["Test message"]
    place.receiver.reason = "The receiver answered 503."
    assert "answered 503" in place.browser.refused("/destinations/siem/test")


def test_what_waits_and_what_was_given_up_is_shown(place: Place) -> None:
    place.browser.post("/destinations/new/webhook", id="siem", **HOOK)
    place.shelf.take_in("alerts", 1, [("siem", message(title)) for title in ("First", "Second")], 100.0)
    refused = place.shelf.first("siem")
    assert refused is not None
    place.shelf.bury(refused, "It was refused (410).", 200.0)
    waiting = place.shelf.first("siem")
    assert waiting is not None
    place.shelf.failed(waiting, "Nobody answers.")
    part = place.browser.request("GET", "/destinations/siem/delivery").text
    for said in ("1 message waits", "Nobody answers.", "First", "It was refused (410)."):
        assert said in part
    assert "failing" in place.browser.get("/destinations")
    assert "is tried again" in place.browser.post("/destinations/siem/retry")
    assert "Nothing is sent anywhere yet" in place.browser.post("/destinations/siem", action="delete")


def test_who_may_only_read_sees_no_forms_that_change(place: Place) -> None:
    place.browser.post("/destinations/new/webhook", id="siem", **HOOK)
    place.http.here.user("eve", AUDITOR.id)
    place.http.here.sign_in_method("eve")
    auditor = Browser(place.http, "eve")
    assert "Send a test message" not in auditor.get("/destinations/siem")
    for path in ("/destinations/siem", "/destinations/siem/test", "/destinations/new/webhook"):
        assert auditor.submit(path, {}).status_code == 403
