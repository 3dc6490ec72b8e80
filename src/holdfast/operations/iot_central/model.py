"""What an import consists of: what was read, what is due, what came of it, what people have to do."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from holdfast.kernel.json import JsonObject


class Api(Protocol):
    """A client of the REST API, of the hosted service or of an instance. Paths begin with `/api`.

    Raises the errors of `kernel.errors`: NotFoundError, ForbiddenError, TooManyRequestsError, …
    """

    def get(self, path: str) -> Any:  # any JSON
        """GET; the decoded body."""
        ...

    def put(self, path: str, body: Any) -> Any:  # any JSON
        """PUT; the decoded body."""
        ...

    def patch(self, path: str, body: Any) -> Any:  # any JSON
        """PATCH; the decoded body."""
        ...


class Asset(NamedTuple):
    """One thing of the source as it shall be here."""

    kind: str
    """The collection it belongs to, as the API spells it."""
    id: str
    path: str
    """Where it lives, below `/api`."""
    body: JsonObject
    """The fields that are carried. May hold keys: never shown."""
    merge: bool = False
    """Whether it is patched onto what is there instead of put."""
    marks: str = ""
    """What is noted in the file of done work once it was made; empty: nothing."""


class Action(StrEnum):
    """What is due for an asset."""

    CREATE = "create"
    UPDATE = "update"
    SAME = "same"


class Step(NamedTuple):
    """One asset and what is due for it."""

    asset: Asset
    action: Action
    why: str = ""
    """Of an update: the fields that differ."""


class Note(NamedTuple):
    """Something that the source does not give, or that a person has to decide."""

    kind: str
    id: str
    text: str


class Failure(NamedTuple):
    """A step that was refused here."""

    kind: str
    id: str
    reason: str


@dataclass
class Plan:
    """What is due, and what people have to do themselves."""

    steps: list[Step] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def due(self) -> list[Step]:
        """The steps that change something."""
        return [step for step in self.steps if step.action is not Action.SAME]

    def counts(self) -> dict[str, dict[str, int]]:
        """Kind → action → number, in the order of the work."""
        counted: dict[str, Counter[str]] = {}
        for step in self.steps:
            counted.setdefault(step.asset.kind, Counter())[step.action.value] += 1
        return {kind: dict(counts) for kind, counts in counted.items()}
