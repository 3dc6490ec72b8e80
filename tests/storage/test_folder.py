"""The data folder: private, writable and one instance's at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.kernel.errors import StartupError
from holdfast.storage.folder import DataFolder, open_folder


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    opened = open_folder(tmp_path / "a" / "b")
    assert opened.path.stat().st_mode & 0o777 == 0o700
    assert list(opened.path.iterdir()) == []


def test_a_second_instance_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    first = open_folder(tmp_path)
    first.claim()
    second = open_folder(tmp_path)
    with pytest.raises(StartupError, match=r"process \d+\) runs on"):
        second.claim()
    first.release()
    second.claim()
    second.release()


def test_a_killed_instance_leaves_the_folder_free(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, os; from holdfast.storage.folder import open_folder;"
        "open_folder(pathlib.Path(sys.argv[1])).claim(); print('claimed', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "claimed\n"
    with pytest.raises(StartupError, match=f"process {holder.pid}"):
        open_folder(tmp_path).claim()
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    folder = DataFolder(tmp_path)
    folder.claim()
    folder.release()


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StartupError, match="is no folder"):
            open_folder(path)


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_folder_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(mode)
    with pytest.raises(StartupError, match="chmod 700"):
        open_folder(tmp_path / "data")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [("ENOSPC", "is full; free some space"), ("EROFS", "cannot be written"), ("EIO", "check the disk")],
)
def test_a_folder_that_takes_nothing_is_refused(tmp_path: Path, error: str, sentence: str) -> None:
    """The system call that reserves space fails in a process of its own."""
    code = (
        "import sys, pathlib; from holdfast.kernel.errors import StartupError;"
        "from holdfast.storage.folder import open_folder\n"
        "try: open_folder(pathlib.Path(sys.argv[1]))\n"
        "except StartupError as error: print(error)"
    )
    traced = [
        "strace",
        "-f",
        "-o",
        "/dev/null",
        "-e",
        "trace=fallocate",
        "-e",
        f"inject=fallocate:error={error}",
    ]
    done = subprocess.run(
        [*traced, sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert sentence in done.stdout
    assert list(tmp_path.iterdir()) == []
