"""A sensor in a network namespace of its own, and what it did: `unshare -rn python -m … FOLDER` prints it."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SENDER, MIRROR = "hfsend", "hfmirror"
"""The two ends of a virtual cable: what is sent on one, the sensor hears on the other."""
SECONDS = 60.0
_FRAME = b"\xff" * 6 + b"\x02\0\0\0\0\x01\x88\xb5" + bytes(50)
"""An Ethernet frame of an experimental type (IEEE 802, 0x88B5)."""


def main() -> None:
    """Do it; prints one JSON object."""
    _make_network()
    before = _sent()
    words = ["--json", "--user", "root", "--interface", MIRROR, "--state", sys.argv[1]]
    with subprocess.Popen(  # noqa: S603 - words of this module, and the folder of the probe
        [sys.executable, "-m", "holdfast.cli.main", "sensor", "run", *words],
        stdout=subprocess.PIPE,
        text=True,
    ) as sensor:
        assert sensor.stdout is not None
        sensor.stdout.readline()  # it says that it watches
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
            wire.bind((SENDER, 0))
            deadline = time.monotonic() + SECONDS
            heard = 0
            while not heard and time.monotonic() < deadline:
                wire.send(_FRAME)
                time.sleep(0.2)
                heard = _heard()
        listening = _listening()
        sensor.send_signal(signal.SIGTERM)
        *_, last = sensor.stdout.readlines()
    counters = json.loads(last)["counters"]
    sent = {"heard": counters["packets"], "sent": _sent() - before, "listening": listening}
    print(json.dumps(sent))  # noqa: T201 - to the parent


def _make_network() -> None:
    Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1", encoding="ascii")
    for words in (
        ["link", "add", SENDER, "type", "veth", "peer", "name", MIRROR],
        ["link", "set", SENDER, "up"],
        ["link", "set", MIRROR, "up"],
    ):
        subprocess.run(["ip", *words], check=True, capture_output=True)  # noqa: S603, S607 - words of this module


def _sent() -> int:
    """Packets that left at the sensor's end."""
    return _counter("tx_packets")


def _heard() -> int:
    return _counter("rx_packets")


def _counter(name: str) -> int:
    """From /proc/net/dev, which belongs to the namespace, unlike a /sys that was mounted before."""
    line = next(
        line
        for line in Path("/proc/net/dev").read_text(encoding="ascii").splitlines()
        if f"{MIRROR}:" in line
    )
    numbers = line.partition(":")[2].split()
    return int(numbers[1] if name == "rx_packets" else numbers[9])


def _listening() -> int:
    """TCP ports that listen and UDP ports that are bound, in this namespace."""
    found = 0
    for protocol, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        path = Path("/proc/net") / protocol
        lines = path.read_text(encoding="ascii").splitlines()[1:] if path.exists() else []
        found += sum(line.split()[3] == state for line in lines)
    return found


if __name__ == "__main__":
    main()
