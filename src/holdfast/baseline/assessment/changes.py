"""What changed between two assessments, observation by observation."""

from typing import NamedTuple

from holdfast.baseline.assessment.assess import Assessment, ControlState
from holdfast.baseline.assessment.states import State
from holdfast.baseline.probes.observation import Observation
from holdfast.kernel.json import JsonObject


class Change(NamedTuple):
    """A control whose state is another one now."""

    service: str
    control: str
    before: State | None
    """None for the first assessment."""
    after: State
    reason: str
    observations: tuple[Observation, ...]
    """Those that are new or say something else than before."""

    @property
    def got_worse(self) -> bool:
        """Whether somebody should look at it."""
        return self.before is State.SATISFIED and self.after in (State.NOT_SATISFIED, State.ERROR)

    def content(self) -> JsonObject:
        """The change as an event carries it."""
        return {
            "service": self.service,
            "control": self.control,
            "before": None if self.before is None else str(self.before),
            "after": str(self.after),
            "reason": self.reason,
            "observations": [observation.content() for observation in self.observations],
        }


def changes_between(before: Assessment | None, after: Assessment) -> tuple[Change, ...]:
    """The controls whose state differs."""
    earlier = {control.control: control for control in before.controls} if before else {}
    return tuple(
        _change(after.service.key, earlier.get(control.control), control)
        for control in after.controls
        if control.control not in earlier or earlier[control.control].state is not control.state
    )


def _change(service: str, before: ControlState | None, after: ControlState) -> Change:
    known = {_meaning(item) for item in _observations(before)} if before else set()
    changed = tuple(item for item in _observations(after) if _meaning(item) not in known)
    return Change(
        service, after.control, before.state if before else None, after.state, after.reason, changed
    )


def _observations(control: ControlState) -> tuple[Observation, ...]:
    return tuple(item for feature in control.features for item in feature.observations)


def _meaning(item: Observation) -> tuple[object, ...]:
    """What an observation says, apart from when."""
    return item.probe, item.subject, item.outcome, item.observed, item.in_force
