"""What the platform tells a sensor: its setup, custom rules, and what people decided about its alerts."""

import base64
import zlib
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from holdfast.alerts.book import AlertBook
from holdfast.alerts.exclusion import parse_network
from holdfast.alerts.model import Key
from holdfast.defender.catalogue.table import alert_types
from holdfast.defender.dissect.registry import PROTOCOLS
from holdfast.defender.learned.stages import Stage
from holdfast.defender.rules.file import parse_rules
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from holdfast.kernel.errors import HoldfastError, InvalidError

SETUP: Final = "setup"
"""The desired property that holds a `Setup`, packed: a list of texts, because twins bound each text."""
_PART = 4000
_MAXIMUM_PARTS = 7
"""Together below the 32 KB of a twin's section."""
_MAXIMUM_PLAIN = 4 * 1024 * 1024
_DESIRED = "$iothub/twin/PATCH/properties/desired/"
_TWIN = "$iothub/twin/res/200"
_Word = Annotated[str, Meta(max_length=256)]


class InstructionError(InvalidError):
    """What the platform told cannot be followed."""


class Setup(msgspec.Struct, frozen=True):
    """How the sensor is to work."""

    local: list[_Word] = []
    office: list[_Word] = []
    scanners: list[_Word] = []
    enabled: dict[_Word, bool] = {}
    stage: Stage | None = None
    rules: msgspec.Raw = msgspec.Raw(b"[]")


class Decision(msgspec.Struct, frozen=True):
    """What a person decided about an alert."""

    deed: Annotated[str, Meta(pattern="^(closed|learned|unlearned|muted|unmuted)$")]
    alert: _Word
    type: _Word = ""
    source: _Word = ""
    destination: _Word = ""
    learned: list[list[_Word | int]] = []


def pack_setup(setup: Setup) -> list[str]:
    """The value of the desired property. InstructionError when it is too large."""
    text = base64.b64encode(zlib.compress(msgspec.json.encode(setup), 9)).decode()
    parts = [text[at : at + _PART] for at in range(0, len(text), _PART)]
    if len(parts) > _MAXIMUM_PARTS:
        raise InstructionError(
            "The custom rules and the setup are too large for a sensor; write fewer rules."
        )
    return parts


def unpack_setup(parts: list[str]) -> Setup:
    """The setup again. InstructionError."""
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(base64.b64decode("".join(parts), validate=True), _MAXIMUM_PLAIN)
        return msgspec.json.decode(plain, type=Setup)
    except (ValueError, zlib.error) as error:
        raise InstructionError(f"This is no setup of a sensor: {error}.") from None


def is_setup(data: bytes) -> bool:
    """Whether an instruction is the sensor's setup, which holds until there is another."""
    topic, _, payload = data.partition(b"\n")
    return topic.startswith((_DESIRED.encode(), _TWIN.encode())) and f'"{SETUP}"'.encode() in payload


def follow(sensor: Sensor, data: bytes, now: float) -> str:
    """Do what was told (a topic, a line's end, and a payload); what was done, in words.

    Empty for what needs nothing to be done. Raises InstructionError; then nothing was done.
    """
    topic, _, payload = data.partition(b"\n")
    name = topic.decode(errors="replace")
    try:
        if name.startswith(_DESIRED):
            return _set_up(sensor, msgspec.json.decode(payload, type=_Desired).setup, now)
        if name.startswith(_TWIN) and payload:
            return _set_up(sensor, msgspec.json.decode(payload, type=_Twin).desired.setup, now)
        if "/messages/devicebound/" in name:
            return _decide(sensor, msgspec.json.decode(payload, type=Decision), now)
    except (msgspec.DecodeError, UnicodeDecodeError, HoldfastError) as error:
        raise InstructionError(f"The platform told something that cannot be followed: {error}") from None
    return ""


class _Desired(msgspec.Struct, frozen=True):
    setup: list[str] = []


class _Twin(msgspec.Struct, frozen=True):
    desired: _Desired = _Desired()


def _set_up(sensor: Sensor, parts: list[str], now: float) -> str:
    if not parts:
        return ""
    setup = unpack_setup(parts)
    settings = merged(sensor.settings, setup)
    changed = settings != sensor.settings
    if changed:
        sensor.reconfigure(settings)
    if sensor.enter(setup.stage, now):
        return f"the stage is {setup.stage} now"
    return "the platform's setup is in use" if changed else ""


def merged(settings: SensorSettings, setup: Setup) -> SensorSettings:
    """The settings with what the platform says of them. Raises InvalidError."""
    types = alert_types()
    return SensorSettings(
        name=settings.name,
        zone=settings.zone,
        site=settings.site,
        local=tuple(parse_network(text) for text in setup.local),
        office=tuple(parse_network(text) for text in setup.office),
        scanners=frozenset(setup.scanners),
        enabled={name: on for name, on in setup.enabled.items() if name in types},
        thresholds=settings.thresholds,
        exclusions=settings.exclusions,
        rules=parse_rules(bytes(setup.rules), PROTOCOLS),
        indicators=settings.indicators,
    )


def _decide(sensor: Sensor, decision: Decision, now: float) -> str:
    """The alert may be gone, after a restart: what was learned or muted counts nevertheless."""
    key = Key(decision.type, decision.source, decision.destination)
    for entry in decision.learned:
        if decision.deed == "learned" and len(entry) >= 3:
            sensor.learned.learn(tuple(entry))
        elif decision.deed == "unlearned" and len(entry) >= 3:
            sensor.learned.unlearn(tuple(entry))
    if decision.deed == "muted":
        sensor.alerts.silence(key)
    elif decision.deed == "unmuted":
        sensor.alerts.muted.pop(key, None)
    _close(sensor.alerts, decision.alert, now)
    return f"alert {decision.alert} was {decision.deed}"


def _close(alerts: AlertBook, identity: str, now: float) -> None:
    found = next((alert for alert in alerts if alert.id == identity and alert.open), None)
    if found is not None:
        alerts.close(identity, now)
