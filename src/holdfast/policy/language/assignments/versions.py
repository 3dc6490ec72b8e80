"""Versions of definitions: `1.2.0-preview`, and the ranges `1.*.*` and `1.2.*` that assignments name."""

import re
from typing import Final, NamedTuple

_VERSION: Final = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-(preview|deprecated))?", re.IGNORECASE)
_RANGE: Final = re.compile(r"(\d{1,9})\.(\d{1,9}|\*)\.(\d{1,9}|\*)(?:-(preview|deprecated))?", re.IGNORECASE)


class Version(NamedTuple):
    """Ordered by its numbers; a preview comes before the version itself."""

    major: int
    minor: int
    patch: int
    released: bool
    suffix: str


def version_from(text: str) -> Version | None:
    """The version that a text names; None when it names none."""
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        return None
    suffix = (found[4] or "").lower()
    return Version(int(found[1]), int(found[2]), int(found[3]), suffix != "preview", suffix)


def is_range(text: str) -> bool:
    """Whether a text is a version or a range of versions."""
    return _RANGE.fullmatch(text.strip()) is not None


def in_range(version: Version, wanted: str) -> bool:
    """Whether a version lies in a range; a range without suffix holds no previews."""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None:
        return False
    numbers = (version.major, version.minor, version.patch)
    fits = all(part in ("*", str(number)) for part, number in zip(found.groups()[:3], numbers, strict=True))
    return fits and (version.suffix == (found[4] or "").lower() or version.suffix == "deprecated")


def newest(versions: list[str], wanted: str) -> str | None:
    """The newest of `versions` in a range; the newest of all when no range is given."""
    known = [(version, text) for text in versions if (version := version_from(text)) is not None]
    fitting = [each for each in known if not wanted or in_range(each[0], wanted)]
    return max(fitting)[1] if fitting else None
