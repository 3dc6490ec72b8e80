"""One run over capture files: what `sensor analyze` does, without its printing."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from holdfast.defender.capture.errors import CaptureError
from holdfast.defender.learned.file import read_file, write_file
from holdfast.defender.learned.stages import Stage
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.pipeline import Sink, analyze
from holdfast.defender.record import SECOND
from holdfast.defender.sensor.records import RecordsWriter
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from holdfast.defender.sensor.slices import Slices

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What to analyze, and what to keep of it."""

    paths: tuple[Path, ...]
    settings: SensorSettings
    learned: Path | None = None
    """File of learned traffic. Made by the first run, which learns; read by the later ones, which judge."""
    stage: Stage | None = None
    """The stage of this run; None: learning without a file, and what the file says with one."""
    records: Path | None = None
    """Where to write every record as a line of JSON."""
    pcaps: Path | None = None
    """Folder for a capture file an alert."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What came of it."""

    sensor: Sensor
    problems: tuple[str, ...]
    learned_saved: bool
    """Whether the file of learned traffic was written."""
    pcaps_written: int


def run(request: Request, progress: Progress | None = None) -> Analysis:
    """Analyze the captures. Raises CaptureError, LearnedError."""
    learned = _learned(request)
    stage = learned.stages.stage
    sensor = Sensor(request.settings, learned, Slices() if request.pcaps else None)
    with _records(request.records) as writer:
        sinks: list[Sink] = [sensor, *([writer] if writer else [])]
        summary = analyze(request.paths, sinks, progress=progress)
    saved = request.learned is not None and stage is not Stage.OPERATIONAL
    if request.learned is not None and saved:
        _save(request.learned, learned, stage, summary.last_time / SECOND)
    written = sensor.slices.write(request.pcaps) if sensor.slices and request.pcaps else 0
    return Analysis(sensor, tuple(summary.problems), saved, written)


def _learned(request: Request) -> LearnedTraffic:
    learned = read_file(request.learned) if request.learned is not None else None
    if learned is None:
        learned = LearnedTraffic()
        if request.stage is not None:
            learned.stages.stage = request.stage
    elif request.stage is not None and request.stage is not learned.stages.stage:
        learned.stages.enter(request.stage, 0.0)
    return learned


def _save(path: Path, learned: LearnedTraffic, stage: Stage, now: float) -> None:
    """After learning, the next run judges; dynamic scenarios stay as far as they came."""
    if stage is Stage.LEARNING:
        learned.stages.enter(Stage.OPERATIONAL, now)
    write_file(path, learned)


@contextlib.contextmanager
def _records(path: Path | None) -> Iterator[RecordsWriter | None]:
    if path is None:
        yield None
        return
    with _opened(path) as stream:
        yield RecordsWriter(stream)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        stream = path.open("wb")
    except OSError as error:
        raise CaptureError(f"{path} cannot be written: {error.strerror}.") from None
    with stream:
        yield stream


def known_alerts(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """The names, checked. Raises CaptureError naming the first that is none."""
    ids = set(known)
    chosen = list(names)
    for name in chosen:
        if name not in ids:
            raise CaptureError(f"There is no alert '{name}'; docs/alerts.md lists their ids.")
    return chosen
