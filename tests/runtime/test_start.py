"""Starting with lost or half-written parts, or with a wrong clock: one sentence, and nothing is made."""

import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from holdfast.kernel.errors import HoldfastError, StartupError
from holdfast.runtime.instance import prepare
from holdfast.runtime.settings import load_settings
from holdfast.runtime.start_checks import check_clock


def start(folder: Path) -> str:
    """Start and end; the instance's ID scope."""
    with prepare(load_settings(data=folder)) as (prepared, _):
        prepared.folder.release()
        return prepared.id_scope


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("instance") / "data"
    start(folder)
    return folder


@pytest.fixture
def folder(stopped: Path, tmp_path: Path) -> Path:
    """A copy of a stopped instance's folder."""
    return Path(shutil.copytree(stopped, tmp_path / "data"))


def contents(folder: Path) -> dict[str, bytes]:
    files = (
        path for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".lock", "-shm"))
    )
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def spoil(path: Path) -> None:
    path.write_bytes(bytes(byte ^ 0x5A for byte in path.read_bytes()))


PARTS = ["control.db", "keys/provider.key", "keys/ring.json", "certificates/authority.sealed"]


@pytest.mark.parametrize("damage", [cut, empty, spoil, Path.unlink])
@pytest.mark.parametrize("part", PARTS)
def test_a_damaged_or_lost_part_is_named_and_not_made_anew(
    folder: Path, part: str, damage: Callable[[Path], None]
) -> None:
    damage(folder / part)
    with pytest.raises(HoldfastError) as caught:
        start(folder)
    named = "control.db" if (part, damage) == ("keys/ring.json", Path.unlink) else part
    assert named in str(caught.value)
    assert "estore" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", ["telemetry.db", "policy.db", "root-ca.pem", "certificates/server.sealed"])
def test_what_can_be_made_again_is(folder: Path, stopped: Path, part: str) -> None:
    (folder / part).unlink()
    assert start(folder) == start(stopped)
    assert (folder / part).exists()


def test_a_refused_start_changes_nothing(folder: Path) -> None:
    (folder / "certificates/authority.sealed").unlink()
    before = contents(folder)
    with pytest.raises(StartupError):
        start(folder)
    assert contents(folder) == before


@pytest.mark.parametrize(("back", "refused"), [(-60.0, False), (200.0, False), (3600.0, True)])
def test_a_clock_that_went_back_is_refused(folder: Path, back: float, refused: bool) -> None:
    with prepare(load_settings(data=folder)) as (prepared, instance):
        prepared.folder.release()
        newest = instance.events.search(limit=1)[0].time
        with pytest.raises(StartupError, match="clock says") if refused else nullcontext():
            check_clock(newest - back, instance.events)


def test_an_operator_may_say_that_the_clock_is_right(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.runtime.start_checks.CLOCK_SLACK_SECONDS", -(10.0**9))
    with pytest.raises(StartupError, match="HOLDFAST_ACCEPT_CLOCK"):
        start(folder)
    monkeypatch.setenv("HOLDFAST_ACCEPT_CLOCK", "true")
    assert start(folder)
