"""Known contradictions between published pages and their workbooks."""

from functools import cache

from pydantic import BaseModel, ConfigDict, TypeAdapter

from holdfast.baseline.data.catalog import load
from holdfast.baseline.model.oddity import Oddity
from holdfast.baseline.model.service import ProfileAttribute, ServiceBaseline


class Erratum(BaseModel):
    """A line of a security profile that a page prints differently from its workbook."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    attribute: str
    workbook: str
    page: str


@cache
def errata() -> tuple[Erratum, ...]:
    """All that are known."""
    return TypeAdapter(tuple[Erratum, ...]).validate_python(load("errata.yaml"))


def as_published(baseline: ServiceBaseline) -> tuple[ServiceBaseline, tuple[Oddity, ...]]:
    """The baseline as its published page has it, and what that changed."""
    found = {item.attribute: item for item in errata() if item.service == baseline.key}
    changed = [line for line in baseline.profile if _applies(found.get(line.attribute), line)]
    if not changed:
        return baseline, ()
    profile = tuple(
        line.model_copy(update={"value": found[line.attribute].page}) if line in changed else line
        for line in baseline.profile
    )
    remarks = tuple(
        Oddity(
            line.attribute, f"the published page says {found[line.attribute].page}, the workbook {line.value}"
        )
        for line in changed
    )
    return baseline.model_copy(update={"profile": profile}), remarks


def _applies(erratum: Erratum | None, line: ProfileAttribute) -> bool:
    return erratum is not None and erratum.workbook == line.value
