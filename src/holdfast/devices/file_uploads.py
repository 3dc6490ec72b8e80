"""The kind `fileUpload`: where the files go that devices upload. An application has one setting or none."""

import base64
import binascii
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, Kind, Reader

FILE_UPLOAD = "fileUpload"
THE_SETTING = "default"
"""The id of the one setting."""

MINIMUM_TTL, MAXIMUM_TTL = 3600, 24 * 3600
"""Seconds that an upload may take; as in the hosted service."""

_CONTAINER = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]")
"""Container names of Azure Blob Storage; a subset of S3's bucket names."""
_DURATION = re.compile(
    r"P(?:(?P<d>\d{1,2})D)?(?:T(?:(?P<h>\d{1,3})H)?(?:(?P<m>\d{1,5})M)?(?:(?P<s>\d{1,6})S)?)?"
)
_SECONDS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}


class FileUpload(Body, frozen=True):
    """The body."""

    connection_string: str
    container: str
    account: str = ""
    sas_ttl: str = "PT1H"


class LocalFiles(NamedTuple):
    """Files on this instance, encrypted: `Storage=Local`."""


class AzureBlobs(NamedTuple):
    """A storage account of Azure, or what speaks its protocol."""

    account: str
    key: bytes
    endpoint: str
    """`https://account.blob.core.windows.net`, without a slash at the end."""


Storage = LocalFiles | AzureBlobs


class UploadSettings(NamedTuple):
    """The setting as the transports use it."""

    storage: Storage
    container: str
    lifetime: int
    """Seconds that an upload may take."""


def upload_settings(reader: Reader) -> UploadSettings:
    """The present setting. NotFoundError when uploads are not set up."""
    stored = reader.get(FILE_UPLOAD, THE_SETTING)
    if stored is None:
        raise NotFoundError("File upload is not set up in this application.")
    body = read_body(stored.body, FileUpload)
    return UploadSettings(storage_of(body.connection_string), body.container, seconds_of(body.sas_ttl))


def storage_of(text: str) -> Storage:
    """What a connection string names. InvalidError when it names nothing that we know."""
    parts = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    if parts == {"Storage": "Local"}:
        return LocalFiles()
    if {"AccountName", "AccountKey"} <= parts.keys():
        return _azure(parts)
    raise InvalidError(
        "connectionString must be Storage=Local (this instance, encrypted) or an Azure storage account's.",
        "/connectionString",
    )


def _azure(parts: dict[str, str]) -> AzureBlobs:
    account = parts["AccountName"]
    if re.fullmatch(r"[a-z0-9]{3,24}", account) is None:
        raise InvalidError("AccountName has 3 to 24 lower-case letters and digits.", "/connectionString")
    try:
        key = base64.b64decode(parts["AccountKey"], validate=True)
    except binascii.Error:
        raise InvalidError("AccountKey is not Base64.", "/connectionString") from None
    protocol = parts.get("DefaultEndpointsProtocol", "https")
    suffix = parts.get("EndpointSuffix", "core.windows.net")
    endpoint = parts.get("BlobEndpoint", f"{protocol}://{account}.blob.{suffix}")
    return AzureBlobs(account, key, _endpoint(endpoint))


def _endpoint(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise InvalidError("The endpoint is no address.", "/connectionString") from None
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.username:
        raise InvalidError("The storage's endpoint must be an https:// address.", "/connectionString")
    return text.rstrip("/")


def seconds_of(text: str) -> int:
    """An ISO 8601 duration of days and less, in seconds. InvalidError."""
    found = _DURATION.fullmatch(text)
    given = {unit: number for unit, number in found.groupdict().items() if number} if found else {}
    if not given:
        raise InvalidError("sasTtl must be an ISO 8601 duration such as PT1H.", "/sasTtl")
    return sum(int(number) * _SECONDS[unit] for unit, number in given.items())


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if draft.change.id != THE_SETTING or draft.organization != ROOT:
        raise InvalidError("An application has one file upload setting, for all organizations.", "/id")
    asked = read_body(draft.body, FileUpload)
    storage = storage_of(asked.connection_string)
    account = storage.account if isinstance(storage, AzureBlobs) else ""
    if asked.account not in ("", account):
        raise InvalidError("account is not the one that the connection string names.", "/account")
    if _CONTAINER.fullmatch(asked.container) is None:
        raise InvalidError(
            "container has 3 to 63 lower-case letters, digits and hyphens, none at either end.",
            "/container",
        )
    if not MINIMUM_TTL <= seconds_of(asked.sas_ttl) <= MAXIMUM_TTL:
        raise InvalidError("sasTtl lies between PT1H and PT24H.", "/sasTtl")
    return to_body(FileUpload(asked.connection_string, asked.container, account, asked.sas_ttl))


FILE_UPLOAD_KIND = Kind(
    name=FILE_UPLOAD,
    read=Permission.FILE_UPLOAD_READ,
    create=Permission.FILE_UPLOAD_MANAGE,
    update=Permission.FILE_UPLOAD_MANAGE,
    delete=Permission.FILE_UPLOAD_MANAGE,
    validate=_validate,
    secrets=frozenset({"connectionString"}),
    policy_type="Holdfast.Devices/fileUploads",
)
