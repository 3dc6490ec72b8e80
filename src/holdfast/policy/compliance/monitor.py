"""Keeps the states up to date: after each change, and in sweeps over everything.

What is touched by several changes at once is judged once. A sweep finds what changes bring about by
themselves: dates that pass, facts that other packages supply. It goes on batch by batch, and changes that
happen meanwhile are judged between two of them.
"""

import math
from collections.abc import Callable, Iterable
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Final

import structlog

from holdfast.access.people.organizations import MOVED
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError
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
"""How often everything is judged at least; also when an exemption or attestation ends."""
RETRY_SECONDS: Final = 60.0
"""How long after a sweep that could not be read to its end another one begins."""
SUPPLIED_SECONDS: Final = 600.0
"""How often what other packages supply is judged: nobody tells us when it changes."""
EVENTS: Final = 500
"""Events that are taken together: five seconds of a hundred changes each."""
BATCH: Final = 100
"""Documents in one transaction; changes wait for no more of a sweep than this."""

EVALUATION_ASKED: Final = "policyState.evaluation-asked"
"""The event by which somebody asks that everything is judged again now."""
_CHANGES: Final = frozenset({"created", "updated", "deleted"})

_Touched = tuple[str, str]
"""The kind and the id of a stored resource."""

logger = structlog.get_logger(__name__)


def _is_change(event: Event) -> bool:
    return event.outcome == "ok" and event.name.rpartition(".")[2] in _CHANGES


