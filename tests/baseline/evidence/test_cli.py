"""`holdfast evidence verify` with nothing but a bundle and a public key."""

import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from holdfast.baseline.evidence.archive import BUNDLE_FILE
from holdfast.baseline.evidence.bundle import public_key_pem
from holdfast.cli.main import build
from tests.baseline.evidence.items import INSTANCE, KEY, bundle


def run(*words: str) -> Result:
    return CliRunner().invoke(build("evidence"), ["evidence", "verify", *words])


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "key.pem"
    path.write_bytes(public_key_pem(KEY.public))
    return str(path)


def test_a_sound_bundle(tmp_path: Path, key: str) -> None:
    path = tmp_path / "evidence.jsonl"
    path.write_bytes(b"".join(bundle()))
    assert (
        f"Sound: 5 items, 5 of them observations, kept by instance {INSTANCE} until 2027-01-15T08:00:00.000Z"
        in run(str(path), "--key", key).stdout
    )
    assert json.loads(run(str(path), "--key", key, "--json").stdout)["last"] == 5


def test_a_bundle_in_the_auditors_archive(tmp_path: Path, key: str) -> None:
    path = tmp_path / "audit.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(BUNDLE_FILE, b"".join(bundle()))
    assert run(str(path), "--key", key).exit_code == 0


def test_an_unsound_bundle_says_where(tmp_path: Path, key: str) -> None:
    path = tmp_path / "evidence.jsonl"
    path.write_bytes(b"".join(bundle()[1:]))
    assert "sealed with 5 items and has 4" in str(run(str(path), "--key", key).exception)


def test_other_archives_and_missing_files_are_named(tmp_path: Path, key: str) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    assert "holds no evidence.jsonl" in str(run(str(path), "--key", key).exception)
    assert "cannot be read" in str(run(str(tmp_path / "absent"), "--key", key).exception)
