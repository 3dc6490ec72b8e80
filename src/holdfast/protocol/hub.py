"""The hub's MQTT surface: who connects by which name, and what each topic means.

Topics carry no percent-encoding but in the parts that say so; a device's id stands as it is. A request id is
echoed exactly as it came.
"""

import re
from enum import StrEnum
from typing import NamedTuple, TypeAlias
from urllib.parse import quote, unquote

from holdfast.protocol.errors import ProtocolError

MAXIMUM_REQUEST_ID = 256
"""Characters of `$rid`; the SDKs send a UUID or a short counter."""
MAXIMUM_USER_NAME = 2048

_DEVICE_ID = re.compile(r"[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}\Z")
"""What the hub allows in a device or module id. IoT Central narrows it to letters, digits and a hyphen."""


class TopicError(ProtocolError):
    """The topic or the name is none that this connection may use; the connection is to be closed."""


class HubUser(NamedTuple):
    """What a device says of itself in its user name."""

    host: str
    device: str
    module: str = ""
    api_version: str = ""
    model: str = ""
    """The DTMI of the device model that the device implements."""
    client: str = ""
    """The SDK and its version."""


def parse_user_name(text: str) -> HubUser:
    """`host/device[/module]/?api-version=…&DeviceClientType=…&model-id=…`, its query in any order."""
    if len(text) > MAXIMUM_USER_NAME:
        raise TopicError("The user name is too long.")
    path, _, query = text.partition("?")
    parts = path.removesuffix("/").split("/")
    if len(parts) not in {2, 3} or not all(parts):
        raise TopicError("The user name does not read host/device/?api-version=….")
    host, device, module = [*parts, ""][:3]
    if not is_device_id(device) or (module and not is_device_id(module)):
        raise TopicError("The user name holds a device id with characters that none may have.")
    values = parse_query(query)
    return HubUser(
        host,
        device,
        module,
        values.get("api-version", ""),
        values.get("model-id", ""),
        values.get("DeviceClientType", ""),
    )


def is_device_id(text: str) -> bool:
    """Whether `text` may be a device's or a module's id."""
    return _DEVICE_ID.match(text) is not None


def parse_query(text: str) -> dict[str, str]:
    """`name=value&…` with both sides decoded; of two with one name the first counts."""
    values: dict[str, str] = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        values.setdefault(unquote(name), unquote(value))
    return values


def client_id(device: str, module: str = "") -> str:
    """The MQTT client identifier that a device or module must use."""
    return f"{device}/{module}" if module else device


# ---- what a device publishes


class Telemetry(NamedTuple):
    """A device-to-cloud message; its body is the payload."""

    properties: str
    """The property bag as it stands in the topic."""


class TwinGet(NamedTuple):
    """The device wants its twin."""

    request: str


class ReportedPatch(NamedTuple):
    """The device changes its reported properties."""

    request: str


class MethodResult(NamedTuple):
    """The device answers a direct method."""

    status: int
    request: str


Route: TypeAlias = Telemetry | TwinGet | ReportedPatch | MethodResult

_TWIN_GET = "$iothub/twin/GET/?"
_REPORTED = "$iothub/twin/PATCH/properties/reported/?"
_METHOD_RESULT = re.compile(r"\$iothub/methods/res/(-?[0-9]{1,10})/\?(.*)", re.DOTALL)


def events_topic(device: str, module: str = "") -> str:
    """Where a device's telemetry goes; the property bag follows."""
    owner = f"devices/{device}/modules/{module}" if module else f"devices/{device}"
    return f"{owner}/messages/events/"


def parse_topic(topic: str, device: str, module: str = "") -> Route:
    """What a message of this device to `topic` means. TopicError for any topic that is not its own."""
    events = events_topic(device, module)
    if topic.startswith(events):
        return Telemetry(topic[len(events) :])
    if topic == events[:-1]:
        return Telemetry("")
    if topic.startswith(_TWIN_GET):
        return TwinGet(_request_id(topic[len(_TWIN_GET) :]))
    if topic.startswith(_REPORTED):
        return ReportedPatch(_request_id(topic[len(_REPORTED) :]))
    if found := _METHOD_RESULT.fullmatch(topic):
        return MethodResult(int(found[1]), _request_id(found[2]))
    raise TopicError("A device may publish to its own topics only.")


def _request_id(query: str) -> str:
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in {"$rid", "%24rid"} and value:
            if len(value) > MAXIMUM_REQUEST_ID:
                raise TopicError("The request id is too long.")
            return value
    raise TopicError("The topic carries no $rid.")


# ---- what a device subscribes to


class Subscription(StrEnum):
    """What a device can ask to be sent."""

    DEVICEBOUND = "devicebound"
    TWIN_RESPONSES = "twin-responses"
    DESIRED = "desired"
    METHODS = "methods"
    INPUTS = "inputs"


_SHARED_FILTERS = {
    "$iothub/twin/res/#": Subscription.TWIN_RESPONSES,
    "$iothub/twin/PATCH/properties/desired/#": Subscription.DESIRED,
    "$iothub/methods/POST/#": Subscription.METHODS,
}


def parse_filter(name: str, device: str, module: str = "") -> Subscription:
    """What the topic filter `name` of this device asks for. TopicError for any that is not its own."""
    if found := _SHARED_FILTERS.get(name):
        return found
    if not module and name == f"devices/{device}/messages/devicebound/#":
        return Subscription.DEVICEBOUND
    if module and name in {f"devices/{device}/modules/{module}/{tail}" for tail in ("#", "inputs/#")}:
        return Subscription.INPUTS
    raise TopicError("A device may subscribe to its own topics only, in the documented form.")


# ---- what a device is sent


def twin_response_topic(status: int, request: str, version: int | None = None) -> str:
    """Where the answer to a twin request goes; `version` after a patch."""
    suffix = "" if version is None else f"&$version={version}"
    return f"$iothub/twin/res/{status}/?$rid={request}{suffix}"


def desired_topic(version: int) -> str:
    """Where a change of desired properties goes."""
    return f"$iothub/twin/PATCH/properties/desired/?$version={version}"


_METHOD_NAME_SAFE = "*!$'(),;:@=&-._~"


def method_topic(name: str, request: str) -> str:
    """Where a direct method goes; a component's command is called `component*command`."""
    return f"$iothub/methods/POST/{quote(name, safe=_METHOD_NAME_SAFE)}/?$rid={request}"


def devicebound_topic(device: str, properties: str) -> str:
    """Where a cloud-to-device message goes."""
    return f"devices/{device}/messages/devicebound/{properties}"
