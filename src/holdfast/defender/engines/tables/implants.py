"""Remote-control tools of attackers; see `dissect.it.implants`."""

from holdfast.defender.engines.model import NOTICES, Blame, Rule, Table, on
from holdfast.defender.record import Record


def _greeting(record: Record) -> str:
    return f"the greeting of {record.kind} {record.fields['version']}"


IMPLANT = Table(
    "implant",
    rules=tuple(
        Rule(
            f"suspicion-of-malicious-activity-{family.lower().replace(' ', '-')}",
            on(NOTICES, family),
            _greeting,
            "nothing of the kind",
            blame=Blame.LISTENER,
        )
        for family in ("DarkComet", "Poison Ivy")
    ),
)
