"""What every reader gives back, and the one error that every reader raises."""

from typing import NamedTuple

from holdfast.baseline.model.oddity import Oddity
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.kernel.errors import InvalidError

MAXIMUM_DOCUMENT_BYTES = 32 * 1024 * 1024
"""No document of this kind comes near; the largest published workbook has 40 KB."""


class DocumentError(InvalidError):
    """A document cannot be read or written; the message names the file, the place in it, and what to do."""

    def __init__(self, file: str, place: str, problem: str) -> None:
        super().__init__(f"{file}, {place}: {problem}" if place else f"{file}: {problem}", field=place)
        self.file = file
        self.place = place


class Document(NamedTuple):
    """A document that was read."""

    baseline: ServiceBaseline
    oddities: tuple[Oddity, ...] = ()
