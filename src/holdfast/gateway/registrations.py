"""Registrations that were decided and may still be asked for: a device registers, then polls."""

from collections import OrderedDict
from typing import NamedTuple

from holdfast.devices.directory import Registration
from holdfast.kernel.clock import Clock, Randomness

MAXIMUM = 20_000
KEPT_SECONDS = 600.0
"""The SDKs poll for some minutes at most before they start again."""


class _Kept(NamedTuple):
    registration: str
    until: float
    result: Registration | None


class Registrations:
    """Operation id → result."""

    def __init__(self, clock: Clock, randomness: Randomness) -> None:
        self._clock = clock
        self._randomness = randomness
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def begin(self, registration: str) -> str:
        """An operation for the device `registration`."""
        operation = f"5.{self._randomness.bytes(16).hex()}"
        self._keep(operation, registration, None)
        return operation

    def finish(self, operation: str, result: Registration) -> None:
        """The operation is decided."""
        self._keep(operation, result.registration, result)

    def _keep(self, operation: str, registration: str, result: Registration | None) -> None:
        until = self._clock.monotonic() + KEPT_SECONDS
        self._kept[operation] = _Kept(registration.lower(), until, result)
        while len(self._kept) > MAXIMUM:
            self._kept.popitem(last=False)

    def find(self, operation: str, registration: str) -> tuple[bool, Registration | None]:
        """Whether the operation exists and is this device's, and its result once there is one."""
        kept = self._kept.get(operation)
        if kept is None or kept.registration != registration.lower() or kept.until < self._clock.monotonic():
            return False, None
        return True, kept.result
