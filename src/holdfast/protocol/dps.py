"""The device provisioning protocol over MQTT, and the JSON bodies that it shares with HTTPS.

A device connects under the name of its ID scope and registration id, registers, polls for the result and is
told its hub. CONNECT is accepted before anything is proved: refusals come as answers to the registration.
"""

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

import msgspec

from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.hub import MAXIMUM_REQUEST_ID, parse_query
from holdfast.protocol.json import JsonError, decode_json

RESPONSES = "$dps/registrations/res/#"
"""The one topic filter that a registering device subscribes to."""
MAXIMUM_BODY = 96 * 1024
"""Bytes of a registration's body, as on the hosted service."""
RETRY_AFTER = 3
"""Seconds that a device waits before it polls; the SDKs take 2 without it."""

_USER_NAME = re.compile(r"([A-Za-z0-9-]{1,64})/registrations/([^/?]{1,128})/(api-version=.*)")
_REGISTRATION = re.compile(r"[A-Za-z0-9\-._:]{0,127}[A-Za-z0-9\-]")
_REGISTER = "$dps/registrations/PUT/iotdps-register/?"
_POLL = "$dps/registrations/GET/iotdps-get-operationstatus/?"


class DpsError(ProtocolError):
    """What a device sent is not the provisioning protocol."""


class Code(IntEnum):
    """Error codes of answers; the first three digits are the HTTP status."""

    BAD_REQUEST = 400000
    WAITING_OR_BLOCKED = 400209
    UNAUTHORIZED = 401002
    UNKNOWN_REGISTRATION = 404201
    THROTTLED = 429001
    INTERNAL = 500000
    UNAVAILABLE = 503000

    @property
    def status(self) -> int:
        """The HTTP status, which stands in the topic too."""
        return self // 1000


class ProvisioningUser(NamedTuple):
    """What a registering device says of itself in its user name."""

    scope: str
    registration: str
    api_version: str
    client: str


def parse_user_name(text: str) -> ProvisioningUser | None:
    """`scope/registrations/id/api-version=…&ClientVersion=…`; None when the name is for the hub instead.

    DpsError when the registration id is none that a device may have.
    """
    found = _USER_NAME.fullmatch(text)
    if found is None:
        return None
    scope, registration, query = found.groups()
    check_registration(registration)
    values = parse_query(query)
    return ProvisioningUser(
        scope, registration, values.get("api-version", ""), values.get("ClientVersion", "")
    )


def check_registration(text: str) -> None:
    """DpsError unless `text` may be a registration id."""
    if _REGISTRATION.fullmatch(text) is None:
        raise DpsError(
            "A registration id has 1 to 128 letters, digits, '-', '.', '_' or ':'; "
            "the last is a letter, a digit or '-'."
        )


class Register(NamedTuple):
    """The device wants to be provisioned."""

    request: str


class Poll(NamedTuple):
    """The device asks how its registration stands."""

    request: str
    operation: str


def parse_topic(topic: str) -> Register | Poll:
    """What a message to `topic` means. DpsError closes the connection."""
    if topic.startswith(_REGISTER):
        return Register(_parameters(topic[len(_REGISTER) :])["$rid"])
    if topic.startswith(_POLL):
        parameters = _parameters(topic[len(_POLL) :])
        return Poll(parameters["$rid"], parameters.get("operationId", ""))
    raise DpsError("A registering device may publish to the registration topics only.")


def _parameters(query: str) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in query.split("&"))
    parameters = {name: value for name, _, value in pairs}
    if not 0 < len(parameters.get("$rid", "")) <= MAXIMUM_REQUEST_ID:
        raise DpsError("The topic carries no $rid, or one that is too long.")
    return parameters


def response_topic(status: int, request: str, retry_after: int | None = None) -> str:
    """Where the answer goes."""
    suffix = "" if retry_after is None else f"&retry-after={retry_after}"
    return f"$dps/registrations/res/{status}/?$rid={request}{suffix}"


def decode_registration(body: bytes, registration: str) -> JsonObject:
    """The custom payload of a registration's body; DpsError unless the body is for `registration`.

    An empty body is one without payload: some firmware sends none.
    """
    if not body.strip():
        return {}
    try:
        value = decode_json(body, MAXIMUM_BODY)
    except JsonError as error:
        raise DpsError(str(error)) from None
    if not isinstance(value, dict):
        raise DpsError("The registration must be a JSON object.")
    named = value.get("registrationId", registration)
    if not isinstance(named, str) or named.lower() != registration.lower():
        raise DpsError("The body is for another registration id than the connection.")
    payload = value.get("payload")
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise DpsError("The payload must be a JSON object.")
    return payload


class Assignment(NamedTuple):
    """The end of a registration, as `registrationState` says it."""

    registration: str
    status: str
    """`assigned`, `failed` or `disabled`."""
    hub: str = ""
    device: str = ""
    substatus: str = ""
    created: float = 0.0
    updated: float = 0.0
    etag: str = ""
    error_code: int = 0
    error_message: str = ""
    payload: JsonObject | None = None


def encode_accepted(operation: str) -> bytes:
    """The body of 202: the registration is being worked on."""
    return msgspec.json.encode({"operationId": operation, "status": "assigning"})


def encode_assignment(operation: str, assignment: Assignment) -> bytes:
    """The body of 200: the registration's end."""
    return msgspec.json.encode(
        {"operationId": operation, "status": assignment.status, "registrationState": _state(assignment)}
    )


def encode_state(assignment: Assignment) -> bytes:
    """The body of an answer to a look-up: the registration as it stands."""
    return msgspec.json.encode(_state(assignment))


def _state(assignment: Assignment) -> dict[str, JsonValue]:
    optional: JsonObject = {
        "assignedHub": assignment.hub or None,
        "deviceId": assignment.device or None,
        "substatus": assignment.substatus or None,
        "etag": assignment.etag or None,
        "errorCode": assignment.error_code or None,
        "errorMessage": assignment.error_message or None,
        "payload": assignment.payload,
    }
    return {
        "registrationId": assignment.registration,
        "createdDateTimeUtc": isoformat(assignment.created),
        "lastUpdatedDateTimeUtc": isoformat(assignment.updated),
        "status": assignment.status,
        **{name: value for name, value in optional.items() if value is not None},
    }


def encode_error(code: int, message: str, tracking: str, now: float) -> bytes:
    """The body of a refusal; `tracking` is what a person quotes to find it in our log."""
    return msgspec.json.encode(
        {"errorCode": code, "trackingId": tracking, "message": message, "timestampUtc": isoformat(now)}
    )
