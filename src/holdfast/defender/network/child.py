"""The process that analyzes an uploaded capture: apart, because it uses a core for as long as it takes, and
what it reads may be hostile.

It is started as `python -m holdfast.defender.network.child` with the capture as an open file (nothing of it
touches a disk), the job as JSON on standard input, and writes parts to standard output: a letter, four bytes
of length, and as many bytes.
"""

import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec

from holdfast.defender.dissect.registry import PROTOCOLS
from holdfast.defender.learned.file import dump, load
from holdfast.defender.learned.stages import Stage
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.pipeline import analyze
from holdfast.defender.record import SECOND
from holdfast.defender.rules.file import parse_rules
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from holdfast.defender.sensor.slices import Slices
from holdfast.defender.uplink.bulletins import Bulletins
from holdfast.defender.uplink.messages import packed
from holdfast.kernel.errors import HoldfastError

MESSAGE: Final = b"M"
PROGRESS: Final = b"P"
LEARNED: Final = b"L"
PROBLEMS: Final = b"E"
FAILURE: Final = b"X"
HEAD: Final = struct.Struct(">cI")
_STEPS = 100
"""Progress is told so often at most."""
_NICE: Final = 10
"""How much a long analysis gives way. A short one would wait for the processor longer than it needs it."""


class Job(msgspec.Struct, frozen=True):
    """What to do."""

    name: str
    zone: str
    site: str
    descriptor: int
    """Of the open capture."""
    stage: Stage | None
    learned: bytes = b""
    rules: msgspec.Raw = msgspec.Raw(b"[]")


class Part(NamedTuple):
    """A part of the output."""

    kind: bytes
    content: bytes


def parts(job: Job, progress: Callable[[int, int], None] | None = None) -> Iterator[Part]:
    """Analyze; everything that came of it, and `progress` as in `pipeline.analyze`.

    Raises CaptureError, LearnedError, RuleError.
    """
    learned = load(job.learned) if job.learned else LearnedTraffic()
    stage = job.stage or (Stage.OPERATIONAL if job.learned else Stage.LEARNING)
    if learned.stages.stage is not stage:
        learned.stages.enter(stage, 0.0)
    rules = parse_rules(bytes(job.rules), PROTOCOLS)
    sensor = Sensor(SensorSettings(job.name, job.zone, job.site, rules=rules), learned, Slices())
    path = f"/proc/self/fd/{job.descriptor}"
    summary = analyze([Path(path)], [sensor], progress=progress)
    for data in packed(Bulletins(sensor).everything()):
        yield Part(MESSAGE, data)
    if stage is not Stage.OPERATIONAL:
        if stage is Stage.LEARNING:
            learned.stages.enter(Stage.OPERATIONAL, summary.last_time / SECOND)
        yield Part(LEARNED, dump(learned))
    problems = [problem.replace(path, job.name) for problem in summary.problems]
    yield Part(PROBLEMS, msgspec.json.encode(problems))


class _Teller:
    """Writes progress at once, a hundred times at most; a run that is not over at the first gives way."""

    def __init__(self) -> None:
        self._step = -1

    def __call__(self, done: int, total: int) -> None:
        step = done * _STEPS // max(total, 1)
        if self._step < 0 and done < total:
            os.nice(_NICE)
        if step > self._step:
            self._step = step
            write(sys.stdout.buffer, Part(PROGRESS, b"%f" % (done / max(total, 1))))


def write(stream: BinaryIO, part: Part) -> None:
    """Write a part and send it off."""
    stream.write(HEAD.pack(part.kind, len(part.content)) + part.content)
    stream.flush()


def main() -> None:
    """Do the job on standard input."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        for part in parts(job, _Teller()):
            write(sys.stdout.buffer, part)
    except HoldfastError as error:
        write(sys.stdout.buffer, Part(FAILURE, str(error).encode()))


if __name__ == "__main__":
    main()
