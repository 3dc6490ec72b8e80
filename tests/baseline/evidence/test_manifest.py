"""Every file of an auditor's ZIP is checked, whoever packed it again."""

import io
import zipfile
from pathlib import Path

import pytest

from holdfast.baseline.evidence.archive import BUNDLE_FILE, write_archive
from holdfast.baseline.evidence.envelope import EvidenceError, encode, sign
from holdfast.baseline.evidence.manifest import MANIFEST_FILE, check_files, write_manifest
from tests.baseline.evidence.items import KEY, bundle

FILES = {"index.html": b"not satisfied", "files/scan.pdf": b"scan", BUNDLE_FILE: b"".join(bundle())}
WHOLE = {**FILES, MANIFEST_FILE: write_manifest(FILES, KEY)}


def check(folder: Path, files: dict[str, bytes]) -> int:
    path = folder / "audit.zip"
    path.write_bytes(write_archive(files))
    return check_files(path, KEY.public)


def problem(folder: Path, files: dict[str, bytes]) -> str:
    with pytest.raises(EvidenceError) as error:
        check(folder, files)
    return str(error.value)


def test_all_files_are_those_that_were_signed(tmp_path: Path) -> None:
    assert check(tmp_path, WHOLE) == 3
    assert write_manifest(dict(reversed(FILES.items())), KEY) == WHOLE[MANIFEST_FILE]


def test_a_bundle_needs_no_list(tmp_path: Path) -> None:
    assert check(tmp_path, {BUNDLE_FILE: FILES[BUNDLE_FILE]}) == 0
    (tmp_path / "evidence.jsonl").write_bytes(FILES[BUNDLE_FILE])
    assert check_files(tmp_path / "evidence.jsonl", KEY.public) == 0


@pytest.mark.parametrize("name", list(FILES))
def test_an_edited_file_is_named(tmp_path: Path, name: str) -> None:
    assert f"{name} in " in problem(tmp_path, {**WHOLE, name: b"satisfied"})


@pytest.mark.parametrize("name", list(FILES))
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    assert f"{name} is missing" in problem(tmp_path, {key: WHOLE[key] for key in WHOLE if key != name})


def test_an_added_file_and_files_without_their_list_are_named(tmp_path: Path) -> None:
    assert "more.html in " in problem(tmp_path, {**WHOLE, "more.html": b""})
    assert "was edited or added" in problem(tmp_path, FILES)


def test_a_list_that_is_edited_or_is_none_is_refused(tmp_path: Path) -> None:
    others = write_manifest({**FILES, "index.html": b"satisfied"}, KEY).replace(b"A", b"B", 1)
    assert MANIFEST_FILE in problem(tmp_path, {**WHOLE, MANIFEST_FILE: others})
    another = encode(sign({"subject": [], "predicateType": "another"}, KEY))
    for data in (b"", b"{}", bundle()[0], another):
        assert MANIFEST_FILE in problem(tmp_path, {**WHOLE, MANIFEST_FILE: data})


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.zip"
    path.write_bytes(write_archive(WHOLE))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("index.html", FILES["index.html"])
    with pytest.raises(EvidenceError, match="two files of the same name"):
        check_files(path, KEY.public)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("name", list(WHOLE))
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / "audit.zip"
    data = bytearray(write_archive(WHOLE))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        member = archive.getinfo(name)
    start = member.header_offset + 30 + len(name)  # of its compressed bytes (APPNOTE.TXT 4.3.7)
    data[start + int(member.compress_size * share)] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(EvidenceError):
        check_files(path, KEY.public)
