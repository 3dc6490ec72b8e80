"""What the passes over a model share: the model as it grows, its references, its problems."""

from dataclasses import dataclass, field
from typing import NamedTuple

from holdfast.devices.dtdl.language.rules import Property
from holdfast.devices.dtdl.model import Model
from holdfast.devices.dtdl.problems import Problems


class Reference(NamedTuple):
    """A property of an element that refers to another by identifier."""

    element: str
    rule: Property
    target: str
    pointer: str


@dataclass
class Reading:
    """What the first pass collects."""

    problems: Problems
    model: Model = field(default_factory=Model)
    references: list[Reference] = field(default_factory=list)
    tolerant: bool = False
    """Accept old mistakes that v2 models in the field still make (see `parser.Options`)."""


class Slot(NamedTuple):
    """Where an element stands: the property of the element around it."""

    parent: str
    rule: Property
    partition: str
