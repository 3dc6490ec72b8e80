"""What conditional access writes into the audit log: each refusal, and what report-only mode would refuse."""

import threading

from holdfast.access.conditional.evaluate import Unmet, Verdict
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import Principal
from holdfast.resources.port import ChangePath

REPORT_SECONDS = 3600.0
"""How often the same policy in report-only mode tells of the same principal."""
MAXIMUM_REPORTED = 10_000


class Reports:
    """Writes them. Thread-safe."""

    def __init__(self, changes: ChangePath) -> None:
        self._changes = changes
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], float] = {}

    def refused(self, principal: Principal, verdict: Verdict) -> None:
        """A request or sign-in that was refused."""
        self._write(principal, "conditionalAccess.refused", verdict.refused, "refused")

    def would_refuse(self, principal: Principal, verdict: Verdict, now: float) -> None:
        """What was let through in report-only mode or for a break-glass account; once an hour for each."""
        fresh = tuple(unmet for unmet in verdict.reported if self._is_fresh(principal.id, unmet.policy, now))
        if fresh:
            self._write(principal, "conditionalAccess.reported", fresh, "reported")

    def _write(self, principal: Principal, name: str, unmet: tuple[Unmet, ...], outcome: str) -> None:
        data: JsonObject = {"policies": [{"id": u.policy, "needs": u.needs} for u in unmet]}
        sentence = "; ".join(f"{u.name}: {u.needs}" for u in unmet)
        self._changes.record(
            principal, name, resource=principal.id, outcome=outcome, detail=sentence, data=data
        )

    def _is_fresh(self, principal: str, policy: str, now: float) -> bool:
        with self._lock:
            if now - self._told.get((principal, policy), float("-inf")) < REPORT_SECONDS:
                return False
            if len(self._told) >= MAXIMUM_REPORTED:
                self._told.clear()
            self._told[principal, policy] = now
            return True