class Sweep:
    """Documents that are to be judged, and what is known of those that changed since it began."""

    def __init__(self, documents: Iterable[PolicyDocument], began: float, *, is_whole: bool) -> None:
        self._documents = iter(documents)
        self.began = began
        self.is_whole = is_whole
        """Whether it goes over everything, so that what it does not meet is gone."""
        self.judged_since: set[_Touched] = set()
        """Stored resources that were judged because they changed; what was read before is out of date."""
        self.judge: Judge | None = None
        """Kept while nothing changes, with the related resources that it looked up."""
        self.problem = ""
        """Why it could not be read to its end."""

    def batch(self) -> list[PolicyDocument]:
        """The next documents; empty at the end."""
        found: list[PolicyDocument] = []
        try:
            for document in islice(self._documents, BATCH):
                found.append(document)  # noqa: PERF402 - what was read before a problem is judged
        except HoldfastError as error:
            self.problem = str(error)
        return found

    def is_outdated(self, document: PolicyDocument) -> bool:
        """Whether something newer of a document was judged already."""
        return (document.kind, document.name) in self.judged_since


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
        self._sweep: Sweep | None = None
        self._dependent: set[str] = set()
        """Types whose resources are to be judged: what policies look for beside them changed."""
        self._catching_up: Sweep | None = None
        """The sweep over these; beside the other one, which takes longer."""
        self._sweep_at = 0.0
        self._is_asked = False
        """Whether a sweep was asked for; it begins when the one that is under way has ended."""
        self._supplied_at = 0.0

    def run(
        self, stopping: Callable[[], bool], wait: float = 0.5, also: Callable[[], bool] = lambda: False
    ) -> None:
        """Work until `stopping` says so, and do `also` after each step, which says whether it did. Blocking.

        One goes by turns with the other, so that many alerts hold up no states.
        """
        while not stopping():
            worked = self.step()
            if not also() and not worked:
                self._feed.wait(self._position or 0, wait)

    def step(self) -> bool:
        """Take in what happened, and go on with a sweep when it is time; whether there was anything."""
        if self._position is None:
            self._position = self._feed.last()  # the sweep sees everything up to here
        events = self._feed.read(self._position, EVENTS)
        if events:
            self._take_in(events)
            self._position = events[-1].sequence
        self._begin_what_is_due()
        sweeps = self._sweeps()
        for sweep in sweeps:
            self._go_on(sweep)
        return bool(events or sweeps)

    def _sweeps(self) -> list[Sweep]:
        """Those that are under way."""
        return [each for each in (self._catching_up, self._sweep) if each is not None]

    def _begin_what_is_due(self) -> None:
        now = self._clock.now()
        if now >= self._sweep_at or (self._is_asked and self._sweep is None):
            self._is_asked = False
            self._active = self._loader.load()
            for problem in self._active.problems:
                logger.warning("policies are not in force", reason=problem)
            self._sweep = Sweep(self._inventory.all(), now, is_whole=True)
            self._sweep_at = min(now + SWEEP_SECONDS, self._next_end(now))
            self._supplied_at = now + SUPPLIED_SECONDS
        elif now >= self._supplied_at and self._sweep is None:
            self._sweep = Sweep(self._inventory.supplied(), now, is_whole=False)
            self._supplied_at = now + SUPPLIED_SECONDS
        if self._dependent and self._catching_up is None:
            documents = chain.from_iterable(map(self._inventory.of_type, sorted(self._dependent)))
            self._catching_up = Sweep(documents, now, is_whole=False)
            self._dependent = set()

    def _next_end(self, now: float) -> float:
        """When the next exemption or attestation ends; never when none will."""
        stated = attestations(self._reader).values()
        ends = chain((each.expires for each in self._active.exemptions), (end for _, end in stated))
        return min((end for end in ends if end is not None and end > now), default=math.inf)

    def _go_on(self, sweep: Sweep) -> None:
        """Judge a batch of a sweep; at the end forget what is gone, and keep the counts."""
        documents = sweep.batch()
        if documents:
            sweep.judge = sweep.judge or self._new_judge()
            self._record(sweep.judge, [each for each in documents if not sweep.is_outdated(each)])
            return
        if sweep is self._catching_up:
            self._catching_up = None
        else:
            self._sweep = None
        if sweep.problem:
            logger.warning("a sweep is incomplete and begins again", reason=sweep.problem)
            self._sweep_at = self._clock.now() + RETRY_SECONDS
        elif sweep.is_whole:
            self._states.forget_unseen(sweep.began, self._clock.now())
            self._keep_trend()

    def _keep_trend(self) -> None:
        reading = PolicyStates(self._states.database)
        names = {policy.assignment.name for policy in self._active.policies}
        numbers = {name: reading.by_resource(Filter(EVERYWHERE, assignment=name)).pairs() for name in names}
        self._states.keep_trend(numbers, self._clock.now())

    def _take_in(self, events: list[Event]) -> None:
        """Judge what events touched, each once."""
        self._is_asked |= any(event.name == EVALUATION_ASKED for event in events)
        touched = {(event.kind, event.resource) for event in events if _is_change(event)}
        kinds = {kind for kind, _ in touched}
        moved = any(event.name == MOVED for event in events)
        if moved or (kinds & (IN_FORCE | {ATTESTATION}) and self._policies_changed(kinds)):
            self._sweep_at = 0.0
            return
        documents = self._documents(touched)
        self._record(self._new_judge(), chain.from_iterable(documents.values()))
        kept = {each: [document.id for document in found] for each, found in documents.items()}
        self._states.forget_others(kept, self._clock.now())
        self._dependent |= self._depending_on(kinds)
        for sweep in self._sweeps():
            sweep.judged_since |= documents.keys()
            sweep.judge = None

    def _documents(self, touched: Iterable[_Touched]) -> dict[_Touched, list[PolicyDocument]]:
        """What is left of what was touched; those of a kind are read together."""
        found: dict[_Touched, list[PolicyDocument]] = {}
        for kind, group in groupby(sorted(touched), key=itemgetter(0)):
            if self._is_shown(kind):
                documents = self._inventory.touched(kind, [name for _, name in group])
                found |= {(kind, name): each for name, each in documents.items()}
        return found

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

    def _depending_on(self, kinds: set[str]) -> set[str]:
        """Types beside whose resources an *IfNotExists policy looks for a kind that was touched."""
        changed = {self._kinds[kind].policy_type.lower() for kind in kinds if self._is_shown(kind)}
        changed |= {part for part, kind in PARTS.items() if kind in kinds}
        return {
            each.name
            for each in policy_types().values()
            if any(policy.related_type.lower() in changed for policy in self._active.concerning(each.name))
        }

    def _new_judge(self) -> Judge:
        related = RelatedDocuments(self._inventory, self._loader.language)
        stated = attestations(self._reader)
        return Judge(self._active, self._loader.language, related, stated, self._clock)

    def _record(self, judge: Judge, documents: Iterable[PolicyDocument]) -> None:
        """Judge documents and keep what is said of them, batch by batch."""
        remaining = iter(documents)
        while batch := list(islice(remaining, BATCH)):
            judged: list[Judged] = [(each, list(judge.judge(each))) for each in batch]
            self._states.record(judged, self._clock.now())

    def titles(self) -> dict[tuple[str, str], str]:
        """What the policies in force are called, by assignment and reference."""
        return {policy.key: policy.title for policy in self._active.policies}
