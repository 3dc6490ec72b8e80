"""Network rules of a whole instance against real addresses: its neighbours are in another namespace."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.system.namespaces import CHANGES, expected_of_everything


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:  # what JSON holds
    root, folder = Path(__file__).resolve().parents[2], tmp_path_factory.mktemp("namespaces")
    command = ["unshare", "-rn", sys.executable, "-m", "tests.system.namespaces", str(folder / "data")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("change", CHANGES)
def test_rules_admit_and_keep_the_right_neighbours_on_every_face(report: Any, change: str) -> None:
    assert report["changes"][change] == expected_of_everything(change)


def test_only_the_balancer_speaks_for_others_and_never_for_itself(report: Any) -> None:
    assert not any(report["pretenders"].values()), report["pretenders"]
    assert len(report["pretenders"]) == 7
