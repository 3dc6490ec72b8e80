"""A running instance's policies over HTTP, and a receiver of webhooks."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from tests.support.running import RunningInstance

T = TypeVar("T")
DEVICES = "Holdfast.Devices/devices"
DEFINITIONS = "/providers/Microsoft.Authorization/policyDefinitions"
SETS = "/providers/Microsoft.Authorization/policySetDefinitions"
ASSIGNMENTS = "/providers/Microsoft.Authorization/policyAssignments"
EXEMPTIONS = "/providers/Microsoft.Authorization/policyExemptions"
INSIGHTS = "/providers/Microsoft.PolicyInsights"
STATES = f"{INSIGHTS}/policyStates"
PATIENCE = 120.0
"""Seconds until something must have happened, on the slowest machine."""


def eventually(look: Callable[[], T]) -> T:
    """The first answer of `look` that is true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"it did not happen: {found}"
        time.sleep(0.05)
    return found


@dataclass
class Client:
    """The instance over HTTP, with the administrator's token."""

    instance: RunningInstance
    http: httpx.Client

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        url = httpx.URL(path)
        version = url.params.get("api-version", "2022-07-31")
        return self.http.request(method, url.copy_set_param("api-version", version), json=body)

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def define(self, name: str, condition: Any, effect: str, **details: Any) -> str:
        """Store a definition; its id."""
        then = {"effect": effect, **({"details": details} if details else {})}
        properties = {"displayName": f"About {name}", "policyRule": {"if": condition, "then": then}}
        return str(self.ok("PUT", f"{DEFINITIONS}/{name}", {"properties": properties})["id"])

    def assign(self, name: str, definition: str, **properties: Any) -> str:
        """Put it in force; the assignment's id."""
        body = {"properties": {"displayName": name, "policyDefinitionId": definition, **properties}}
        return str(self.ok("PUT", f"{ASSIGNMENTS}/{name}", body)["id"])

    def unassign(self, name: str) -> None:
        self.ok("DELETE", f"{ASSIGNMENTS}/{name}")

    def states(self, assignment: str) -> dict[str, str]:
        """The state of each resource by its name."""
        query = f"{STATES}/latest/queryResults?policyAssignmentName={assignment}"
        found = self.ok("POST", query)["value"]
        return {each["resourceId"].rpartition("/")[2]: each["complianceState"] for each in found}

    def audit(self, **wanted: str) -> list[dict[str, Any]]:
        """Records of the audit log, read with the command."""
        done = holdfast(self.instance, "audit", "list", "--data", str(self.instance.data), "--json")
        records: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
        return [each for each in records if all(each.get(name) == value for name, value in wanted.items())]


def holdfast(instance: RunningInstance, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, run with the administrator's token."""
    environment = {
        **os.environ,
        "HOLDFAST_URL": instance.url,
        "HOLDFAST_CA": str(instance.root_ca),
        "HOLDFAST_TOKEN": instance.token,
    }
    command = [sys.executable, "-m", "holdfast.cli.main", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def of_type(kind: str, *conditions: Any) -> Any:
    """Conditions over the resources of a type."""
    return {"allOf": [{"field": "type", "equals": kind}, *conditions]}


@dataclass
class Web:
    """A receiver of webhooks that is down when asked to be."""

    port: int = 0
    is_down: bool = False
    got: list[dict[str, Any]] = field(default_factory=list)
    credentials: list[str | None] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Web]:
    """A receiver on loopback."""
    state = Web()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.credentials.append(self.headers["X-Token"])
            if not state.is_down:
                state.got.append(body)
            self.send_response(503 if state.is_down else 200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()
