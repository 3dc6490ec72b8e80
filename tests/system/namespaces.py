"""Run by a test in a network namespace of its own: a whole instance on one end of a veth pair, its neighbours
on the other.

`unshare -rn python -m tests.system.namespaces FOLDER` writes one JSON object: for each set of rules who got
to TLS where, and whose connections from before stayed open.
"""

import ipaddress
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from holdfast.api.client import Remote
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.protocol.proxy import encode_proxy
from tests.support.running import running

GATEWAY = {4: "10.77.0.1", 6: "fd77::1"}
PLANT, STRANGER, PLANT_6, STRANGER_6 = "10.77.0.10", "10.77.0.99", "fd77::10", "fd77::99"
SOURCES = [PLANT, STRANGER, PLANT_6, STRANGER_6]
THE_PLANT = [PLANT, PLANT_6]
BALANCER = "10.77.0.20"
"""Trusted to say for whom it connects; itself in no network of the plant's."""
FACES = {"device MQTT": 8883, "device HTTPS": 443, "people": 9443, "sensors": 8884}
BALANCED = ["device MQTT", "device HTTPS", "people"]
"""Where a balancer may stand."""

_NETWORKS: list[JsonValue] = ["10.77.0.0/28", "fd77::/123"]
_OPEN: JsonObject = {"defaultAction": "Allow", "ipRules": []}
_NOBODY: JsonObject = {"defaultAction": "Deny", "ipRules": []}
_NAMED: JsonObject = {
    "defaultAction": "Deny",
    "ipRules": [
        {"filterName": "plant", "ipMask": "10.77.0.0/28"},
        {"filterName": "plant, IPv6", "ipMask": "fd77::/123"},
    ],
}
EVERYBODY: JsonObject = {
    "listeners": {"devices": _OPEN, "people": _OPEN, "sensors": _OPEN},
    "publicNetworkAccess": "Enabled",
    "privateNetworks": _NETWORKS,
}
CHANGES: dict[str, JsonObject] = {
    "everybody": {},
    "named rules for devices": {"listeners": {"devices": _NAMED, "people": _OPEN, "sensors": _OPEN}},
    "named rules for people, nobody for sensors": {
        "listeners": {"devices": _OPEN, "people": _NAMED, "sensors": _NOBODY}
    },
    "public access disabled": {"publicNetworkAccess": "Disabled"},
}
"""What is changed of a configuration that lets everybody in."""

Seen: TypeAlias = dict[str, list[str]]
T = TypeVar("T")
SECONDS = 60.0


def expected(change: str) -> Seen:
    """For each face, who gets in under a change."""
    seen = dict.fromkeys(FACES, SOURCES)
    match change:
        case "named rules for devices":
            return {**seen, "device MQTT": THE_PLANT, "device HTTPS": THE_PLANT}
        case "named rules for people, nobody for sensors":
            return {**seen, "people": THE_PLANT, "sensors": []}
        case "public access disabled":
            return dict.fromkeys(FACES, THE_PLANT)
    return seen


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


