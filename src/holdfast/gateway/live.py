"""The sessions that are open in this process: one a device, judged again whenever its credentials change."""

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from holdfast.devices.directory import DeviceCredentials, Directory
from holdfast.gateway.sessions.wills import delay_of
from holdfast.gateway.tasks import Tasks
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError, UnavailableError
from holdfast.protocol.hub import client_id
from holdfast.protocol.mqtt.connect import Will
from holdfast.protocol.mqtt.reasons import Reason

if TYPE_CHECKING:
    from holdfast.gateway.sessions.hub import HubSession

RECHECK_BATCH = 200
"""Devices looked up in one go when something changed that concerns many."""
REMEMBERED_CLAIMS = 1024
"""The last claims of other processes: more than can be made while one of ours is answered."""
RETRY_SECONDS = 1.0
GRACE_SECONDS = 30.0
"""For how long sessions go on that cannot be judged because the registry does not answer."""


class LiveSessions:
    """Key → session. Keys are device ids (`device/module`) in lower case."""

    def __init__(self, directory: Directory, tasks: Tasks, clock: Clock) -> None:
        self._directory = directory
        self._tasks = tasks
        self._clock = clock
        self._sessions: dict[str, HubSession] = {}
        self._modules: dict[str, set[str]] = {}
        """Device → keys of its modules' sessions."""
        self._wills: dict[str, tuple[asyncio.TimerHandle, HubSession, Will]] = {}
        self._pending: dict[str, None] = {}
        """Devices to look up again; None of them twice."""
        self._rechecking = False
        self._newer: OrderedDict[str, int] = OrderedDict()
        """Key → epoch of a claim elsewhere. News of it may come before our own claim's session is here."""

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, device: str, module: str = "") -> "HubSession | None":
        """The open session of a device or module."""
        return self._sessions.get(client_id(device, module).lower())

    def of_device(self, device: str) -> "list[HubSession]":
        """The open sessions of a device and its modules."""
        name = device.lower()
        keys = (name, *self._modules.get(name, ()))
        return [self._sessions[key] for key in keys if key in self._sessions]

    def all(self) -> "list[HubSession]":
        """Every open session."""
        return list(self._sessions.values())

    def devices(self) -> list[str]:
        """Every device that has an open session."""
        return list({session.device for session in self._sessions.values()})

    # ---- coming and going

    def enter(self, session: "HubSession") -> bool:
        """Make `session` the device's one; the former one is closed. False when there is a newer one
        already."""
        former = self._sessions.get(session.key)
        newest = max(self._newer.get(session.key, 0), former.epoch if former is not None else 0)
        if newest > session.epoch:
            return False
        self._sessions[session.key] = session
        if session.module:
            self._modules.setdefault(session.device.lower(), set()).add(session.key)
        if former is not None:
            former.connection.close(Reason.SESSION_TAKEN_OVER, "another connection took the session")
        self._cancel_will(session.key)
        return True

    def leave(self, session: "HubSession") -> None:
        """`session` is over."""
        if self._sessions.get(session.key) is session:
            del self._sessions[session.key]
            if session.module:
                self._modules[session.device.lower()].discard(session.key)

    def superseded(self, device: str, epoch: int) -> None:
        """Another process claimed the device with this epoch."""
        self._newer.pop(device.lower(), None)  # to be the last one
        self._newer[device.lower()] = epoch
        if len(self._newer) > REMEMBERED_CLAIMS:
            self._newer.popitem(last=False)
        session = self._sessions.get(device.lower())
        if session is not None and session.epoch < epoch:
            session.connection.close(Reason.SESSION_TAKEN_OVER, "another connection took the session")

    # ---- wills

    def leave_will(self, session: "HubSession", will: Will) -> None:
        """Publish the will now, or after the delay that it asks for unless the device is back before."""
        self._cancel_will(session.key)
        delay = delay_of(will)
        if delay:
            timer = asyncio.get_running_loop().call_later(delay, self._delay_over, session.key)
            self._wills[session.key] = (timer, session, will)
        else:
            session.publish_will(will)

    def _delay_over(self, key: str) -> None:
        timer, session, will = self._wills.pop(key)
        timer.cancel()
        self._tasks.spawn(self._publish_late(session, will), "will")

    async def _publish_late(self, session: "HubSession", will: Will) -> None:
        """Much may have happened since: the device must still be one that may speak."""
        credentials = await asyncio.to_thread(self._directory.credentials, session.device)
        if session.may_stay(credentials):
            session.publish_will(will)

    def _cancel_will(self, key: str) -> None:
        if key in self._wills:
            self._wills.pop(key)[0].cancel()

    def end_will_delays(self) -> None:
        """The gateway stops: what was delayed is published now."""
        for key in list(self._wills):
            self._delay_over(key)

    # ---- judging again

    def recheck(self, devices: Iterable[str]) -> None:
        """Look these devices up again and close the sessions that may not stay."""
        self._pending.update(dict.fromkeys(device for device in devices if self.of_device(device)))
        if self._pending and not self._rechecking:
            self._rechecking = True
            self._tasks.spawn(self._recheck(), "recheck")

    async def _recheck(self) -> None:
        trouble_since: float | None = None
        try:
            while self._pending:
                batch = list(itertools.islice(self._pending, RECHECK_BATCH))
                for device in batch:  # what changes during the look-up must be looked up again
                    del self._pending[device]
                try:
                    found = await asyncio.to_thread(self._look_up, batch)
                except Exception as error:
                    self._pending.update(dict.fromkeys(batch))
                    if not isinstance(error, HoldfastError):
                        raise
                    now = self._clock.monotonic()
                    trouble_since = now if trouble_since is None else trouble_since
                    if now - trouble_since > GRACE_SECONDS:
                        raise UnavailableError("sessions that cannot be judged are closed") from error
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                trouble_since = None
                for device, credentials in found:
                    for session in self.of_device(device):
                        session.judge_again(credentials)
        except UnavailableError:
            self._close_unjudged()
            raise
        finally:
            self._rechecking = False

    def _look_up(self, devices: list[str]) -> list[tuple[str, DeviceCredentials | None]]:
        return [(device, self._directory.credentials(device)) for device in devices]

    def _close_unjudged(self) -> None:
        pending, self._pending = self._pending, {}
        for device in pending:
            for session in self.of_device(device):
                session.connection.close(Reason.SERVER_UNAVAILABLE, "the device cannot be checked now")
