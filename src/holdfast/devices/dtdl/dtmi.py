"""Digital Twin Model Identifiers: `dtmi:com:example:Thermostat;1`.

A path of segments and a version. DTDL v2 requires the version; v3 and v4 also allow a minor one, or none.
"""

import re

_SEGMENT = "[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?"
_SYSTEM_SEGMENT = "[A-Za-z_](?:[A-Za-z0-9_]*[A-Za-z0-9])?"
_PATH = f"dtmi:{_SEGMENT}(?::{_SEGMENT})*"
_REFERENCE_PATH = f"dtmi:{_SYSTEM_SEGMENT}(?::{_SYSTEM_SEGMENT})*"
_V2 = ";[1-9][0-9]{0,8}"
_V3 = "(?:;[1-9][0-9]{0,8}(?:\\.[1-9][0-9]{0,5})?)?"

_DEFINITION = {2: re.compile(_PATH + _V2), 3: re.compile(_PATH + _V3), 4: re.compile(_PATH + _V3)}
_ANY = re.compile(_REFERENCE_PATH + _V3)

MAXIMUM_LENGTH = 2048
MAXIMUM_INTERFACE_LENGTH = 128


def is_valid(identifier: str, version: int) -> bool:
    """Whether a model in this version of the language may define or refer to the identifier."""
    return _DEFINITION[version].fullmatch(identifier) is not None


def is_well_formed(identifier: str) -> bool:
    """Whether it is a DTMI in any version of the language, generated ones (`_contents`) included."""
    return _ANY.fullmatch(identifier) is not None


def generated(parent: str, property_name: str, segment: str = "") -> str:
    """The identifier of an element without one: the parent's with the way to the element appended."""
    path, separator, version = parent.partition(";")
    own = f":__{segment}" if segment else ""
    return f"{path}:_{property_name}{own}{separator}{version}"


def major_version(identifier: str) -> int:
    """The version's first number, 0 when there is none."""
    number = identifier.partition(";")[2].partition(".")[0]
    return int(number) if number.isdigit() else 0
