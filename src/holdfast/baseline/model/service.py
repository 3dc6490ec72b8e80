"""A service baseline: what one service answers for each feature of each control.

The model keeps what a published document says exactly as it says it, row by row in the document's order, so
that writing it again loses nothing. What belongs together on a page (duplicate rows, rows without a control)
is put together only when a page is written.
"""

import re
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator, model_validator

from holdfast.baseline.model.benchmark import CONTROL_ID
from holdfast.baseline.model.vocabulary import (
    REGULAR_COMBINATIONS,
    Answer,
    Combination,
    GuidanceKind,
    Responsibility,
)
from holdfast.baseline.model.wording import Wording

PROFILE_ATTRIBUTES = 4
"""Lines of every published security profile."""

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class ProfileAttribute(BaseModel):
    """One line of the security profile."""

    model_config = _FROZEN

    attribute: str
    value: str | None
    """None where the document says so (two published services have no category)."""
    description: str | None = None
    reason: str | None = None
    """Why the value is what it is; ours always have one."""
    probes: tuple[str, ...] = ()


class Entry(BaseModel):
    """One row of the feature summary."""

    model_config = _FROZEN

    control: str | None = Field(default=None, pattern=CONTROL_ID)
    """None for a row that lost its control; it belongs to the feature's home."""
    domain: str | None = None
    title: str | None = None
    """The control's title as the document has it."""
    feature: str = Field(min_length=1)
    description: str | None = None
    supported: Answer
    enabled_by_default: Answer = Answer.NOT_APPLICABLE
    responsibility: Responsibility = Responsibility.NOT_APPLICABLE
    notes: str | None = None
    guidance: str | None = None
    guidance_kind: GuidanceKind = GuidanceKind.CONFIGURATION
    guidance_notes: str | None = None
    reference: str | None = None
    """`Title: address`, as the workbooks write it."""
    reason: str | None = None
    """Why an irregular combination of answers stands."""
    probes: tuple[str, ...] = ()
    """The probes that prove the answer on the running system; for ours."""

    @field_validator("supported", "enabled_by_default", mode="before")
    @classmethod
    def _booleans_are_answers(cls, value: object) -> object:
        return str(value) if isinstance(value, bool) else value

    @field_serializer("supported", "enabled_by_default")
    def _answers_are_booleans(self, value: Answer) -> bool | str:
        truth = value.as_boolean
        return str(value) if truth is None else truth

    @property
    def combination(self) -> Combination:
        """The three answers in published words."""
        return Combination(self.supported, self.enabled_by_default, self.responsibility.published)

    @model_validator(mode="after")
    def _irregular_answers_have_a_reason(self) -> Self:
        if self.combination not in REGULAR_COMBINATIONS and not self.reason:
            raise ValueError(
                f"{self.feature}: the answers {self.combination} do not go together; "
                "correct them or write the reason"
            )
        return self


class Policy(BaseModel):
    """One row of a page's table of policy definitions."""

    model_config = _FROZEN

    name: str
    link: str | None = None
    description: str = ""
    effects: str = ""
    version: str = ""
    version_link: str | None = None


class PolicyTable(BaseModel):
    """The policy definitions of one resource provider for one control."""

    model_config = _FROZEN

    control: str = Field(pattern=CONTROL_ID)
    namespace: str
    policies: tuple[Policy, ...]


class ServiceBaseline(BaseModel):
    """All that a document says about one service."""

    model_config = _FROZEN

    key: str = Field(pattern=r"^[^/\\\x00-\x1f]{1,120}$")
    """Names the service in files and commands: `iot-central`."""
    name: str = Field(min_length=1, max_length=200)
    benchmark: str = "asb-v3"
    owner: str | None = None
    """Who answers for the document."""
    leaves_out_not_applicable: bool = False
    """Pages do: a feature without an entry is not applicable. Workbooks have a row for each feature."""
    profile: tuple[ProfileAttribute, ...]
    entries: tuple[Entry, ...]
    policies: tuple[PolicyTable, ...] = ()
    wording: Wording | None = None
    """The standing sentences of the page that the baseline was read from."""


_REFERENCE = re.compile(r"(?P<title>[^\n]+?): (?P<link>https?://\S+)")


def split_reference(reference: str) -> tuple[str, str] | None:
    """Title and address of a reference cell; None when the cell is not of the form `Title: address`."""
    found = _REFERENCE.fullmatch(reference)
    return (found["title"], found["link"]) if found else None
