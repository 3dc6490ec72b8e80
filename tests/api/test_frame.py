"""The HTTP frame: who gets in, what bodies are taken, how errors look; no route lacks a permission."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from holdfast.api.application import build
from holdfast.api.frame import OPEN, SIGNED_IN, ApiRequest, Audience, Reply, Route
from holdfast.api.routes import ROUTES as API_ROUTES
from holdfast.api.services import Services
from holdfast.console.routes import ROUTES as CONSOLE_ROUTES
from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.kernel.errors import InvalidError, PolicyDeniedError, TooManyRequestsError, UnauthenticatedError
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import ANONYMOUS, Grant, Principal, PrincipalKind

READER = Principal(
    "reader", PrincipalKind.USER, "reader", (Grant(ROOT, frozenset({Permission.DEVICE_READ})),)
)


@dataclass
class Changes:
    """Remembers what was audited."""

    recorded: list[tuple[str, str]] = field(default_factory=list)

    def record(self, principal: Principal, name: str, **rest: str) -> None:
        self.recorded.append((principal.name, name))


def authenticate(*, authorization: str, cookie: str, address: str, user_agent: str) -> Principal:
    match authorization or cookie:
        case "":
            return ANONYMOUS
        case "reader":
            return READER
    raise UnauthenticatedError("This token is not good.")


def echo(request: ApiRequest) -> Reply:
    return Reply(200, {"who": request.principal.name, "body": request.body, "version": request.version})


async def slowly(request: ApiRequest) -> Reply:
    await asyncio.sleep(0)
    return Reply(204)


def fail(request: ApiRequest) -> Reply:
    raise RuntimeError("the secret is 1234")


def refuse(request: ApiRequest) -> Reply:
    raise InvalidError("The name is too long.", "/name")


def forbid(request: ApiRequest) -> Reply:
    raise PolicyDeniedError("Refused.", "/assignments/here", "/definitions/own")


def throttle(request: ApiRequest) -> Reply:
    raise TooManyRequestsError("Too many.", 7)


ROUTES = [
    Route("GET", "/read", Permission.DEVICE_READ, echo, "read"),
    Route("POST", "/write", Permission.DEVICE_CREATE, echo, "write"),
    Route("POST", "/body", SIGNED_IN, echo, "everybody's own", maximum_body=1000),
    Route("GET", "/open", OPEN, slowly, "for load balancers"),
    Route("GET", "/fail", OPEN, fail, "fails"),
    Route("GET", "/refuse", OPEN, refuse, "refuses"),
    Route("GET", "/forbid", OPEN, forbid, "is denied by a policy"),
    Route("GET", "/throttle", OPEN, throttle, "throttles"),
    Route("GET", "/versioned", OPEN, echo, "has versions", frozenset({"2022-07-31"})),
]


@dataclass
class World:
    client: TestClient
    changes: Changes


@pytest.fixture
def world() -> Iterator[World]:
    changes = Changes()
    services = SimpleNamespace(
        clock=ManualClock(), randomness=SystemRandomness(), changes=changes, authenticate=authenticate
    )
    with TestClient(build(cast(Services, services), ROUTES), base_url="https://test") as client:
        yield World(client, changes)


def ask(world: World, method: str, path: str, **rest: Any) -> Any:
    headers = {"authorization": "reader", **rest.pop("headers", {})}
    return world.client.request(method, path, headers=headers, **rest)


def test_a_permission_opens_its_route_and_no_other(world: World) -> None:
    assert ask(world, "GET", "/read").json()["who"] == "reader"
    refused = ask(world, "POST", "/write", json={})
    assert refused.status_code == 403
    assert refused.headers["x-ms-error-code"] == "Forbidden"
    assert world.changes.recorded == [("reader", "request.refused")]


def test_nobody_gets_nothing_but_what_is_open(world: World) -> None:
    answer = world.client.get("/read")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert world.client.post("/body", json={}).status_code == 401
    assert world.client.get("/open").status_code == 204


def test_a_bad_credential_is_refused_even_where_none_is_needed(world: World) -> None:
    assert ask(world, "GET", "/open", headers={"authorization": "forged"}).status_code == 401


def test_an_error_names_the_field_in_the_published_shape(world: World) -> None:
    error = world.client.get("/refuse").json()["error"]
    assert error["code"] == "InvalidBody"
    assert error["target"] == "/name"
    assert {"message", "requestId", "time"} <= set(error)


def test_a_denial_names_the_assignment_and_the_definition(world: World) -> None:
    answer = world.client.get("/forbid")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (403, "RequestDisallowedByPolicy")
    info = {"policyAssignmentId": "/assignments/here", "policyDefinitionId": "/definitions/own"}
    assert error["additionalInfo"] == [{"type": "PolicyViolation", "info": info}]


def test_a_fault_tells_nothing_of_its_inside_but_its_number(world: World) -> None:
    answer = world.client.get("/fail")
    assert answer.status_code == 500
    assert "1234" not in answer.text
    assert answer.headers["x-ms-request-id"] in answer.json()["error"]["message"]


def test_a_throttled_caller_is_told_when_to_come_back(world: World) -> None:
    answer = world.client.get("/throttle")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize("query", ["", "?api-version=2018-01-01"])
def test_a_missing_or_unknown_version_is_not_found(world: World, query: str) -> None:
    answer = world.client.get(f"/versioned{query}")
    assert answer.status_code == 404
    assert "is not a valid API version" in answer.json()["error"]["message"]
    assert world.client.get("/versioned?api-version=2022-07-31").json()["version"] == "2022-07-31"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"a": 1}', "application/json", 200),
        (b"", "application/json", 200),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 900, "application/json", 400),
        (b"[" * 80 + b"]" * 80, "application/json", 400),
        (b'"' + b"x" * 2000 + b'"', "application/json", 413),
        (b"<a/>", "application/xml", 415),
    ],
)
def test_only_json_of_bounded_size_and_depth_is_taken(
    world: World, content: bytes, kind: str, status: int
) -> None:
    assert ask(world, "POST", "/body", content=content, headers={"content-type": kind}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "https://test"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({}, 403),
    ],
)
def test_a_browser_changes_things_only_from_our_own_pages(
    world: World, headers: dict[str, str], status: int
) -> None:
    headers = {"cookie": "__Host-holdfast=reader", **headers}
    assert world.client.post("/body", json={}, headers=headers).status_code == status


def test_an_unknown_path_and_method_have_the_same_shape_as_every_error(world: World) -> None:
    assert world.client.get("/nothing").json()["error"]["code"] == "NotFound"
    assert world.client.delete("/read").json()["error"]["code"] == "MethodNotAllowed"


def test_two_routes_for_one_operation_are_a_fault_of_ours(world: World) -> None:
    with pytest.raises(ValueError, match="GET /read"):
        build(cast(Services, SimpleNamespace()), [*ROUTES, ROUTES[0]])


# Default deny


def test_every_route_declares_a_permission_or_says_why_it_needs_none() -> None:
    silent = [
        f"{route.method} {route.path}"
        for route in [*API_ROUTES, *CONSOLE_ROUTES]
        if isinstance(route.permission, Audience) and ":" not in route.summary
    ]
    assert silent == []


def test_open_routes_are_these_and_no_others() -> None:
    """A new open route is a decision: it is made here as well."""
    opened = {route.path for route in [*API_ROUTES, *CONSOLE_ROUTES] if route.permission is OPEN}
    signing_in = {"/sign-in", "/sign-in/link", "/sign-in/password", "/sign-in/providers"}
    passkeys = {"/sign-in/passkey" + rest for rest in ("", "/options", "/new", "/new/options")}
    provider = {"/sign-in/provider/{provider}", "/sign-in/provider/{provider}/leave"}
    provider |= {"/sign-in/callback", "/sign-in/back-channel-logout"}
    issuer = {"/.well-known/openid-configuration", "/.well-known/jwks.json"}
    assert opened <= signing_in | passkeys | provider | issuer


def test_nothing_is_served_beside_the_tables() -> None:
    source = Path(__file__).resolve().parents[2] / "src" / "holdfast" / "runtime" / "control.py"
    extra = [line.strip() for line in source.read_text().splitlines() if "StarletteRoute(" in line]
    assert len(extra) == 3, "health, readiness and metrics are the only endpoints outside the tables"
