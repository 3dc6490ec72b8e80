"""What is asked of devices through the platform: events of the change path, and requests between processes.

A durable ask (desired properties, a queued message, a purge) is an EMIT change: an audited event on the
outbox. The relay hands each to a gateway process, which applies it once to the device state (the event's id
is the key against doubles) and rings whichever process holds the session. An immediate ask (a direct
method) goes to the session's holder through `cluster.Router` and is at most once.
"""

import base64
from typing import NamedTuple

from holdfast.devices.device import DEVICE
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.log.port import QueuedMessage
from holdfast.resources.model import Action, Change

# Verbs of EMIT changes on the kind `device`; the event's name is `device.` and the verb.
DESIRED_PATCHED = "desired-patched"
MESSAGE_QUEUED = "message-queued"
FILE_DELETED = "file-deleted"

# Requests that every gateway process serves for any device: it writes the device state, whoever holds the
# session. All are idempotent by `event`.
STATE_PATCH_DESIRED = "state.patch-desired"
"""`device`, `module`, `patch`, `event` → `version` (the new desired `$version`)."""
STATE_ENQUEUE = "state.enqueue"
"""The fields of `message_body` → `queued` (false: the device's queue is full)."""
STATE_PURGE = "state.purge"
"""`device` → `purged` (how many messages)."""
STATE_DELETE = "state.delete"
"""`device`: forget its state and close its session."""
STATE_DELETE_FILE = "state.delete-file"
"""`device`, `file`: forget one uploaded file."""

# Requests that reach the holder of the session through `Router.request`.
DEVICE_METHOD = "device.method"
"""`device`, `module`, `name`, `payload` (any JSON), `timeout` (seconds) → `status`, `payload`.

NotConnectedError when the device (or its subscription to methods) is not there, UnavailableError when it did
not answer in time.
"""
DEVICE_DISCONNECT = "device.disconnect"
"""`device`, `reason`: close the session."""


class Method(NamedTuple):
    """A direct method's answer."""

    status: int
    payload: object


def desired_change(device: str, patch: JsonObject, module: str = "") -> Change:
    """The change that patches desired properties."""
    return Change(
        Action.EMIT,
        DEVICE,
        device,
        {"patch": patch, "module": module},
        verb=DESIRED_PATCHED,
        permission=Permission.DEVICE_UPDATE,
    )


def message_change(message: QueuedMessage) -> Change:
    """The change that queues a cloud-to-device message."""
    return Change(
        Action.EMIT,
        DEVICE,
        message.device,
        message_body(message),
        verb=MESSAGE_QUEUED,
        permission=Permission.DEVICE_COMMAND,
    )


def file_deletion(device: str, file: str) -> Change:
    """The change that deletes an uploaded file."""
    return Change(
        Action.EMIT,
        DEVICE,
        device,
        {"file": file},
        verb=FILE_DELETED,
        permission=Permission.DEVICE_FILES_DELETE,
    )


def message_body(message: QueuedMessage) -> JsonObject:
    """A queued message as JSON."""
    return {**message._asdict(), "body": base64.b64encode(message.body).decode()}


def read_message(body: JsonObject) -> QueuedMessage:
    """The message of `message_body`."""
    return QueuedMessage(
        id=str(body["id"]),
        device=str(body["device"]),
        module=str(body["module"]),
        body=base64.b64decode(str(body["body"])),
        properties=str(body["properties"]),
        enqueued=float(str(body["enqueued"])),
        expires=float(str(body["expires"])),
        deliveries=int(str(body["deliveries"])),
    )
