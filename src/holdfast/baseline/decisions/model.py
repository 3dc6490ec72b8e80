"""What people decide: attestations for what no probe can see, exemptions for what is accepted for a time."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from holdfast.baseline.model.benchmark import CONTROL_ID

_FROZEN = ConfigDict(frozen=True, extra="forbid")
_TEXT = Field(min_length=1, max_length=4_000)


class Attestation(BaseModel):
    """A person says how a control stands."""

    model_config = _FROZEN

    id: str
    control: str = Field(pattern=CONTROL_ID)
    satisfied: bool
    owner: str = _TEXT
    statement: str = _TEXT
    evidence: str = Field(default="", max_length=2_000)
    """A link; with a file it may be empty."""
    file: str = Field(default="", max_length=255)
    """The name of the file that was handed over; empty where there is none."""
    file_digest: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    """SHA-256 of the file, so that another one is noticed."""
    given: float
    """Unix seconds."""
    expires: float
    """Unix seconds; afterwards the control is due again."""
    reminder: float = Field(default=14 * 86_400.0, ge=0)
    """Seconds before the end at which its owner is reminded."""

    def holds(self, now: float) -> bool:
        """Whether it counts at `now`."""
        return self.given <= now < self.expires

    def due_soon(self, now: float) -> bool:
        """Whether its owner should be reminded."""
        return self.holds(now) and now >= self.expires - self.reminder


class Category(StrEnum):
    """Why something is exempt."""

    MITIGATED = "mitigated"
    """The intent is met in another way."""
    ACCEPTED = "accepted"
    """The risk is taken."""


class Exemption(BaseModel):
    """A control or feature that does not count for a time, because somebody answers for it."""

    model_config = _FROZEN

    id: str
    control: str | None = Field(default=None, pattern=CONTROL_ID)
    feature: str | None = Field(default=None, pattern=r"^[a-z0-9-]+$")
    category: Category
    owner: str = _TEXT
    reason: str = _TEXT
    given: float
    expires: float
    """Unix seconds; the exemption stays on record afterwards and no longer counts."""

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if (self.control is None) == (self.feature is None):
            raise ValueError("an exemption names a control or a feature, not both and not neither")
        return self

    def holds(self, now: float) -> bool:
        """Whether it counts at `now`."""
        return self.given <= now < self.expires


class Decisions(BaseModel):
    """Everything that was decided, expired or not."""

    model_config = _FROZEN

    attestations: tuple[Attestation, ...] = ()
    exemptions: tuple[Exemption, ...] = ()

    def attested(self, control: str, now: float) -> Attestation | None:
        """The attestation that counts for a control: of several the one given last."""
        found = [item for item in self.attestations if item.control == control and item.holds(now)]
        return max(found, key=lambda item: item.given, default=None)

    def exempted(self, control: str, feature: str | None, now: float) -> Exemption | None:
        """The exemption that counts for a feature of a control; without one, for the whole control."""
        for item in self.exemptions:
            if item.holds(now) and (item.control == control or (feature and item.feature == feature)):
                return item
        return None
