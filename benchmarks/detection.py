"""Detection quality: precision, recall and time to alert of every alert type on labelled traffic.

Each alert type has traffic that must raise it and a benign twin that must not, labelled in
`tests/support/traffic/cases`. A sensor hears each of them twice: alone, and in the middle of recorded traffic
of a real network whose hosts do what the case says (the first part of the recording is learned, the attack is
in the second). An alert is false when the benign twin raises it. The peer is chance: the last line has the
precision of an engine that alerts on everything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support.shared import shared
from tests.support.traffic.case import Case
from tests.support.traffic.cases.registry import CASES, GROUPS
from tests.support.traffic.replays import Recording, Replay, recordings, unprovoked
from tests.support.traffic.wire import BEGIN

from holdfast.alerts.model import Severity
from holdfast.defender.learned.stages import Stage
from holdfast.defender.sensor.sensor import Sensor

RECORDINGS_PER_CASE = 2


@dataclass
class Score:
    """Counts of one alert type."""

    cases: int = 0
    found: int = 0
    false: int = 0
    """Benign twins that raised it."""
    seconds: float = 0.0
    """From the first packet of the attack to the alert, summed over those found."""

    def add(self, delay: float | None, twin: bool) -> None:
        """One case: how long the alert took, None if it was missed; and whether the benign twin raised it."""
        self.cases += 1
        self.false += twin
        if delay is not None:
            self.found += 1
            self.seconds += max(0.0, delay)

    @property
    def cells(self) -> list[str]:
        """The figures for a table."""
        if not self.cases:
            return ["0", "", "", ""]
        raised = self.found + self.false
        precision = f"{self.found / raised:.2f}" if raised else ""
        seconds = f"{self.seconds / self.found:.1f} s" if self.found else ""
        return [str(self.cases), f"{self.found / self.cases:.2f}", precision, seconds]


Scores = dict[str, Score]


@dataclass
class Replayed:
    """What came of the recordings."""

    scores: Scores = field(default_factory=lambda: defaultdict(Score))
    recordings: set[str] = field(default_factory=set)
    unprovoked: Counter[str] = field(default_factory=Counter)
    """Alerts that recordings raise by themselves, because their second part is unlike the first."""
    missed: list[str] = field(default_factory=list)


def alone() -> Scores:
    """Run every case and its twin by itself."""
    scores: Scores = defaultdict(Score)
    for case in CASES:
        found = case.found(case.run(case.attack))
        twin = raised(case, case.run(case.benign))
        scores[case.alert].add(found[0].first - BEGIN if found else None, twin)
    return scores


def raised(case: Case, sensor: Sensor) -> bool:
    """Whether the sensor raised the alert that the case is about."""
    return any(alert.type.id == case.alert for alert in sensor.alerts)


def replayed() -> Replayed:
    """Run every case and its twin within recordings of its protocol; nothing where there are none."""
    result = Replayed()
    for case, recording in _chosen(result.unprovoked):
        outcome = Replay(case, recording).outcome()
        delay = outcome.found[0].first - outcome.began if outcome.found else None
        result.scores[case.alert].add(delay, outcome.twin)
        result.recordings.add(recording.name)
        if delay is None:
            result.missed.append(f"{case.label} in {recording.name}")
    return result


def _chosen(unprovoked_alerts: Counter[str]) -> Iterator[tuple[Case, Recording]]:
    """For each case the busiest recordings of its protocol in which nothing raises its alert anyway."""
    folder = shared("captures")
    paths = sorted(folder.rglob("*.pcap*")) if folder is not None else []
    known = recordings(path for path in paths if path.suffix in {".pcap", ".pcapng"})
    types = {case.alert for case in CASES}
    by_itself = {id(recording): unprovoked(recording, types) for recording in known}
    for counts in by_itself.values():
        unprovoked_alerts.update(counts)
    for service, cases in GROUPS:
        fitting = [each for each in known if each.service == service] or known
        busiest = sorted(fitting, key=lambda each: -each.weight)
        for case in cases:
            quiet = [each for each in busiest if case.alert not in by_itself[id(each)]]
            yield from ((case, recording) for recording in quiet[:RECORDINGS_PER_CASE])


def unlabelled() -> tuple[int, int]:
    """Alerts of high severity in benign twins that no label names, and how many twins were heard."""
    alerts = 0
    for case in CASES:
        sensor = case.run(case.benign)
        if sensor.learned.stages.stage is Stage.OPERATIONAL:
            others = (alert for alert in sensor.alerts if alert.type.id != case.alert)
            alerts += sum(alert.severity is Severity.HIGH for alert in others)
    return alerts, len(CASES)


def table(scores: Scores, replays: Scores) -> str:
    """The figures as Markdown."""
    figures = "Cases | Recall | Precision | Mean time"
    lines = [f"| Alert | {figures} | {figures.replace('Cases', 'Replays')} |", "|---" * 9 + "|"]
    for alert, score in sorted(scores.items()):
        cells = [f"`{alert}`", *score.cells, *replays.get(alert, Score()).cells]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def summary(what: str, scores: Scores) -> str:
    """Sums over all alert types."""
    cases, found, false = (
        sum(values)
        for values in zip(*((each.cases, each.found, each.false) for each in scores.values()), strict=True)
    )
    attacks = f"{cases} attacks of {len(scores)} types, {found} found"
    return f"{what}: {attacks}; {cases} benign twins, {false} false alerts."


def main() -> None:
    scores, replays = alone(), replayed()
    print(table(scores, replays.scores) + "\n")
    print(summary("Alone", scores))
    if replays.scores:
        print(summary(f"In {len(replays.recordings)} recordings", replays.scores))
        print("Missed: " + ("; ".join(replays.missed) or "none") + ".")
        print(f"Alerts that the recordings raise by themselves: {replays.unprovoked.total()}.")
    else:
        print("There are no recordings here: nothing was replayed.")
    alerts, heard = unlabelled()
    print(f"Other alerts of high severity in {heard} benign twins: {alerts}.")
    cases = sum(score.cases for score in scores.values())
    print(f"An engine that always alerts: recall 1.00, precision {cases / (2 * cases):.2f}.")


if __name__ == "__main__":
    main()
