"""The data folder of an instance: private, writable, and used by one instance at a time."""

import errno
import fcntl
import os
from pathlib import Path

from holdfast.kernel.errors import StartupError
from holdfast.keys.files import PRIVATE_FILE, PRIVATE_FOLDER, make_private_folder

LOCK_FILE = "instance.lock"
_PROBE_FILE = ".write-probe"
_PROBE_BYTES = 1 << 20
"""As much free space as a start needs at least."""


class DataFolder:
    """A data folder that passed the checks; `claim` it before writing anything but keys."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._claim: int | None = None

    def claim(self) -> None:
        """Take the folder for this instance. StartupError when another one runs on it.

        The kernel gives it back when the process ends, however it ends. Child processes of the instance
        inherit nothing: they belong to the process that claimed.
        """
        descriptor = os.open(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise StartupError(
                f"Another Holdfast (process {holder or 'unknown'}) runs on {self.path}; "
                "stop it, or name another data folder with --data."
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._claim = descriptor

    def release(self) -> None:
        """Let another instance have the folder."""
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None


def open_folder(path: Path) -> DataFolder:
    """Make or check the folder: ours alone, and room for a megabyte. StartupError says what is wrong."""
    try:
        make_private_folder(path)
        _check_private(path)
        _check_writable(path / _PROBE_FILE)
    except NotADirectoryError:
        raise StartupError(f"{path} is no folder; name another one with --data.") from None
    except FileExistsError:
        raise StartupError(f"{path} is no folder; name another one with --data.") from None
    except OSError as error:
        raise StartupError(_refusal(path, error)) from None
    return DataFolder(path)


def _check_private(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & 0o022:
        raise StartupError(
            f"Other users may write to {path} (mode {mode & 0o777:04o}); "
            f"run `chmod {PRIVATE_FOLDER:o} {path}`."
        )


def _check_writable(probe: Path) -> None:
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            os.posix_fallocate(descriptor, 0, _PROBE_BYTES)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        probe.unlink(missing_ok=True)


def _refusal(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk that holds {path} is full; free some space and start again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{path} cannot be written; give it to the user that runs Holdfast, or name another with --data."
        )
    return f"{path} cannot be used ({error.strerror}); check the disk, or name another folder with --data."
