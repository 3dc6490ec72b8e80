"""Commands: which there are, how a request reaches the device, and what is kept of each."""

import json
import urllib.parse
from typing import NamedTuple

from holdfast.access.bodies import Body, read_body
from holdfast.devices.device import DEVICE
from holdfast.devices.messages import message_change
from holdfast.devices.templates.capabilities import Capability, CapabilityKind
from holdfast.devices.templates.template import Template
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.log.port import QueuedMessage
from holdfast.resources.model import Action, Change, Draft, IndexType, Kind, Reader, Resource

DEVICE_COMMAND = "deviceCommand"

OFFLINE_LIFE = 24 * 3600.0
"""Seconds that a command waits for a device that is offline; as in the hosted service."""
MAXIMUM_PAYLOAD = 128 * 1024
"""Bytes of a request; the hub's limit for direct methods."""
MAXIMUM_QUEUED = 64 * 1024
"""Bytes of a request that waits as a message."""


class Asked(Body, frozen=True):
    """How long to wait, as the API takes it."""

    connection_timeout: int = 0
    response_timeout: int = 30


class Call(NamedTuple):
    """One invocation of a command."""

    device: str
    organization: OrganizationPath
    """The device's."""
    module: str
    component: str
    name: str
    request: JsonValue
    connection_timeout: int
    """Seconds to wait for the device to connect."""
    response_timeout: int
    """Seconds to wait for its answer."""
    queued: bool
    """Whether it waits as a message instead of being answered."""

    @property
    def method(self) -> str:
        """The direct method's name: commands of components have theirs before a star."""
        return f"{self.component}*{self.name}" if self.component else self.name


def call_of(
    device: Resource, template: Template | None, place: tuple[str, str, str], body: JsonObject
) -> Call:
    """The invocation that a request asks for; `place` is (module, component, command name).

    NotFoundError for a command that the template does not have, InvalidError for a request that does not fit.
    """
    module, component, name = place
    capability = template.find(name, component, module) if template else None
    if template is not None and (capability is None or capability.kind is not CapabilityKind.COMMAND):
        raise NotFoundError(f"The template of the device has no command {name[:64]} there.")
    asked = read_body({key: body[key] for key in _TIMEOUTS if key in body}, Asked)
    if not 0 <= asked.connection_timeout <= 30:
        raise InvalidError("/connectionTimeout is 0 to 30 seconds.", "/connectionTimeout")
    if not 5 <= asked.response_timeout <= 30:
        raise InvalidError("/responseTimeout is 5 to 30 seconds.", "/responseTimeout")
    request = body.get("request")
    queued = capability is not None and capability.queued
    _check_request(template, capability, request, MAXIMUM_QUEUED if queued else MAXIMUM_PAYLOAD)
    return Call(
        device.id,
        device.organization,
        module,
        component,
        name,
        request,
        asked.connection_timeout,
        asked.response_timeout,
        queued,
    )


_TIMEOUTS = ("connectionTimeout", "responseTimeout")


def _check_request(
    template: Template | None, capability: Capability | None, request: JsonValue, longest: int
) -> None:
    size = len(json.dumps(request, ensure_ascii=False).encode())
    if size > longest:
        raise InvalidError(f"The request has {size} bytes; at most {longest} are sent.", "/request")
    if template is None or capability is None or request is None:
        return
    if wrong := template.violations(capability, request):
        raise InvalidError(f"The request does not fit its schema: {wrong[0]}.", "/request")


def queue(call: Call, clock: Clock, randomness: Randomness) -> Change:
    """The change that queues an offline command as a cloud-to-device message."""
    identifier = new_id(clock, randomness)
    bag = urllib.parse.urlencode(
        {
            "$.mid": identifier,
            "$.to": f"/devices/{call.device}/messages/devicebound",
            "iothub-ack": "none",
            "method-name": call.method,
        },
        quote_via=urllib.parse.quote,
    )
    body = b"" if call.request is None else json.dumps(call.request, ensure_ascii=False).encode()
    now = clock.now()
    return message_change(
        QueuedMessage(identifier, call.device, call.module, body, bag, now, now + OFFLINE_LIFE, 0)
    )


def kept(call: Call, identifier: str, status: int | None, response: JsonValue) -> Change:
    """The change that keeps an invocation for the history."""
    body: JsonObject = {
        "key": history_key(call.device, call.module, call.component, call.name),
        "device": call.device,
        "request": call.request,
        "connectionTimeout": call.connection_timeout,
        "responseTimeout": call.response_timeout,
    }
    if status is not None:
        body |= {"response": response, "responseCode": status}
    return Change(
        Action.CREATE,
        DEVICE_COMMAND,
        identifier,
        body,
        organization=call.organization,
        permission=Permission.DEVICE_COMMAND,
    )


def history_key(device: str, module: str, component: str, name: str) -> str:
    """What invocations of one command of one device are found by. Device ids hold no slash."""
    return "/".join((device, module, component, name))


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is not Action.DELETE and reader.get(DEVICE, str(draft.body.get("device"))) is None:
        raise NotFoundError(f"There is no device {draft.body.get('device')}.")
    return draft.body


DEVICE_COMMAND_KIND = Kind(
    name=DEVICE_COMMAND,
    read=Permission.DEVICE_READ,
    create=Permission.DEVICE_COMMAND,
    update=Permission.DEVICE_COMMAND,
    delete=Permission.DEVICE_DELETE,
    validate=_validate,
    indexed={"key": IndexType.TEXT, "device": IndexType.TEXT},
)
