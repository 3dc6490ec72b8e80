"""The key file and the ring: what they give, keep secret, survive and refuse."""

import multiprocessing
import os
from pathlib import Path

import pytest

from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.keys.errors import KeyUnavailableError
from holdfast.keys.file import KEY_FILE, FileProvider, open_key_ring
from holdfast.keys.ring import RING_FILE, FileKeyRing


def opened(folder: Path) -> FileKeyRing:
    return open_key_ring(folder, ManualClock(), SystemRandomness())


def test_keys_are_made_once_and_stay(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    key, signing = ring.data_key("log"), ring.signing_key("audit")
    again = opened(tmp_path)
    assert again.instance == ring.instance
    assert again.data_key("log") == ring.data_key("log") == key
    assert again.signing_key("audit") == signing
    assert len(key) == 32


def test_purposes_have_keys_of_their_own(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    keys = {ring.data_key("log"), ring.data_key("blobs"), ring.signing_key("log").private}
    assert len(keys) == 3


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    opened(tmp_path).data_key("log")
    folder = tmp_path / "keys"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_the_ring_file_holds_no_key(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    keys = [ring.data_key("log"), ring.signing_key("audit").private]
    content = (tmp_path / "keys" / RING_FILE).read_bytes()
    for key in keys:
        assert key not in content
        assert key.hex().encode() not in content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    opened(tmp_path)
    (tmp_path / "keys" / KEY_FILE).chmod(mode)
    with pytest.raises(KeyUnavailableError, match="chmod 600"):
        opened(tmp_path)


def test_a_key_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(tmp_path)
    if os.geteuid() == 0:
        os.chown(tmp_path / "keys" / KEY_FILE, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(KeyUnavailableError, match="another user"):
        opened(tmp_path)


@pytest.mark.parametrize("content", [b"", b"xyz\n", b"ab" * 31, b"\xff\xfe", b"ab" * 33])
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    opened(tmp_path)
    (tmp_path / "keys" / KEY_FILE).write_bytes(content)
    with pytest.raises(KeyUnavailableError, match=KEY_FILE):
        opened(tmp_path)


def test_a_missing_key_file_is_not_made_anew(tmp_path: Path) -> None:
    opened(tmp_path)
    (tmp_path / "keys" / KEY_FILE).unlink()
    with pytest.raises(KeyUnavailableError, match="missing"):
        opened(tmp_path)
    assert not (tmp_path / "keys" / KEY_FILE).exists()


def test_the_key_of_another_instance_is_refused(tmp_path: Path) -> None:
    opened(tmp_path)
    path = tmp_path / "keys" / KEY_FILE
    path.unlink()
    FileProvider.create(path, SystemRandomness())
    with pytest.raises(KeyUnavailableError, match="not the one"):
        opened(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b'{"instance": 1}', b"\xff"])
def test_a_damaged_ring_is_refused(tmp_path: Path, content: bytes) -> None:
    opened(tmp_path)
    (tmp_path / "keys" / RING_FILE).write_bytes(content)
    with pytest.raises(KeyUnavailableError, match="restore it from a backup"):
        opened(tmp_path)


def test_taking_the_key_file_away_revokes_what_is_not_in_memory(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    ring.data_key("log")
    (tmp_path / "keys" / KEY_FILE).rename(tmp_path / "elsewhere")
    with pytest.raises(KeyUnavailableError):
        ring.check_provider()
    with pytest.raises(KeyUnavailableError):
        ring.data_key("blobs")


def test_rotating_the_root_key_changes_the_wrapping_and_no_key(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    key, signing, sealed = ring.data_key("log"), ring.signing_key("audit"), ring.seal(b"secret", "x")
    before = (tmp_path / "keys" / RING_FILE).read_bytes()
    ring.rotate_root()
    after = (tmp_path / "keys" / RING_FILE).read_bytes()
    assert before != after
    for current in (ring, opened(tmp_path)):
        assert current.data_key("log") == key
        assert current.signing_key("audit") == signing
        assert current.open(sealed, "x") == b"secret"


def test_the_old_ring_file_is_whole_until_the_new_one_is(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    key = ring.data_key("log")
    (tmp_path / "keys" / f".{RING_FILE}.new").write_bytes(b"half of a ring that a crash left")
    ring.rotate_root()
    assert opened(tmp_path).data_key("log") == key


def test_sealed_secrets_open_only_in_their_context_and_unaltered(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    sealed = ring.seal(b"secret", "device/a")
    assert ring.open(sealed, "device/a") == b"secret"
    assert ring.seal(b"secret", "device/a") != sealed
    damaged = [sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:5], b"", b"\xff\xff" + sealed[2:]]
    for bad, context in [(sealed, "device/b"), *((bytes_, "device/a") for bytes_ in damaged)]:
        with pytest.raises(KeyUnavailableError):
            ring.open(bad, context)


def test_secrets_of_a_new_key_version_open_in_a_process_that_started_before(tmp_path: Path) -> None:
    older, newer = opened(tmp_path), opened(tmp_path)
    old = older.seal(b"old", "x")
    newer.rotate_data_key("secrets")
    new = newer.seal(b"new", "x")
    assert new[:2] != old[:2]
    assert (older.open(new, "x"), newer.open(old, "x")) == (b"new", b"old")


def test_signing_keys_of_older_versions_verify(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    old = ring.signing_key("audit")
    ring.rotate_signing_key("audit")
    new = ring.signing_key("audit")
    assert new.key_id != old.key_id
    assert ring.public_key("audit", old.key_id) == old.public
    assert ring.public_key("audit", new.key_id) == new.public
    assert ring.public_key("audit", "0" * 16) is None
    assert ring.public_key("never", old.key_id) is None


def _make_keys(folder: str, purposes: list[str], results: "multiprocessing.Queue[list[bytes]]") -> None:
    ring = opened(Path(folder))
    results.put([ring.data_key(purpose) for purpose in purposes])


def test_processes_that_start_together_agree_on_every_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[list[bytes]] = context.Queue()
    purposes = [f"purpose-{number}" for number in range(5)]
    processes = [
        context.Process(target=_make_keys, args=(str(tmp_path), purposes, results)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == 5
