"""Our records beside what Suricata's own tests expect in its events: every check about a protocol that both
read must find as many of our records as it finds events.

Checks about signatures are Suricata's rules and none of ours; `docs/dissectors.md` says what else is left
out.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from holdfast.defender.record import Role
from tests.defender.dissect.expected import Seen, dissected
from tests.defender.dissect.feeding import Exchange, Message, dissector, feed
from tests.support.shared import SHARED_DATA

FOLDER = SHARED_DATA / "captures" / "suricata-verify"
Value = Callable[[Seen], object]
Event = dict[str, Any]  # Any: what YAML holds
_PART = re.compile(r"(\w+)(?:\[(\d+)\])?")


def field(name: str) -> Value:
    """A field under our name; None where the record has none."""
    return lambda seen: seen.fields.get(name)


def nested(seen: Seen, path: str) -> object:
    """What stands at `objects[0].points[1].index`; a header without a range has 0 to 0 there."""
    value: object = seen.fields
    for depth, (name, number) in enumerate(_PART.findall(path)):
        name = _OF_OBJECTS.get(name, name) if depth == 1 else name
        value = value.get(name) if isinstance(value, Mapping) else None
        if number:
            value = value[int(number)] if isinstance(value, list) and len(value) > int(number) else None
        elif value is None and name.startswith("range_"):
            value = 0
    return value


_OF_OBJECTS = {"count": "object_count", "start": "range_low", "stop": "range_high"}
_DNP3_TYPES = {Role.REQUEST: "request", Role.RESPONSE: "response", Role.FAILURE: "response"}


def _dnp3_type(seen: Seen) -> object:
    return "unsolicited_response" if seen.kind == "UNSOLICITED_RESPONSE" else _DNP3_TYPES.get(seen.role)


def _given(name: str) -> Value:
    return lambda seen: seen.fields.get(name) is not None


def _first_indicator(seen: Seen) -> object:
    return next(iter(seen.fields.get("indicators", ())), None)


VALUES: dict[str, Value] = {
    "dnp3.type": _dnp3_type,
    "dnp3.src": field("src"),
    "dnp3.dst": field("dst"),
    "dnp3.iin.indicators[0]": _first_indicator,
    "dnp3.application.complete": lambda seen: "malformed" not in seen.fields,
    "dnp3.application.function_code": field("function_number"),
    "dnp3.control.function_code": field("link_function_code"),
    **{f"dnp3.control.{name}": field(name) for name in ("dir", "fcb", "fcv", "pri")},
    **{f"dnp3.application.control.{name}": field(name) for name in ("con", "fin", "fir", "uns", "sequence")},
    "modbus.id": lambda _seen: None,
    "modbus.request.function_code": lambda seen: {"RdCoils": seen.kind == "READ_COILS"},
    "mqtt.connect.protocol_string": field("proto_name"),
    "mqtt.connect.protocol_version": lambda seen: {"3.1": 3, "3.1.1": 4, "5.0": 5}.get(
        seen.fields.get("proto_version", "")
    ),
    "mqtt.connect.flags.username": _given("username"),
    "mqtt.connect.flags.password": _given("password"),
    "mqtt.connect.flags.will": _given("will_topic"),
    "mqtt.connect.flags.will_retain": lambda seen: bool(seen.fields.get("will_retain")),
    "mqtt.connect.flags.clean_session": field("clean_session"),
    "mqtt.publish.message": field("payload"),
}
"""By Suricata's name of a value: ours."""
_MQTT_KIND = re.compile(r"mqtt\.(connect|connack|publish|disconnect)\.(\w+)$")
_PROTOCOLS = frozenset({"dnp3", "mqtt"})


def value_of(seen: Seen, name: str) -> object:
    """The value of a record under Suricata's name."""
    known = VALUES.get(name)
    if known is not None:
        return known(seen)
    message = _MQTT_KIND.match(name)
    if message is not None:
        return seen.fields.get(message[2]) if seen.kind.lower() == message[1] else None
    return nested(seen, name.removeprefix("dnp3.application."))


def matches(seen: Seen, wanted: Event) -> bool:
    """Whether a record is the event that a check describes."""
    ends = {"src_ip": seen.client, "dest_ip": seen.server}
    for name, value in wanted.items():
        if name in ends and ends[name].ip != value:
            return False
        if "." not in name:
            continue
        if name.startswith("mqtt.") and seen.kind.lower() != name.split(".")[1]:
            return False
        if value_of(seen, name) != value:
            return False
    return True


def checks() -> Iterator[tuple[str, Path, int, Event]]:
    """Every check about records: its name, the capture, how many events there are, and what they hold."""
    for document in sorted(FOLDER.rglob("test.yaml")):
        captures = list(document.parent.glob("*.pcap"))
        content = yaml.safe_load(document.read_text())
        for number, check in enumerate(content["checks"]):
            filtered = check.get("filter", {})
            event = filtered.get("match", {})
            if captures and event.get("event_type") in _PROTOCOLS:
                yield f"{document.parent.name} {number}", captures[0], filtered["count"], event


DIFFERENCES = {
    "dnp3-eve 0": (55, 73),  # segments of the transport layer and link messages are records too
    **dict.fromkeys(("dnp3-eve 5", "dnp3-eve 47", "dnp3-eve 51", "dnp3-eve 54", "dnp3-eve 55"), (1, 2)),
    **dict.fromkeys(("dnp3-eve 28", "dnp3-eve 31", "dnp3-eve 34", "dnp3-eve 35"), (1, 0)),
}
"""By check: how many events there are, and how many of our records match. Events that look alike differ in
their packets alone; as `state` of a binary change Suricata shows the whole octet of its flags."""


def test_our_records_are_suricatas_events() -> None:
    known: dict[Path, list[Seen]] = {}
    differing = {}
    for name, capture, count, event in checks():
        if capture not in known:
            known[capture] = dissected(capture)
        of_protocol = [seen for seen in known[capture] if seen.protocol == event["event_type"]]
        found = sum(matches(seen, event) for seen in of_protocol)
        if found != count:
            differing[name] = (count, found)
    assert differing == (DIFFERENCES if known else {})


def test_modbus_functions_are_counted_as_suricata_counts_them() -> None:
    capture = FOLDER / "modbus" / "modbus.pcap"
    seen = dissected(capture) if capture.exists() else []
    reads = [each for each in seen if each.kind == "READ_COILS" and each.role is Role.REQUEST]
    assert len(reads) == (2 if seen else 0)


def test_an_event_is_told_from_others() -> None:
    said = (Message(True, b"\x30\x05\0\1ahi"),)
    (record,) = feed(dissector(Exchange("mqtt", "tcp", said)), "tcp", said)
    event = {
        "event_type": "mqtt",
        "mqtt.publish.topic": "a",
        "mqtt.publish.message": "hi",
        "src_ip": "10.0.0.1",
    }
    assert matches(Seen(record), event)
    assert not matches(Seen(record), {**event, "mqtt.publish.topic": "b"})
    assert not matches(Seen(record), {**event, "src_ip": "10.0.0.2"})
    assert not matches(Seen(record), {"event_type": "mqtt", "mqtt.connect.qos": 0})
