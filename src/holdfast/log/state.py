"""Device state: reads from the database, writes through the group-commit writer."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.log import operations
from holdfast.log.backend import StateReading
from holdfast.log.port import QueuedMessage, Session, Twin
from holdfast.log.view import StateView
from holdfast.log.writer import GroupCommitWriter

P = ParamSpec("P")
T = TypeVar("T")


class StoredDeviceState:
    """See `log.port.DeviceState`. Without a writer (outside the gateway role) it only reads."""

    def __init__(
        self, reading: StateReading, writer: GroupCommitWriter | None, clock: Clock, randomness: Randomness
    ) -> None:
        self._reading = reading
        self._writer = writer
        self._clock = clock
        self._randomness = randomness

    def read(
        self, question: Callable[Concatenate[StateReading, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `DeviceState.read`."""
        return question(self._reading, *args, **kwargs)

    def twin(self, device: str, module: str = "") -> Twin:
        """See `DeviceState.twin`."""
        return operations.twin_of(self._reading, device, module)

    def session(self, device: str) -> Session | None:
        """See `DeviceState.session`."""
        return operations.session_of(self._reading, device)

    def announce_model(self, device: str, module: str, model: str) -> Twin:
        """Remember the model id that the device announced at its connection."""
        return self._run(operations.announce_model, device, module, model)

    def patch_reported(self, device: str, module: str, patch: JsonObject, now: float) -> Twin:
        """See `DeviceState.patch_reported`."""
        return self._run(operations.patch_reported, device, module, patch, now)

    def patch_desired(self, device: str, module: str, patch: JsonObject, event: str, now: float) -> Twin:
        """See `DeviceState.patch_desired`."""
        return self._run(operations.patch_desired, device, module, patch, event, now)

    def delete(self, device: str) -> None:
        """See `DeviceState.delete`."""
        self._run(operations.delete, device, self._clock.now())

    def save_session(self, session: Session) -> None:
        """See `DeviceState.save_session`."""
        self._run(operations.save_session, session)

    def drop_session(self, device: str) -> None:
        """See `DeviceState.drop_session`."""
        self._run(operations.drop_session, device)

    def enqueue(self, message: QueuedMessage, limit: int = 50) -> bool:
        """See `DeviceState.enqueue`."""
        return self._run(operations.enqueue, message, limit)

    def lock(
        self, device: str, module: str, count: int, until: float, now: float
    ) -> list[tuple[str, QueuedMessage]]:
        """See `DeviceState.lock`."""
        return self._run(operations.lock, device, module, count, until, now, self._randomness)

    def settle(self, device: str, lock: str, outcome: str) -> bool:
        """See `DeviceState.settle`."""
        return self._run(operations.settle, device, lock, outcome, self._clock.now())

    def purge(self, device: str) -> int:
        """See `DeviceState.purge`."""
        return self._run(operations.purge, device)

    def _run(self, operation: Callable[Concatenate[StateView, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._writer is None:
            raise UnavailableError("Device state is written by the gateway; ask it through the cluster.")
        return self._writer.submit(operation, *args, **kwargs).result()
