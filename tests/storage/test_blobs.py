"""Encrypted blobs, in a folder and in a bucket: put once, read in parts, and never read when altered."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.kernel.clock import SystemRandomness
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.storage.blobs import CHUNK, DamagedBlobError, LocalBlobs, SealedBlobs, SucceedingBlobs
from holdfast.storage.byte_store import ByteStore
from holdfast.storage.folder_store import FolderStore
from holdfast.storage.s3_store import S3Place, S3Store
from tests.support.object_storage import object_storage

KEY = b"k" * 32
SEALED = CHUNK + 16
LARGE = bytes(range(256)) * (3 * CHUNK // 256) + b"tail"
RANDOM = SystemRandomness()


@pytest.fixture(scope="module")
def storage() -> Iterator[S3Place]:
    with object_storage() as place:
        yield place


class Kept(NamedTuple):
    """Blobs, and the store below that holds their sealed bytes."""

    store: ByteStore
    blobs: SealedBlobs


@pytest.fixture(params=["folder", "bucket"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    store: ByteStore
    if request.param == "folder":
        store = FolderStore(tmp_path, RANDOM)
    else:
        place: S3Place = request.getfixturevalue("storage")
        store = S3Store(place._replace(prefix=RANDOM.bytes(8).hex()))
    return Kept(store, SealedBlobs(store, KEY, RANDOM))


@pytest.mark.parametrize("content", [b"", b"x", b"y" * CHUNK, b"z" * (CHUNK + 1), LARGE])
def test_what_was_put_is_there_and_encrypted(kept: Kept, content: bytes) -> None:
    assert kept.blobs.put("history/2026/segment-1.parquet", content)
    assert kept.blobs.get("history/2026/segment-1.parquet") == content
    assert kept.blobs.size("history/2026/segment-1.parquet") == len(content)
    stored = kept.store.read("history/2026/segment-1.parquet")
    assert content[:64] not in stored or len(content) < 16


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    LocalBlobs(tmp_path, KEY, RANDOM).put("a/b", b"content")
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o600


def test_a_name_is_taken_once(kept: Kept) -> None:
    blobs = kept.blobs
    assert blobs.put("a", b"first")
    assert not blobs.put("a", b"second")
    assert blobs.get("a") == b"first"
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: blobs.put("race", b"%d" % n), range(8)))
    assert sum(won) == 1
    assert blobs.get("race") == b"%d" % won.index(True)


def test_names_are_listed_by_prefix_and_deleted(kept: Kept) -> None:
    blobs = kept.blobs
    for name in ("b/2", "b/1", "a", "b2"):
        blobs.put(name, b"x")
    assert blobs.names() == ["a", "b/1", "b/2", "b2"]
    assert blobs.names("b") == ["b/1", "b/2", "b2"]
    assert blobs.names("b/") == ["b/1", "b/2"]
    assert blobs.names("b/1") == ["b/1"]
    assert blobs.delete("b/1")
    assert not blobs.delete("b/1")
    assert blobs.names("b/") == ["b/2"]
    for missing in (blobs.get, blobs.size):
        with pytest.raises(NotFoundError):
            missing("b/1")


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_part_is_that_part(kept: Kept, data: st.DataObject) -> None:
    kept.blobs.put("large", LARGE)
    start = data.draw(st.integers(0, len(LARGE)))
    length = data.draw(st.none() | st.integers(0, len(LARGE)))
    end = len(LARGE) if length is None else start + length
    assert kept.blobs.get("large", start, length) == LARGE[start:end]


def test_nothing_is_read_behind_whole_chunks(kept: Kept) -> None:
    kept.blobs.put("whole", b"c" * 2 * CHUNK)
    assert kept.blobs.get("whole", 2 * CHUNK) == b""
    assert kept.blobs.get("whole", CHUNK, 0) == b""


@pytest.mark.parametrize("start", [-1, len(LARGE) + 1])
def test_parts_outside_are_refused(kept: Kept, start: int) -> None:
    kept.blobs.put("large", LARGE)
    with pytest.raises(InvalidError):
        kept.blobs.get("large", start, 10)


@pytest.mark.parametrize("name", ["", "/a", "a/", "../a", "a/../b", ".hidden", "a//b", "a b", "é", "x" * 500])
def test_bad_names_are_refused(tmp_path: Path, name: str) -> None:
    blobs = LocalBlobs(tmp_path, KEY, RANDOM)
    with pytest.raises(InvalidError):
        blobs.put(name, b"x")
    for asked in (blobs.get, blobs.size, blobs.delete):
        with pytest.raises(InvalidError):
            asked(name)


def test_alterations_are_noticed(kept: Kept) -> None:
    kept.blobs.put("large", LARGE)
    whole = kept.store.read("large")
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
        kept.store.delete("large")
        kept.store.put("large", content)
        with pytest.raises(DamagedBlobError):
            pytest.fail(f"{what}: {len(kept.blobs.get('large'))} bytes were read")


def test_a_blob_cannot_take_anothers_place_or_come_from_another_instance(kept: Kept) -> None:
    kept.blobs.put("a", b"of a")
    kept.blobs.put("b", b"of b")
    kept.store.delete("a")
    kept.store.put("a", kept.store.read("b"))
    with pytest.raises(DamagedBlobError):
        kept.blobs.get("a")
    with pytest.raises(DamagedBlobError):
        SealedBlobs(kept.store, b"o" * 32, RANDOM).get("b")


def test_after_a_move_old_blobs_are_found_and_new_ones_lie_in_the_new_place(tmp_path: Path) -> None:
    old, new = (LocalBlobs(tmp_path / place, KEY, RANDOM) for place in ("old", "new"))
    old.put("before", b"1234")
    blobs = SucceedingBlobs(new, old)
    assert blobs.put("after", b"56")
    assert not blobs.put("before", b"again")
    assert (blobs.get("before", 1, 2), blobs.size("before"), blobs.get("after")) == (b"23", 4, b"56")
    assert (new.names(), old.names(), blobs.names()) == (["after"], ["before"], ["after", "before"])
    assert [blobs.delete(name) for name in ("before", "after", "never")] == [True, True, False]
    assert blobs.names() == []
