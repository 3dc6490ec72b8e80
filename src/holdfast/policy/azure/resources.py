"""Policy resources in the shapes of Azure: definitions, initiatives, assignments, exemptions, remediations.

Independent of any web framework: callers bring who asks, where, and the parsed body.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.principal import Principal
from holdfast.policy.builtin.catalog import built_in
from holdfast.policy.kinds.names import (
    ASSIGNMENT,
    ATTESTATION,
    COLLECTIONS,
    EXEMPTION,
    PROVIDER,
    REMEDIATION,
    VERSIONS_OF,
)
from holdfast.policy.kinds.table import POLICY_KINDS
from holdfast.policy.kinds.versions import stored_version, version_body, version_id
from holdfast.policy.remediation.kind import DECISION
from holdfast.policy.remediation.model import read_task
from holdfast.policy.types.documents import scope_of
from holdfast.resources.model import Action, Change, Kind, Resource
from holdfast.resources.port import ChangePath, ResourceStore
from holdfast.resources.query import Query

INSIGHTS: Final = "/providers/Microsoft.PolicyInsights"
KINDS: Final = {kind.name: kind for kind in POLICY_KINDS}
PATCHED: Final = frozenset({ASSIGNMENT, EXEMPTION})
"""Kinds that the published API has a PATCH for."""
CUSTOM: Final = "custom"
BUILT_IN: Final = "builtin"
"""Where definitions and initiatives come from."""
_INSIGHT_KINDS: Final = frozenset({REMEDIATION, ATTESTATION})


def provider_of(kind: str) -> str:
    """The path of the provider that serves a kind."""
    return INSIGHTS if kind in _INSIGHT_KINDS else PROVIDER


@dataclass(frozen=True)
class PolicyResources:
    """Lists, reads, writes and deletes policy resources."""

    store: ResourceStore
    changes: ChangePath

    def list(
        self, principal: Principal, kind: str, limit: int = 100, after: str = "", origin: str = ""
    ) -> tuple[list[JsonObject], str]:
        """One page and the token of the next; what is built in comes before the first page.

        `origin` narrows to what is `CUSTOM` or `BUILT_IN`.
        """
        if origin == BUILT_IN:
            return [*_built_in(kind)], ""
        found = self.store.find(Query(kind, principal.reach(KINDS[kind].read), limit=limit, after=after))
        shown = [_shown(each) for each in found.items]
        built = [] if after or origin == CUSTOM else _built_in(kind)
        return [*built, *shown], found.next

    def get(self, principal: Principal, kind: str, name: str) -> JsonObject:
        """One resource. Raises NotFoundError when there is none that the principal may see."""
        own = built_in().get((kind, name.lower()))
        if own is not None:
            return _built_in_form(kind, own)
        return _shown(self.visible(principal, KINDS[kind], name))

    def put(
        self,
        principal: Principal,
        kind: str,
        name: str,
        document: JsonObject,
        place: OrganizationPath = ROOT,
        if_match: str | None = None,
    ) -> tuple[JsonObject, bool]:
        """Make or replace one from its document, `{"properties": …}`; and whether it is new."""
        properties = document.get("properties")
        if not isinstance(properties, dict):
            raise InvalidError("/properties must be an object.", "/properties")
        change = Change(Action.PUT, kind, name.lower(), properties, place, if_match)
        *_, applied = self.changes.apply_all(principal, [*self._kept(change), change])
        assert applied.resource is not None
        return _shown(applied.resource), applied.before is None

    def patch(
        self,
        principal: Principal,
        kind: str,
        name: str,
        document: JsonObject,
        if_match: str | None = None,
    ) -> JsonObject:
        """Change some properties of one; what stands beside them, such as an identity, does nothing here."""
        properties = document.get("properties") or {}
        if not isinstance(properties, dict):
            raise InvalidError("/properties must be an object.", "/properties")
        if not properties:
            return self.get(principal, kind, name)
        change = Change(Action.MERGE, kind, name.lower(), properties, if_match=if_match)
        applied = self.changes.apply(principal, change)
        assert applied.resource is not None
        return _shown(applied.resource)

    def _kept(self, change: Change) -> Iterator[Change]:
        """The version that a newer one replaces stays, for assignments that ask for it."""
        before = self.store.get(change.kind, change.id) if change.kind in VERSIONS_OF else None
        version = stored_version(before.body) if before is not None else ""
        if before is None or not version or stored_version(change.body) in ("", version):
            return
        body = version_body(before.id, version, before.body)
        yield Change(
            Action.PUT, VERSIONS_OF[change.kind], version_id(before.id, version), body, before.organization
        )

    def delete(self, principal: Principal, kind: str, name: str, if_match: str | None = None) -> None:
        """Delete one."""
        self.changes.apply(principal, Change(Action.DELETE, kind, name.lower(), if_match=if_match))

    def decide(self, principal: Principal, name: str, decision: str) -> JsonObject:
        """Approve or cancel a remediation."""
        body: JsonObject = {DECISION: decision}
        applied = self.changes.apply(principal, Change(Action.MERGE, REMEDIATION, name.lower(), body))
        assert applied.resource is not None
        return _shown(applied.resource)

    def undo(self, principal: Principal, name: str) -> JsonObject:
        """Ask for a remediation that takes back what another one changed."""
        task = self.visible(principal, KINDS[REMEDIATION], name)
        kept = ("policyAssignmentId", "policyDefinitionReferenceId")
        body: JsonObject = {key: task.body[key] for key in kept if key in task.body} | {"undoes": task.id}
        change = Change(Action.CREATE, REMEDIATION, f"{task.id}-undo", body, task.organization)
        applied = self.changes.apply(principal, change)
        assert applied.resource is not None
        return _shown(applied.resource)

    def visible(self, principal: Principal, kind: Kind, name: str) -> Resource:
        """A stored resource. NotFoundError when there is none that the principal may see."""
        found = self.store.get(kind.name, name.lower())
        if found is None or not principal.allows(kind.read, found.organization):
            raise NotFoundError(f"There is no {COLLECTIONS[kind.name]}/{name}, or you may not see it.")
        return found


def _shown(resource: Resource) -> JsonObject:
    kind = resource.kind
    path = f"{provider_of(kind)}/{COLLECTIONS[kind]}/{resource.id}"
    return {
        "id": f"{scope_of(resource.organization).rstrip('/')}{path}",
        "name": resource.id,
        "type": path.removeprefix("/providers/").rpartition("/")[0],
        "properties": {**resource.body, **(_PUBLISHED[kind](resource.body) if kind in _PUBLISHED else {})},
        "etag": f'"{resource.etag}"',
        "systemData": {
            "createdAt": isoformat(resource.created),
            "lastModifiedAt": isoformat(resource.modified),
        },
    }


_PUBLISHED: Final[Mapping[str, Callable[[JsonObject], JsonObject]]] = {
    REMEDIATION: lambda body: {"deploymentStatus": body.get("deploymentSummary")},
}
"""Properties as the published clients read them, beside our own."""


def deployments(task: Resource) -> Iterator[JsonObject]:
    """What became of each resource of a remediation."""
    for each in read_task(task).deployments:
        error: JsonObject = (
            {"error": {"code": "NotRemediated", "message": each.message}} if each.message else {}
        )
        yield {"remediatedResourceId": each.resource_id, "status": each.status.value, **error}


def _built_in(kind: str) -> Iterator[JsonObject]:
    for (own_kind, _), document in built_in().items():
        if own_kind == kind:
            yield _built_in_form(kind, document)


def _built_in_form(kind: str, document: object) -> JsonObject:
    members = dict(document) if isinstance(document, dict) else {}
    return {**members, "type": f"{PROVIDER.removeprefix('/providers/')}/{COLLECTIONS[kind]}"}
