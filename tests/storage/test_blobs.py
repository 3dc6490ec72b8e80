"""Encrypted blobs: put once, read in parts, and never read when they were altered."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.clock import SystemRandomness
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.storage.blobs import CHUNK, DamagedBlobError, LocalBlobs

KEY = b"k" * 32
SEALED = CHUNK + 16
LARGE = bytes(range(256)) * (3 * CHUNK // 256) + b"tail"


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path, KEY, SystemRandomness())


@pytest.mark.parametrize("content", [b"", b"x", b"y" * CHUNK, b"z" * (CHUNK + 1), LARGE])
def test_what_was_put_is_there_and_encrypted(blobs: LocalBlobs, tmp_path: Path, content: bytes) -> None:
    assert blobs.put("history/2026/segment-1.parquet", content)
    assert blobs.get("history/2026/segment-1.parquet") == content
    assert blobs.size("history/2026/segment-1.parquet") == len(content)
    stored = (tmp_path / "history/2026/segment-1.parquet").read_bytes()
    assert content[:64] not in stored or len(content) < 16
    assert (tmp_path / "history/2026/segment-1.parquet").stat().st_mode & 0o777 == 0o600


def test_a_name_is_taken_once(blobs: LocalBlobs) -> None:
    assert blobs.put("a", b"first")
    assert not blobs.put("a", b"second")
    assert blobs.get("a") == b"first"
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: blobs.put("race", b"%d" % n), range(8)))
    assert sum(won) == 1
    assert blobs.get("race") == b"%d" % won.index(True)


def test_names_are_listed_by_prefix_and_deleted(blobs: LocalBlobs) -> None:
    for name in ("b/2", "b/1", "a", "b2"):
        blobs.put(name, b"x")
    assert blobs.names() == ["a", "b/1", "b/2", "b2"]
    assert blobs.names("b/") == ["b/1", "b/2"]
    assert blobs.delete("b/1")
    assert not blobs.delete("b/1")
    assert blobs.names("b/") == ["b/2"]
    with pytest.raises(NotFoundError):
        blobs.get("b/1")


@given(data=st.data())
def test_any_part_is_that_part(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "parts"
    blobs = LocalBlobs(folder, KEY, SystemRandomness())
    blobs.put("large", LARGE)
    start = data.draw(st.integers(0, len(LARGE)))
    length = data.draw(st.none() | st.integers(0, len(LARGE)))
    end = len(LARGE) if length is None else start + length
    assert blobs.get("large", start, length) == LARGE[start:end]


@pytest.mark.parametrize("start", [-1, len(LARGE) + 1])
def test_parts_outside_are_refused(blobs: LocalBlobs, start: int) -> None:
    blobs.put("large", LARGE)
    with pytest.raises(InvalidError):
        blobs.get("large", start, 10)


@pytest.mark.parametrize("name", ["", "/a", "a/", "../a", "a/../b", ".hidden", "a//b", "a b", "é", "x" * 500])
def test_bad_names_are_refused(blobs: LocalBlobs, name: str) -> None:
    with pytest.raises(InvalidError):
        blobs.put(name, b"x")
    with pytest.raises(InvalidError):
        blobs.get(name)


def test_alterations_are_noticed(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.put("large", LARGE)
    path = tmp_path / "large"
    whole = path.read_bytes()
    head, chunks = whole[:20], whole[20:]
    one, two, rest = chunks[:SEALED], chunks[SEALED : 2 * SEALED], chunks[2 * SEALED :]
    alterations = {
        "flipped": whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        "cut": head + one + two,
        "cut inside": whole[:-3],
        "swapped": head + two + one + rest,
        "header": b"ZIP!" + whole[4:],
        "empty": b"",
        "head only": head,
    }
    for what, content in alterations.items():
        path.write_bytes(content)
        with pytest.raises(DamagedBlobError):
            pytest.fail(f"{what}: {len(blobs.get('large'))} bytes were read")


def test_a_blob_cannot_take_anothers_place_or_come_from_another_instance(
    blobs: LocalBlobs, tmp_path: Path
) -> None:
    blobs.put("a", b"of a")
    blobs.put("b", b"of b")
    (tmp_path / "a").write_bytes((tmp_path / "b").read_bytes())
    with pytest.raises(DamagedBlobError):
        blobs.get("a")
    with pytest.raises(DamagedBlobError):
        LocalBlobs(tmp_path, b"o" * 32, SystemRandomness()).get("b")
