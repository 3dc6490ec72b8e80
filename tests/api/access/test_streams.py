"""Audit records over HTTP, and live streams that end when their reader may not read any more."""

import asyncio
import itertools
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.responses import StreamingResponse

from holdfast.access.roles.builtin import ADMINISTRATOR, AUDITOR, OPERATOR, ORGANIZATION_ADMINISTRATOR
from holdfast.access.sessions.cookies import SESSION
from holdfast.api import audit, streams, telemetry_live
from holdfast.api.frame import ApiRequest
from holdfast.api.services import Services
from holdfast.api.streams import MAXIMUM_STREAMS_A_PERSON, Streams
from holdfast.devices.device import DEVICE, DEVICE_KIND
from holdfast.kernel.errors import NotFoundError, TooManyRequestsError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.log.open import open_reader, open_writer
from holdfast.log.port import Entry
from holdfast.resources.events import AuditFeed
from tests.access.world import AccessWorld, open_access
from tests.api.access.http import Http


class Live:
    """What streams need of an instance, and their lines one look at a time."""

    def __init__(self, here: AccessWorld, folder: Path) -> None:
        self.here = here
        world = here.world
        self._writer = open_writer(folder, world.ring, world.clock)
        self.log = open_reader(folder, world.ring, world.clock)
        self.loop = asyncio.new_event_loop()
        self.streams = Streams(asyncio.Event())
        self.services = SimpleNamespace(
            store=world.store,
            log=self.log,
            events=AuditFeed(world.database, world.clock),
            authenticate=here.access.authenticator,
            extension=lambda _kind: self.streams,
        )

    def request(self, cookie: str, **query: str) -> ApiRequest:
        headers = {"cookie": f"{SESSION}={cookie}"}
        principal = self.here.who(cookie=cookie)
        services = cast(Services, self.services)
        return ApiRequest(services, principal, "GET", "https://app/api", {}, query, headers)

    def say(self, device: str, value: int) -> None:
        done = threading.Event()
        body = json.dumps({"v": value}).encode()
        entry = Entry(device, "", "telemetry", self.here.clock.now(), "", body)
        self._writer.append([entry], lambda _error: done.set())
        assert done.wait(60)

    def close(self) -> None:
        self._writer.close()
        self.log.close()
        self.loop.close()


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.0)
    with open_access(tmp_path, DEVICE_KIND) as here:
        here.user("root", ADMINISTRATOR.id)
        here.sign_in_method("root")
        live = Live(here, tmp_path)
        yield live
        live.close()


class Lines:
    """The lines of an open stream, read one look after the other."""

    def __init__(self, response: Any, loop: asyncio.AbstractEventLoop) -> None:
        assert isinstance(response, StreamingResponse)
        self._parts = cast(AsyncIterator[bytes], response.body_iterator)
        self._loop = loop

    def look(self) -> list[Any]:
        """What the next look brings; empty when there was nothing. StopAsyncIteration at the end."""
        text = self._loop.run_until_complete(self._next())
        return [json.loads(line) for line in text.splitlines() if line]

    async def _next(self) -> bytes:
        return await anext(self._parts)

    def close(self) -> None:
        self._loop.run_until_complete(cast(Any, self._parts).aclose())


def test_records_are_filtered_and_paged(http: Http) -> None:
    for id in ("ada", "bob", "eve"):
        http.here.user(id, OPERATOR.id)
    found = http.root("GET", "/api/audit/events?name=user.created&limit=2").json()
    assert [event["resource"] for event in found["value"]] == ["eve", "bob"]
    event = found["value"][0]
    assert (event["beforeDigest"], len(event["afterDigest"]), event["outcome"]) == ("", 64, "ok")
    more = http.root("GET", found["nextLink"]).json()["value"]
    assert next(event["resource"] for event in more) == "ada"
    nothing = http.root("GET", "/api/audit/events?until=1990-01-01T00:00:00Z").json()
    assert nothing == {"value": []}
    since = http.root("GET", "/api/audit/events?resource=ada&since=1990-01-01T00:00:00Z").json()
    assert [event["event"] for event in since["value"]] == ["user.created"]


@pytest.mark.parametrize(
    "query", ["since=soon", "limit=0", "limit=1001", "limit=x", "before=-1", "before=" + "9" * 30]
)
def test_wrong_filters_are_refused_with_their_name(http: Http, query: str) -> None:
    answer = http.root("GET", f"/api/audit/events?{query}")
    assert (answer.status_code, answer.json()["error"]["target"]) == (400, query.partition("=")[0])


