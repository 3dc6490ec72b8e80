"""Every fuzz target holds for a bounded number of inputs; longer runs are for the night.

A target is a file `fuzz_<name>.py` here with a function `target(data: bytes)` that fails by an AssertionError
or by an exception which the code under test should not raise. Nothing else is needed: this test finds the
file.
"""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
TARGETS = sorted(path.stem for path in FOLDER.glob("fuzz_*.py"))
RUNS = 20_000
SECONDS = 2


def fuzz(name: str, folder: Path, runs: int = RUNS) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz.run", name, str(runs), str(SECONDS), str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks(name: str, tmp_path: Path) -> None:
    result = fuzz(name, tmp_path)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-1000:]
    assert "Done" in result.stderr.splitlines()[-1]


def test_a_broken_target_is_noticed(tmp_path: Path) -> None:
    result = fuzz("broken", tmp_path)
    assert result.returncode != 0
    assert "a planted fault" in result.stdout
    assert list(tmp_path.iterdir()), "the input is kept"
