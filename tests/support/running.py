"""A real instance as its users run it: `holdfast up` as a process, on a loopback address of its own.

The device SDKs insist on ports 8883 and 443, so each instance of a test run takes another address of
127.0.0.0/8 and has that address in its certificate.
"""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from holdfast.api.client import Remote

START_SECONDS = 180
_ADDRESSES = itertools.cycle(range(1, 255))


def own_address() -> str:
    """An address that no other test process uses: the process id makes the middle of it."""
    process = os.getpid()
    return f"127.{1 + process % 250}.{process // 250 % 250}.{next(_ADDRESSES)}"


class RunningInstance:
    """`holdfast up` with everything on one loopback address."""

    def __init__(self, data: Path, address: str = "", **environment: str) -> None:
        self.data = data
        self.address = address or own_address()
        self.environment = {
            **os.environ,
            "HOLDFAST_DATA": str(data),
            "HOLDFAST_HOST_NAMES": f'["{self.address}"]',
            "HOLDFAST_DEVICES__ADDRESSES": f'["{self.address}"]',
            "HOLDFAST_DEVICES__HTTPS_PORT": "443",
            "HOLDFAST_PEOPLE__ADDRESSES": f'["{self.address}"]',
            "HOLDFAST_BASELINE__AUTOMATIC": "false",  # tests of the baseline ask for its runs themselves
            **environment,
        }
        self.token = ""
        self.id_scope = ""
        self.link = ""
        """The first administrator's sign-in link."""
        self.process: subprocess.Popen[str] | None = None
        self.log = data.parent / f"{data.name}.log"

    @property
    def url(self) -> str:
        return f"https://{self.address}:9443"

    @property
    def root_ca(self) -> Path:
        return self.data / "root-ca.pem"

    def start(self) -> None:
        """Start it, take what it shows at its start, and wait until every process is ready."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "holdfast.cli.main", "up"],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            text = line.strip()
            if text.startswith("ID scope:"):
                self.id_scope = text.partition(":")[2].strip()
            if "/sign-in/link#" in text:
                self.link = text
            if text.startswith("SharedAccessSignature"):
                self.token = text
                break  # the last line of a first start
            if text.startswith("root certificate:") and self.token:
                break  # the last line of every other
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when /readyz says so."""
        deadline = time.monotonic() + START_SECONDS
        problem = ""
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            try:
                with self.remote() as remote:
                    remote.ready()
                    return
            except Exception as error:  # not there yet, in whatever way
                problem = str(error)
                time.sleep(0.1)
        raise AssertionError(f"not ready: {problem}\n{self.log.read_text()[-4000:]}")

    def remote(self, token: str | None = None) -> Remote:
        """A client with the administrator's token, or another."""
        return Remote(self.url, self.root_ca, self.token if token is None else token)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """SIGKILL of the supervisor; its children end with it, and nothing writes any more on return."""
        if self.process is not None and self.process.poll() is None:
            children = psutil.Process(self.process.pid).children()
            self.process.kill()
            self.process.wait(60)
            psutil.wait_procs(children, timeout=60)


@contextmanager
def running(data: Path, address: str = "", **environment: str) -> Iterator[RunningInstance]:
    """A started instance that is gone afterwards."""
    instance = RunningInstance(data, address, **environment)
    try:
        instance.start()
        yield instance
    finally:
        instance.kill()
