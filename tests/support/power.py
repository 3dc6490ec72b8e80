"""Power cuts, simulated from a system-call trace: what was not fsynced is gone, or only half there.

A victim process runs under strace. Its writes are replayed against a model of a disk that keeps for each file
what is durable apart from what is pending, and for each folder the names that are durable. At any moment of
the trace the disk can be written out as a power cut would have left it.
"""

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

TRACED = "openat,pwrite64,write,ftruncate,fsync,fdatasync,rename,link,unlink"
SECTOR = 512


class Call(NamedTuple):
    """One system call that succeeded."""

    name: str
    arguments: str


_LINE = re.compile(r"^(?P<pid>\d+) +(?P<rest>.*)$", re.DOTALL)
_RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(?P<rest>.*)$", re.DOTALL)
_CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)", re.DOTALL)
_DATA = re.compile(
    r'^\d+<(?P<path>[^>]*)>, "(?P<data>(?:[^"\\]|\\.)*)", (?P<size>\d+)(?:, (?P<offset>\d+))?$'
)
_DESCRIPTOR = re.compile(r"^\d+<(?P<path>[^>]*)>(?:, (?P<size>\d+))?$")
_PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_CREATED = re.compile(r'^[^"]*"(?P<path>[^"]*)", (?P<flags>[A-Z_|]+)')
_UNFINISHED = " <unfinished ...>"


def run_traced(
    command: Sequence[str], trace: Path, lines: int, *options: str, timeout: float = 120.0
) -> list[str]:
    """Run a Python module under strace until it printed so many lines, then kill it; the lines."""
    tracer = ["strace", "-f", "-y", "-s", "100000", "-o", str(trace), "-e", f"trace={TRACED}", *options]
    process = subprocess.Popen(
        [*tracer, sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line.rstrip("\n"))
            if len(said) >= lines:
                break
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the tracer alone would leave the victim running
        process.stdout.close()
        process.wait(timeout)
    return said


def calls(trace: Path) -> Iterator[Call]:
    """The successful calls of a trace in the order of their completion; what a process prints counts from
    its beginning, so that nothing seems later than it was."""
    unfinished: dict[str, str] = {}
    for line in trace.read_text(encoding="latin-1").splitlines():
        matched = _LINE.match(line)
        if matched is None:
            continue
        pid, rest = matched["pid"], matched["rest"]
        if resumed := _RESUMED.match(rest):
            rest = unfinished.pop(pid, "") + resumed["rest"]
        elif rest.endswith(_UNFINISHED):
            rest = rest.removesuffix(_UNFINISHED)
            if not rest.startswith("write(1<"):
                unfinished[pid] = rest
                continue
            rest += ") = 1"
        called = _CALL.match(rest)
        if called and int(called["result"]) >= 0:
            yield Call(called["name"], called["arguments"])


class _Write(NamedTuple):
    offset: int
    data: bytes


class _Truncate(NamedTuple):
    size: int


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[_Write | _Truncate] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.pending:
            _apply(self.durable, change)
        self.pending.clear()

    def after_power_cut(self, chance: random.Random | None) -> bytes:
        """What is left: the durable bytes; with `chance` also some of the pending sectors."""
        content = bytearray(self.durable)
        for change in self.pending if chance else ():
            for part in _sectors(change):
                if chance is not None and chance.random() < 0.5:
                    _apply(content, part)
        return bytes(content)


def _apply(content: bytearray, change: _Write | _Truncate) -> None:
    if isinstance(change, _Truncate):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    missing = change.offset - len(content)
    if missing > 0:
        content.extend(bytes(missing))
    content[change.offset : change.offset + len(change.data)] = change.data


def _sectors(change: _Write | _Truncate) -> Iterator[_Write | _Truncate]:
    if isinstance(change, _Truncate):
        yield change
        return
    for start in range(0, len(change.data), SECTOR):
        yield _Write(change.offset + start, change.data[start : start + SECTOR])


class Disk:
    """The files below a folder as the traced calls leave them."""

    def __init__(self, root: Path) -> None:
        self._root = f"{root}/"
        self._files: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}

    def apply(self, call: Call) -> None:
        """Do what the call did."""
        handler = getattr(self, f"_{call.name}", None)
        if handler is not None:
            handler(call.arguments)

    def write_out(self, folder: Path, chance: random.Random | None = None) -> None:
        """Write what a power cut at this moment leaves into a folder. Shared memory files never survive."""
        for name, file in self._durable_names.items():
            if not name.endswith("-shm"):
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.touch(0o600)
                path.write_bytes(file.after_power_cut(chance))

    def _name(self, path: str) -> str | None:
        return path.removeprefix(self._root) if path.startswith(self._root) else None

    def _openat(self, arguments: str) -> None:
        opened = _CREATED.match(arguments)
        name = self._name(opened["path"]) if opened else None
        if opened and name is not None and "O_CREAT" in opened["flags"]:
            self._files.setdefault(name, _File())
            if "O_TRUNC" in opened["flags"]:
                self._files[name].pending.append(_Truncate(0))

    def _pwrite64(self, arguments: str) -> None:
        written = _DATA.match(arguments)
        name = self._name(written["path"]) if written else None
        if written and name is not None and name in self._files:
            data = written["data"].encode("latin-1").decode("unicode_escape").encode("latin-1")
            assert len(data) == int(written["size"]), "the trace was cut"
            offset = int(written["offset"] or self._size(name))
            self._files[name].pending.append(_Write(offset, data))

    _write = _pwrite64

    def _size(self, name: str) -> int:
        """Where an appending write goes."""
        content = bytearray(self._files[name].durable)
        for change in self._files[name].pending:
            _apply(content, change)
        return len(content)

    def _ftruncate(self, arguments: str) -> None:
        target = _DESCRIPTOR.match(arguments)
        name = self._name(target["path"]) if target else None
        if target and name in self._files:
            self._files[name].pending.append(_Truncate(int(target["size"])))

    def _fsync(self, arguments: str) -> None:
        target = _DESCRIPTOR.match(arguments)
        name = self._name(target["path"]) if target else None
        if name in self._files:
            self._files[name].sync()
        elif target is not None:
            self._sync_names(target["path"])

    _fdatasync = _fsync

    def _sync_names(self, folder: str) -> None:
        """Make the names in a folder durable: those that came, and that others went."""
        inside = f"{folder}/".removeprefix(self._root)
        for name in [name for name in self._durable_names if _parent(name) == inside]:
            del self._durable_names[name]
        self._durable_names |= {name: file for name, file in self._files.items() if _parent(name) == inside}

    def _rename(self, arguments: str) -> None:
        old, new = (self._name(path) for path in _PATHS.findall(arguments))
        if old in self._files and new is not None:
            self._files[new] = self._files.pop(old)

    def _link(self, arguments: str) -> None:
        old, new = (self._name(path) for path in _PATHS.findall(arguments))
        if old in self._files and new is not None:
            self._files[new] = self._files[old]

    def _unlink(self, arguments: str) -> None:
        (name,) = (self._name(path) for path in _PATHS.findall(arguments))
        if name is not None:
            self._files.pop(name, None)


def _parent(name: str) -> str:
    return name[: name.rfind("/") + 1]


def said(call: Call) -> str | None:
    """The line that a process printed, when the call is that."""
    if call.name != "write" or not call.arguments.startswith("1<"):
        return None
    found = _PATHS.search(call.arguments)
    return found[1].removesuffix("\\n") if found else None
