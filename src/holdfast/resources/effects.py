"""What policies changed in the requests of one caller, gathered for its answer.

A caller may reach the change path through any service; none of them has to hand the effects on.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_gathered: ContextVar[list[str] | None] = ContextVar("policy_effects", default=None)


@contextmanager
def gathered() -> Iterator[list[str]]:
    """What policies change inside the block, in words; threads that inherit the context count too."""
    effects: list[str] = []
    token = _gathered.set(effects)
    try:
        yield effects
    finally:
        _gathered.reset(token)


def gather(effects: Sequence[str]) -> None:
    """Add what policies changed in a request, each once."""
    found = _gathered.get()
    if found is not None:
        found.extend(effect for effect in effects if effect not in found)
