"""A client that holds every answer against the published OpenAPI file, where that is at hand."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft4Validator

from holdfast.api.published import Operation, operations
from holdfast.api.routes import ROUTES
from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.resources.events import AuditFeed
from holdfast.resources.model import Event
from holdfast.storage.instance import open_instance
from tests.support.running import RunningInstance
from tests.support.shared import shared

VERSION = "2022-07-31"
PREVIEW_VERSION = "2022-10-31-preview"
Json = Any  # whatever JSON the instance answers

_BESIDE: dict[str, Json] = {"modules": {}, "idScope": {}, "type": {}, "deploymentManifest": {}}
"""Fields beside those of the file: of later previews, and where the command-line client reads modules."""


class Published:
    """The published file: what each operation may answer."""

    def __init__(self, spec: Path) -> None:
        self.document: dict[str, Json] = json.loads(spec.read_text(encoding="utf-8"))
        self.operations = operations(spec, ROUTES)

    def operation(self, method: str, route: str) -> Operation | None:
        """The operation that a route serves."""
        found = (o for o in self.operations if o.method == method and o.route and o.route.path == route)
        return next(found, None)

    def problems(self, operation: Operation, response: httpx.Response) -> list[str]:
        """What is wrong with an answer of the operation."""
        path = operation.path.removeprefix(self.document["basePath"])
        responses = self.document["paths"][path][operation.method.lower()]["responses"]
        described = responses.get(str(response.status_code))
        if described is None and response.status_code < 400:
            return [f"the status {response.status_code} is not published"]
        described = described or responses["default"]
        schema = described.get("schema")
        if schema is None:
            return ["a body where none is published"] if response.content else []
        return self._violations(schema, response.json())

    def _violations(self, schema: dict[str, Json], value: Json) -> list[str]:
        whole = {**schema, "definitions": self.document["definitions"]}
        found = [f"{e.json_path}: {e.message}" for e in Draft4Validator(whole).iter_errors(value)]
        return found + self._undescribed(schema, value)

    def _undescribed(self, schema: dict[str, Json], value: Json) -> list[str]:
        """Fields that the file does not have, of the object itself and of each item of a list."""
        if not isinstance(value, dict) or "$ref" not in schema:
            return []
        name = schema["$ref"].rpartition("/")[2]
        fields = self._fields(name, value)
        if not fields or name == "ErrorDetails":
            return []
        found = [f"{name} has no field {key}" for key in value if key not in fields | _BESIDE]
        for key, described in fields.items():
            items = value.get(key)
            if described.get("type") == "array" and isinstance(items, list):
                for item in items:
                    found += self._undescribed(described.get("items", {}), item)
            else:
                found += self._undescribed(described, items)
        return found

    def _fields(self, name: str, value: dict[str, Json]) -> dict[str, Json]:
        """The fields of a definition, those of what it extends, and those of the type that the value has."""
        definition = self.document["definitions"][name]
        fields = dict(definition.get("properties", {}))
        for base in definition.get("allOf", ()):
            fields |= self._fields(base["$ref"].rpartition("/")[2], {})
        wanted = value.get(definition.get("discriminator", ""))
        for other, described in self.document["definitions"].items():
            if wanted is not None and described.get("x-ms-discriminator-value") == wanted:
                fields |= self._fields(other, {}) if name in self._bases(other) else {}
        return fields

    def _bases(self, name: str) -> set[str]:
        """What a definition extends, at any distance."""
        direct = {
            base["$ref"].rpartition("/")[2] for base in self.document["definitions"][name].get("allOf", ())
        }
        return direct.union(*map(self._bases, direct))


def published() -> Published | None:
    """The file, or None where the reference data is absent."""
    spec = shared("rest", "iotcentral-2022-07-31.json")
    return Published(spec) if spec else None


class Central:
    """Calls an instance; an answer that is not as published fails the test."""

    def __init__(self, instance: RunningInstance) -> None:
        self.instance = instance
        self.published = published()
        self.called: set[str] = set()
        """Ids of the operations that answered with success."""
        self._client = httpx.Client(
            base_url=instance.url,
            verify=str(instance.root_ca),
            headers={"authorization": instance.token},
            timeout=60,
        )

    def __call__(
        self, method: str, path: str, body: Json = None, *, version: str = VERSION, **headers: str
    ) -> httpx.Response:
        """One request below `/api`; the answer, checked."""
        response = self._client.request(
            method,
            path if path.startswith("http") else f"/api{path}",
            params=None if path.startswith("http") else {"api-version": version},
            json=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        return self._checked(response)

    def send(self, method: str, path: str, body: Json, query: dict[str, str], content_type: str) -> None:
        """One request of any form; the answer is checked."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": content_type} if content else {}
        self._checked(
            self._client.request(method, path, params=query, content=content, headers=headers, timeout=60)
        )

    def _checked(self, response: httpx.Response) -> httpx.Response:
        assert response.status_code < 500, response.text
        if response.status_code >= 400:
            assert response.headers["x-ms-error-code"] == response.json()["error"]["code"]
        self._check(response.request.method, response)
        return response

    def ok(self, method: str, path: str, body: Json = None, status: int = 200) -> Json:
        """One request that must succeed; the decoded body."""
        response = self(method, path, body)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what other processes do."""
        deadline = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < deadline, "it never came"
            time.sleep(0.05)

    def audit(self) -> list[Event]:
        """The newest records of the audit log."""
        instance = open_instance(self.instance.data, SystemClock(), SystemRandomness())
        try:
            return AuditFeed(instance.database, instance.clock).search(limit=1000)
        finally:
            instance.close()

    def _check(self, method: str, response: httpx.Response) -> None:
        if self.published is None:
            return
        operation = self._operation(method, response.url.path)
        if operation is None:
            return
        assert self.published.problems(operation, response) == [], f"{operation.id}: {response.text[:2000]}"
        if response.status_code < 400:
            self.called.add(operation.id)

    def _operation(self, method: str, path: str) -> Operation | None:
        """The operation whose path fits with the fewest parameters."""
        assert self.published is not None
        asked = path.split("/")
        fitting = [
            operation
            for operation in self.published.operations
            if operation.method == method and _fits(operation.path.split("/"), asked)
        ]
        return min(fitting, key=lambda operation: operation.path.count("{"), default=None)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _fits(pattern: list[str], path: list[str]) -> bool:
    return len(pattern) == len(path) and all(
        part.startswith("{") or part == given for part, given in zip(pattern, path, strict=True)
    )
