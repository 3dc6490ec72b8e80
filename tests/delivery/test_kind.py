"""What a destination may be, and that its credentials stay with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.access.issuer.identities import KIND as MANAGED_IDENTITY
from holdfast.access.issuer.identities import MANAGED_IDENTITY as MANAGED_IDENTITY_KIND
from holdfast.delivery.destinations import Email, Syslog, Transport, Webhook
from holdfast.delivery.kind import DESTINATION, DESTINATION_KIND, connection_of, rule_of
from holdfast.kernel.errors import ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.resources.model import Action
from tests.support.world import World, open_world

HOOK: JsonObject = {"type": "webhook", "url": "https://siem.example/a", "headers": {"X-Key": "s3cret"}}
ENGINEER = Principal(
    "eve",
    PrincipalKind.USER,
    "Eve",
    (Grant(ROOT, frozenset({Permission.ALERT_MANAGE, Permission.ALERT_READ})),),
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, [DESTINATION_KIND, MANAGED_IDENTITY_KIND], seals=False) as opened:
        yield opened


def body(connection: JsonValue = None, **rest: JsonValue) -> JsonObject:
    return {"displayName": "SIEM", "connection": connection or HOOK, "alerts": {}, **rest}


@pytest.mark.parametrize(
    ("connection", "destination"),
    [
        (HOOK, Webhook("https://siem.example/a", (("X-Key", "s3cret"),))),
        (
            {"type": "syslog", "host": "log.example", "transport": "tcp"},
            Syslog("log.example", 6514, Transport.TCP),
        ),
        (
            {"type": "email", "host": "mail.example", "sender": "a@x.example", "recipients": ["b@x.example"]},
            Email("mail.example", "a@x.example", ("b@x.example",)),
        ),
    ],
)
def test_each_type_has_its_own_form(connection: JsonObject, destination: object) -> None:
    assert connection_of({"connection": connection}) == destination


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (body({"type": "pigeon"}), "/connection/type"),
        (body({"type": "webhook", "url": "https://x.example", "host": "y"}), "/connection/host"),
        (body({"type": "webhook", "url": "ftp://x.example"}), "/connection/url"),
        (body({"type": "syslog", "host": "x", "port": "many"}), "/connection"),
        (body({"type": "syslog", "host": "x", "port": 70000}), "/connection/port"),
        ({"displayName": "x", "connection": {"type": "syslog", "host": "x"}}, "/alerts"),
        (
            body({"type": "syslog", "host": "x"}, alerts={"minimumSeverity": "awful"}),
            "/alerts/minimumSeverity",
        ),
        (body({"type": "syslog", "host": "x"}, colour="red"), "/"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(world: World, wrong: JsonObject, pointer: str) -> None:
    with pytest.raises(InvalidError) as caught:
        world.put(DESTINATION, "siem", wrong)
    assert caught.value.field == pointer


def test_a_choice_of_alerts_becomes_a_rule_of_its_organization(world: World) -> None:
    choice: JsonObject = {"minimumSeverity": "high", "sites": ["plant"], "engines": ["policy"]}
    place = OrganizationPath("/north/")
    hook: JsonObject = {"type": "syslog", "host": "x"}
    stored = world.put(DESTINATION, "siem", body(hook, alerts=choice), organization=place)
    rule = rule_of(stored)
    assert rule is not None
    assert (rule.minimum.value, rule.sites, rule.engines) == (
        "high",
        frozenset({"plant"}),
        frozenset({"policy"}),
    )
    assert rule.organization == place


def test_credentials_are_in_no_event_and_stay_when_the_rest_changes(world: World) -> None:
    world.put(DESTINATION, "siem", body())
    patch: JsonObject = {"displayName": "Other", "connection": {"url": "https://siem.example/b"}}
    world.change(Action.MERGE, DESTINATION, "siem", patch)
    stored = world.store.get(DESTINATION, "siem")
    assert stored is not None
    assert connection_of(stored.body) == Webhook("https://siem.example/b", (("X-Key", "s3cret"),))
    assert all("s3cret" not in str(event.data) for event in world.feed.read(0))


@pytest.mark.parametrize(
    "url", ["https://evil.example/a", "http://siem.example/a", "https://siem.example:444/a"]
)
def test_a_credential_goes_to_no_other_place_than_it_was_given_for(world: World, url: str) -> None:
    world.put(DESTINATION, "siem", body())
    with pytest.raises(InvalidError) as caught:
        world.change(Action.MERGE, DESTINATION, "siem", {"connection": {"url": url}})
    assert caught.value.field == "/connection/headers/X-Key"
    fresh: JsonObject = {"connection": {"url": url, "headers": {"X-Key": "another"}}}
    world.change(Action.MERGE, DESTINATION, "siem", fresh)


IDENTITY: JsonObject = {"displayName": "Exports", "audiences": ["https://siem.example"]}


def called_as(identity: str, url: str = "https://siem.example/a", **rest: JsonValue) -> JsonObject:
    return body({"type": "webhook", "url": url, "identity": identity, **rest})


@pytest.mark.parametrize("identity", ["exports", "system"])
def test_an_identity_is_sent_where_whoever_manages_access_said_so_and_nowhere_else(
    world: World, identity: str
) -> None:
    world.put(MANAGED_IDENTITY, "exports", IDENTITY)
    with pytest.raises(ForbiddenError, match="application:access:manage"):
        world.put(DESTINATION, "siem", called_as(identity), ENGINEER)
    world.put(DESTINATION, "siem", called_as(identity))
    world.put(DESTINATION, "siem", {**called_as(identity), "displayName": "Renamed"}, ENGINEER)
    with pytest.raises(ForbiddenError):
        world.put(DESTINATION, "siem", called_as(identity, "https://evil.example/a"), ENGINEER)
    with pytest.raises(ForbiddenError):
        world.put(DESTINATION, "siem", called_as(identity, audience="api://cloud"), ENGINEER)
    world.put(DESTINATION, "siem", body(), ENGINEER)


@pytest.mark.parametrize(
    ("connection", "pointer"),
    [
        ({"identity": "nobody"}, "/connection/identity"),
        ({"identity": "exports", "audience": "api://other"}, "/connection/identity"),
        ({"audience": "api://other"}, "/connection/identity"),
        ({"identity": "system", "audience": "a" * 1025}, "/connection/audience"),
        ({"identity": "system", "url": "http://siem.example/a"}, "/connection/url"),
        ({"identity": "system", "headers": {"authorization": "Basic x"}}, "/connection/headers"),
    ],
)
def test_an_identity_that_could_not_be_used_is_refused_with_its_place(
    world: World, connection: JsonObject, pointer: str
) -> None:
    world.put(MANAGED_IDENTITY, "exports", IDENTITY)
    with pytest.raises(InvalidError) as caught:
        world.put(DESTINATION, "siem", body({**HOOK, "headers": {}, **connection}))
    assert caught.value.field == pointer


def test_the_audit_log_is_sent_by_those_alone_who_may_read_it(world: World) -> None:
    hook: JsonObject = {"type": "syslog", "host": "x"}
    world.put(DESTINATION, "siem", body(hook), ENGINEER)
    with pytest.raises(ForbiddenError):
        world.put(DESTINATION, "siem", body(hook, audit=True), ENGINEER)
