"""Running processes that are killed in the middle of their work."""

import os
import subprocess
import sys


def run_and_kill(command: list[str], lines: int, **environment: str) -> list[str]:
    """Run a Python module, kill it with SIGKILL after it printed so many lines; everything that it said."""
    victim = subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert victim.stdout is not None
    spoken: list[str] = []
    for line in victim.stdout:
        spoken.append(line)
        if len(spoken) == lines:
            victim.kill()
    victim.wait()
    victim.stdout.close()
    return [line.rstrip("\n") for line in spoken if line.endswith("\n")]
