"""Whatever is sent to whichever operation, a live instance answers, as published, and never with a 5xx.

Schemathesis makes the requests from the published file, good ones and bad ones, the same in every run; for
operations that it does not have, from our own table of routes.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from holdfast.api import fleet
from holdfast.api.central import capabilities, system
from holdfast.api.central import settings as application_settings
from holdfast.api.frame import Route
from tests.api.central.published import PREVIEW_VERSION, VERSION, Central, Json
from tests.api.central.test_operations import BODY, TEMPLATE
from tests.support.shared import shared

EXAMPLES = 3
"""Of each operation, good and bad ones each; schemathesis' command line does more when it is wanted."""

KNOWN = {
    "device": "pump-1",
    "template": TEMPLATE,
    "group": "pumps",
    "user": "kim",
    "token": "ci",
    "organization": "north",
    "job": "owner",
    "dashboard": "d1",
    "manifest": "m1",
    "module": "camera",
    "component": "motor",
    "telemetry": "pressure",
    "command": "flush",
    "relationship": "r1",
    "scheduled": "nightly",
    "entry": "primary",
}
"""Part of a path parameter's name → something that exists: a random name hardly ever finds anything."""


def _document() -> dict[str, Json]:
    """The published file, or an empty one."""
    spec = shared("rest", "iotcentral-2022-07-31.json")
    empty = {"swagger": "2.0", "info": {"title": "none", "version": VERSION}, "basePath": "/api", "paths": {}}
    return json.loads(spec.read_text(encoding="utf-8")) if spec else empty


def _own_document(published: dict[str, Json]) -> dict[str, Json]:
    """An OpenAPI file of the routes that the published one does not have; a body is any object."""
    paths: dict[str, Json] = {}
    known = {
        (f"/api{_shape(path)}", method) for path, methods in published["paths"].items() for method in methods
    }
    for route in (*fleet.ROUTES, *system.ROUTES, *application_settings.ROUTES, *capabilities.ROUTES):
        method = route.method.lower()
        if (_shape(route.path), method) not in known and "application/json" in route.content_types:
            paths.setdefault(route.path, {})[method] = _described(route)
    return {"openapi": "3.0.0", "info": {"title": "own", "version": "1"}, "paths": paths}


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _described(route: Route) -> dict[str, Json]:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    names = [name.partition(":")[0] for name in names]
    described: dict[str, Json] = {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ],
        "responses": {"default": {"description": "anything"}},
    }
    if route.method in {"PUT", "PATCH", "POST"}:
        content = {"application/json": {"schema": {"type": "object"}}}
        described["requestBody"] = {"content": content, "required": True}
    return described


GOOD, BAD = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


def _cases() -> Iterator[Any]:
    """Operation and kind of input."""
    published = _document()
    for document in (published, _own_document(published)):
        schema = schemathesis.openapi.from_dict(document)
        for found in schema.get_all_operations() if document["paths"] else ():
            operation: Any = found.ok()  # type: ignore[union-attr]  # the file is sound, or this raises
            yield pytest.param(operation, GOOD, id=f"{operation.label} good")
            if document is published or operation.body:  # where any text is good, none is bad
                yield pytest.param(operation, BAD, id=f"{operation.label} bad")


@pytest.fixture(scope="module")
def filled(central: Central) -> Central:
    """An instance with one of everything."""
    operator = next(r["id"] for r in central.ok("GET", "/roles")["value"] if r["displayName"] == "Operator")
    central.ok("PUT", f"/deviceTemplates/{TEMPLATE}", BODY)
    central.ok("PUT", "/organizations/north", {"displayName": "North"})
    central.ok(
        "PUT", "/users/kim", {"type": "email", "email": "k@example.org", "roles": [{"role": operator}]}
    )
    central.ok("PUT", "/apiTokens/ci", {"roles": [{"role": operator}]})
    for device in ("pump-1", "pump-2"):
        central.ok("PUT", f"/devices/{device}", {"template": TEMPLATE})
    central.ok("PUT", "/deviceGroups/pumps", {"displayName": "P", "filter": "SELECT * FROM devices"})
    return central


@pytest.mark.parametrize(("operation", "mode"), _cases())
def test_every_input_is_answered(filled: Central, operation: Any, mode: GenerationMode) -> None:
    sent = [0]

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def answered(case: Any) -> None:
        sent[0] += 1
        _send(filled, case, known=sent[0] % 2 == 0)

    answered()


def _send(central: Central, case: Any, *, known: bool) -> None:
    """One request; `Central` holds the answer against the published file and refuses a 5xx."""
    if known:
        case.path_parameters = {
            name: next((v for part, v in KNOWN.items() if part in name.lower()), value)
            for name, value in (case.path_parameters or {}).items()
        }
    body = case.body if isinstance(case.body, dict | list | str | int | float | bool) else None
    if isinstance(body, dict):
        body.pop("connectionTimeout", None)  # nobody is connected: it would be waited for
    path = case.formatted_path
    if not path.startswith(("/api", "/system")):
        path = f"/api{path}"
    query = {name: str(value) for name, value in (case.query or {}).items()}
    query["api-version"] = PREVIEW_VERSION if "dashboard" in path.lower() or "anifest" in path else VERSION
    central.send(case.method, path, body, query, case.media_type or "application/json")
