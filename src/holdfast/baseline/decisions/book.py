"""Which decisions count at a moment, and how the evidence learns of them."""

from holdfast.baseline.decisions.model import Decisions
from holdfast.baseline.decisions.reading import Decision, decisions_of, news, stored_decisions
from holdfast.baseline.evidence.store import EvidenceStore
from holdfast.resources.model import Reader


class DecisionBook:
    """Reads decisions: those of now from their resources, those of the past from the evidence. Blocking."""

    def __init__(self, reader: Reader, evidence: EvidenceStore) -> None:
        self._reader = reader
        self._evidence = evidence

    def at(self, moment: float | None = None) -> Decisions:
        """What was decided, as it stood at a moment (Unix seconds), or stands now."""
        if moment is None:
            return decisions_of(stored_decisions(self._reader))
        return decisions_of(map(Decision.from_content, self._evidence.decisions(moment)))

    def tell_evidence(self) -> tuple[Decision, ...]:
        """Write into the evidence what was decided, changed or taken back since; what that was."""
        recorded = map(Decision.from_content, self._evidence.decisions())
        told = tuple(news(stored_decisions(self._reader), recorded))
        for each in told:
            self._evidence.add_decision(each.subject, each.content())
        return told
