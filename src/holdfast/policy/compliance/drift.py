"""Drift: what complied and does not any more is an alert until it complies again.

The history of the states is followed at a position of its own, so a crash loses no alert.
"""

from collections.abc import Callable
from typing import Final

import structlog

from holdfast.alerts.model import AlertType, Matter, Origin, Report, Severity, Sighting
from holdfast.alerts.port import AlertSink
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.organizations import OrganizationPath
from holdfast.policy.compliance.model import Transition
from holdfast.policy.compliance.states import States

DRIFT: Final = AlertType(
    id="policy-drift",
    title="A resource no longer complies with a policy",
    engine="policy",
    severity=Severity.MEDIUM,
    category="Policy",
    meaning="A resource was changed, or time went by, so that it violates a policy that it complied with.",
    steps=(
        "Look at the resource's reasons: they name the values that are to blame.",
        "See in the audit log who changed it last.",
        "Bring it back, remediate it, or exempt it with a reason and an end.",
    ),
)
"""The alert type; the parties of its alerts are the resource and the policy."""


CONSUMER: Final = "drift-alerts"

logger = structlog.get_logger(__name__)

Titles = Callable[[], dict[tuple[str, str], str]]
"""Gives the titles of the policies in force, by assignment and reference."""


class DriftAlerts:
    """Brings drift to the alerts. One of them runs in the cluster."""

    def __init__(self, states: States, alerts: AlertSink, titles: Titles) -> None:
        self._states = states
        self._alerts = alerts
        self._titles = titles

    def tell(self) -> bool:
        """Raise and resolve some of what the history has beyond the kept position; whether there was any.

        What cannot be kept now waits.
        """
        try:
            return self._states.follow(CONSUMER, self._tell) > 0
        except HoldfastError as error:
            logger.warning("drift is told later", reason=str(error))
            return False

    def _tell(self, transitions: list[Transition]) -> None:
        titles = self._titles()
        drifted = [Sighting(_report(each, titles), _origin(each)) for each in transitions if each.is_drift]
        if drifted:
            self._alerts.raise_alerts(drifted)
        latest = {_matter(each): each for each in transitions}
        over = [matter for matter, each in latest.items() if each.is_over]
        if over:
            self._alerts.resolve_alerts(over)


def _report(of: Transition, titles: dict[tuple[str, str], str]) -> Report:
    return Report(
        type=DRIFT.id,
        time=of.time,
        source=of.resource,
        destination=_policy(of),
        protocol="",
        observed=f"{of.resource} is {of.after}",
        expected=titles.get((of.assignment, of.reference), of.definition),
    )


def _matter(of: Transition) -> Matter:
    return Matter(DRIFT.id, of.resource, _policy(of), OrganizationPath(of.organization))


def _origin(of: Transition) -> Origin:
    return Origin("policy", OrganizationPath(of.organization))


def _policy(of: Transition) -> str:
    return f"{of.assignment}/{of.reference}".rstrip("/")
