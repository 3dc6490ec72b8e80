"""What changes the device state: plain functions over a view, run by the writer in its next commit.

`writer.submit(operations.patch_reported, device, …)` runs one; the same function serves every database.
Keys are `device/module` and below; neither id can hold a slash (the hub's protocol forbids it).
"""

from collections.abc import Callable, Iterator
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

import msgspec

from holdfast.kernel.clock import Randomness, isoformat
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue, merge_patch
from holdfast.log.backend import StateReading
from holdfast.log.port import EMPTY_TWIN, Entry, QueuedMessage, Session, Twin
from holdfast.log.view import StateView

TWINS = "twin"
SESSIONS = "session"
QUEUES = "queue"
DONE = "done"
"""Ids of events and messages that took effect, so that delivering them again does nothing."""
GONE = "gone"
"""Device → when it was deleted: another gateway may still have a session of it for a moment."""

REMEMBERED_SECONDS = 7 * 86400.0
"""How long ids in `DONE` are kept; the outbox delivers again within seconds of a restart."""
GONE_SECONDS = 600.0
"""How long a deletion is remembered: longer than any session lives on that nobody could judge."""
MAXIMUM_DELIVERIES = 10
"""As often as the hub's protocol delivers a message by default before it is dropped."""
MAXIMUM_TWIN_BYTES = 1 << 20
"""A bound for storage alone; the protocol's own limits are checked where the protocol is spoken."""

_TOKEN_BYTES = 16

P = ParamSpec("P")
T = TypeVar("T")

_encode = msgspec.msgpack.Encoder().encode


class _Waiting(NamedTuple):
    """A queued message and who has it at the moment."""

    message: QueuedMessage
    lock: str
    """Empty while nobody has it."""
    until: float


def twin_of(state: StateReading, device: str, module: str) -> Twin:
    """The twin, EMPTY_TWIN when nothing was ever set."""
    value = state.get(TWINS, _key(device, module))
    return EMPTY_TWIN if value is None else Twin(*msgspec.msgpack.decode(value))


def session_of(state: StateReading, device: str) -> Session | None:
    """The persistent session, if the device has one."""
    value = state.get(SESSIONS, device)
    return None if value is None else msgspec.msgpack.decode(value, type=Session)


def announce_model(view: StateView, device: str, module: str, model: str) -> Twin:
    """Remember the model id that the device announced at its connection."""
    twin = twin_of(view, device, module)
    if twin.model != model:
        twin = twin._replace(model=model)
        _put_twin(view, device, module, twin)
    return twin


def patch_reported(view: StateView, device: str, module: str, patch: JsonObject, now: float) -> Twin:
    """Merge a reported patch, and append a `reported` record: the patch with its `$version`."""
    twin = twin_of(view, device, module)
    version = twin.reported_version + 1
    twin = twin._replace(
        reported=_merged(twin.reported, patch),
        reported_version=version,
        reported_times=_touched(twin.reported_times, patch, now),
    )
    _put_twin(view, device, module, twin)
    body = msgspec.json.encode({**patch, "$version": version})
    view.append(Entry(device, module, "reported", now, "", body))
    return twin


def patch_desired(
    view: StateView, device: str, module: str, patch: JsonObject, event: str, now: float
) -> Twin:
    """Merge a desired patch once for each `event`; the twin as it is when the event was here before."""
    twin = twin_of(view, device, module)
    if not _first_time(view, f"{_key(device, module)}/desired/", event, now):
        return twin
    twin = twin._replace(
        desired=_merged(twin.desired, patch),
        desired_version=twin.desired_version + 1,
        desired_times=_touched(twin.desired_times, patch, now),
    )
    _put_twin(view, device, module, twin)
    return twin


def delete(view: StateView, device: str, now: float) -> None:
    """Forget everything about a device and its modules, but for a while that it was deleted."""
    for space in (TWINS, QUEUES, DONE):
        for key, _value in view.scan(space, f"{device}/"):
            view.delete(space, key)
    session = device.lower()  # as sessions are named, however a client spelled its id
    for key in (session, *(key for key, _value in view.scan(SESSIONS, f"{session}/"))):
        view.delete(SESSIONS, key)
    view.put(GONE, device, _encode(now))


