"""Network rules against real addresses: devices on the other end of a veth pair, in another namespace."""

import json
import subprocess
import sys
from pathlib import Path

from tests.gateway.network.namespaces import PLANT, PLANT_6, STRANGER


def test_rules_let_the_right_addresses_begin_tls(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    command = ["unshare", "-rn", sys.executable, "-m", "tests.gateway.network.namespaces", str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "open": [PLANT, STRANGER, PLANT_6],
        "plant only": [PLANT, PLANT_6],
        "nobody": [],
        "private only": [PLANT],
    }
