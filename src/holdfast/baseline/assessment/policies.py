"""What the policies of the Holdfast baseline say, as observations: evidence beside that of the probes."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

from holdfast.baseline.assessment.states import State
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.policy.builtin.catalog import Entry, entries
from holdfast.policy.compliance.judging import State as Verdict
from holdfast.policy.compliance.reading import EVERYWHERE, Filter, PolicyStates

PREFIX: Final = "policy-state."
"""Before the name of a policy: what its observations are called by."""
MAXIMUM_SUBJECTS: Final = 20
"""Resources that are named for each policy; the others are counted."""
MAXIMUM_JUDGED: Final = 10_000
"""Resources of one policy that are counted."""
VALID_SECONDS: Final = 86_400.0


class Health(NamedTuple):
    """How many subjects are in order and how many are not, named or only counted."""

    healthy: int
    affected: int


class PolicyStanding(NamedTuple):
    """How the resources stand that one policy judges."""

    entry: Entry
    state: State
    observations: tuple[Observation, ...]

    @property
    def health(self) -> Health:
        """The resources that comply and those that do not, also those that are only counted."""
        healthy = affected = 0
        for item in self.observations:
            if item.subject == _COMPLYING:
                healthy += _counted(item)
            else:
                affected += _counted(item) if item.subject == _OTHERS else 1
        return Health(healthy, affected)

    @property
    def reason(self) -> str:
        """What is against compliance, or that nothing is."""
        against = [item for item in self.observations if item.outcome is not Outcome.PASSED]
        if not against:
            return f"policy “{self.entry.title}”: complied with"
        return f"policy “{self.entry.title}”: {against[0].subject}: {against[0].observed}"


@cache
def policies_by_control() -> Mapping[str, tuple[Entry, ...]]:
    """The policies that speak for each control."""
    found: dict[str, tuple[Entry, ...]] = {}
    for entry in entries():
        found[entry.control] = (*found.get(entry.control, ()), entry)
    return found


def standings(control: str, fresh: Mapping[str, Iterable[Observation]]) -> Iterator[PolicyStanding]:
    """The policies of a control that judge something, from the fresh observations of everything."""
    for entry in policies_by_control().get(control, ()):
        seen = tuple(fresh.get(f"{PREFIX}{entry.name}", ()))
        if seen:
            against = any(item.outcome is not Outcome.PASSED for item in seen)
            yield PolicyStanding(entry, State.NOT_SATISFIED if against else State.SATISFIED, seen)


def policy_observations(states: PolicyStates, now: float) -> Iterator[Observation]:
    """What every policy says now; nothing of those that judge nothing.

    Nothing before everything was judged once: what the rest says would look like a change.
    """
    if not states.swept():
        return
    for entry in entries():
        found = [
            item
            for item in states.find(Filter(EVERYWHERE, definition=entry.name), MAXIMUM_JUDGED)
            if item.state in _JUDGED
        ]
        against = [item for item in found if item.state.is_against]
        for item in against[:MAXIMUM_SUBJECTS]:
            yield _observation(entry, now, item.resource, item.because or str(item.state), Outcome.FAILED)
        if len(against) > MAXIMUM_SUBJECTS:
            others = f"{len(against) - MAXIMUM_SUBJECTS} more"
            yield _observation(entry, now, _OTHERS, others, Outcome.FAILED)
        if good := len(found) - len(against):
            yield _observation(entry, now, _COMPLYING, str(good), Outcome.PASSED)


_COMPLYING: Final = "resources that comply"
_OTHERS: Final = "other resources"
"""Subjects that stand for as many resources as their observation begins with."""


def _counted(item: Observation) -> int:
    number = item.observed.partition(" ")[0]
    return int(number) if number.isdecimal() else 1


_JUDGED: Final = frozenset({Verdict.COMPLIANT, Verdict.PROTECTED, Verdict.NON_COMPLIANT, Verdict.ERROR})
"""States that count; exempt resources and those that nobody attested stand apart."""


def _observation(entry: Entry, now: float, subject: str, observed: str, outcome: Outcome) -> Observation:
    return Observation(
        probe=f"{PREFIX}{entry.name}",
        version=1,
        subject=subject,
        expected=entry.title,
        observed=observed[:2_000],
        outcome=outcome,
        collected=now,
        valid_until=now + VALID_SECONDS,
    )


def policy_news(
    current: Iterable[Observation], known: Iterable[Observation], now: float
) -> list[Observation]:
    """Of what policies say now, everything of those that say something else than is known, or long ago."""
    before, after = _by_probe(known), _by_probe(current)
    gone = [
        _withdrawn(items[0], now)
        for probe, items in before.items()
        if probe not in after and items[0].valid_until > now
    ]
    changed = [
        item
        for probe, items in after.items()
        if _meaning(items) != _meaning(before.get(probe, [])) or _is_old(before.get(probe, []), now)
        for item in items
    ]
    return [*changed, *gone]


def have_spoken(observations: Iterable[Observation]) -> bool:
    """Whether any policy said any of these."""
    return any(item.probe.startswith(PREFIX) for item in observations)


def _by_probe(observations: Iterable[Observation]) -> dict[str, list[Observation]]:
    found: dict[str, list[Observation]] = {}
    for item in observations:
        if item.probe.startswith(PREFIX):
            found.setdefault(item.probe, []).append(item)
    return found


def _meaning(items: Iterable[Observation]) -> set[tuple[str, str, str]]:
    return {(item.subject, item.observed, item.outcome) for item in items}


def _is_old(items: list[Observation], now: float) -> bool:
    return any(now >= item.collected + VALID_SECONDS / 2 for item in items)


def _withdrawn(item: Observation, now: float) -> Observation:
    """Says that a policy judges nothing any more, and holds for no time."""
    return Observation(
        probe=item.probe,
        version=item.version,
        subject="all resources",
        expected=item.expected,
        observed="the policy judges nothing any more",
        outcome=Outcome.PASSED,
        collected=now,
        valid_until=now,
    )
