"""The lines of the security profile: what kind of service this is, where it runs, what it keeps."""

from collections.abc import Callable, Iterator
from pathlib import Path

from holdfast.baseline.probes.context import Endpoint, Persona, ProbeContext, Surface
from holdfast.baseline.probes.devices import VERSION, ProbeDevice, probe_device
from holdfast.baseline.probes.files import read_each
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.mqtt import Login, publish, session
from holdfast.baseline.probes.observation import Sight

PROCESSES = Path("/proc")
"""Where Linux shows its processes (proc(5))."""
_LISTENING = "0A"
_HOUR = 3_600.0
_PAYLOAD = 65_536
"""Bytes of random telemetry, which no compression makes smaller."""
_DEVICE_SURFACES = (Surface.DEVICE_MQTT, Surface.DEVICE_HTTPS, Surface.SENSOR_MQTT)


def _login(context: ProbeContext, surface: Surface, device: ProbeDevice) -> Login:
    resource = f"{context.endpoints[surface].server_name}/devices/{device.id}"
    return Login(device.id, device.signature(resource, context.clock.now() + _HOUR))


def device_protocols_answer(context: ProbeContext) -> Iterator[Sight]:
    """Send a message as a device over each protocol."""
    with probe_device(context) as device:
        for surface in _DEVICE_SURFACES:
            if surface in context.endpoints:
                name = "device HTTPS, MQTT in a WebSocket" if surface is Surface.DEVICE_HTTPS else surface
                problem = _told(context, surface, device)
                yield Sight(name, "a message is acknowledged", problem or "acknowledged", not problem)


def _told(context: ProbeContext, surface: Surface, device: ProbeDevice) -> str:
    """Send a message; what went wrong, or nothing."""
    try:
        with session(context, surface, _login(context, surface, device)) as wire:
            return "" if publish(wire, device.id, b"{}") else "no acknowledgement"
    except (OSError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"


def runs_on_operators_host(context: ProbeContext) -> Iterator[Sight]:
    """Find the process behind each listener on this machine, as its operator can."""
    ours = _sockets_of_processes()
    for surface, endpoint in context.endpoints.items():
        owners = [ours[socket] for socket in _listening(endpoint) if socket in ours]
        seen = f"process {owners[0]}" if owners else "no process of this machine"
        yield Sight(f"{surface}, {endpoint}", "a process of this machine", seen, bool(owners))


def _sockets_of_processes() -> dict[str, str]:
    """The inode of each socket whose process may be looked into → the process's number."""
    found: dict[str, str] = {}
    for folder in PROCESSES.glob("[0-9]*/fd"):
        try:
            targets = [str(link.readlink()) for link in folder.iterdir()]
        except OSError:  # it ended, or belongs to somebody else
            continue
        sockets = (target[8:-1] for target in targets if target.startswith("socket:["))
        found |= dict.fromkeys(sockets, folder.parent.name)
    return found


def _listening(endpoint: Endpoint) -> Iterator[str]:
    """Inodes of what listens at the port of an endpoint (proc(5), net/tcp)."""
    for table in ("tcp", "tcp6"):
        path = PROCESSES / "self" / "net" / table
        lines = path.read_text(encoding="ascii").splitlines()[1:] if path.exists() else []
        for fields in map(str.split, lines):
            port = int(fields[1].rpartition(":")[2], 16)
            if fields[3] == _LISTENING and port == endpoint.port:
                yield fields[9]


def data_folder_grows(context: ProbeContext) -> Iterator[Sight]:
    """Store configuration and telemetry, and see that files of the data folder were written."""
    with probe_device(context) as device:

        def rename() -> bool:
            path = f"/api/devices/{device.id}?{VERSION}"
            return ask(context, "PATCH", path, Persona.KEEPER, {"displayName": "renamed"}).status == 200

        def tell() -> bool:
            payload = b'{"noise":"%b"}' % context.randomness.bytes(_PAYLOAD // 2).hex().encode()
            with session(context, Surface.DEVICE_MQTT, _login(context, Surface.DEVICE_MQTT, device)) as wire:
                return publish(wire, device.id, payload)

        yield _written(context, "configuration", "control.db*", rename)
        yield _written(context, "telemetry", "log/*.log.db*", tell)


def _written(context: ProbeContext, subject: str, pattern: str, store: Callable[[], bool]) -> Sight:
    """Whether files that match were written to while something was stored."""
    before = _moments(context, pattern)
    if not store():
        raise RuntimeError(f"the {subject} was not taken")
    after = _moments(context, pattern)
    written = [name for name, moment in after.items() if before.get(name) != moment]
    seen = f"{', '.join(written)} was written" if written else "no file was written"
    return Sight(subject, "it is kept in a file of the data folder", seen, bool(written))


def _moments(context: ProbeContext, pattern: str) -> dict[str, tuple[int, int]]:
    """When each matching file was written last (nanoseconds), and its size."""
    assert context.data is not None  # the probe needs the data folder

    def look(name: str, path: Path) -> tuple[str, tuple[int, int]]:
        status = path.stat()
        return name, (status.st_mtime_ns, status.st_size)

    return {name: seen for name, seen in read_each(context.data, look) if Path(name).match(pattern)}
