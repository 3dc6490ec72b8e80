"""A real instance with access control composed over it, and short ways to what tests do all the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import argon2

from holdfast.access.control import AccessControl, Site, compose
from holdfast.access.kinds import ACCESS_KINDS
from holdfast.access.local.passwords import Passwords
from holdfast.access.people.organizations import put_organization
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import user_change
from holdfast.access.ports import Ports
from holdfast.access.principals import rights_of_user
from holdfast.access.sessions.service import Origin, SignedIn
from holdfast.kernel.clock import ManualClock
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.principal import SYSTEM, Principal
from holdfast.resources.events import AuditFeed
from holdfast.resources.model import Action, Event, Kind, Resource
from tests.support.world import World, open_world

SITE = Site("app.example.org", "app.example.org", ["https://app.example.org"])
HOME = Origin("192.0.2.1", "Firefox")
FAST = Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""The cheapest parameters there are: tests are about who gets in, not about how hard guessing is."""


class Buckets:
    """Token buckets as `cluster.port.Limits` keeps them, on the world's clock."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def __call__(self, name: str, amount: float, capacity: float, per_second: float) -> float:
        now = self._clock.now()
        level, since = self._levels.get(name, (capacity, now))
        level = min(capacity, level + (now - since) * per_second)
        if level < amount:
            self._levels[name] = (level, now)
            return (amount - level) / per_second
        self._levels[name] = (level - amount, now)
        return 0.0


@dataclass(frozen=True)
class AccessWorld:
    """The parts."""

    world: World
    access: AccessControl

    @property
    def clock(self) -> ManualClock:
        return self.world.clock

    def organization(self, id: str, parent: str = "", principal: Principal = SYSTEM) -> Resource:
        body: JsonObject = {"displayName": id.title(), "parent": parent}
        return self._apply(principal, put_organization(self.world.store, id, body, None))

    def user(
        self, id: str, *roles: str | tuple[str, str], principal: Principal = SYSTEM, **more: Any
    ) -> Resource:
        """A person with roles at the application (a role's id) or at an organization (a pair)."""
        assigned: list[JsonValue] = [
            {"role": role} if isinstance(role, str) else {"role": role[0], "organization": role[1]}
            for role in roles
        ]
        body: JsonObject = {"type": "email", "email": f"{id}@example.org", "roles": assigned, **more}
        if body["type"] != "email":
            del body["email"]
        return self._apply(principal, user_change(self.world.store, Action.PUT, id, body))

    def sign_in_method(self, id: str) -> None:
        """Give a person a passkey, as far as rules about sign-in methods look."""
        user = self.world.store.get(USER, id)
        assert user is not None
        key: JsonObject = {"id": id, "publicKey": "p", "signCount": 0, "name": "Key", "created": "2026"}
        self.world.put("credential", id, {"userSince": user.created, "passkeys": [key]})

    def as_user(self, id: str, methods: frozenset[str] = frozenset({"pwd", "otp"})) -> Principal:
        """The principal of a user who is signed in now."""
        user = self.world.store.get(USER, id)
        assert user is not None
        now = self.clock.now()
        rights = rights_of_user(self.world.store, self.access.directory.current(), user, now)
        return Principal(
            id=id,
            kind=rights.principal.kind,
            name=rights.principal.name,
            grants=rights.principal.grants,
            address=HOME.address,
            authenticated_at=now,
            methods=methods,
        )

    def cookie(self, id: str, methods: frozenset[str] = frozenset({"pwd", "otp"}), **more: Any) -> str:
        """The cookie of a new session of a user."""
        user = self.world.store.get(USER, id)
        assert user is not None
        signed_in = SignedIn(methods, self.clock.now(), **more)
        return self.access.sign_in.complete(user, signed_in, HOME).cookie

    def who(self, *, cookie: str = "", authorization: str = "", address: str = HOME.address) -> Principal:
        """Who the authenticator says sends this."""
        return self.access.authenticator(
            authorization=authorization, cookie=cookie, address=address, user_agent="test"
        )

    def events(self, name: str) -> list[Event]:
        """The audit records of this name; refusals once their second is over."""
        feed = AuditFeed(self.world.database, self.clock)
        return [event for event in feed.read(0, 10_000) if event.name == name]

    def _apply(self, principal: Principal, change: Any) -> Resource:
        made = self.world.changes.apply(principal, change).resource
        assert made is not None
        return made


@contextmanager
def open_access(folder: Path, *more_kinds: Kind) -> Iterator[AccessWorld]:
    """An instance in `folder` with access control."""
    with open_world(folder, (*ACCESS_KINDS, *more_kinds)) as world:
        ports = Ports(world.changes, world.store, world.ring, world.clock, world.randomness)
        access = compose(ports, world.database, SITE, Buckets(world.clock), passwords=FAST)
        world.changes.observe(access.authenticator.changed)
        yield AccessWorld(world, access)
