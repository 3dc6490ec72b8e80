"""`holdfast audit`: reads and checks an instance's audit log from outside, also while it runs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.resources.tables import audit
from tests.resources.kinds import KINDS
from tests.support.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, KINDS) as opened:
        for number in range(3):
            opened.put("thing", f"t{number}", {"name": "pump"})
        opened.changes.close()
        yield opened


def holdfast(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from holdfast.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
    )


def test_an_intact_log_is_said_to_be_intact(world: World) -> None:
    done = holdfast("audit", "verify", "--data", str(world.folder))
    assert done.returncode == 0
    assert "3 records and 2 signed heads are intact" in done.stdout
    result = json.loads(holdfast("audit", "verify", "--data", str(world.folder), "--json").stdout)
    assert (result["ok"], result["records"], result["findings"]) == (True, 3, [])


def test_a_changed_log_is_said_to_be_changed(world: World) -> None:
    with world.database.write() as connection:
        connection.execute(audit.delete().where(audit.c.sequence == 2))
    done = holdfast("audit", "verify", "--data", str(world.folder))
    assert done.returncode == 1
    assert "Records 2 to 2 are missing" in done.stdout
    result = json.loads(holdfast("audit", "verify", "--data", str(world.folder), "--json").stdout)
    assert not result["ok"]
    assert {finding["code"] for finding in result["findings"]} == {"missing", "chain"}


def test_records_are_listed_newest_first(world: World) -> None:
    done = holdfast("audit", "list", "--data", str(world.folder), "--limit", "2", "--json")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["sequence"] for record in records] == [3, 2]
    assert "thing.created" in holdfast("audit", "list", "--data", str(world.folder)).stdout


def test_a_folder_without_an_instance_is_one_sentence(tmp_path: Path) -> None:
    done = holdfast("audit", "verify", "--data", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("holdfast: There is no instance in")
    assert len(done.stderr.splitlines()) == 1
