"""Rolls the baselines of several parts up into one: the weakest part decides."""

from collections.abc import Sequence

from holdfast.baseline.data.catalog import LATER, features, own_wording
from holdfast.baseline.documents.completion import completed
from holdfast.baseline.model.feature import Feature
from holdfast.baseline.model.service import Entry, ProfileAttribute, ServiceBaseline
from holdfast.baseline.model.vocabulary import Answer, DesiredState, Responsibility


def roll_up(key: str, name: str, parts: Sequence[ServiceBaseline]) -> ServiceBaseline:
    """One baseline for all `parts`.

    A feature that is safest present is supported when every part that it applies to supports it; one that is
    safest absent is there as soon as one part has it. What applies to no part does not apply.
    """
    full = [completed(part) for part in parts]
    return ServiceBaseline(
        key=key,
        name=name,
        benchmark=LATER,
        profile=tuple(_attribute(lines) for lines in zip(*(part.profile for part in full), strict=True)),
        entries=tuple(
            _entry(
                feature, [entry for part in full for entry in part.entries if entry.feature == feature.name]
            )
            for feature in features()
        ),
    )


def _attribute(lines: Sequence[ProfileAttribute]) -> ProfileAttribute:
    words = dict.fromkeys(word for line in lines if line.value for word in line.value.split(", "))
    return ProfileAttribute(
        attribute=lines[0].attribute,
        value=", ".join(words),
        reason=" ".join(dict.fromkeys(line.reason for line in lines if line.reason)),
        probes=_probes(lines),
    )


def _probes(rows: Sequence[Entry] | Sequence[ProfileAttribute]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(probe for row in rows for probe in row.probes))


def _entry(feature: Feature, rows: Sequence[Entry]) -> Entry:
    applicable = [row for row in rows if row.supported in (Answer.TRUE, Answer.FALSE)]
    supported = _together(feature, [row.supported is Answer.TRUE for row in applicable])
    there = [row for row in applicable if row.supported is Answer.TRUE]
    enabled = _together(feature, [row.enabled_by_default is Answer.TRUE for row in there])
    if supported is not True:
        answer = Answer.NOT_APPLICABLE if supported is None else Answer.FALSE
        return Entry(control=feature.control, feature=feature.name, supported=answer, probes=_probes(rows))
    return Entry(
        control=feature.control,
        feature=feature.name,
        notes=_texts([row.notes for row in there]),
        guidance=_guidance([row.guidance for row in there]),
        supported=Answer.TRUE,
        enabled_by_default=Answer.TRUE if enabled else Answer.FALSE,
        responsibility=Responsibility.HOLDFAST if enabled else _responsibility(there),
        probes=_probes(rows),
    )


def _guidance(texts: Sequence[str | None]) -> str | None:
    """What there is to do in any part; that nothing is only where it is so in all."""
    nothing = own_wording(LATER).enabled_by_default
    return _texts([text for text in texts if text != nothing]) or _texts(texts)


def _texts(texts: Sequence[str | None]) -> str | None:
    """What the parts say, each text once."""
    return " ".join(dict.fromkeys(text for text in texts if text)) or None


def _together(feature: Feature, answers: Sequence[bool]) -> bool | None:
    """The answer for all parts; None where there is nothing to answer."""
    if not answers:
        return None
    return all(answers) if feature.desired is DesiredState.PRESENT else any(answers)


def _responsibility(rows: Sequence[Entry]) -> Responsibility:
    """Of what somebody has to configure: the operator alone, or together with the product."""
    said = {row.responsibility for row in rows}
    return Responsibility.OPERATOR if said == {Responsibility.OPERATOR} else Responsibility.SHARED
