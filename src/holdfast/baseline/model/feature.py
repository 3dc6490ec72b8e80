"""The features that every service baseline answers for, in the order in which pages print them."""

from pydantic import BaseModel, ConfigDict, Field

from holdfast.baseline.model.benchmark import CONTROL_ID
from holdfast.baseline.model.vocabulary import DesiredState


class Feature(BaseModel):
    """One of the canonical features."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^[a-z0-9-]+$")
    """Our identifier, for statements and file names."""
    name: str
    """As the workbooks spell it."""
    aliases: tuple[str, ...] = ()
    """Names of the same feature on later pages."""
    control: str = Field(pattern=CONTROL_ID)
    """The feature's home: rows without a control belong here."""
    learn_more: str | None = None
    """Where pages link to; None where no page shows it."""
    desired: DesiredState
    description: str
    """What the feature means, in our words."""
    desired_because: str
    """Why the desired state is what it is."""
