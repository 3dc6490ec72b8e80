"""The authority and the server certificate survive restarts, sealed."""

import stat
from pathlib import Path

import pytest

from holdfast.kernel.clock import ManualClock
from holdfast.vault.authority import DAY, names_of
from holdfast.vault.errors import AuthorityUnavailableError
from holdfast.vault.files import AUTHORITY, SERVER, load_server, open_authority, server_certificate
from tests.vault.ring import Ring

RING = Ring()
NAMES = ["localhost", "127.0.3.1"]


def test_the_second_start_finds_the_same_root_and_certificate(tmp_path: Path) -> None:
    clock = ManualClock()
    issued = server_certificate(tmp_path / "vault", RING, clock, NAMES)
    clock.advance(DAY)
    assert server_certificate(tmp_path / "vault", RING, clock, NAMES) == issued
    assert load_server(tmp_path / "vault", RING) == issued
    root = open_authority(tmp_path / "vault", RING, clock)
    assert issued.chain_pem.endswith(root.certificate_pem)


def test_a_due_certificate_is_issued_anew_under_the_same_root(tmp_path: Path) -> None:
    clock = ManualClock()
    first = server_certificate(tmp_path, RING, clock, NAMES)
    clock.advance(61 * DAY)
    second = server_certificate(tmp_path, RING, clock, NAMES)
    third = server_certificate(tmp_path, RING, clock, ["renamed.example.org"])
    assert len({first, second, third}) == 3
    assert names_of(third.chain_pem) == {"renamed.example.org"}
    root = open_authority(tmp_path, RING, clock).certificate_pem
    assert all(issued.chain_pem.endswith(root) for issued in (first, second, third))


def test_no_private_key_lies_readable_on_the_disk(tmp_path: Path) -> None:
    server_certificate(tmp_path / "vault", RING, ManualClock(), NAMES)
    files = sorted((tmp_path / "vault").iterdir())
    assert [file.name for file in files] == [AUTHORITY, SERVER]
    for file in files:
        assert b"PRIVATE KEY" not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [b"", b"x" * 100])
def test_a_root_that_cannot_be_read_is_never_replaced(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / AUTHORITY).write_bytes(damage)
    with pytest.raises(AuthorityUnavailableError, match="Restore it from a backup"):
        server_certificate(tmp_path, RING, ManualClock(), NAMES)
    assert (tmp_path / AUTHORITY).read_bytes() == damage


def test_sealed_files_cannot_stand_in_for_each_other(tmp_path: Path) -> None:
    server_certificate(tmp_path, RING, ManualClock(), NAMES)
    (tmp_path / AUTHORITY).write_bytes((tmp_path / SERVER).read_bytes())
    with pytest.raises(AuthorityUnavailableError):
        open_authority(tmp_path, RING, ManualClock())
