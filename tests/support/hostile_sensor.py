"""A sensor in hostile hands: each text of each document that it can tell is hostile, new fields too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from msgspec import convert, inspect

from holdfast.api.client import Remote
from holdfast.defender.uplink.connection import UplinkThread
from holdfast.defender.uplink.documents import AlertDocument
from holdfast.defender.uplink.enrollment import identity_from, make_request
from holdfast.defender.uplink.messages import Gone, Message, packed
from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import SensorState
from holdfast.kernel.clock import SystemClock, SystemRandomness, isoformat
from tests.support.hostile import HOSTILE, capture
from tests.support.waiting import until

NAME = "suspect"
MOMENT_LENGTH = 32
"""Texts that are no longer than this are moments."""
LAST_ALERT = f"{len(HOSTILE) - 1:026x}"
"""Id of the alert about the last of the hostile texts."""
JUDGED: dict[type, dict[str, str]] = {
    AlertDocument: {"type": "controller-stop", "severity": "high", "status": "new", "resolution": ""}
}
"""Words that the platform looks up; an alert with others is refused."""


def messages() -> Iterator[Message]:
    """A message of every kind for each hostile text, which stands in every field."""
    for number, text in enumerate(HOSTILE):
        for kind in sorted(get_args(Message), key=lambda kind: kind is not Gone):
            yield convert(_filled(inspect.type_info(kind), text, number), kind)


def _filled(info: inspect.Type, text: str, number: int) -> object:
    match info:
        case inspect.StructType(cls=cls, fields=fields):
            own = {each.name: _filled(each.type, text, number) for each in fields}
            own |= JUDGED.get(cls, {})
            return {**own, info.tag_field: info.tag} if info.tag_field else own
        case inspect.ListType(item_type=item):
            return [_filled(item, text, number)]
        case inspect.DictType(key_type=key, value_type=value):
            return {_filled(key, text, number): _filled(value, text, number)}
        case inspect.UnionType(types=types):
            return _filled(types[number % len(types)], text, number)
        case inspect.StrType():
            return _text(info, text, number)
        case inspect.IntType(ge=least) | inspect.FloatType(ge=least):
            return least or 0
        case inspect.BoolType():
            return False
        case inspect.BytesType():
            return capture()
        case inspect.NoneType():
            return None
    raise TypeError(f"no hostile value for {info}")


def _text(info: inspect.StrType, text: str, number: int) -> str:
    if info.pattern:
        return f"{number:026x}"
    if info.max_length == MOMENT_LENGTH:
        return isoformat(SystemClock().now())
    return text[: info.max_length]


def report(remote: Remote, folder: Path) -> None:
    """Enroll the sensor, tell everything, and wait until the platform has it."""
    made = make_request(NAME)
    body = {"certificateRequest": made.request, "displayName": HOSTILE[0]}
    answer = remote.post(f"/api/defender/sensors/{NAME}/enroll", body)
    state = SensorState(folder, SystemClock(), SystemRandomness())
    state.enroll(identity_from(answer, made.key))
    spool = Spool(state)
    spool.append(packed(messages()))
    uplink = UplinkThread(state, spool, SystemClock(), SystemRandomness(), lambda _news: None)
    uplink.start()
    until(lambda: spool.octets == 0)
    uplink.stop()
    state.close()

    def alarms() -> Any:  # any JSON
        return remote.get(f"/api/defender/alerts?sensor={NAME}")["value"]

    until(lambda: sum(bool(alarm["packets"]) for alarm in alarms()) == len(HOSTILE))
    assert remote.get(f"/api/defender/sensors/{NAME}")["refusedMessages"] == 0
