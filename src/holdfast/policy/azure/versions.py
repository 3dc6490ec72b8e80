"""The versions of definitions and initiatives in the shapes of Azure."""

from dataclasses import dataclass

from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import Principal
from holdfast.policy.azure.resources import KINDS, PolicyResources
from holdfast.policy.kinds.names import VERSIONS_OF
from holdfast.policy.kinds.versions import other_versions, stored_version, version_body, version_id
from holdfast.resources.model import Action, Change, Resource


@dataclass(frozen=True)
class PolicyVersions:
    """Lists, reads, writes and deletes versions."""

    policies: PolicyResources

    def every(self, principal: Principal, kind: str, name: str) -> list[JsonObject]:
        """Every version of a definition or initiative, the present one first."""
        present = self.policies.get(principal, kind, name)
        base, properties = str(present["id"]), present["properties"]
        version = stored_version(properties) if isinstance(properties, dict) else ""
        kept = [_shown(base, each) for each in other_versions(self.policies.store, kind, name.lower())]
        return [{**_form(base, version), "properties": properties}, *kept] if version else kept

    def get(self, principal: Principal, kind: str, name: str, version: str) -> JsonObject:
        """One version. NotFoundError when it is not kept."""
        for each in self.every(principal, kind, name):
            if str(each["name"]).lower() == version.lower():
                return each
        raise NotFoundError(f"There is no version {version} of {name}.")

    def put(
        self, principal: Principal, kind: str, name: str, version: str, document: JsonObject
    ) -> tuple[JsonObject, bool]:
        """Make or replace a version; and whether it is new."""
        properties = document.get("properties")
        if not isinstance(properties, dict):
            raise InvalidError("/properties must be an object.", "/properties")
        base = self.policies.visible(principal, KINDS[kind], name)
        body = version_body(base.id, version, properties)
        identity = version_id(base.id, version)
        change = Change(Action.PUT, VERSIONS_OF[kind], identity, body, base.organization)
        applied = self.policies.changes.apply(principal, change)
        assert applied.resource is not None
        shown = _shown(str(self.policies.get(principal, kind, name)["id"]), applied.resource)
        return shown, applied.before is None

    def delete(self, principal: Principal, kind: str, name: str, version: str) -> None:
        """Delete a version; the present one goes with the definition."""
        identity = version_id(name.lower(), version)
        self.policies.changes.apply(principal, Change(Action.DELETE, VERSIONS_OF[kind], identity))


def _shown(base: str, kept: Resource) -> JsonObject:
    form = _form(base, str(kept.body["version"]))
    return {**form, "properties": kept.body["properties"], "etag": f'"{kept.etag}"'}


def _form(base: str, version: str) -> JsonObject:
    provider = base.rpartition("/providers/")[2].rpartition("/")[0]
    return {"id": f"{base}/versions/{version}", "name": version, "type": f"{provider}/versions"}
