"""Assessments as JSON, for API and command line."""

from collections.abc import Sequence

from holdfast.baseline.assessment.assess import Assessment, ControlState, FeatureState, ProfileState
from holdfast.baseline.assessment.assessor import RunReport
from holdfast.baseline.assessment.policies import PolicyStanding
from holdfast.baseline.assessment.recommendations import recommendations
from holdfast.baseline.assessment.score import FORMULA, secure_score
from holdfast.baseline.data.catalog import benchmark
from holdfast.baseline.model.vocabulary import Answer
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject


def assessment_form(assessment: Assessment) -> JsonObject:
    """How a service stands: the numbers, every feature, and the controls without features."""
    numbers, score = assessment.numbers, secure_score(recommendations(assessment))
    return {
        "service": assessment.service.key,
        "benchmark": assessment.service.benchmark,
        "time": isoformat(assessment.moment),
        "compliance": numbers.compliance,
        "coverage": numbers.coverage,
        "satisfied": numbers.satisfied,
        "assessed": numbers.assessed,
        "applicable": numbers.applicable,
        "exempt": numbers.exempt,
        "secureScore": score.percent,
        "profile": [profile_form(state, assessment.moment) for state in assessment.profile],
        "features": [feature_form(feature, assessment.moment) for feature in assessment.features],
        "controls": [control_form(assessment, control) for control in assessment.controls],
    }


def score_form(assessment: Assessment) -> JsonObject:
    """The secure score with every term, so that anybody can compute it again."""
    score = secure_score(recommendations(assessment))
    return {
        "service": assessment.service.key,
        "formula": FORMULA,
        "score": score.percent,
        "points": score.points,
        "maximum": score.maximum,
        "terms": [
            {
                "recommendation": term.recommendation.id,
                "severity": str(term.recommendation.severity),
                "weight": term.weight,
                "healthy": term.healthy,
            }
            for term in score.terms
        ],
    }


def profile_form(state: ProfileState, now: float) -> JsonObject:
    """A line of the security profile: what it says, why, and whether it is so. `age` is in seconds."""
    line = state.line
    return {
        "id": state.control,
        "attribute": line.attribute,
        "value": line.value,
        "because": line.reason,
        "state": str(state.state),
        "reason": state.reason,
        "evidence": evidence_in_words(state.observations, line.probes, state.reason),
        "age": age_of(state.observations, now),
        "probes": list(line.probes),
        "observations": [observation_form(item) for item in state.observations],
    }


def feature_form(state: FeatureState, now: float) -> JsonObject:
    """A feature: what is claimed, how it stands, and the evidence in words. `age` is in seconds."""
    claim = state.claim
    return {
        "control": state.feature.control,
        "key": state.feature.key,
        "feature": state.feature.name,
        "claim": claim_in_words(state),
        "supported": claim.supported.as_boolean,
        "enabled_by_default": claim.enabled_by_default.as_boolean,
        "responsibility": str(claim.responsibility),
        "desired_state": str(state.feature.desired),
        "state": str(state.state),
        "proven": state.proven,
        "reason": state.reason,
        "evidence": evidence_in_words(state.observations, claim.probes, state.reason),
        "age": age_of(state.observations, now),
        "probes": list(claim.probes),
    }


def feature_details(state: FeatureState, now: float) -> JsonObject:
    """A feature with everything that was seen."""
    return {
        **feature_form(state, now),
        "description": state.feature.description,
        "desired_because": state.feature.desired_because,
        "notes": state.claim.notes,
        "guidance": state.claim.guidance,
        "observations": [observation_form(item) for item in state.observations],
    }


def control_form(assessment: Assessment, state: ControlState) -> JsonObject:
    """A control of the benchmark."""
    control = benchmark(assessment.service.benchmark).control_by_id[state.control]
    return {
        "control": state.control,
        "title": control.title,
        "state": str(state.state),
        "reason": state.reason,
        "features": [feature.feature.key for feature in state.features],
    }


def observation_form(item: Observation) -> JsonObject:
    """An observation with its moments as text."""
    return {
        **item.content(),
        "collected": isoformat(item.collected),
        "valid_until": isoformat(item.valid_until),
        "digest": item.digest,
    }


def run_form(report: RunReport) -> JsonObject:
    """What a run came to."""
    outcomes = [item.outcome for item in report.observations]
    return {
        "trigger": str(report.trigger),
        "observations": len(outcomes),
        **{str(outcome): outcomes.count(outcome) for outcome in Outcome},
        "missed": [{"probe": missed.probe, "reason": missed.reason} for missed in report.missed],
        "changes": [change.content() for change in report.changes],
    }


def claim_in_words(state: FeatureState) -> str:
    """What the baseline claims: supported or not, and whether from the start."""
    if state.claim.supported is Answer.TRUE:
        default = state.claim.enabled_by_default is Answer.TRUE
        return "supported, on from the start" if default else "supported, to be configured"
    return "not supported" if state.claim.supported is Answer.FALSE else "not applicable"


def evidence_in_words(seen: Sequence[Observation], probes: Sequence[str], reason: str) -> str:
    """What was seen, short: the first contradiction if there is one, else how much agrees."""
    for item in seen:
        if item.outcome is not Outcome.PASSED:
            return f"{item.subject}: expected {item.expected}, saw {item.observed}"
    if not seen:
        return reason
    drill = ", also on an instance of its own" if any(item.scratch for item in seen) else ""
    silent = [probe for probe in probes if probe not in {item.probe for item in seen}]
    missing = f"; nothing yet from {', '.join(silent)}" if silent else ""
    return f"{len(seen)} of {len(seen)} subjects as expected{drill}{missing}"


def age_of(seen: Sequence[Observation], now: float) -> float | None:
    """Seconds since the oldest observation that counts; None without any."""
    moments = [item.collected for item in seen]
    return round(now - min(moments), 3) if moments else None


def policy_form(standing: PolicyStanding) -> JsonObject:
    """A policy that speaks for a control: how the resources stand that it judges."""
    return {
        "policy": standing.entry.name,
        "title": standing.entry.title,
        "feature": standing.entry.feature,
        "state": str(standing.state),
        "observations": [observation_form(item) for item in standing.observations],
    }
