"""Taking in assets: found again by their addresses within a zone, and merged from what all sensors see.

In one zone the same IP address is the same asset; one without an IP address is found by its hardware address.
Where an asset turns out to have the addresses of two, the older one stays.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from holdfast.defender.network.merging import continued, edited, merged, search_text
from holdfast.defender.network.rating import rate
from holdfast.defender.network.rows import upsert
from holdfast.defender.network.source import Source
from holdfast.defender.network.tables import addresses, asset_documents, assets, sightings
from holdfast.defender.uplink.documents import AssetDocument
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.json import JsonObject

Said = Callable[[int], JsonObject]
"""What people said of an asset, by its number; empty where nothing was said."""
Linked = Callable[[AssetDocument, str], str]
"""The enrolled device that an asset of an organization is; empty where there is none."""

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AssetDocument).decode


def take_assets(
    connection: Connection, source: Source, documents: Sequence[AssetDocument], said: Said, linked: Linked
) -> None:
    """Keep what a sensor says of assets."""
    touched: dict[int, None] = {}
    for document in documents:
        if document.address:
            touched[_take(connection, source, document)] = None
    renew(connection, touched, said, linked)


def forget_assets(
    connection: Connection, source: Source, gone: Sequence[str], said: Said, linked: Linked
) -> None:
    """A sensor no longer has assets under these addresses."""
    touched: dict[int, None] = {}
    for address in gone:
        key = (sightings.c.sensor == source.sensor) & (sightings.c.address == address)
        number = connection.execute(select(sightings.c.asset).where(key)).scalar()
        if number is not None:
            connection.execute(delete(sightings).where(key))
            touched[number] = None
    renew(connection, touched, said, linked)


def renew(
    connection: Connection, numbers: Iterable[int], said: Said, linked: Linked, *, relink: bool = False
) -> None:
    """Make assets' rows again from their sightings, and rate them; those without any are gone.

    Which device one is, is asked when what tells devices apart has changed, or with `relink`.
    """
    again = list(numbers)
    for number in again:
        _renew(connection, number, said(number), linked, relink)
    rate(connection, again)


def _renew(connection: Connection, number: int, said: JsonObject, linked: Linked, relink: bool) -> None:
    rows = connection.execute(
        select(sightings.c.sensor, sightings.c.document).where(sightings.c.asset == number)
    ).all()
    row = connection.execute(
        select(assets.c.organization, assets.c.device, asset_documents.c.document)
        .outerjoin(asset_documents, asset_documents.c.asset == assets.c.number)
        .where(assets.c.number == number)
    ).first()
    if not rows or row is None:
        remove(connection, number)
        return
    seen = sorted((decode(each.document) for each in rows), key=lambda each: each.first_seen)
    asset = edited(merged(seen), said)
    if "device" in said:
        device = str(said["device"])
    elif relink or row.document is None or _marks(decode(row.document)) != _marks(asset):
        device = linked(asset, row.organization)
    else:
        device = row.device
    asset = msgspec.structs.replace(asset, device=device)
    connection.execute(
        update(assets)
        .where(assets.c.number == number)
        .values(**_columns(asset, said), sensors=" ".join(sorted({each.sensor for each in rows})))
    )
    upsert(connection, asset_documents, [{"asset": number, "document": encode(asset), "risk": b""}])


def remove(connection: Connection, number: int) -> None:
    """Forget an asset."""
    for table in (sightings, addresses, asset_documents):
        connection.execute(delete(table).where(table.c.asset == number))
    connection.execute(delete(assets).where(assets.c.number == number))


def _take(connection: Connection, source: Source, document: AssetDocument) -> int:
    own = document.ip_addresses or document.mac_addresses
    number = _number(connection, source, own)
    upsert(
        connection,
        addresses,
        [
            {"organization": source.organization, "address": each, "asset": number}
            for each in dict.fromkeys(own)
        ],
    )
    key = (sightings.c.sensor == source.sensor) & (sightings.c.address == document.address)
    before = connection.execute(select(sightings.c.document).where(key)).scalar()
    known = document if before is None else continued(decode(before), document)
    row = {
        "sensor": source.sensor,
        "address": document.address,
        "asset": number,
        "document": encode(known),
    }
    upsert(connection, sightings, [row])
    return number


def _number(connection: Connection, source: Source, own: Sequence[str]) -> int:
    """The number of the asset with these addresses, a new one where there is none."""
    mine = (addresses.c.organization == source.organization) & addresses.c.address.in_(own)
    found: list[int] = sorted(set(connection.execute(select(addresses.c.asset).where(mine)).scalars()))
    if not found:
        empty = {
            "name": "",
            "type": "",
            "vendor": "",
            "address": own[0],
            "device": "",
            "search": "",
            "sensors": "",
        }
        made = insert(assets).values(
            organization=source.organization, **empty, first=0.0, last=0.0, authorized=True, important=False,
        )  # fmt: skip
        key = connection.execute(made).inserted_primary_key
        assert key is not None
        number: int = key[0]
        return number
    kept, *others = found
    for other in others:
        for table in (sightings, addresses):
            connection.execute(update(table).where(table.c.asset == other).values(asset=kept))
        connection.execute(delete(asset_documents).where(asset_documents.c.asset == other))
        connection.execute(delete(assets).where(assets.c.number == other))
    return kept


def _marks(asset: AssetDocument) -> tuple[list[str], list[str], str]:
    """What tells devices apart."""
    return asset.ip_addresses, asset.mac_addresses, asset.serial


def _columns(asset: AssetDocument, said: JsonObject) -> dict[str, object]:
    return {
        "name": asset.name,
        "type": asset.type,
        "vendor": asset.vendor,
        "address": asset.address,
        "level": asset.purdue_level,
        "first": parse_isoformat(asset.first_seen),
        "last": parse_isoformat(asset.last_seen),
        "authorized": asset.authorized,
        "important": asset.important,
        "device": asset.device,
        "search": search_text(asset, said),
        "document": b"",
    }
