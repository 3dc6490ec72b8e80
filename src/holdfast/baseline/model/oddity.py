"""Oddities: what a document says that its own rules do not explain. They are kept and reported."""

from typing import NamedTuple


class Oddity(NamedTuple):
    """One remark about a document that could be read all the same."""

    place: str
    """Sheet and row, or line."""
    remark: str

    def __str__(self) -> str:
        return f"{self.place}: {self.remark}"
