"""`/api/v1/devices` and `/api/v1/devices/connections` of the sensor's API. Times are epoch milliseconds."""

from collections.abc import Iterable, Mapping

from holdfast.defender.inventory.conversations import Conversation, ConversationKey
from holdfast.defender.inventory.model import Asset, AssetType, Attribute, Name
from holdfast.defender.service.view import DefenderView
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue


def devices(view: DefenderView, authorized: bool | None = None) -> list[JsonValue]:
    """All devices; with `authorized`, those whose authorization is that."""
    return [
        device_json(asset) for asset in view.assets() if authorized is None or asset.authorized is authorized
    ]


def device_json(asset: Asset) -> JsonObject:
    """One device in the fields of version 1."""
    return {
        "id": device_id(asset),
        "ipAddresses": list(asset.ips),
        "name": asset.name,
        "vendor": asset.value(Name.VENDOR) or None,
        "operatingSystem": asset.value(Name.OPERATING_SYSTEM) or None,
        "macAddresses": list(asset.macs),
        "type": asset.type.value,
        "engineeringStation": asset.programming or asset.type is AssetType.ENGINEERING_STATION,
        "authorized": asset.authorized,
        "scanner": asset.scanner,
        "protocols": [
            {"id": number, "name": name, "addresses": list(asset.ips or asset.macs)}
            for number, name in enumerate(sorted(asset.protocols), 1)
        ],
        "firmware": _firmware(asset),
        "hasDynamicAddress": asset.dynamic,
    }


def device_id(asset: Asset) -> int:
    """The number in the asset's id."""
    return int(asset.id.lstrip("a"))


def connections(
    view: DefenderView,
    now: float,
    *,
    device: int | None = None,
    last_active_minutes: int | None = None,
    discovered_before: int | None = None,
    discovered_after: int | None = None,
) -> list[JsonValue]:
    """Who talks to whom, a pair of devices each; moments are epoch milliseconds.

    Raises InvalidError for contradicting moments, NotFoundError for an unknown device.
    """
    if (
        discovered_before is not None
        and discovered_after is not None
        and discovered_before < discovered_after
    ):
        raise InvalidError("discoveredBefore is earlier than discoveredAfter.", "discoveredBefore")
    by_address = {address: asset for asset in view.assets() for address in asset.addresses()}
    if device is not None and device not in {device_id(asset) for asset in by_address.values()}:
        raise NotFoundError(f"There is no device {device}.")
    merged = _merge(view.conversations(), by_address)
    chosen = [
        (pair, conversations)
        for pair, conversations in merged.items()
        if _asked(pair, conversations, now, device, last_active_minutes, discovered_before, discovered_after)
    ]
    return [_connection_json(pair, conversations) for pair, conversations in chosen]


_Pair = tuple[int, int]
_Known = list[tuple[ConversationKey, Conversation]]


def _merge(
    conversations: Iterable[tuple[ConversationKey, Conversation]], by_address: Mapping[str, Asset]
) -> dict[_Pair, _Known]:
    merged: dict[_Pair, _Known] = {}
    for key, conversation in conversations:
        client, server = by_address.get(key.client), by_address.get(key.server)
        if client is not None and server is not None:
            merged.setdefault((device_id(client), device_id(server)), []).append((key, conversation))
    return merged


def _asked(
    pair: _Pair,
    known: _Known,
    now: float,
    device: int | None,
    last_active_minutes: int | None,
    before: int | None,
    after: int | None,
) -> bool:
    first = min(conversation.first for _key, conversation in known)
    last = max(conversation.last for _key, conversation in known)
    return (
        (device is None or device in pair)
        and (last_active_minutes is None or last >= now - last_active_minutes * 60)
        and (before is None or first * 1000 <= before)
        and (after is None or first * 1000 >= after)
    )


def _connection_json(pair: _Pair, known: _Known) -> JsonObject:
    protocols: dict[str, set[str]] = {}
    for key, conversation in known:
        protocols.setdefault(key.protocol or key.transport, set()).update(conversation.commands)
    ports = sorted({key.port for key, _conversation in known if key.port})
    return {
        "firstDeviceId": pair[0],
        "secondDeviceId": pair[1],
        "lastSeen": int(max(conversation.last for _key, conversation in known) * 1000),
        "discovered": int(min(conversation.first for _key, conversation in known) * 1000),
        "ports": list[JsonValue](ports),
        "protocols": [
            {"name": name, "commands": list[JsonValue](sorted(commands))}
            for name, commands in sorted(protocols.items())
        ],
    }


def _firmware(asset: Asset) -> list[JsonValue]:
    """The device's own, then one of each module."""
    own = {name: attributes[0] for name, attributes in asset.attributes.items() if attributes}
    places: list[tuple[int | None, int | None, Mapping[Name, Attribute]]] = []
    if Name.FIRMWARE in own or Name.MODEL in own or Name.SERIAL in own:
        places.append((None, None, own))
    places += [(rack, slot, module) for (rack, slot), module in sorted(asset.modules.items())]
    return [_firmware_json(asset, rack, slot, known) for rack, slot, known in places]


def _firmware_json(
    asset: Asset, rack: int | None, slot: int | None, known: Mapping[Name, Attribute]
) -> JsonObject:
    def value(name: Name) -> str:
        attribute = known.get(name)
        return attribute.value if attribute is not None else ""

    return {
        "address": asset.address,
        "moduleAddress": asset.address if rack is None else f"{asset.address}/{rack}/{slot}",
        "serial": value(Name.SERIAL),
        "model": value(Name.MODEL),
        "firmwareVersion": value(Name.FIRMWARE),
        "additionalData": value(Name.DESCRIPTION),
        "rack": rack,
        "slot": slot,
    }
