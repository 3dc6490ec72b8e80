"""A benchmark: domains, controls and what each control maps to in other standards."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

CONTROL_ID = r"^[A-Z]{2}-[1-9]\d?$"
"""A control: the domain's code and a number, such as `NS-1`."""


class Domain(BaseModel):
    """A chapter of the benchmark."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^[A-Z]{2}$")
    name: str
    """As the workbooks spell it: every word with a capital."""
    published_name: str
    """As the pages spell it: a sentence."""
    slug: str
    """The domain in a page's address."""


class Control(BaseModel):
    """One control. The mappings say that it fully or partly addresses the other, not that it fulfils it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: str = Field(pattern=CONTROL_ID)
    title: str
    published_title: str | None = None
    """What service baselines print instead of the title, where they differ."""
    cis_v7_1: tuple[str, ...] = Field(default=(), alias="cis-v7.1")
    cis_v8: tuple[str, ...] = Field(default=(), alias="cis-v8")
    nist_800_53_r4: tuple[str, ...] = Field(default=(), alias="nist-800-53-r4")
    pci_dss_3_2_1: tuple[str, ...] = Field(default=(), alias="pci-dss-3.2.1")

    @property
    def domain_code(self) -> str:
        """The code of the domain that the control belongs to."""
        return self.id.partition("-")[0]

    @property
    def mappings(self) -> Mapping[str, tuple[str, ...]]:
        """Identifiers in other standards by the standard's key, in the benchmark's order."""
        return MappingProxyType(
            {
                "cis-v7.1": self.cis_v7_1,
                "cis-v8": self.cis_v8,
                "nist-800-53-r4": self.nist_800_53_r4,
                "pci-dss-3.2.1": self.pci_dss_3_2_1,
            }
        )


class Benchmark(BaseModel):
    """A whole benchmark."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name: str
    short_name: str
    version: str
    published: str
    """Name and version as a service baseline's first sentence has them."""
    overview_link: str
    domain_link: str
    """Address of a domain's page with `{slug}` in it."""
    domains: tuple[Domain, ...]
    controls: tuple[Control, ...]

    @cached_property
    def control_by_id(self) -> Mapping[str, Control]:
        """Every control by its identifier."""
        return MappingProxyType({control.id: control for control in self.controls})

    @cached_property
    def domain_by_code(self) -> Mapping[str, Domain]:
        """Every domain by its code."""
        return MappingProxyType({domain.code: domain for domain in self.domains})

    def domain_of(self, control_id: str) -> Domain | None:
        """The domain that a control's identifier names; None for a code that the benchmark lacks."""
        return self.domain_by_code.get(control_id.partition("-")[0])

    def order_of(self, control_id: str) -> tuple[int, int]:
        """Sorts controls as the benchmark prints them: by domain, then by number."""
        code, _, number = control_id.partition("-")
        codes = list(self.domain_by_code)
        return (codes.index(code) if code in codes else len(codes), int(number))


class CrosswalkRow(NamedTuple):
    """One control in two benchmarks."""

    control: str
    earlier_title: str | None
    """None where the earlier benchmark lacks the control."""
    later_title: str | None
    changes: tuple[str, ...]
    """What differs, in words; empty for a control that is the same in both."""


def crosswalk(earlier: Benchmark, later: Benchmark) -> tuple[CrosswalkRow, ...]:
    """Every control of either benchmark with what changed between them."""
    ids = sorted(earlier.control_by_id.keys() | later.control_by_id.keys(), key=later.order_of)
    return tuple(
        _crosswalk_row(control_id, earlier.control_by_id.get(control_id), later.control_by_id.get(control_id))
        for control_id in ids
    )


def _crosswalk_row(control_id: str, before: Control | None, after: Control | None) -> CrosswalkRow:
    if before is None or after is None:
        change = "dropped" if before else "new"
        titles = (before.title if before else None, after.title if after else None)
        return CrosswalkRow(control_id, *titles, (change,))
    changes = [] if before.title == after.title else ["title"]
    for standard, targets in after.mappings.items():
        earlier = before.mappings[standard]
        if set(earlier) != set(targets):
            gone = ", ".join(sorted(set(earlier) - set(targets))) or "nothing"
            new = ", ".join(sorted(set(targets) - set(earlier))) or "nothing"
            changes.append(f"{standard}: {gone} dropped, {new} added")
    if after.published_title and after.published_title != after.title:
        changes.append("pages print another title")
    return CrosswalkRow(control_id, before.title, after.title, tuple(changes))
