"""Moments as texts, for what arrives as JSON."""

from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.json import JsonValue


def seconds_of(text: JsonValue) -> float | None:
    """Unix seconds of an RFC 3339 text; None for anything else."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return parse_isoformat(text)
    except ValueError:
        return None