def unless_deleted(
    view: StateView,
    device: str,
    since: float,
    operation: Callable[Concatenate[StateView, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run an operation for a session that was let in at `since`. NotFoundError when the device was deleted
    after that: it must leave no state behind, whichever gateway still had a session of it."""
    deleted = view.get(GONE, device)
    if deleted is not None and msgspec.msgpack.decode(deleted, type=float) >= since:
        raise NotFoundError(f"Device {device} was deleted.")
    return operation(view, *args, **kwargs)


def forget_deletions(view: StateView, now: float) -> None:
    """Remember deletions no longer than anybody asks for them; called now and then."""
    for device, deleted in view.scan(GONE, ""):
        if now - msgspec.msgpack.decode(deleted, type=float) > GONE_SECONDS:
            view.delete(GONE, device)


def save_session(view: StateView, session: Session) -> None:
    """Store or replace a persistent session."""
    view.put(SESSIONS, session.device, _encode(session))


def drop_session(view: StateView, device: str) -> None:
    """Forget the persistent session."""
    view.delete(SESSIONS, device)


def enqueue(view: StateView, message: QueuedMessage, limit: int) -> bool:
    """Add a message once for each id; False when `limit` messages wait already."""
    prefix = f"{_key(message.device, message.module)}/"
    waiting = _queue(view, prefix)
    live = [entry.message.id for _, entry in waiting if entry.message.expires > message.enqueued]
    if len(live) >= limit:
        return message.id in live
    if _first_time(view, f"{prefix}message/", message.id, message.enqueued):
        number = int(waiting[-1][0][len(prefix) :], 16) + 1 if waiting else 1
        view.put(QUEUES, f"{prefix}{number:016x}", _encode(_Waiting(message, "", 0.0)))
    return True


def lock(
    view: StateView,
    device: str,
    module: str,
    count: int,
    until: float,
    now: float,
    randomness: Randomness,
) -> list[tuple[str, QueuedMessage]]:
    """Take up to `count` waiting messages, each with its lock token, hidden from others until `until`."""
    taken: list[tuple[str, QueuedMessage]] = []
    for key, waiting in _queue(view, f"{_key(device, module)}/"):
        message = waiting.message
        if message.expires <= now or (waiting.until <= now and message.deliveries >= MAXIMUM_DELIVERIES):
            view.delete(QUEUES, key)
        elif waiting.until <= now and len(taken) < count:
            message = message._replace(deliveries=message.deliveries + 1)
            token = randomness.bytes(_TOKEN_BYTES).hex()
            view.put(QUEUES, key, _encode(_Waiting(message, token, until)))
            taken.append((token, message))
    return taken


def settle(view: StateView, device: str, token: str, outcome: str, now: float) -> bool:
    """Complete, reject or abandon a locked message; False when the lock is not known or lapsed."""
    if outcome not in ("complete", "reject", "abandon"):
        raise InvalidError(f"A message is completed, rejected or abandoned, not “{outcome}”.", "outcome")
    for key, waiting in _queue(view, f"{device}/"):
        if waiting.lock == token and waiting.until > now:
            if outcome == "abandon":
                view.put(QUEUES, key, _encode(waiting._replace(lock="", until=0.0)))
            else:
                view.delete(QUEUES, key)
            return True
    return False


def purge(view: StateView, device: str) -> int:
    """Drop the whole queue of a device; how many messages there were."""
    queue = view.scan(QUEUES, f"{device}/")
    for key, _value in queue:
        view.delete(QUEUES, key)
    return len(queue)


def _key(device: str, module: str) -> str:
    return f"{device}/{module}"


def _queue(state: StateReading, prefix: str) -> list[tuple[str, _Waiting]]:
    return [(key, msgspec.msgpack.decode(value, type=_Waiting)) for key, value in state.scan(QUEUES, prefix)]


def _put_twin(view: StateView, device: str, module: str, twin: Twin) -> None:
    value = _encode(twin)
    if len(value) > MAXIMUM_TWIN_BYTES:
        raise InvalidError(f"A twin has at most {MAXIMUM_TWIN_BYTES} bytes.", "properties")
    view.put(TWINS, _key(device, module), value)


def _first_time(view: StateView, prefix: str, event: str, now: float) -> bool:
    """Remember an id; False when it was remembered before. Old ones are forgotten on the way."""
    if view.get(DONE, prefix + event) is not None:
        return False
    for key, value in view.scan(DONE, prefix):
        if now - msgspec.msgpack.decode(value, type=float) > REMEMBERED_SECONDS:
            view.delete(DONE, key)
    view.put(DONE, prefix + event, _encode(now))
    return True


def _merged(side: JsonObject, patch: JsonObject) -> JsonObject:
    merged = merge_patch(side, patch)
    return merged if isinstance(merged, dict) else {}


def _touched(times: JsonObject, patch: JsonObject, now: float) -> JsonObject:
    """The times of the last change, by path, after a patch."""
    touched = dict(times)
    for path, value in _changed_paths(patch):
        touched = {known: time for known, time in touched.items() if not f"{known}.".startswith(f"{path}.")}
        if value is not None:
            touched[path] = isoformat(now)
    return touched


def _changed_paths(patch: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    """Top-level properties, and those of components, which mark themselves with `"__t": "c"` (IoT Plug and
    Play convention). Property names hold no dots (the hub's protocol forbids them)."""
    for name, value in patch.items():
        if isinstance(value, dict) and value.get("__t") == "c":
            yield from ((f"{name}.{key}", inner) for key, inner in value.items() if key != "__t")
        else:
            yield name, value
