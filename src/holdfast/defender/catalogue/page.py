"""docs/alerts.md, made from the catalogue: `python -m holdfast.defender.catalogue.page > docs/alerts.md`."""

import sys
from collections.abc import Iterable

from holdfast.alerts.model import Threshold
from holdfast.defender.catalogue.model import Entry
from holdfast.defender.catalogue.table import ENGINES, catalogue, techniques

_HEAD = """\
# Alerts of the sensor

Made from the tables in `src/holdfast/defender/catalogue/` by `python -m holdfast.defender.catalogue.page`; a
test compares the two. *Title*, *severity*, *category*, ATT&CK and thresholds follow the documented table of
Defender for IoT (202 alerts); what we corrected is at the end. A threshold in parentheses is ours where the
table has none. *Off* means that the alert is off until someone turns it on (`--enable ID`, or the alert's
settings).

"""

_CORRECTIONS = """\
## Corrections to the documented table

The table names techniques that were withdrawn, numbers that do not fit their names, and tactics to which no
technique of the alert belongs. Our tactics are those of the documented ones that the matrix lists for the
techniques.
"""


def page() -> str:
    """The whole page."""
    entries = catalogue()
    documented = [entry for entry in entries.values() if entry.documented]
    ours = [entry for entry in entries.values() if not entry.documented]
    shown = sum(entry.shown for entry in documented)
    parts = [
        _HEAD,
        f"{shown} of the {len(documented)} documented alerts are shown, the others say why not.\n",
        f"{len(ours)} more are ours.\n",
    ]
    for engine in ENGINES.values():
        rows = [entry for entry in documented if entry.alert.engine == engine]
        parts.append(_section(f"{engine.capitalize()} ({len(rows)})", rows))
    parts.append(_section(f"Ours ({len(ours)})", ours))
    parts.append(_corrections(entry for entry in entries.values() if entry.correction))
    return "\n".join(parts)


def _section(title: str, entries: Iterable[Entry]) -> str:
    lines = [
        f"## {title}\n",
        "| Alert | Id | Severity | Category | ATT&CK for ICS | Threshold | Raised when |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_line(entry) for entry in sorted(entries, key=lambda entry: entry.alert.title.lower())]
    return "\n".join(lines) + "\n"


def _line(entry: Entry) -> str:
    alert = entry.alert
    title = alert.title + ("" if alert.enabled else " *(off)*")
    when = alert.meaning if entry.shown else f"**Not shown:** {entry.absent}"
    cells = (
        title,
        f"`{alert.id}`",
        alert.severity.value,
        alert.category,
        " ".join(alert.techniques),
        _threshold(entry),
        when,
    )
    return "| " + " | ".join(cells) + " |"


def _threshold(entry: Entry) -> str:
    text = threshold_text(entry.alert.threshold)
    return text if not text or entry.threshold_documented else f"({text})"


def threshold_text(threshold: Threshold) -> str:
    """A threshold in words."""
    parts = []
    if threshold.count:
        parts.append(str(threshold.count))
    if threshold.factor:
        parts.append(f"{threshold.factor:g} times the usual")
    if threshold.seconds:
        parts.append(f"in {_duration(threshold.seconds)}")
    return " ".join(parts)


def _duration(seconds: float) -> str:
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def _corrections(entries: Iterable[Entry]) -> str:
    lines = [_CORRECTIONS]
    lines += [f"- *{entry.alert.title}*: {entry.correction}" for entry in entries]
    named = sorted({technique for entry in catalogue().values() for technique in entry.alert.techniques})
    lines += ["\n## Techniques\n"]
    lines += [f"- {identifier} {techniques()[identifier].name}" for identifier in named]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
