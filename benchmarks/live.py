"""Live capture: packets a second that a sensor with everything on hears without a loss, on a virtual cable.

The cable is a veth pair in a network namespace of its own, so that no other traffic counts and no privileges
are needed. One process sends the packets of the mixed file at a steady rate for some seconds, another one
captures them with the ring of the live sensor. A rate is held when no packet was dropped and the last one was
heard soon after it was sent: what only waits in the ring is not heard.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Send at growing rates until one is not held."""
    command = ["unshare", "-rn", sys.executable, "-m", "benchmarks._cable"]
    try:
        subprocess.run(command, cwd=ROOT, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"  there is no virtual cable here: {error}")
