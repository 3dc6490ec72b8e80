"""Rotation: new keys, the same data; a rotation that is cut is finished by the next one."""

import shutil
from pathlib import Path

import pytest

from holdfast.kernel.clock import SystemRandomness
from holdfast.kernel.errors import HoldfastError, StartupError
from holdfast.keys.file import FileProvider
from holdfast.runtime import rotation
from holdfast.runtime.instance import key_ring, prepare
from holdfast.runtime.rotation import ENCRYPTED, Rotated, rotate
from holdfast.runtime.settings import Settings, load_settings
from holdfast.storage.sqlcipher import opens
from tests.support.running import running


def start(settings: Settings) -> str:
    """Start and end; the instance's ID scope."""
    with prepare(settings) as (prepared, _):
        prepared.folder.release()
        return prepared.id_scope


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance that ran with all its processes."""
    with running(tmp_path_factory.mktemp("instance") / "data") as instance:
        assert instance.stop() == 0
        return instance.data


@pytest.fixture
def settings(stopped: Path, tmp_path: Path) -> Settings:
    return load_settings(
        data=Path(shutil.copytree(stopped, tmp_path / "data", ignore=shutil.ignore_patterns("run")))
    )


def databases(data: Path) -> dict[str, list[Path]]:
    return {purpose: sorted(data.glob(pattern)) for purpose, pattern in ENCRYPTED.items()}


def nothing(done: int, total: int) -> None:
    """Nobody watches."""


def test_every_database_file_has_its_key_in_the_table(stopped: Path) -> None:
    known = {file for files in databases(stopped).values() for file in files}
    assert known == set(stopped.rglob("*.db"))


@pytest.mark.parametrize("what", list(Rotated))
def test_after_a_rotation_everything_is_there_and_the_log_says_so(settings: Settings, what: Rotated) -> None:
    before = start(settings)
    rotate(settings, what, nothing)
    assert start(settings) == before
    with prepare(settings) as (prepared, instance):
        prepared.folder.release()
        newest = instance.events.search(kind="key", limit=1)[0]
    assert (newest.name, newest.resource) == ("key.rotated", what.value)


def test_old_keys_open_no_database_any_more(settings: Settings) -> None:
    old = {purpose: key_ring(settings).data_keys(purpose)[0] for purpose in ENCRYPTED}
    rotate(settings, Rotated.DATABASES, nothing)
    for purpose, files in databases(settings.data).items():
        assert not any(opens(file, old[purpose]) for file in files)


def test_the_old_key_file_opens_nothing_any_more(settings: Settings) -> None:
    file = settings.data / "keys" / "provider.key"
    old = file.read_bytes()
    rotate(settings, Rotated.PROVIDER, nothing)
    assert list(file.parent.glob("*.next")) == []
    file.write_bytes(old)
    with pytest.raises(HoldfastError, match="put the right key file back"):
        start(settings)


def power_cut(done: int, total: int) -> None:
    """The machine fails after the first file."""
    raise OSError("power")


def test_a_rotation_of_databases_that_was_cut_is_finished_by_the_next(settings: Settings) -> None:
    scope = start(settings)
    with pytest.raises(OSError, match="power"):
        rotate(settings, Rotated.DATABASES, power_cut)
    with pytest.raises(StartupError, match="holdfast keys rotate databases"):
        start(settings)
    versions = len(rotation.ages(settings))
    rotate(settings, Rotated.DATABASES, nothing)
    assert start(settings) == scope
    assert len(rotation.ages(settings)) == versions, "the same new keys were used"


def test_a_rotation_of_the_key_file_that_was_cut_is_finished_by_the_next_start(settings: Settings) -> None:
    scope = start(settings)
    file = settings.data / "keys" / "provider.key"
    key_ring(settings).wrap_with(FileProvider(file, SystemRandomness()).successor())
    assert start(settings) == scope
    assert list(file.parent.glob("*.next")) == []


def test_a_running_instance_is_left_alone(settings: Settings) -> None:
    with prepare(settings) as (prepared, _), pytest.raises(StartupError, match="Another Holdfast"):
        rotate(settings, Rotated.ROOT, nothing)
    prepared.folder.release()


def test_a_folder_without_an_instance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="no instance"):
        rotate(load_settings(data=tmp_path), Rotated.ROOT, nothing)
    assert list(tmp_path.iterdir()) == []
