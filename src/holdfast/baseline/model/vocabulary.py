"""The words of a service baseline: what a cell or a claim may say, and which answers go together."""

from enum import StrEnum
from typing import NamedTuple


class Answer(StrEnum):
    """What the columns "Feature Supported" and "Feature Enabled by Default" say."""

    TRUE = "True"
    FALSE = "False"
    NOT_APPLICABLE = "Not Applicable"
    NO_RELATED_FEATURE = "No Related Feature"
    """The row is guidance for the control as a whole and describes no feature."""

    @property
    def as_boolean(self) -> bool | None:
        """True and False; None where the question does not apply."""
        return {Answer.TRUE: True, Answer.FALSE: False}.get(self)


class Responsibility(StrEnum):
    """Who configures the feature: our own words and the published ones."""

    HOLDFAST = "Holdfast"
    OPERATOR = "Operator"
    MICROSOFT = "Microsoft"
    CUSTOMER = "Customer"
    SHARED = "Shared"
    NOT_APPLICABLE = "Not Applicable"

    @property
    def published(self) -> "Responsibility":
        """The word that a published document uses: the provider is Microsoft, the operator the customer."""
        return _PUBLISHED.get(self, self)


_PUBLISHED = {
    Responsibility.HOLDFAST: Responsibility.MICROSOFT,
    Responsibility.OPERATOR: Responsibility.CUSTOMER,
}


class GuidanceKind(StrEnum):
    """Which label a published page puts before the guidance; a workbook has no column for it."""

    CONFIGURATION = "configuration"
    CUSTOM = "custom"


class DesiredState(StrEnum):
    """What is safest for a feature: more is not always better."""

    PRESENT = "present"
    ABSENT = "absent"
    """Safest not there at all, or switched off (local authentication, local administrators)."""


class Standing(StrEnum):
    """How an answer stands to the feature's desired state."""

    MEETS = "meets"
    PARTLY = "partly"
    """The feature exists, and what it does out of the box is not yet the desired state (or, for a feature
    that is safest absent: it exists and is off until somebody switches it on)."""
    SHORT = "short"
    NOT_APPLICABLE = "not applicable"


class Combination(NamedTuple):
    """The three answers of a row, with the responsibility in published words."""

    supported: Answer
    enabled_by_default: Answer
    responsibility: Responsibility

    def __str__(self) -> str:
        return f"{self.supported} / {self.enabled_by_default} / {self.responsibility}"


REGULAR_COMBINATIONS = frozenset(
    {
        Combination(Answer.NOT_APPLICABLE, Answer.NOT_APPLICABLE, Responsibility.NOT_APPLICABLE),
        Combination(Answer.FALSE, Answer.NOT_APPLICABLE, Responsibility.NOT_APPLICABLE),
        Combination(Answer.TRUE, Answer.FALSE, Responsibility.CUSTOMER),
        Combination(Answer.TRUE, Answer.TRUE, Responsibility.MICROSOFT),
        Combination(Answer.TRUE, Answer.FALSE, Responsibility.SHARED),
        Combination(Answer.NO_RELATED_FEATURE, Answer.NO_RELATED_FEATURE, Responsibility.CUSTOMER),
        Combination(Answer.NO_RELATED_FEATURE, Answer.NO_RELATED_FEATURE, Responsibility.SHARED),
    }
)
"""The combinations that make sense; any other needs a written reason."""


_LADDER = {
    DesiredState.PRESENT: (Standing.SHORT, Standing.PARTLY, Standing.MEETS),
    DesiredState.ABSENT: (Standing.MEETS, Standing.PARTLY, Standing.SHORT),
}


def standing(supported: Answer, enabled_by_default: Answer, desired: DesiredState) -> Standing:
    """How the answers stand to `desired`: absent, there but off, or there and on."""
    if supported not in (Answer.TRUE, Answer.FALSE):
        return Standing.NOT_APPLICABLE
    return _LADDER[desired][(supported is Answer.TRUE) + (enabled_by_default is Answer.TRUE)]
