"""Where the shared reference data lies, for the tests that use it when it is there."""

from pathlib import Path

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
"""The folder `../shared/data` beside the checkout; may be absent, then tests run on samples they make."""


def shared(*parts: str) -> Path | None:
    """The path below the shared data, or None where it is absent."""
    path = SHARED_DATA.joinpath(*parts)
    return path if path.exists() else None
