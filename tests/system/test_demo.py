"""`holdfast demo` as a newcomer runs it: every step happens, it stays up, and Ctrl-C ends all of it."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.support.running import RunningInstance

END_SECONDS = 60


def test_the_demo_shows_every_step_and_ctrl_c_is_its_ordinary_end(tmp_path: Path) -> None:
    instance = RunningInstance(tmp_path / "data")  # for its addresses; the demo starts the platform itself
    demo = subprocess.Popen(
        [sys.executable, "-m", "holdfast.cli.main", "demo", "--data", str(instance.data)],
        env=instance.environment | {"COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert demo.stdout is not None
        shown: list[str] = []
        for line in demo.stdout:
            shown.append(line)
            if "Stop with Ctrl-C" in line:
                break
        everything = psutil.Process(demo.pid).children(recursive=True)
        demo.send_signal(signal.SIGINT)
        _, errors = demo.communicate(timeout=END_SECONDS)
    finally:
        demo.kill()
    text = "".join(shown)
    for happened in (
        "thermostat-2 provisioned and connected: key derived from a group's",
        "thermostat-4 provisioned and connected: certificate of a verified CA",
        "thermostat-5 provisioned and connected: self-signed certificate, by thumbprint",
        "Telemetry of all five arrives and is stored",
        "Data at Rest Encryption Using Platform Keys",
        "/sign-in/link#",
    ):
        assert happened in text, text
    assert (demo.returncode, errors) == (0, "")
    assert everything, "the platform was a process of its own"
    assert not psutil.wait_procs(everything, timeout=END_SECONDS)[1], "nothing is left behind"
