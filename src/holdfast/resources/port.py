"""The ports of the resource store and the change path. Everything above programs against these."""

from collections.abc import Sequence
from typing import Protocol

from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.principal import Principal
from holdfast.resources.model import Applied, Change, Draft, Event, Kind, Page, Reader

__all__ = ["Authorizer", "ChangePath", "EventFeed", "Page", "PolicyGate", "ResourceStore"]


class ResourceStore(Reader, Protocol):
    """Reads resources. Blocking: the control role calls it in threads. Decides nothing about permissions:
    callers pass `principal.reach(kind.read)` as reach."""


class PolicyGate(Protocol):
    """Policies at the moment of the change."""

    epoch: int
    """Grows whenever assignments, definitions or exemptions change; checked again inside the transaction."""

    def evaluate(self, kind: Kind, draft: Draft) -> tuple[JsonObject, tuple[str, ...]]:
        """The body after modify and append, and what they did, in words.

        Raises PolicyDeniedError for deny, and for an evaluation error of an enforced deny or modify.
        """
        ...


class Authorizer(Protocol):
    """Decides whether a change may be made. The default reads the principal's grants."""

    def check(self, principal: Principal, kind: Kind, draft: Draft) -> None:
        """Raises ForbiddenError; NotFoundError where the principal may not know that the resource exists."""
        ...


class ChangePath(Protocol):
    """The one way to change anything. Blocking; many threads may call at once, commits are grouped."""

    def apply(self, principal: Principal, change: Change) -> Applied:
        """Make one change. Returns after the transaction is durable.

        Raises ForbiddenError, PolicyDeniedError, InvalidError, NotFoundError, ConflictError,
        PreconditionFailedError, UnavailableError; then nothing was changed, and refusals are audited.
        """
        ...

    def apply_all(self, principal: Principal, changes: Sequence[Change]) -> tuple[Applied, ...]:
        """Make several changes in one transaction: all or none."""
        ...

    def record(
        self,
        principal: Principal,
        name: str,
        *,
        resource: str = "",
        outcome: str = "ok",
        detail: str = "",
        data: JsonObject | None = None,
    ) -> None:
        """Audit something that is no change: a sign-in, a refusal, a read of a secret.

        Refusals are aggregated by source and second, so that strangers cannot burn fsyncs.
        """
        ...


class EventFeed(Protocol):
    """The audit log as consumers read it."""

    def read(self, after: int, limit: int = 500) -> list[Event]:
        """Events with a sequence above `after` in order, none missing in between."""
        ...

    def wait(self, after: int, timeout: float) -> bool:
        """Block until there is an event above `after`, or `timeout` seconds passed; whether there is one."""
        ...

    def last(self) -> int:
        """The newest sequence, 0 when there is none."""
        ...

    def search(
        self,
        *,
        reach: tuple[OrganizationPath, ...] = (ROOT,),
        before: int | None = None,
        limit: int = 100,
        actor: str = "",
        kind: str = "",
        resource: str = "",
        outcome: str = "",
        name: str = "",
        since: float = 0.0,
        until: float | None = None,
    ) -> list[Event]:
        """The newest records first, below the sequence `before`, that have all the given values.

        `reach` is as in a `Query`: only records of what lies at or below one of its nodes.
        `since` and `until` are Unix seconds; `until` itself is outside.
        """
        ...
