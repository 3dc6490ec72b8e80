"""The real command on a real interface: a veth pair in a network namespace of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_a_live_sensor_hears_every_packet_alerts_and_stops_cleanly(tmp_path: Path) -> None:
    command = ["unshare", "-rn", sys.executable, "-m", "tests.defender.sensor.on_a_wire", str(tmp_path / "s")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["status"], said["counters"]["packets"], said["counters"]["dropped"]) == (0, said["sent"], 0)
    assert "controller-stop" in said["alerts"]
    assert (tmp_path / "s" / "sensor.db").stat().st_mode & 0o077 == 0


_UNPLUGGED = """
import socket, subprocess
from holdfast.defender.capture.errors import CaptureError
from holdfast.defender.capture.live import LiveCapture
from tests.support.traffic.cable import MIRROR, SENDER, lay_cable

def link(*words):
    subprocess.run(["ip", "link", *words], check=True)

lay_cable()
with LiveCapture(MIRROR) as capture, socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
    blocks = capture.blocks(0.1)
    link("set", MIRROR, "down")
    print(len(next(blocks).packets))
    link("set", MIRROR, "up")
    wire.bind((SENDER, 0))
    while not next(blocks).packets:
        wire.send(bytes(60))  # until the link is really up
    link("delete", MIRROR)
    try:
        while True:
            next(blocks)
    except CaptureError as error:
        print(error)
"""


def test_an_interface_may_go_down_and_come_back_and_its_end_is_told() -> None:
    command = ["unshare", "-rn", sys.executable, "-c", _UNPLUGGED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)
    silence, end = done.stdout.splitlines()
    assert silence == "0"
    assert "hfmirror was removed" in end


_DROPPING = """
import os
from holdfast.defender.capture.live import drop_privileges
drop_privileges(65534, 65534)
try:
    os.setuid(0)
except PermissionError:
    print(os.getuid(), os.geteuid())
"""


def test_dropped_privileges_do_not_come_back() -> None:
    """Who is not root keeps what they are, which is none either."""
    command = [sys.executable, "-c", _DROPPING]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    expected = 65_534 if os.geteuid() == 0 else os.geteuid()
    assert done.stdout.split() == [str(expected), str(expected)]


_LINKED = """
import contextlib, os, pathlib, sys
from holdfast.defender.capture.errors import CaptureError
from holdfast.defender.sensor.starting import take_privileges
state = pathlib.Path(sys.argv[1], "state")
state.mkdir(mode=0o700)
other = state.with_name("other")
other.touch()
(state / "link").symlink_to(other)
owner = other.stat().st_uid
with contextlib.suppress(CaptureError):
    take_privileges("nobody", state)
os._exit(owner)
"""


def test_a_link_in_the_state_gives_the_sensor_nothing_else(tmp_path: Path) -> None:
    """Whoever took a sensor over must not get at other files by its next start as root."""
    command = [sys.executable, "-c", _LINKED, str(tmp_path)]
    owner = subprocess.run(command, cwd=ROOT, check=False).returncode
    assert (tmp_path / "other").stat().st_uid == owner
