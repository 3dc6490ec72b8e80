"""Small parts that every OSCAL document is made of (NIST OSCAL 1.2 models, JSON form)."""

import json
import uuid
from collections.abc import Iterable
from typing import Final

from holdfast.kernel.clock import isoformat

OSCAL_VERSION: Final = "1.2.1"
NAMESPACE: Final = "https://holdfast.invalid/ns/oscal"
"""Names our properties; `.invalid` says that nothing is to be fetched there (RFC 6761 section 6.4)."""

_ROOT: Final = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)

FACTS_MOMENT: Final = 1_696_896_000.0
"""2023-10-10: when the public data behind catalog and profiles was last changed."""

Json = dict[str, object]
"""A JSON object."""


def identifier(*names: str) -> str:
    """The same UUID for the same names, so that documents are stable and can point at each other."""
    return str(uuid.uuid5(_ROOT, "\0".join(names)))


def metadata(title: str, moment: float, version: str = "1.0") -> Json:
    """The required metadata; `moment` is when the content last changed, in Unix seconds."""
    return {
        "title": one_line(title),
        "last-modified": isoformat(moment),
        "version": version,
        "oscal-version": OSCAL_VERSION,
    }


def properties(pairs: Iterable[tuple[str, str | None]]) -> list[Json]:
    """Our properties; those without a value are left out."""
    return [
        {"name": name, "ns": NAMESPACE, "value": one_line(value)}
        for name, value in pairs
        if value and value.strip()
    ]


def one_line(text: str) -> str:
    """OSCAL strings have no line breaks and no blanks at their ends."""
    return " ".join(text.split())


def control_token(control_id: str) -> str:
    """`ns-1` for `NS-1`."""
    return control_id.lower()


def statement_id(control_id: str, feature_key: str) -> str:
    """The statement of a control that a feature answers for."""
    return f"{control_token(control_id)}_smt.{feature_key}"


def without_empty(content: Json) -> Json:
    """OSCAL forbids empty lists; what is empty is left out."""
    return {name: value for name, value in content.items() if value not in ([], {}, None, "")}


def encoded(root: str, content: Json) -> bytes:
    """The document's bytes."""
    return (json.dumps({root: content}, indent=2, ensure_ascii=False) + "\n").encode()
