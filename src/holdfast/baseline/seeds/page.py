"""Our answer to every statement of the seeds, as the page `docs/SEEDS.md`.

`python -m holdfast.baseline.seeds.page > docs/SEEDS.md` renews it; a test compares the two.
"""

import sys
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from holdfast.baseline.data.catalog import feature_by_name, load
from holdfast.baseline.documents.completion import completed
from holdfast.baseline.documents.markdown.tables import table_line
from holdfast.baseline.model.feature import Feature
from holdfast.baseline.model.service import Entry, ProfileAttribute, ServiceBaseline
from holdfast.baseline.model.vocabulary import Answer
from holdfast.baseline.services import carried_service

SEEDS = {"iot-central": "holdfast-platform", "microsoft-defender-for-iot": "holdfast-defender"}
"""The service of each seed and the part of the product that answers it."""

_HEADER = (
    "Statement",
    "The seed says",
    "Our claim",
    "Desired",
    "Holdfast has",
    "Module",
    "Probe",
    "See it with",
)
_INTRODUCTION = "introduction/"


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    says: str
    ours: str
    module: str = ""
    command: str = ""
    probes: tuple[str, ...] = ()


class _Answers(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    features: dict[str, str]
    statements: dict[str, _Answer]
    links: tuple[str, ...]


class Line(NamedTuple):
    """One statement and our answer, a cell a column."""

    key: str
    says: str
    claim: str
    desired: str
    ours: str
    module: str
    probes: str
    command: str


@cache
def _answers() -> _Answers:
    return _Answers.model_validate(load("seeds.yaml"))


def lines_of(service: str) -> Iterator[Line]:
    """A line for every statement of the seed about `service`."""
    seed, ours = carried_service(service), completed(carried_service(SEEDS[service]))
    yield from _introduction(service)
    for number, (line, own) in enumerate(zip(seed.profile, ours.profile, strict=True), 1):
        yield _profile_line(f"{service}/profile/{number}", line, own)
    for entry in seed.entries:
        yield from _feature_lines(service, feature_by_name()[entry.feature], entry, ours)


def _introduction(service: str) -> Iterator[Line]:
    for key, answer in _answers().statements.items():
        if key.startswith(_INTRODUCTION):
            cells = (answer.says, "", "", answer.ours, answer.module, "", answer.command)
            yield Line(f"{service}/{key}", *cells)


def _profile_line(key: str, line: ProfileAttribute, own: ProfileAttribute) -> Line:
    says = f"{line.attribute}: {line.value}"
    probes = ", ".join(own.probes)
    return Line(
        key, says, str(own.value), "", str(own.reason), "baseline/probes", probes, "holdfast baseline assess"
    )


def _feature_lines(service: str, feature: Feature, entry: Entry, ours: ServiceBaseline) -> Iterator[Line]:
    place = f"{service}/{feature.control}/{feature.key}"
    claim = next(item for item in ours.entries if item.feature == feature.name)
    answers = _answers()
    yield _line(f"{place}/row", str(entry.combination), _has(claim), feature, claim)
    for key, answer in answers.statements.items():
        if key.startswith(f"{place}/"):
            yield _line(key, answer.says, answer.ours, feature, claim, answer)
    if not any(key.startswith(f"{place}/guidance/") for key in (*answers.statements, *answers.links)):
        yield _line(f"{place}/standing-guidance", _STANDING[entry.supported], _has(claim), feature, claim)
    for key in answers.links:
        if key.startswith(f"{place}/"):
            yield _line(key, "Where to read more.", claim.guidance or _has(claim), feature, claim)


_STANDING = {
    Answer.TRUE: "Nothing has to be configured.",
    Answer.FALSE: "There is nothing to configure, because the feature is missing.",
}


def _has(claim: Entry) -> str:
    if claim.supported is Answer.FALSE:
        return f"Not yet. {claim.notes}" if claim.notes else "Not yet."
    return claim.notes or ""


def _line(
    key: str, says: str, ours: str, feature: Feature, claim: Entry, answer: _Answer | None = None
) -> Line:
    probes = (answer.probes if answer else ()) or claim.probes
    return Line(
        key=key,
        says=says,
        claim=_claim(claim),
        desired=str(feature.desired),
        ours=ours
        if claim.supported is not Answer.FALSE or ours.startswith("Not yet")
        else f"Not yet. {ours}",
        module=(answer.module if answer else "") or _answers().features[feature.key],
        probes=", ".join(probes),
        command=f"holdfast baseline assess --feature {feature.key}",
    )


def _claim(claim: Entry) -> str:
    if claim.supported is not Answer.TRUE:
        return {Answer.FALSE: "not supported"}.get(claim.supported, "not applicable")
    return "supported, on" if claim.enabled_by_default is Answer.TRUE else "supported"


_HEAD = """# The seeds, statement by statement

Generated by `python -m holdfast.baseline.seeds.page`; do not edit.

Two published service baselines are the seeds of Holdfast: that of IoT Central and that of Microsoft Defender
for IoT. Each of their statements has a line here, named by where it stands, with our claim, the state that is
safest, where it lives in the code, the probe that proves it and the command that shows it. The words of the
seeds are paraphrased. *Not yet* means: Holdfast says itself that it lacks it."""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(line for service in SEEDS for line in _chapter(service)), ""])


def _chapter(service: str) -> Iterator[str]:
    yield from (
        "",
        f"## {carried_service(service).name}",
        "",
        table_line(_HEADER),
        f"|{'---|' * len(_HEADER)}",
    )
    for line in lines_of(service):
        key = f"`{line.key.removeprefix(f'{service}/')}`"
        probes = ", ".join(f"`{probe}`" for probe in line.probes.split(", ") if probe)
        command = f"`{line.command}`"
        yield table_line((key, *line[1:6], probes, command))


if __name__ == "__main__":
    sys.stdout.write(page())
