"""A virtual cable with two ends, within a network namespace of its own (`unshare -rn`)."""

import subprocess
from pathlib import Path

SENDER, MIRROR = "hfsend", "hfmirror"


def lay_cable() -> None:
    """Make the two interfaces and bring them up; nothing is on the cable but what is sent there."""
    Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1", encoding="ascii")
    for words in (
        ["link", "add", SENDER, "type", "veth", "peer", "name", MIRROR],
        ["link", "set", SENDER, "up"],
        ["link", "set", MIRROR, "up"],
    ):
        subprocess.run(["ip", *words], check=True, capture_output=True)