class OtherSide:
    """A second network namespace, connected to this one, and somebody in it."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE)
        inside = ("nsenter", "-t", str(self._holder.pid), "-n")
        while Path(f"/proc/{self._holder.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
            pass  # until unshare has happened
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "hfgate", "type", "veth", "peer", "name", "hfplant")
        run("ip", "link", "set", "hfplant", "netns", str(self._holder.pid))
        for address in GATEWAY.values():
            _give((), address, "hfgate")
        for address in (*SOURCES, BALANCER):
            _give(inside, address, "hfplant")
        run("ip", "link", "set", "hfgate", "up")
        run(*inside, "ip", "link", "set", "hfplant", "up")
        command = [*inside, sys.executable, "-m", "tests.system.stranger"]
        pipe = subprocess.PIPE
        self._somebody = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def ask(self, *request: JsonValue) -> Any:  # see `stranger`
        """What somebody on the other side sees."""
        assert self._somebody.stdin is not None
        assert self._somebody.stdout is not None
        self._somebody.stdin.write(json.dumps(request) + "\n")
        self._somebody.stdin.flush()
        return json.loads(self._somebody.stdout.readline())

    def close(self) -> None:
        self._somebody.kill()
        self._somebody.wait()
        self._holder.kill()
        self._holder.wait()


def _give(inside: tuple[str, ...], address: str, link: str) -> None:
    version = ipaddress.ip_address(address).version
    # Without duplicate address detection an IPv6 address can be used at once.
    detection = ("nodad",) if version == 6 else ()
    run(*inside, "ip", "address", "add", f"{address}/{64 if version == 6 else 24}", "dev", link, *detection)


def connect(other: OtherSide, face: str, source: str, *, balanced: bool, keep: bool) -> bool:
    """Whether a source gets to TLS at a face: by itself, or through the balancer that speaks for it."""
    port, version = FACES[face], ipaddress.ip_address(source).version
    name = f"{face}/{source}/{balanced}" if keep else ""
    if not balanced:
        return bool(other.ask("connect", name, source, GATEWAY[version], port, ""))
    header = encode_proxy(source, 1234, GATEWAY[version], port).hex()
    return bool(other.ask("connect", name, BALANCER, GATEWAY[4], port, header))


def look(other: OtherSide, *, balanced: bool, keep: bool = False) -> Seen:
    """Who gets to TLS at each face."""
    return {
        face: [source for source in SOURCES if connect(other, face, source, balanced=balanced, keep=keep)]
        for face in (BALANCED if balanced else FACES)
    }


def kept(other: OtherSide, *, balanced: bool) -> Seen:
    """Whose connections are still open at each face."""
    names = set(other.ask("kept"))
    return {
        face: [source for source in SOURCES if f"{face}/{source}/{balanced}" in names]
        for face in (BALANCED if balanced else FACES)
    }


def everything(other: OtherSide) -> dict[str, Seen]:
    """All that can be seen from the other side."""
    return {
        "directly": look(other, balanced=False),
        "balanced": look(other, balanced=True),
        "kept": kept(other, balanced=False),
        "kept, balanced": kept(other, balanced=True),
    }


def expected_of_everything(change: str) -> dict[str, Seen]:
    """What there is to see under a change: who may not come in may not stay."""
    seen = expected(change)
    behind = {face: seen[face] for face in BALANCED}
    return {"directly": seen, "balanced": behind, "kept": seen, "kept, balanced": behind}


def settled(look: Callable[[], T], wanted: T) -> T:
    """What is seen once it is what is wanted, or after a minute."""
    deadline = time.monotonic() + SECONDS
    while (seen := look()) != wanted and time.monotonic() < deadline:
        pass
    return seen


def observe(remote: Remote, other: OtherSide) -> dict[str, dict[str, Seen]]:
    """Make each change while everybody is connected, and look what comes of it."""
    observed: dict[str, dict[str, Seen]] = {}
    for change, patch in CHANGES.items():
        other.ask("drop")
        remote.patch("/api/application", EVERYBODY)
        for balanced in (False, True):
            settled(partial(look, other, balanced=balanced), look_of_everybody(balanced))
            look(other, balanced=balanced, keep=True)
        remote.patch("/api/application", patch)
        observed[change] = settled(partial(everything, other), expected_of_everything(change))
    return observed


def look_of_everybody(balanced: bool) -> Seen:
    """What there is to see when everybody is let in."""
    return dict.fromkeys(BALANCED if balanced else FACES, SOURCES)


def pretenders(other: OtherSide) -> dict[str, bool]:
    """Whether a stranger gets in who speaks for the plant, and a balancer that speaks for nobody."""
    header = encode_proxy(PLANT, 1234, GATEWAY[4], 8883).hex()
    heard = {}
    for face, port in FACES.items():
        heard[f"{face}: a stranger with a header"] = other.ask(
            "connect", "", STRANGER, GATEWAY[4], port, header
        )
    for face in BALANCED:
        heard[f"{face}: a balancer without one"] = other.ask(
            "connect", "", BALANCER, GATEWAY[4], FACES[face], ""
        )
    return heard


def main(folder: Path) -> None:
    """Connect the namespaces, run the instance, look at it from the other side."""
    other = OtherSide()
    addresses, balancer = json.dumps(list(GATEWAY.values())), json.dumps([f"{BALANCER}/32"])
    environment = {f"HOLDFAST_{face}__ADDRESSES": addresses for face in ("DEVICES", "PEOPLE", "SENSORS")}
    environment |= {f"HOLDFAST_{face}__TRUSTED_PROXIES": balancer for face in ("DEVICES", "PEOPLE")}
    environment["HOLDFAST_LIMITS__HANDSHAKE_SECONDS"] = "600"  # nobody here goes on to log in
    try:
        with running(folder, GATEWAY[4], **environment) as instance, instance.remote() as remote:
            report = {"changes": observe(remote, other), "pretenders": pretenders(other)}
            sys.stdout.write(json.dumps(report))
    finally:
        other.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
