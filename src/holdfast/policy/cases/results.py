"""What became of each case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    DEVIATING = "deviating"
    """Not as the case wants it, on purpose: docs/policy-conformance.md says why."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case and its verdict."""

    file: str
    case: str
    kind: str
    """`parser`, `functions`, `normalization` or `policy`."""
    verdict: Verdict
    detail: str = ""
    """What was wanted and what came; for a deviation, the reason."""

    def to_json(self) -> Mapping[str, object]:
        """For scripts."""
        return {
            "file": self.file,
            "case": self.case,
            "kind": self.kind,
            "verdict": self.verdict.value,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Every case that was run."""

    results: tuple[CaseResult, ...]

    def number(self, verdict: Verdict) -> int:
        """How many cases ended so."""
        return sum(result.verdict is verdict for result in self.results)

    @property
    def ok(self) -> bool:
        """Whether nothing failed, and there was something to run."""
        return bool(self.results) and not self.number(Verdict.FAILED)

    def of(self, verdict: Verdict) -> Sequence[CaseResult]:
        """The cases that ended so."""
        return [result for result in self.results if result.verdict is verdict]

    def to_json(self) -> Mapping[str, object]:
        """For scripts: `passed`, `failed` and `deviating` are numbers, `cases` lists all."""
        return {
            **{verdict.value: self.number(verdict) for verdict in Verdict},
            "cases": [result.to_json() for result in self.results],
        }
