"""Detection quality: precision, recall and time to alert of every alert type on labelled traffic.

Each alert type has traffic that must raise it and a benign twin that must not, labelled in
`tests/support/traffic/cases`. A sensor hears each of them alone. An alert is false when the benign twin
raises it. The peer is chance: the last line has the precision of an engine that alerts on everything.
"""

from collections import defaultdict
from dataclasses import dataclass

from tests.support.traffic.case import Case
from tests.support.traffic.cases.registry import CASES
from tests.support.traffic.wire import BEGIN

from holdfast.alerts.model import Severity
from holdfast.defender.learned.stages import Stage
from holdfast.defender.sensor.sensor import Sensor


@dataclass
class Score:
    """Counts of one alert type."""

    found: int = 0
    missed: int = 0
    false: int = 0
    """Benign twins that raised it."""
    twins: int = 0
    seconds: float = 0.0
    """From the first packet to the alert, summed over those found."""


def measure() -> dict[str, Score]:
    """Run every case and its twin."""
    scores: dict[str, Score] = defaultdict(Score)
    for case in CASES:
        score = scores[case.alert]
        found = case.found(case.run(case.attack))
        if found:
            score.found += 1
            score.seconds += max(0.0, found[0].first - BEGIN)
        else:
            score.missed += 1
        score.twins += 1
        score.false += raised(case, case.run(case.benign))
    return scores


def raised(case: Case, sensor: Sensor) -> bool:
    """Whether the benign twin raised the alert."""
    return any(alert.type.id == case.alert for alert in sensor.alerts)


def unlabelled() -> tuple[int, int]:
    """Alerts of high severity in benign twins that no label names, and how many twins were heard."""
    alerts = 0
    for case in CASES:
        sensor = case.run(case.benign)
        if sensor.learned.stages.stage is Stage.OPERATIONAL:
            others = (alert for alert in sensor.alerts if alert.type.id != case.alert)
            alerts += sum(alert.severity is Severity.HIGH for alert in others)
    return alerts, len(CASES)


def table(scores: dict[str, Score]) -> str:
    """The figures as Markdown."""
    lines = ["| Alert | Cases | Recall | Precision | Mean time to alert |", "|---|---|---|---|---|"]
    for alert, score in sorted(scores.items()):
        cases = score.found + score.missed
        recall = score.found / cases
        positives = score.found + score.false
        precision = score.found / positives if positives else 0.0
        seconds = score.seconds / score.found if score.found else 0.0
        lines.append(f"| `{alert}` | {cases} | {recall:.2f} | {precision:.2f} | {seconds:.1f} s |")
    return "\n".join(lines)


def main() -> None:
    scores = measure()
    print(table(scores))
    found = sum(score.found for score in scores.values())
    false = sum(score.false for score in scores.values())
    cases = sum(score.found + score.missed for score in scores.values())
    twins = sum(score.twins for score in scores.values())
    alerts, heard = unlabelled()
    print(f"\n{cases} attacks of {len(scores)} types: {found} found.")
    print(f"{twins} benign twins: {false} false alerts.")
    print(f"Other alerts of high severity in {heard} benign twins: {alerts}.")
    print(f"An engine that always alerts: recall 1.00, precision {cases / (cases + twins):.2f}.")


if __name__ == "__main__":
    main()