def test_the_log_is_exported_whole(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MAXIMUM_PAGE", 2)
    lines = [json.loads(line) for line in http.root("GET", "/api/audit/export").text.splitlines()]
    sequences = [line["sequence"] for line in lines]
    assert sequences == list(range(sequences[0], 0, -1))
    http.here.user("ada", OPERATOR.id)
    assert http.person("ada")("GET", "/api/audit/export").status_code == 403


def test_records_are_followed_until_the_session_is_revoked(live: Live) -> None:
    live.here.user("ada", AUDITOR.id)
    cookie = live.here.cookie("ada")
    lines = Lines(audit._live(live.request(cookie, kind="user")), live.loop)
    live.here.user("bob", OPERATOR.id)
    assert [event["resource"] for event in lines.look()] == ["bob"]
    live.here.access.sessions.end_all(live.here.as_user("root"), "ada")
    (last,) = lines.look()
    assert last["error"]["code"] == "Unauthorized"
    with pytest.raises(StopAsyncIteration):
        lines.look()
    assert not live.streams.open
    lines.close()


def test_a_stream_ends_with_the_role_the_account_and_the_condition(live: Live) -> None:
    live.here.user("ada", AUDITOR.id)

    def ends_after(change: Any) -> str:
        lines = Lines(audit._live(live.request(live.here.cookie("ada"), resource="nothing")), live.loop)
        lines.look()
        change()
        last = lines.look()
        lines.close()
        return str(last[0]["error"]["code"])

    assert ends_after(lambda: live.here.user("ada", OPERATOR.id)) == "Forbidden"
    live.here.user("ada", AUDITOR.id)
    policy: JsonObject = {
        "displayName": "P",
        "state": "enabled",
        "conditions": {"principals": {"include": ["ada"]}},
        "control": {"action": "block"},
    }
    put = live.here.world.put
    assert ends_after(lambda: put("conditionalAccessPolicy", "p", policy)) == "ConditionalAccess"
    put("conditionalAccessPolicy", "p", {**policy, "state": "disabled"})
    assert ends_after(lambda: live.here.user("ada", AUDITOR.id, enabled=False)) == "Unauthorized"


def test_records_are_read_where_they_may_be_read_and_nowhere_beside(live: Live) -> None:
    here = live.here
    here.organization("north")
    here.organization("south")
    permissions: JsonObject = {"permissions": [Permission.AUDIT_READ.value]}
    here.world.put("role", "reader", {"displayName": "Reader", "scope": "organization", **permissions})
    here.user("ada", ("reader", "north"))
    lines = Lines(audit._live(live.request(here.cookie("ada"))), live.loop)
    for place in ("north", "south"):
        here.world.put(DEVICE, f"d-{place}", {"displayName": "D"}, organization=f"/{place}/")
    assert [event["resource"] for event in lines.look()] == ["d-north"]
    lines.close()
    request = live.request(here.cookie("ada"))
    found = audit.find(request, audit.wanted(request), None, 100)
    assert {event.organization for event in found} == {"/north/"}
    exported = b"".join(audit._exported(request, audit.wanted(request)))
    assert b"d-north" in exported
    assert b"/south/" not in exported


def test_nobody_holds_all_the_places(live: Live) -> None:
    request = live.request(live.here.cookie("root"))
    held = [Lines(audit._live(request), live.loop) for _ in range(MAXIMUM_STREAMS_A_PERSON)]
    with pytest.raises(TooManyRequestsError):
        audit._live(request)
    for lines in held:
        lines.look()
        lines.close()
    assert not live.streams.open


def test_a_device_that_one_may_not_see_is_not_followed(live: Live) -> None:
    live.here.organization("north")
    live.here.user("ada", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    live.here.world.put(DEVICE, "pump", {"displayName": "Pump"})
    with pytest.raises(NotFoundError):
        telemetry_live._live(live.request(live.here.cookie("ada"), device="pump"))


PLACES = ("", "a", "b", "c")
EXAMPLES = itertools.count()
PARENTS = {"a": "", "b": "a", "c": ""}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    devices=st.lists(st.sampled_from(PLACES), min_size=1, max_size=6),
    node=st.sampled_from(PLACES),
    moved=st.sampled_from(PLACES),
)
def test_messages_of_what_is_seen_are_streamed_and_of_nothing_else(
    live: Live, devices: list[str], node: str, moved: str
) -> None:
    """A model: a node and everything below it, also after the reader's place in the tree was changed."""
    for place, parent in PARENTS.items():
        live.here.organization(place, parent)
    paths = {"": "/", "a": "/a/", "b": "/a/b/", "c": "/c/"}
    example = next(EXAMPLES)
    numbered = {f"d-{example}-{number}": place for number, place in enumerate(devices)}
    for device, place in numbered.items():
        live.here.world.put(DEVICE, device, {"displayName": device}, organization=paths[place])

    def role_at(place: str) -> Any:
        return (ORGANIZATION_ADMINISTRATOR.id, place) if place else ADMINISTRATOR.id

    live.here.user("reader", role_at(node))
    lines = Lines(telemetry_live._live(live.request(live.here.cookie("reader"))), live.loop)
    for place in (node, moved):
        live.here.user("reader", role_at(place))
        for device in numbered:
            live.say(device, 1)
        expected = {d for d, where in numbered.items() if paths[where].startswith(paths[place])}
        assert {item["device"] for item in lines.look()} == expected
    lines.close()
    live.here.access.sessions.end_all(live.here.as_user("root"), "reader")
