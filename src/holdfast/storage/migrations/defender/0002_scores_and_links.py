"""Scores of assets and sums of connections, kept so that lists and maps of large networks are quick.

Rows of assets become short: what is known of each gets a table of its own. Scores are made by the worker when
it starts, and sums with what sensors say from now on beside those of what is known already.
"""

import json
from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from holdfast.kernel.clock import parse_isoformat
from holdfast.storage.columns import COUNTER, MOMENT, TEXT

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of `defender.network.rating` and `.links`, and fill what is known already."""
    _documents()
    _scores()
    _open_alerts()
    _links()


def _documents() -> None:
    op.create_table(
        "defender_asset_documents",
        sa.Column("asset", COUNTER, primary_key=True, autoincrement=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("risk", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    names = ("asset", "document", "risk")
    documents = sa.table("defender_asset_documents", *map(sa.column, names))
    assets = sa.table("defender_assets", sa.column("number"), sa.column("document"))
    missing = assets.c.number.not_in(sa.select(documents.c.asset))
    known = sa.select(assets.c.number, assets.c.document, sa.literal(b"", sa.LargeBinary)).where(missing)
    op.get_bind().execute(sa.insert(documents).from_select(names, known))


def _scores() -> None:
    present = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("defender_assets")}
    for column in (
        sa.Column("score", sa.Float, nullable=True),
        sa.Column("weight", sa.Float, nullable=False, server_default="1"),
        sa.Column("alarm", sa.Integer, nullable=False, server_default="0"),
    ):
        if column.name not in present:
            op.add_column("defender_assets", column)
    op.create_index("ix_defender_assets_score", "defender_assets", ["score"], if_not_exists=True)


def _open_alerts() -> None:
    op.create_table(
        "defender_open_alerts",
        sa.Column("alert", TEXT, primary_key=True),
        sa.Column("address", TEXT, primary_key=True),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    party = ["organization", "address"]
    op.create_index("ix_defender_open_alerts_party", "defender_open_alerts", party, if_not_exists=True)


def _links() -> None:
    op.create_table(
        "defender_links",
        sa.Column("organization", TEXT, primary_key=True),
        sa.Column("client", TEXT, primary_key=True),
        sa.Column("server", TEXT, primary_key=True),
        sa.Column("octets", sa.BigInteger, nullable=False),
        sa.Column("last", MOMENT, nullable=False),
        sa.Column("protocols", TEXT, nullable=False),
        sa.Column("commands", TEXT, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_defender_links_last", "defender_links", ["last"], if_not_exists=True)
    names = ("organization", "client", "server", "octets", "last", "protocols", "commands")
    links = sa.table("defender_links", *map(sa.column, names))
    if op.get_bind().execute(sa.select(links.c.client).limit(1)).first() is None:
        op.bulk_insert(links, list(_sums()))


def _sums() -> Iterator[dict[str, object]]:
    connections = sa.table("defender_connections", sa.column("organization"), sa.column("document"))
    known: dict[tuple[str, str, str], list[dict[str, object]]] = defaultdict(list)
    for organization, content in op.get_bind().execute(sa.select(connections)):
        try:
            document = json.loads(bytes(content))
        except ValueError:
            continue  # what cannot be read cannot be drawn either
        known[organization, document["client"], document["server"]].append(document)
    for (organization, client, server), documents in known.items():
        yield {"organization": organization, "client": client, "server": server, **_sum(documents)}


def _sum(documents: list[dict[str, object]]) -> dict[str, object]:
    protocols = {str(each["protocol"] or each["transport"]) for each in documents}
    commands = {str(command) for each in documents for command in _list(each["commands"])}
    sides = ("client_octets", "server_octets")
    return {
        "octets": sum(int(str(each[side])) for each in documents for side in sides),
        "last": max(parse_isoformat(str(each["last_seen"])) for each in documents),
        "protocols": json.dumps(sorted(protocols)),
        "commands": json.dumps(sorted(commands)[:100]),
    }


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
