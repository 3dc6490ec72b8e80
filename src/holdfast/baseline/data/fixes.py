"""How an operator brings a feature into its desired state."""

from collections.abc import Mapping
from functools import cache

from pydantic import BaseModel, ConfigDict, TypeAdapter

from holdfast.baseline.data.catalog import load


class Fix(BaseModel):
    """The place and the command; empty where there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str
    """Its key."""
    page: str = ""
    command: str = ""


@cache
def fixes() -> Mapping[str, Fix]:
    """By the key of the feature; features without anything to configure have none."""
    found = TypeAdapter(tuple[Fix, ...]).validate_python(load("fixes.yaml"))
    return {fix.feature: fix for fix in found}
