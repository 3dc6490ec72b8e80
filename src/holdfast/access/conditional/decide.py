"""Conditional access at a sign-in and at a request: from the directory and the circumstances to a verdict."""

from holdfast.access.conditional.evaluate import Circumstances, Unmet, Verdict, evaluate
from holdfast.access.conditional.model import Client
from holdfast.access.conditional.risk import risk_of
from holdfast.access.directory import Snapshot
from holdfast.access.errors import ConditionsError
from holdfast.access.principals import Rights

_SENTENCES = {
    "blocked": "The policy “{name}” does not allow this from here and now.",
    "mfa": "The policy “{name}” asks for a sign-in with two factors; sign in again with both.",
    "phishingResistant": "The policy “{name}” asks for a passkey or a smart card; sign in again with one.",
    "fresh-sign-in": "The policy “{name}” asks for a fresh sign-in; sign in again.",
    "acr": "The policy “{name}” asks for a stronger sign-in at the identity provider; sign in again there.",
}
"""What the person reads, by what is needed."""


def circumstances(
    snapshot: Snapshot,
    rights: Rights,
    client: Client,
    address: str,
    now: float,
    *,
    methods: frozenset[str] = frozenset(),
    acr: str = "",
    authenticated_at: float = 0.0,
) -> Circumstances:
    """Everything that policies look at."""
    return Circumstances(
        principal=rights.principal.id,
        kind=rights.principal.kind,
        client=client,
        address=address,
        now=now,
        memberships=rights.memberships,
        methods=methods,
        acr=acr,
        authenticated_at=authenticated_at,
        risk=risk_of(snapshot.risks, rights.principal.id, address, now),
        break_glass=rights.break_glass,
    )


def decide(snapshot: Snapshot, asked: Circumstances) -> Verdict:
    """What the policies say."""
    return evaluate(snapshot.policies, asked)


def refusal(refused: tuple[Unmet, ...]) -> ConditionsError:
    """The error that the person gets: the first thing that no sign-in could mend, else what would."""
    first = next((unmet for unmet in refused if unmet.needs == "blocked"), refused[0])
    return ConditionsError(
        _SENTENCES[first.needs].format(name=first.name),
        tuple(unmet.policy for unmet in refused),
        can_retry_with="" if first.needs == "blocked" else first.needs,
    )
