"""Run by a test in a network namespace of its own: a gateway on one end of a veth pair, devices on the other.

`unshare -rn python -m tests.gateway.network.namespaces FOLDER` prints one JSON object: for each set of rules
which addresses got a TLS handshake.
"""

import asyncio
import ipaddress
import json
import ssl
import subprocess
import sys
from pathlib import Path

import uvloop

from holdfast.kernel.network import IpRule, NetworkRules, parse_network
from tests.gateway.platform import Platform, open_platform

GATEWAY = {4: "10.77.0.1", 6: "fd77::1"}
PLANT, STRANGER, PLANT_6 = "10.77.0.10", "10.77.0.99", "fd77::10"
DEVICES = (PLANT, STRANGER, PLANT_6)

_PLANT_RULES = (
    IpRule("plant", parse_network("10.77.0.0/28")),
    IpRule("plant-6", parse_network("fd77::/64")),
)
RULES = {
    "open": NetworkRules(),
    "plant only": NetworkRules("Deny", _PLANT_RULES),
    "nobody": NetworkRules("Deny"),
    "private only": NetworkRules(public_access=False, private_networks=(parse_network("10.77.0.10/32"),)),
}

_PROBE = """
import socket, sys
source, target, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
try:
    connection = socket.create_connection((target, port), 10, (source, 0))
    connection.sendall(bytes.fromhex(sys.stdin.read()))
    print(len(connection.recv(1)))
except ConnectionError:
    print(0)
"""
"""A device on the other side: sends a ClientHello and says whether a byte of TLS came back."""


def client_hello() -> str:
    """A real ClientHello, in hexadecimal."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client = context.wrap_bio(incoming, outgoing, server_hostname="gateway")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read().hex()
    raise AssertionError("a handshake needs a server")


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


class OtherSide:
    """A second network namespace, connected to this one."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE)
        self._inside = ("nsenter", "-t", str(self._holder.pid), "-n")
        while Path(f"/proc/{self._holder.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
            pass  # until unshare has happened
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "hfgate", "type", "veth", "peer", "name", "hfplant")
        run("ip", "link", "set", "hfplant", "netns", str(self._holder.pid))
        for address in GATEWAY.values():
            self._address((), address, "hfgate")
        for address in DEVICES:
            self._address(self._inside, address, "hfplant")
        run("ip", "link", "set", "hfgate", "up")
        run(*self._inside, "ip", "link", "set", "hfplant", "up")

    def _address(self, inside: tuple[str, ...], address: str, link: str) -> None:
        version = ipaddress.ip_address(address).version
        # Without duplicate address detection an IPv6 address can be used at once.
        detection = ("nodad",) if version == 6 else ()
        network = f"{address}/{64 if version == 6 else 24}"
        run(*inside, "ip", "address", "add", network, "dev", link, *detection)

    def gets_tls(self, device: str, port: int, hello: str) -> bool:
        """Whether `device` gets a byte of TLS from the gateway."""
        target = GATEWAY[ipaddress.ip_address(device).version]
        command = [*self._inside, sys.executable, "-c", _PROBE, device, target, str(port)]
        done = subprocess.run(command, input=hello, check=True, capture_output=True, text=True, timeout=30)
        return int(done.stdout) > 0

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()


async def probe(platform: Platform, other: OtherSide) -> dict[str, list[str]]:
    """For each set of rules, the devices that got through."""
    hello = client_hello()
    admitted: dict[str, list[str]] = {}
    for name, rules in RULES.items():
        platform.rules.append(rules)
        admitted[name] = [
            device
            for device in DEVICES
            if await asyncio.to_thread(other.gets_tls, device, platform.mqtt_port, hello)
        ]
    return admitted


async def main(folder: Path) -> None:
    """Connect the namespaces, run the gateway, probe it."""
    other = OtherSide()
    try:
        async with open_platform(folder, addresses=tuple(GATEWAY.values())) as platform:
            sys.stdout.write(json.dumps(await probe(platform, other)) + "\n")
    finally:
        other.close()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
