"""Resources, changes, and what is recorded of them. Everything configurable is a resource.

A resource is (kind, id, organization, body, etag). Every change of every resource takes the change path
(`resources.port.ChangePath`): authorize → policy → validate → one transaction with the row, its audit record
and its event. The audit record *is* the event: consumers read the same rows that the auditor reads.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import Move, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal
from holdfast.resources.query import Condition, Query


@dataclass(frozen=True, slots=True)
class Resource:
    """One stored resource. The body is shared between readers: nobody changes it in place."""

    kind: str
    id: str
    organization: OrganizationPath
    body: JsonObject
    etag: str
    """Opaque; changes with every change of the resource."""
    created: float
    """Unix seconds."""
    modified: float


class Action(StrEnum):
    """What a change does."""

    CREATE = "create"
    """Make it; a ConflictError when it exists."""
    PUT = "put"
    """Make it or replace its whole body."""
    MERGE = "merge"
    """Apply a JSON merge patch (RFC 7396) to an existing body."""
    DELETE = "delete"
    EMIT = "emit"
    """Touch no row: only an audited event about the resource, with `body` as the event's data.

    For what is asked of a resource, not set on it: a command queued, desired properties, a job stopped.
    """


@dataclass(frozen=True, slots=True)
class Change:
    """One requested change."""

    action: Action
    kind: str
    id: str
    body: JsonObject = field(default_factory=dict)
    organization: OrganizationPath | None = None
    """Where it shall live; None keeps the present place, or the root for a new resource."""
    if_match: str | None = None
    """The etag that the caller holds, `*` for any existing one; None for no condition."""
    verb: str = ""
    """Refines EMIT: the event's name after the kind, such as `c2d-queued`."""
    permission: Permission | None = None
    """Overrides the kind's permission for the action (EMIT always names one)."""


class IndexType(StrEnum):
    """How an indexed path is compared."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ANY = "any"
    """Each value by its own type; an operand finds values of its type. The type of open paths (`cloud.*`)."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some resources in order, and the token for the next ones (empty at the end)."""

    items: tuple[Resource, ...]
    next: str


class Reader(Protocol):
    """Reads resources as they are inside the current transaction or snapshot.

    Inside the change path's transaction it sees every change before this one and none beside it, so a
    validator may rely on what it counts (the last administrator, an empty organization).
    """

    def get(self, kind: str, id: str) -> Resource | None:
        """The resource, or None."""
        ...

    def look_up(self, kind: str, path: str, text: str) -> Resource | None:
        """The resource with a text at an indexed path, the first by id where several have it; or None.

        For what names one resource: nothing is weighed as in `find`. InvalidError for a path that the kind
        does not index.
        """
        ...

    def find(self, query: Query) -> Page:
        """One page. InvalidError for a path that the kind does not index or a token that is not ours."""
        ...

    def count(self, kind: str, reach: tuple[OrganizationPath, ...], where: Condition | None = None) -> int:
        """How many resources match."""
        ...

    def census(self, node: OrganizationPath) -> dict[str, int]:
        """How many resources of each kind live at or below an organization; kinds without any are absent."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A change about to be made, as validators and policies see it."""

    principal: Principal
    change: Change
    organization: OrganizationPath
    before: Resource | None
    body: JsonObject
    """The whole body after the change; empty for a deletion."""
    now: float


Validator = Callable[[Draft, Reader], JsonObject]
"""Checks a draft and returns the body to store (normalized, defaults filled in).

Pure over (draft, rows): PostgreSQL may run it again. Raises InvalidError naming the field, ConflictError.
"""


Guard = Callable[[Draft, Reader], None]
"""Checks what a draft means for other resources; see `Kind.guard`. Raises ConflictError, ForbiddenError."""


Relocated = Callable[[Resource, Move, Reader], Resource]
"""How a resource is after an organization moved; `Reader` sees every place as it is afterwards."""


def unchecked(draft: Draft, _reader: Reader) -> JsonObject:
    """A validator for kinds whose bodies are made by the product alone."""
    return draft.body


@dataclass(frozen=True, slots=True)
class Kind:
    """What the change path and the store need to know about one kind of resource."""

    name: str
    """Camel case, singular: `device`, `enrollmentGroup`. Part of event names."""
    read: Permission
    create: Permission
    update: Permission
    delete: Permission
    validate: Validator = unchecked
    guard: Guard | None = None
    """Runs inside the transaction for every change of the kind, deletions too, after `validate`: for what
    two changes made at the same time could break together (the last administrator, a unique name)."""
    indexed: Mapping[str, IndexType] = field(default_factory=dict)
    """Dotted paths into the body that queries may filter and sort by.

    A path ending in `.*` is open: every value below it is indexed under its own path (`cloud.owner`,
    `cloud.motor.limit`), for filters only. Its type is ANY. Values of open paths may also stand beside the
    body, see `resources.beside`.
    """
    filled: frozenset[str] = frozenset()
    """Indexed paths at which `validate` gives every resource a value: searches for what is not so are
    searches for something else there."""
    secrets: frozenset[str] = frozenset()
    """Dotted paths whose values never appear in audit, events, logs or policies; `*` matches any key."""
    policy_type: str = ""
    """The type name under which policies see it, e.g. `Holdfast.Devices/devices`; empty hides the kind."""
    deletable: bool = True
    is_node: bool = False
    """Whether its resources are the nodes of the organization tree: when one moves, everything at and below
    its place moves along."""
    relocated: Relocated | None = None
    """For kinds that say in their bodies where something is, or live where several places meet."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the audit log, which is also the event that consumers get."""

    sequence: int
    """Grows by one a row in commit order; consumers keep it as their position."""
    id: str
    """Stable and unique: outside Holdfast the key against doubles."""
    time: float
    name: str
    """`kind.verb`: `device.created`, `.updated`, `.deleted`, `device.c2d-queued`, `session.refused`."""
    kind: str
    resource: str
    organization: OrganizationPath
    actor: str
    actor_kind: str
    actor_name: str
    on_behalf_of: str
    address: str
    outcome: str
    """`ok`, or `refused` with the reason in `detail`."""
    before_digest: str
    after_digest: str
    data: JsonObject
    """What consumers need: the body after the change with secrets left out; for EMIT the change's body."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a change came to."""

    resource: Resource | None
    """After the change; None after a deletion."""
    before: Resource | None
    sequence: int
    """The audit row's sequence."""
    policy_effects: tuple[str, ...] = ()
    """What policies changed in the request, in words for the caller and the audit."""
