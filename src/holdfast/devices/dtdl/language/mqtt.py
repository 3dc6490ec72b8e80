"""The mqtt extension, versions 1 to 4: how an interface maps to topics, and how results and errors look.

Source: the language description's chapter on the extension. Each version adds rows to the one before.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.devices.dtdl.language.rules import (
    Cotype,
    CotypeKind,
    Form,
    ParentRequirement,
    Property,
    Requirement,
)

_TOPIC = (
    "^(?:(?:[!%-*,-.0-z|~][!$-*,-.0-z|~]*)|(?:{(?:[A-Za-z]+:)?[A-Za-z]+}))"
    "(?:\\/(?:(?:[!$-*,-.0-z|~]+)|(?:{(?:[A-Za-z]+:)?[A-Za-z]+})))*$"
)
_GROUP = "^[!$-*,-.0-z|~]+$"
_REQUIRED = frozenset({"dtmi:dtdl:extension:requirement:v1:Required"})
_OBJECT = Requirement("schema", classes=frozenset({"Object"}))
_STRING = Requirement("schema", classes=frozenset({"String"}))
_ENUM = Requirement("schema", classes=frozenset({"Enum"}))
_MAP = Requirement("schema", classes=frozenset({"Map"}))


@dataclass(frozen=True, slots=True)
class _Version:
    """Makes the co-types of one version."""

    number: int

    @property
    def base(self) -> str:
        return f"dtmi:dtdl:extension:mqtt:v{self.number}"

    def cotype(
        self,
        name: str,
        *classes: str,
        properties: tuple[Property, ...] = (),
        schema: Requirement | None = None,
        parent: ParentRequirement | None = None,
        needs: frozenset[str] = frozenset(),
        excludes: frozenset[str] = frozenset(),
        alternatives: frozenset[str] = frozenset(),
    ) -> Cotype:
        return Cotype(
            f"{self.base}:{name}",
            name,
            f"dtmi:dtdl:extension:mqtt;{self.number}",
            CotypeKind.ADJUNCT,
            frozenset(classes),
            frozenset({3}) if self.number == 1 else frozenset({3, 4}),
            properties=properties,
            requirements=(schema,) if schema else (),
            parents=(parent,) if parent else (),
            needs=needs,
            excludes=excludes,
            alternatives=alternatives,
        )

    def own(self, *names: str) -> frozenset[str]:
        return frozenset(f"{self.base}:{name}" for name in names)

    def text(self, name: str, pattern: str = "", *, needed: bool = False) -> Property:
        return Property(
            name,
            Form.STRING,
            required=needed,
            min_count=int(needed),
            pattern=pattern,
            identifier=f"{self.base}:Mqtt:{name}",
        )

    def field_of(
        self, parents: tuple[str, ...], name: str, *, schema: Requirement | None = None, beside: str = ""
    ) -> Cotype:
        """A field that may stand once in an object with one of the co-types `parents`."""
        parent = ParentRequirement(
            "fields",
            self.own(*parents),
            none_other=f"{self.base}:{name}",
            some_other=f"{self.base}:{beside}" * bool(beside),
        )
        excludes = frozenset() if name.startswith("Error") and name != "ErrorResult" else _REQUIRED
        return self.cotype(name, "Field", schema=schema, parent=parent, excludes=excludes)


def mqtt_cotypes(number: int) -> Iterator[Cotype]:
    """The co-types of version `number` of the extension."""
    version = _Version(number)
    yield from _interface_and_commands(version)
    if number >= 2:
        yield version.cotype("Transparent", "CommandRequest", "CommandResponse", schema=_OBJECT)
    if number >= 3:
        yield from _results(version)
    if number >= 4:
        yield from _error_details(version)
        yield from _property_results(version)


def _interface_and_commands(version: _Version) -> Iterator[Cotype]:
    topics = [version.text("commandTopic", _TOPIC), version.text("telemetryTopic", _TOPIC)]
    if version.number >= 2:
        topics += [version.text("cmdServiceGroupId", _GROUP), version.text("telemServiceGroupId", _GROUP)]
    if version.number >= 4:
        topics.append(version.text("propertyTopic", _TOPIC))
    ttl = Property(
        "ttl", Form.DURATION, required=True, min_count=1, identifier=f"{version.base}:Cacheable:ttl"
    )
    index = Property(
        "index",
        Form.INTEGER,
        required=True,
        min_count=1,
        minimum=1,
        distinct=True,
        identifier=f"{version.base}:Indexed:index",
    )
    indexed = ("EnumValue", "Field", "Telemetry") + (("Property",) if version.number >= 4 else ())
    payload = version.text("payloadFormat", needed=True)
    yield version.cotype("Mqtt", "Interface", properties=(*topics, payload))
    yield version.cotype("Idempotent", "Command")
    yield version.cotype("Cacheable", "Command", properties=(ttl,), needs=version.own("Idempotent"))
    yield version.cotype("Indexed", *indexed, properties=(index,))


def _results(version: _Version) -> Iterator[Cotype]:
    error = Requirement("schema", cotypes=version.own("Error"))
    results: tuple[str, ...] = ("NormalResult", "ErrorResult")
    results += ("ErrorCode", "ErrorInfo") if version.number >= 4 else ()
    fields = Requirement("fields", cotypes=version.own(*results))
    yield version.cotype("Error", "Object")
    yield version.cotype("Result", "Object", schema=fields)
    yield version.field_of(("Result",), "NormalResult")
    yield version.field_of(("Result",), "ErrorResult", schema=error)
    yield version.field_of(("Error",), "ErrorMessage", schema=_STRING)


def _error_details(version: _Version) -> Iterator[Cotype]:
    yield version.field_of(("Result", "Error"), "ErrorCode", schema=_ENUM)
    yield version.field_of(("Result", "Error"), "ErrorInfo", schema=_OBJECT, beside="ErrorCode")


def _property_results(version: _Version) -> Iterator[Cotype]:
    error = Requirement("schema", cotypes=version.own("Error"))
    outcomes = Requirement("fields", cotypes=version.own("PropertyValue", "ReadError", "WriteError"))
    yield version.cotype("PropertyResult", "Object", schema=outcomes)
    yield version.field_of(("PropertyResult",), "PropertyValue")
    yield version.field_of(("PropertyResult",), "ReadError", schema=error)
    yield version.field_of(("PropertyResult",), "WriteError", schema=error)
    yield version.cotype("Indirect", "Field", excludes=_REQUIRED)
    alternatives = version.own("PropertyValue")
    yield version.cotype("Fragmented", "Property", schema=_MAP, alternatives=alternatives)
