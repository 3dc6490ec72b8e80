"""Known contradictions between published pages and their workbooks."""

from collections.abc import Iterator
from functools import cache

from pydantic import BaseModel, ConfigDict, TypeAdapter

from holdfast.baseline.data.catalog import benchmark, load
from holdfast.baseline.model.oddity import Oddity
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.baseline.model.vocabulary import Answer


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
    """The baseline as its published page has it, and where that contradicts its sources."""
    found = {item.attribute: item for item in errata() if item.service == baseline.key}
    profile, remarks = [], []
    for line in baseline.profile:
        erratum = found.get(line.attribute)
        if erratum and erratum.workbook == line.value:
            remark = f"the published page says {erratum.page}, the workbook {line.value}"
            remarks.append(Oddity(line.attribute, remark))
            line = line.model_copy(update={"value": erratum.page})
        profile.append(line)
    published = baseline.model_copy(update={"profile": tuple(profile)})
    return published, (*remarks, *_borrowed_titles(baseline))


def _borrowed_titles(baseline: ServiceBaseline) -> Iterator[Oddity]:
    """Controls that pages print with the title of another control."""
    known = benchmark(baseline.benchmark)
    applicable = {entry.control for entry in baseline.entries if entry.supported is not Answer.NOT_APPLICABLE}
    for control in known.controls:
        owner = next(
            (item.id for item in known.controls if item.title == control.published_title), control.id
        )
        if control.id in applicable and owner != control.id:
            yield Oddity(control.id, f"pages print it with the title of {owner}")
