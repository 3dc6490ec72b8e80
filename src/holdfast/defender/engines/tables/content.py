"""What files that travel unencrypted hold, in every protocol that carries them."""

import re

from holdfast.defender.engines.model import NOTICES, Rule, on
from holdfast.defender.record import Record

SIGNATURES = re.compile(
    r"(^|[\\/])((main|daily|bytecode)\.(cvd|cld)|mpam-fe\.exe|avvdat-\d+\.zip|[\w-]+\.(vdf|vdb))$",
    re.IGNORECASE,
)
"""Names of the files in which virus scanners bring their signatures."""

_CARRIED = on(NOTICES, "BODY", "FILE")


def _executable(record: Record) -> str | None:
    fields = record.fields
    if fields.get("content") != "executable":
        return None
    return f"an executable file{_name(record)}"


def _eicar(record: Record) -> str | None:
    return f"the EICAR test file{_name(record)}" if record.fields.get("content") == "eicar" else None


def _name(record: Record) -> str:
    name = record.fields.get("name")
    return f" named {name}" if name else ""


CONTENT = (
    Rule(
        "suspicious-executable-file-detected-on-endpoint",
        _CARRIED,
        _executable,
        "files that are not executable",
        steady=False,
    ),
    Rule(
        "malware-test-file-detected-eicar-av-success",
        _CARRIED,
        _eicar,
        "files without test patterns",
        steady=False,
    ),
)
