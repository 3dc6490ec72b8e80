"""Learned traffic as a JSON file, for `--learned FILE` and for taking it from one sensor to another."""

import os
from pathlib import Path
from typing import Final

import msgspec

from holdfast.defender.learned.errors import LearnedError
from holdfast.defender.learned.stages import ScenarioState, Stage, Stages
from holdfast.defender.learned.traffic import MAXIMUM_ENTRIES, RANGE, LearnedTraffic, Part

FORMAT: Final = "holdfast learned traffic"
VERSION: Final = 1
MAXIMUM_BYTES: Final = 512 * 1024 * 1024


class _Scenario(msgspec.Struct):
    stage: Stage
    last_new: float
    entries: list[list[Part]] = []
    """Source, destination, what."""
    ranges: list[list[Part]] = []
    """Source, destination, what, lowest, highest."""
    levels: list[list[Part | float]] = []
    """Source, destination, what, measure."""


class _Document(msgspec.Struct):
    format: str
    version: int
    stage: Stage
    scenarios: dict[str, _Scenario]
    authorized: dict[str, float] = {}


def dump(traffic: LearnedTraffic) -> bytes:
    """The file's content: sorted and indented, so that versions of it can be compared."""
    stages = traffic.stages
    scenarios = {
        name: _Scenario(state.stage, state.last_new) for name, state in sorted(stages.scenarios.items())
    }
    for entry in traffic:
        ranged = entry[0] == RANGE
        name, *rest = entry[1:] if ranged else entry
        scenario = scenarios.setdefault(str(name), _Scenario(stages.stage, 0.0))
        (scenario.ranges if ranged else scenario.entries).append(rest)
    for (name, *rest), value in traffic.levels.items():
        scenarios.setdefault(str(name), _Scenario(stages.stage, 0.0)).levels.append([*rest, value])
    for scenario in scenarios.values():
        for rows in (scenario.entries, scenario.ranges, scenario.levels):
            rows.sort(key=str)
    document = _Document(FORMAT, VERSION, stages.stage, scenarios, stages.authorized)
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def load(content: bytes) -> LearnedTraffic:
    """What `dump` wrote. Raises LearnedError for anything else."""
    try:
        document = msgspec.json.decode(content, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LearnedError(f"This is not a file of learned traffic: {error}.") from None
    if document.format != FORMAT or document.version != VERSION:
        raise LearnedError(
            f"The file says '{document.format}' version {document.version}; this sensor reads '{FORMAT}' "
            f"version {VERSION}."
        )
    traffic = LearnedTraffic(Stages(document.stage, authorized=document.authorized))
    for name, scenario in document.scenarios.items():
        traffic.stages.scenarios[name] = ScenarioState(scenario.stage, scenario.last_new)
        _read(traffic, name, scenario)
    traffic.generation = 0
    return traffic


def _read(traffic: LearnedTraffic, name: str, scenario: _Scenario) -> None:
    if traffic.size + len(scenario.entries) + len(scenario.ranges) > MAXIMUM_ENTRIES:
        raise LearnedError(f"The file holds more than {MAXIMUM_ENTRIES} entries.")
    for row in scenario.entries:
        traffic.learn((name, *_checked(name, row, 2)))
    for row in scenario.ranges:
        *_, low, high = _checked(name, row, 4)
        if not isinstance(low, int) or not isinstance(high, int):
            raise LearnedError(f"A range of the scenario '{name}' does not end with two numbers.")
        traffic.learn((RANGE, name, *row))
    for level in scenario.levels:
        *what, value = level
        if len(what) < 2 or isinstance(value, str):
            raise LearnedError(f"A level of the scenario '{name}' does not end with a number.")
        traffic.set_level((name, *(part for part in what if not isinstance(part, float))), value)


def _checked(name: str, row: list[Part], length: int) -> list[Part]:
    if len(row) < length or not isinstance(row[0], str) or not isinstance(row[1], str):
        raise LearnedError(
            f"An entry of the scenario '{name}' does not begin with a source and a destination."
        )
    return row


def read_file(path: Path) -> LearnedTraffic | None:
    """The learned traffic in a file; None where there is no file yet. Raises LearnedError."""
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise LearnedError(f"{path} has more than {MAXIMUM_BYTES} bytes and is not read.")
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LearnedError(f"{path} cannot be read: {error.strerror}.") from None
    return load(content)


def write_file(path: Path, traffic: LearnedTraffic) -> None:
    """Replace the file as a whole: a crash leaves the old or the new one. Raises LearnedError."""
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("wb") as stream:
            stream.write(dump(traffic))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise LearnedError(f"{path} cannot be written: {error.strerror}.") from None
