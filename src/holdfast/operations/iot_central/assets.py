"""What is carried over, kind by kind, in the order in which one thing needs another.

`KINDS` is the table: a kind more is one function that reads its assets and one row. Fields that the service
makes itself (`id`, `etag`, `provisioned`, …) stay behind.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

from holdfast.kernel.json import JsonObject
from holdfast.operations.iot_central.model import Asset
from holdfast.operations.iot_central.source import PREVIEW, Source

Document = Any  # JSON of the source, any


@dataclass
class Options:
    """What a person brings along, and what was learned on the way."""

    authorities: dict[str, str] = field(default_factory=dict)
    """SHA-1 thumbprint (upper case) → PEM of CA certificates, which the service does not give back."""
    file_storage: str = ""
    """Connection string of file uploads, which the service does not give back."""
    known_roles: frozenset[str] = frozenset()
    """Roles that exist here."""


def address(collection: str, identifier: str) -> str:
    """The path of one item."""
    return f"/api/{collection}/{quote(identifier, safe=':;')}"


def carried(document: Document, *names: str) -> JsonObject:
    """The fields of these names that the document has."""
    return {name: document[name] for name in names if document.get(name) is not None}


def _plain(collection: str, *names: str, version: str = "") -> "Read":
    """Reads a collection whose items are carried as they are."""

    def read(source: Source, _options: Options) -> Iterator[Asset]:
        for item in source.items(collection, version):
            path = address(collection, item["id"]) + (f"?api-version={version}" if version else "")
            yield Asset(collection, item["id"], path, carried(item, *names))

    return read


def _organizations(source: Source, _options: Options) -> Iterator[Asset]:
    """Parents before their children."""
    waiting = {item["id"]: item for item in source.items("organizations")}
    while waiting:
        ready = [item for item in waiting.values() if item.get("parent") not in waiting]
        if not ready:
            source.note(
                "organizations", ", ".join(waiting), "they are each other's parents; make them by hand"
            )
            return
        for item in ready:
            del waiting[item["id"]]
            body = carried(item, "displayName", "parent")
            yield Asset("organizations", item["id"], address("organizations", item["id"]), body)


def _roles(source: Source, options: Options) -> Iterator[Asset]:
    """Nothing to carry: the service tells names of roles, not what they allow."""
    for role in source.items("roles"):
        if role["id"] not in options.known_roles:
            text = f"the custom role {role.get('displayName')!r}: what it allows is not in the API; "
            source.note("roles", role["id"], text + "make it with `holdfast role create` under the same id")
    yield from ()


def _users(source: Source, options: Options) -> Iterator[Asset]:
    names = ("type", "email", "tenantId", "objectId", "roles")
    for user in source.items("users"):
        missing = {role.get("role") for role in user.get("roles", ())} - options.known_roles
        if missing:
            text = f"waits for the roles {', '.join(sorted(map(str, missing)))}; import again when they exist"
            source.note("users", user["id"], text)
            continue
        yield Asset("users", user["id"], address("users", user["id"]), carried(user, *names))


def _api_tokens(source: Source, _options: Options) -> Iterator[Asset]:
    for token in source.items("apiTokens"):
        roles = " ".join(f"--role {role.get('role')}" for role in token.get("roles", ()))
        text = f"the text of a token is not given back; make one: holdfast token create {token['id']} {roles}"
        source.note("apiTokens", token["id"], text)
    yield from ()


def _templates(source: Source, _options: Options) -> Iterator[Asset]:
    names = ("@type", "@context", "displayName", "description", "capabilityModel", "deploymentManifest")
    for template in source.items("deviceTemplates"):
        identifier = template["@id"]
        path = address("deviceTemplates", identifier)
        yield Asset("deviceTemplates", identifier, path, carried(template, *names))


def _enrollment_groups(source: Source, options: Options) -> Iterator[Asset]:
    for listed in source.items("enrollmentGroups"):
        path = address("enrollmentGroups", listed["id"])
        group = source.optional(path) or listed
        body = carried(group, "displayName", "enabled", "type")
        attestation = group.get("attestation") or {}
        if attestation.get("type") != "x509":
            yield Asset("enrollmentGroups", listed["id"], path, {**body, "attestation": attestation})
            continue
        yield Asset(
            "enrollmentGroups", listed["id"], path, {**body, "attestation": {"type": "x509"}}, merge=True
        )
        yield from _certificates(source, options, listed["id"])


def _certificates(source: Source, options: Options, group: str) -> Iterator[Asset]:
    for entry in ("primary", "secondary"):
        path = f"{address('enrollmentGroups', group)}/certificates/{entry}"
        held = source.optional(path)
        if not held:
            continue
        thumbprint = str(held.get("info", {}).get("sha1Thumbprint", "")).upper()
        pem = options.authorities.get(thumbprint)
        if pem is None:
            text = (
                f"the {entry} certificate {thumbprint} is not given back; put its PEM file where --cas says"
            )
            source.note("enrollmentGroups", group, text)
            continue
        body: JsonObject = {"certificate": pem, "verified": held.get("verified") is True}
        body["info"] = {"sha1Thumbprint": thumbprint}
        yield Asset("certificates", f"{group}/{entry}", path, body)


_JOB_FIELDS = (
    "displayName",
    "description",
    "group",
    "batch",
    "cancellationThreshold",
    "data",
    "organizations",
)


def _scheduled_jobs(source: Source, _options: Options) -> Iterator[Asset]:
    """Switched off: as long as both applications run, each would do the work."""
    for job in source.items("scheduledJobs"):
        body: JsonObject = {**carried(job, *_JOB_FIELDS, "schedule"), "enabled": False}
        yield Asset("scheduledJobs", job["id"], address("scheduledJobs", job["id"]), body)
        if job.get("enabled", True):
            source.note(
                "scheduledJobs", job["id"], "comes switched off; enable it when its devices have moved"
            )


def _jobs(source: Source, _options: Options) -> Iterator[Asset]:
    """Jobs are history: one that is put is run."""
    for job in source.items("jobs"):
        text = f"the job {job.get('displayName', '')!r} ({job.get('status')}) is not run again"
        source.note("jobs", job["id"], text)
    yield from ()


def _file_uploads(source: Source, options: Options) -> Iterator[Asset]:
    setting = source.optional("/api/fileUploads")
    if not setting:
        return
    if not options.file_storage:
        text = "its connection string is not given back; say where files go with --file-storage"
        source.note("fileUploads", str(setting.get("container", "")), text)
        return
    body = {"connectionString": options.file_storage, **carried(setting, "container", "sasTtl")}
    yield Asset("fileUploads", "fileUploads", "/api/fileUploads", body)


def _exports(source: Source, _options: Options) -> Iterator[Asset]:
    for export in source.items("dataExport/exports", PREVIEW):
        text = f"the data export {export.get('displayName', '')!r} is not carried over"
        source.note("dataExport/exports", export["id"], text)
    yield from ()


Read = Callable[[Source, Options], Iterator[Asset]]


class Kind(NamedTuple):
    """One kind of asset."""

    name: str
    read: Read


_DASHBOARD = ("displayName", "tiles", "favorite", "organizations")

BEFORE_DEVICES = (
    Kind("organizations", _organizations),
    Kind("roles", _roles),
    Kind("users", _users),
    Kind("apiTokens", _api_tokens),
    Kind("deviceTemplates", _templates),
    Kind("enrollmentGroups", _enrollment_groups),
    Kind(
        "deploymentManifests",
        _plain("deploymentManifests", "displayName", "data", "organizations", version=PREVIEW),
    ),
)
"""What devices need; then come the devices (`devices.py`), then what needs devices."""

AFTER_DEVICES = (
    Kind("deviceGroups", _plain("deviceGroups", "displayName", "description", "filter", "organizations")),
    Kind("scheduledJobs", _scheduled_jobs),
    Kind("jobs", _jobs),
    Kind("dashboards", _plain("dashboards", *_DASHBOARD, version=PREVIEW)),
    Kind("fileUploads", _file_uploads),
    Kind("dataExport/exports", _exports),
)
