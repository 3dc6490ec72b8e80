"""Access control over HTTP: a real instance behind the real frame."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from starlette.testclient import TestClient

from holdfast.access.control import AccessControl
from holdfast.access.people.assignments import Assignment
from holdfast.access.roles.builtin import ADMINISTRATOR
from holdfast.access.sessions.cookies import SESSION
from holdfast.api.application import build
from holdfast.api.routes import ROUTES
from holdfast.api.services import Services
from holdfast.console.rendering import error_page
from holdfast.console.routes import ROUTES as PAGES
from holdfast.defender.network.kinds import NETWORK_KINDS
from holdfast.delivery.kind import DESTINATION_KIND
from holdfast.devices.enrollment_group import ENROLLMENT_GROUP_KIND
from holdfast.devices.shared_access import SHARED_ACCESS_POLICY_KIND
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.events import AuditFeed
from holdfast.resources.integrity import AuditIntegrity
from holdfast.resources.witness import WITNESS_FILE, HeadFile
from holdfast.vault.files import open_authority, server_certificate
from holdfast.vault.validity import InstanceKeys
from tests.access.world import AccessWorld, open_access

Answer = Any  # an httpx response
SAME_SITE = {"sec-fetch-site": "same-origin", "content-type": "application/json"}
"""What a browser adds to the requests of our own pages."""


class Caller:
    """Somebody with a credential."""

    def __init__(self, client: TestClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        self._client.cookies.clear()
        return self._client.request(
            method,
            path,
            headers={**SAME_SITE, **self._headers, **headers},
            follow_redirects=False,
            content=None if body is None else json.dumps(body),
        )


class Http:
    """An instance over HTTP, with an administrator's API token."""

    def __init__(self, here: AccessWorld, client: TestClient) -> None:
        self.here = here
        self.client = client
        here.user("root", ADMINISTRATOR.id)
        here.sign_in_method("root")
        _, token = here.access.tokens.issue(SYSTEM, "root-token", [Assignment(ADMINISTRATOR.id)])
        self.root = Caller(client, {"authorization": token})
        self.nobody = Caller(client, {})

    def person(self, user: str) -> Caller:
        """A person in a browser with a new session."""
        return Caller(self.client, {"cookie": f"{SESSION}={self.here.cookie(user)}"})


def instance_keys(here: AccessWorld, folder: Path) -> InstanceKeys:
    """The keys and certificates of the instance in `folder`."""
    world = here.world
    return InstanceKeys(
        certificate=lambda: server_certificate(folder, world.ring, world.clock, ["app.example.org"]),
        authority=lambda: open_authority(folder, world.ring, world.clock),
        ages=world.ring.ages,
        brings_certificate=False,
    )


@contextmanager
def open_http(
    folder: Path, further: Callable[[AccessWorld], dict[type, object]] = lambda here: {}
) -> Iterator[Http]:
    """An instance in `folder`, served in memory; with `further` services beside access control."""
    kinds = (ENROLLMENT_GROUP_KIND, SHARED_ACCESS_POLICY_KIND, DESTINATION_KIND, *NETWORK_KINDS)
    with open_access(folder, *kinds) as here:
        world = here.world
        heads = HeadFile(folder / WITNESS_FILE)
        parts = {
            AuditIntegrity: AuditIntegrity(here.world.database, here.world.ring, here.clock, heads),
            AccessControl: here.access,
            InstanceKeys: instance_keys(here, folder),
            **further(here),
        }
        services = SimpleNamespace(
            clock=world.clock,
            randomness=world.randomness,
            store=world.store,
            changes=world.changes,
            events=AuditFeed(world.database, world.clock),
            authenticate=here.access.authenticator,
            extensions=parts,
            form_key=bytes(32),
            extension=lambda kind: parts[kind],
            host="app.example.org",
            id_scope="0ne00000001",
        )
        with TestClient(
            build(cast(Services, services), [*ROUTES, *PAGES], error_page=error_page),
            base_url="https://app.example.org",
        ) as client:
            yield Http(here, client)
