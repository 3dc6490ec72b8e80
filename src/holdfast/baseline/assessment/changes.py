"""What changed between two assessments, observation by observation."""

from collections.abc import Iterable
from typing import NamedTuple

from holdfast.baseline.assessment.assess import Assessment, ControlState, ProfileState
from holdfast.baseline.assessment.recommendations import Recommendation, Status
from holdfast.baseline.assessment.states import State
from holdfast.baseline.probes.observation import Observation
from holdfast.kernel.json import JsonObject


class Difference(NamedTuple):
    """What a probe says of a subject now and said before; one of both may be missing."""

    was: Observation | None
    now: Observation | None

    def content(self) -> JsonObject:
        """For an event."""
        either = self.now or self.was
        assert either is not None  # nobody makes a difference of nothing
        return {
            "probe": either.probe,
            "subject": either.subject,
            "was": self.was.content() if self.was else None,
            "now": self.now.content() if self.now else None,
        }

    def __str__(self) -> str:
        """For people: one line."""
        either = self.now or self.was
        assert either is not None  # as above
        seen = f"saw {self.now.observed}" if self.now else "is not there any more"
        before = f", before {self.was.observed}" if self.was else ""
        return f"{either.probe}, {either.subject}: expected {either.expected}, {seen}{before}"


_IN_ORDER = frozenset({State.SATISFIED, State.EXEMPT})
_GOOD = _IN_ORDER | {State.NOT_APPLICABLE}


class Change(NamedTuple):
    """A control, or a line of the profile, whose state is another one now."""

    service: str
    control: str
    """Its id; of a line of the profile `profile-1` and so on."""
    before: State | None
    """None for the first assessment."""
    after: State
    reason: str
    differences: tuple[Difference, ...]
    """Observation by observation, what is new, gone, or says something else than before."""

    @property
    def got_worse(self) -> bool:
        """Whether somebody should look at it: it was in order, or exempt, and is not any more."""
        return self.before in _IN_ORDER and self.after not in _GOOD

    @property
    def is_over(self) -> bool:
        """Whether whatever was wrong with it is over."""
        return self.after in _GOOD

    def content(self) -> JsonObject:
        """The change as an event carries it."""
        return {
            "service": self.service,
            "control": self.control,
            "before": None if self.before is None else str(self.before),
            "after": str(self.after),
            "reason": self.reason,
            "observations": [difference.content() for difference in self.differences],
        }


class RecommendationChange(NamedTuple):
    """A recommendation that became open, accepted, exempt or fixed."""

    service: str
    control: str
    recommendation: str
    """Its id."""
    before: Status | None
    """None when it is new."""
    after: Status
    reason: str

    def content(self) -> JsonObject:
        """The change for evidence and history."""
        before = None if self.before is None else str(self.before)
        return {**self._asdict(), "before": before, "after": str(self.after)}


def recommendations_changed(
    before: Iterable[Recommendation], after: Iterable[Recommendation]
) -> tuple[RecommendationChange, ...]:
    """The recommendations of a service whose status differs."""
    earlier = {item.id: item.status for item in before}
    return tuple(
        RecommendationChange(
            item.service, item.control, item.id, earlier.get(item.id), item.status, item.problem
        )
        for item in after
        if earlier.get(item.id) is not item.status
    )


def changes_between(before: Assessment | None, after: Assessment) -> tuple[Change, ...]:
    """The controls and lines of the profile whose state differs."""
    earlier = {part.control: part for part in before.parts} if before else {}
    return tuple(
        _change(after.service.key, earlier.get(part.control), part)
        for part in after.parts
        if part.control not in earlier or earlier[part.control].state is not part.state
    )


_Part = ControlState | ProfileState


def _change(service: str, before: _Part | None, after: _Part) -> Change:
    was, now = (_by_subject(control) for control in (before, after))
    differences = tuple(
        Difference(was.get(key), now.get(key))
        for key in dict.fromkeys((*now, *was))
        if _meaning(was.get(key)) != _meaning(now.get(key))
    )
    return Change(
        service, after.control, before.state if before else None, after.state, after.reason, differences
    )


def _by_subject(part: _Part | None) -> dict[tuple[str, str], Observation]:
    return {(item.probe, item.subject): item for item in part.observations} if part else {}


def _meaning(item: Observation | None) -> tuple[object, ...]:
    """What an observation says, apart from when."""
    return () if item is None else (item.outcome, item.observed, item.in_force)
