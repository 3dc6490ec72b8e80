"""What files that travel unencrypted are, by their names, in every protocol that carries them."""

import re
from collections.abc import Callable

from holdfast.defender.engines.model import Rule, Selector
from holdfast.defender.record import Record

_EXECUTABLE = re.compile(r"\.(exe|dll|sys|scr|msi|elf|ko)$", re.IGNORECASE)
_EICAR = re.compile(r"(^|[\\/])eicar(\.com|\.com\.txt|_com\.zip|com2\.zip)$", re.IGNORECASE)
"""The names under which EICAR publishes its test file."""
_SIGNATURES = re.compile(
    r"(^|[\\/])((main|daily|bytecode)\.(cvd|cld)|mpam-fe\.exe|avvdat-\d+\.zip|[\w-]+\.(vdf|vdb))$",
    re.IGNORECASE,
)
"""Names of the files in which virus scanners bring their signatures."""


def files(select: Selector, field: str) -> tuple[Rule, ...]:
    """Rules about the name of a file, which stands in `field`."""
    return (
        Rule(
            "suspicious-executable-file-detected-on-endpoint",
            select,
            _named(field, _EXECUTABLE, "the executable file"),
            "files that are not executable",
            steady=False,
        ),
        Rule(
            "malware-test-file-detected-eicar-av-success",
            select,
            _named(field, _EICAR, "the EICAR test file"),
            "files without test patterns",
            steady=False,
        ),
        Rule(
            "backup-activity-with-antivirus-signatures",
            select,
            _named(field, _SIGNATURES, "signatures of malware"),
            "files without signatures of malware",
            steady=False,
        ),
    )


def _named(field: str, pattern: re.Pattern[str], text: str) -> Callable[[Record], str | None]:
    def observe(record: Record) -> str | None:
        name = str(record.fields.get(field) or "").partition("?")[0]
        return f"{text} {name}" if pattern.search(name) else None

    return observe
