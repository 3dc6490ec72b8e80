"""What a probe saw."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import msgspec

from holdfast.kernel.json import JsonObject, digest

MAXIMUM_TEXT = 2_000
"""Characters of what was observed that are kept; a probe reports what it saw, it is no archive."""


class Outcome(StrEnum):
    """How the observation stands to the expectation."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    """The probe itself could not do its work. Never counts as passed."""


class Sight(NamedTuple):
    """One thing that a probe looked at, as the probe reports it."""

    subject: str
    """What was looked at: a surface with its address, a file, a role. One subject a resource."""
    expected: str
    observed: str
    passed: bool
    in_force: bool | None = None
    """For what an operator configures: whether it is configured here. None where that is no question."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """A sight with everything that makes it evidence."""

    probe: str
    version: int
    """Of the probe: what one version saw is not what another one sees."""
    subject: str
    expected: str
    observed: str
    outcome: Outcome
    in_force: bool | None = None
    collected: float
    """Unix seconds."""
    valid_until: float
    """Unix seconds; later the observation says nothing any more."""
    scratch: bool = False
    """Whether it was made on an instance started for it, with the configuration of the assessed one."""

    def content(self) -> JsonObject:
        """The observation as JSON, for evidence and API."""
        content: JsonObject = msgspec.to_builtins(self)
        return content

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical content, hexadecimal."""
        return digest(self.content())


_SECRET = re.compile(
    r"(?i)(\bsig=|\bsharedaccesskey=|\bpassword=|\bbearer\s+|\bbasic\s+|\bapikey\s+|\bauthorization:\s*\S+\s+)[^\s&;,\"']+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    re.DOTALL,
)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without credentials, and not longer than what is kept."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[redacted]")
    text = _SECRET.sub(lambda found: f"{found[1] or ''}[redacted]", text)
    return text if len(text) <= MAXIMUM_TEXT else f"{text[:MAXIMUM_TEXT]}…"
