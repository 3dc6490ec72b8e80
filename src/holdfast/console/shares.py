"""Parts of a whole as one bar: alerts by severity, controls by state, devices of a job."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple


class Share(NamedTuple):
    """One part of a whole: alerts of a severity, controls in a state."""

    title: str
    mood: str
    number: int
    link: str
    difference: str = ""
    """How it changed since last week, in words."""


class Band(NamedTuple):
    """A part of a bar of which everything together is 100 wide."""

    mood: str
    x: float
    width: float


def bands(shares: Sequence[Share]) -> list[Band]:
    """The bar of some shares; empty when there is nothing."""
    total = sum(share.number for share in shares)
    ends = list(accumulate((share.number for share in shares), initial=0))
    return [
        Band(share.mood, round(100 * begin / total, 2), round(100 * share.number / total, 2))
        for share, begin in zip(shares, ends, strict=False)
        if share.number
    ]
