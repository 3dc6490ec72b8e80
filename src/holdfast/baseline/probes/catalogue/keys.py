"""Keys: who holds the wrapping key decides, and secrets are sealed once more inside the databases."""

import base64
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

import sqlcipher3.dbapi2 as sqlcipher

from holdfast.baseline.probes.context import Drill, Persona, ProbeContext
from holdfast.baseline.probes.devices import VERSION, demand
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.observation import Sight
from holdfast.kernel.json import JsonObject
from holdfast.keys.file import FileProvider, open_key_ring

_KEY_IN_DATA = "keys/provider.key"
_DEVICE = f"/api/devices/canary?{VERSION}"


def revoked_key_locks_data(context: ProbeContext) -> Iterator[Sight]:
    """Take the wrapping key from an instance of its own, give it another, and give the right one back."""
    assert context.scratch is not None  # the probe needs it
    assert context.data is not None  # likewise
    in_force = not (context.data / _KEY_IN_DATA).exists()
    with context.scratch() as drill:
        key = drill.context.key
        assert key is not None  # a drill has one
        canary = f"canary {context.randomness.bytes(12).hex()}"
        stored = ask(drill.context, "PUT", _DEVICE, Persona.KEEPER, {"displayName": canary})
        demand(stored, "the canary")
        drill.stop()
        right = key.read_bytes()
        key.unlink()
        without = _locked(drill, "started without its key", in_force)
        yield without
        if not without.passed:
            return
        _write_key(key, context.randomness.bytes(32).hex().encode())
        yield _locked(drill, "started with another key", in_force)
        _write_key(key, right)
        problem = drill.start()
        found = not problem and canary in ask(drill.context, "GET", _DEVICE, Persona.KEEPER).text
        seen = "it is there" if found else problem or "it is not there"
        yield Sight("started with its key again", "what was stored is there", seen, found)


def _locked(drill: Drill, subject: str, in_force: bool) -> Sight:
    expected = "it does not start, and names the key as the reason"
    problem = drill.start()
    drill.stop()
    good = "key" in problem.lower()
    return Sight(subject, expected, problem or "it starts and serves", good, in_force)


def _write_key(path: Path, content: bytes) -> None:
    path.touch(0o600)
    path.write_bytes(content)


class _Secret(NamedTuple):
    """A secret that was handed to the product, as it might stand in a database."""

    name: str
    spellings: tuple[bytes, ...]


def secrets_sealed(context: ProbeContext) -> Iterator[Sight]:
    """Hand secrets of each sort to an instance of its own, open its databases with its keys, and search."""
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill:
        canary = f"canary {context.randomness.bytes(12).hex()}"
        secrets = _hand_over(drill, canary)
        wanted = [canary.encode(), *(text for secret in secrets for text in secret.spellings)]
        found = _search(drill, wanted)
        if canary.encode() not in found:
            raise RuntimeError("not even what is no secret was found in the opened databases")
        for secret in secrets:
            places = [found[text] for text in secret.spellings if text in found]
            seen = f"in the clear in {places[0]}" if places else "only sealed, or as a digest"
            yield Sight(secret.name, "not in the clear even in the opened databases", seen, not places)


def _hand_over(context: ProbeContext, canary: str) -> tuple[_Secret, ...]:
    """Store a secret of each sort, and something that is none."""

    def put(path: str, body: JsonObject) -> JsonObject:
        return demand(ask(context, "PUT", path, Persona.KEEPER, body), path.partition("?")[0])

    def keys(primary: bytes) -> JsonObject:
        text = base64.b64encode(primary).decode()
        return {"type": "symmetricKey", "symmetricKey": {"primaryKey": text, "secondaryKey": text}}

    device, group, client = (context.randomness.bytes(32) for _ in range(3))
    put(_DEVICE, {"displayName": canary})
    put(f"/api/devices/canary/attestation?{VERSION}", keys(device))
    put(
        f"/api/enrollmentGroups/canary?{VERSION}",
        {"displayName": "canary", "type": "iot", "attestation": keys(group)},
    )
    provider: JsonObject = {
        "displayName": "canary",
        "issuer": "https://login.example",
        "clientId": "canary",
        "clientSecret": client.hex(),
    }
    put("/api/access/identityProviders/canary", provider)
    token = put(f"/api/apiTokens/canary?{VERSION}", {"roles": [{"role": _some_role(context)}]})
    signature = base64.b64decode(parse_qs(str(token["token"]).partition(" ")[2])["sig"][0])
    return (
        _Secret("a device's key", _spellings(device)),
        _Secret("an enrollment group's key", _spellings(group)),
        _Secret("the secret for an identity provider", (client.hex().encode(),)),
        _Secret("an API token", _spellings(signature)),
    )


def _some_role(context: ProbeContext) -> str:
    roles = demand(ask(context, "GET", f"/api/roles?{VERSION}", Persona.KEEPER), "the list of roles")["value"]
    assert isinstance(roles, list)
    assert isinstance(roles[0], dict)
    return str(roles[0]["id"])


def _spellings(secret: bytes) -> tuple[bytes, ...]:
    return secret, secret.hex().encode(), base64.b64encode(secret)


def _search(context: ProbeContext, wanted: list[bytes]) -> dict[bytes, str]:
    """Where each of the wanted texts stands first: database and table."""
    assert context.data is not None  # a drill has one
    assert context.key is not None  # likewise
    provider = FileProvider(context.key, context.randomness)
    ring = open_key_ring(context.data, context.clock, context.randomness, provider)
    names = json.loads((context.data / "keys" / "ring.json").read_bytes())["keys"]
    purposes = [name.removeprefix("data/") for name in names if name.startswith("data/")]
    keys = [ring.data_key(purpose) for purpose in purposes]
    found: dict[bytes, str] = {}
    for path in sorted(context.data.rglob("*.db")):
        for table, cell in _cells(path, keys):
            for text in wanted:
                if text in cell:
                    found.setdefault(text, f"{path.relative_to(context.data)}, {table}")
    return found


def _cells(path: Path, keys: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Every text and value of a database with its table, opened by whichever key opens it."""
    for key in keys:
        with contextlib.closing(sqlcipher.connect(path)) as connection:
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            try:
                schema = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            except sqlcipher.DatabaseError:
                continue
            for (table,) in schema:
                for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - its own name
                    yield from ((table, _as_bytes(cell)) for cell in row)
            return
    raise RuntimeError(f"none of the instance's keys opens {path.name}")


def _as_bytes(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode()
