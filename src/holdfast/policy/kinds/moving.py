"""Scopes and resource ids name places: they follow an organization that moves."""

from dataclasses import replace

from holdfast.kernel.json import JsonValue
from holdfast.kernel.organizations import Move
from holdfast.policy.types.documents import scope_of
from holdfast.resources.model import Reader, Resource


def relocated(resource: Resource, move: Move, _reader: Reader) -> Resource:
    """An assignment, exemption or attestation with its scopes and ids as they are after a move."""
    body = _moved(resource.body, scope_of(move.before), scope_of(move.after))
    assert isinstance(body, dict)
    return replace(resource, body=body)


def _moved(value: JsonValue, before: str, after: str) -> JsonValue:
    match value:
        case str() if f"{value.lower()}/".startswith(f"{before.lower()}/"):
            return after + value[len(before) :]
        case list():
            return [_moved(each, before, after) for each in value]
        case dict():
            return {name: _moved(each, before, after) for name, each in value.items()}
        case _:
            return value
