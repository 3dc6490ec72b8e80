"""Keeps the states up to date: after each change, and in sweeps over everything.

What is touched by several changes at once is judged once. A sweep finds what changes bring about by
themselves: dates that pass, facts that other packages supply.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Final

import structlog

from holdfast.kernel.clock import Clock
from holdfast.policy.compliance.inventory import Inventory
from holdfast.policy.compliance.judging import Judge, attestations
from holdfast.policy.compliance.reading import EVERYWHERE, Filter, PolicyStates
from holdfast.policy.compliance.related import RelatedDocuments
from holdfast.policy.compliance.states import Judged, States
from holdfast.policy.engine.active import Active, Loader
from holdfast.policy.kinds.names import ATTESTATION, IN_FORCE
from holdfast.policy.types.catalog import policy_types
from holdfast.policy.types.documents import PARTS, PolicyDocument
from holdfast.resources.model import Event, Kind, Reader
from holdfast.resources.port import EventFeed

SWEEP_SECONDS: Final = 86_400.0
SUPPLIED_SECONDS: Final = 600.0
"""How often what other packages supply is judged: nobody tells us when it changes."""
EVENTS: Final = 500
"""Events that are taken together: five seconds of a hundred changes each."""
BATCH: Final = 200
"""Documents in one transaction."""

_CHANGES: Final = frozenset({"created", "updated", "deleted"})

logger = structlog.get_logger(__name__)


def _is_change(event: Event) -> bool:
    return event.outcome == "ok" and event.name.rpartition(".")[2] in _CHANGES


class Monitor:
    """See the module. One of them runs in the cluster; `step` does what is due."""

    def __init__(
        self,
        reader: Reader,
        kinds: dict[str, Kind],
        inventory: Inventory,
        states: States,
        feed: EventFeed,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._kinds = kinds
        self._inventory = inventory
        self._states = states
        self._feed = feed
        self._clock = clock
        self._loader = Loader(reader)
        self._active = Active()
        self._position: int | None = None
        self._sweep_at = 0.0
        self._supplied_at = 0.0
        self._stopping: Callable[[], bool] = lambda: False

    def run(
        self, stopping: Callable[[], bool], wait: float = 0.5, also: Callable[[], object] = lambda: None
    ) -> None:
        """Work until `stopping` says so, and do `also` after each step. Blocking."""
        self._stopping = stopping
        while not stopping():
            if not self.step():
                self._feed.wait(self._position or 0, wait)
            also()

    def step(self) -> bool:
        """Sweep when it is time, else take in what happened; whether there was anything."""
        if self._position is None:
            self._position = self._feed.last()  # the sweep sees everything up to here
        now = self._clock.now()
        if now >= self._sweep_at:
            self.sweep()
            return True
        if now >= self._supplied_at:
            self._supplied_at = now + SUPPLIED_SECONDS
            self._judge_all(self._inventory.supplied())
        events = self._feed.read(self._position, EVENTS)
        if events:
            self._take_in(events)
            self._position = events[-1].sequence
        return bool(events)

    def sweep(self) -> None:
        """Judge everything, forget what is gone, and keep the counts."""
        began = self._clock.now()
        self._active = self._loader.load()
        for problem in self._active.problems:
            logger.warning("policies are not in force", reason=problem)
        self._judge_all(self._inventory.all())
        if self._stopping():
            return
        self._states.forget_unseen(began, self._clock.now())
        self._keep_trend()
        self._sweep_at = began + SWEEP_SECONDS
        self._supplied_at = began + SUPPLIED_SECONDS

    def _keep_trend(self) -> None:
        reading = PolicyStates(self._states.database)
        names = {policy.assignment.name for policy in self._active.policies}
        numbers = {name: reading.by_resource(Filter(EVERYWHERE, assignment=name)).pairs() for name in names}
        self._states.keep_trend(numbers, self._clock.now())

    def _take_in(self, events: list[Event]) -> None:
        """Judge what events touched, each once."""
        touched = {(event.kind, event.resource) for event in events if _is_change(event)}
        kinds = {kind for kind, _ in touched}
        if kinds & (IN_FORCE | {ATTESTATION}) and self._policies_changed(kinds):
            self.sweep()
            return
        documents = {each: self._inventory.touched(*each) for each in touched if self._is_shown(each[0])}
        self._judge_all(chain.from_iterable(documents.values()))
        kept = {each: [document.id for document in found] for each, found in documents.items()}
        self._states.forget_others(kept, self._clock.now())
        self._judge_all(self._depending_on(kinds))

    def _is_shown(self, kind: str) -> bool:
        found = self._kinds.get(kind)
        return found is not None and bool(found.policy_type)

    def _policies_changed(self, kinds: set[str]) -> bool:
        """Whether anything that is in force changed: definitions may be stored by the hundred."""
        before, self._active = self._active, self._loader.load()
        return (
            ATTESTATION in kinds
            or before.versions() != self._active.versions()
            or before.exemptions != self._active.exemptions
        )

    def _depending_on(self, kinds: set[str]) -> Iterator[PolicyDocument]:
        """Resources of which an *IfNotExists policy asks for a resource of a kind that was touched."""
        changed = {self._kinds[kind].policy_type.lower() for kind in kinds if self._is_shown(kind)}
        changed |= {part for part, kind in PARTS.items() if kind in kinds}
        for each in policy_types().values():
            if any(policy.related_type in changed for policy in self._active.concerning(each.name)):
                yield from self._inventory.of_type(each.name)

    def _judge_all(self, documents: Iterable[PolicyDocument]) -> None:
        related = RelatedDocuments(self._inventory, self._loader.language)
        stated = attestations(self._reader)
        judge = Judge(self._active, self._loader.language, related, stated, self._clock)
        remaining = iter(documents)
        while batch := list(islice(remaining, BATCH)):
            if self._stopping():
                return
            judged: list[Judged] = [(each, list(judge.judge(each))) for each in batch]
            self._states.record(judged, self._clock.now())

    def titles(self) -> dict[tuple[str, str], str]:
        """What the policies in force are called, by assignment and reference."""
        return {policy.key: policy.title for policy in self._active.policies}
