"""Puts a live sensor together in the order that security wants: interface, then another user, then
everything else."""

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.alerts.exclusion import parse_network
from holdfast.alerts.model import Alert
from holdfast.defender.capture.errors import CaptureError
from holdfast.defender.capture.live import LiveCapture, drop_privileges
from holdfast.defender.dissect.registry import PROTOCOLS
from holdfast.defender.learned.stages import Stage
from holdfast.defender.rules.file import read_rules
from holdfast.defender.sensor.health import usage
from holdfast.defender.sensor.live import LiveRun, as_before, learned_in
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from holdfast.defender.sensor.slices import Slices
from holdfast.defender.uplink.connection import UplinkThread
from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import IDENTITY, SensorState
from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.keys.files import make_private_folder


@dataclass(frozen=True, slots=True)
class Options:
    """What a person asks of a live sensor."""

    interface: str
    state: Path
    stage: Stage | None = None
    rules: Path | None = None
    office: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    name: str = "local"


def take_privileges(user: str, state: Path) -> None:
    """Give the state to `user` and become it, when this process is root.

    CaptureError when there is no such user, or it may not read what Holdfast is made of.
    """
    if os.geteuid() != 0:
        return
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise CaptureError(f"There is no user {user}; name another with --user.") from None
    if account.pw_uid == 0:
        return
    make_private_folder(state)
    for path in (state, *state.rglob("*")):  # what a link leads to is not the sensor's to have
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    try:
        drop_privileges(account.pw_uid, account.pw_gid)
    except PermissionError:
        raise CaptureError(f"This process may not become {user}; start it with CAP_SETUID.") from None
    for needed in (os.__file__, __file__):
        if not os.access(needed, os.R_OK):
            raise CaptureError(
                f"{user} may not read {needed}; install Holdfast where every user may read, or name a user "
                "that may with --user."
            )


@contextmanager
def prepared(
    options: Options,
    capture: LiveCapture,
    tell_alert: Callable[[Alert], None],
    tell: Callable[[str], None],
) -> Iterator[LiveRun]:
    """A live sensor that is ready to run; its connection to the platform, if it has one, is under way."""
    clock, randomness = SystemClock(), SystemRandomness()
    state = SensorState(options.state, clock, randomness)
    try:
        enrolled = state.get(IDENTITY) is not None
        learned = learned_in(state)
        name = state.identity().device if enrolled else options.name
        sensor = Sensor(_settings(options, name), learned, Slices())
        as_before(sensor, state, clock.now())
        sensor.enter(options.stage, clock.now())
        spool = Spool(state) if enrolled else None
        uplink = UplinkThread(state, spool, clock, randomness, tell) if spool is not None else None
        if uplink is not None:
            uplink.start()
        live = LiveRun(capture, sensor, state, spool, clock, usage, tell_alert, tell, options.interface)
        if uplink is not None:
            live.connection = lambda: "connected" if uplink.is_connected else "disconnected"
        try:
            yield live
        finally:
            if uplink is not None:
                uplink.stop()
    finally:
        state.close()


def _settings(options: Options, name: str) -> SensorSettings:
    return SensorSettings(
        name=name,
        local=tuple(parse_network(text) for text in options.local),
        office=tuple(parse_network(text) for text in options.office),
        rules=read_rules(options.rules, PROTOCOLS) if options.rules else (),
    )
