"""One asset out of what several sensors know of it, and out of what people say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from holdfast.defender.inventory.model import LEVELS, MAXIMUM_ALTERNATIVES, AssetType
from holdfast.defender.uplink.documents import (
    AssetDocument,
    AttributeDocument,
    CandidateDocument,
    FindingDocument,
    ProtocolDocument,
)
from holdfast.kernel.json import JsonObject

T = TypeVar("T")


def merged(sightings: Sequence[AssetDocument]) -> AssetDocument:
    """The asset as all sensors see it together; `sightings` has at least one, the oldest first."""
    newest = max(sightings, key=lambda sighting: sighting.last_seen)
    if len(sightings) == 1:
        return newest
    attributes = {
        name: _attributes([each.attributes.get(name, []) for each in sightings])
        for name in dict.fromkeys(name for each in sightings for name in each.attributes)
    }
    candidates = _candidates(sightings)
    kind = candidates[0].type if candidates else newest.type
    return msgspec.structs.replace(
        newest,
        name=_name(attributes) or newest.name,
        type=kind,
        purdue_level=level_of(kind),
        **{name: _best(attributes, name) for name in _COPIED},
        ip_addresses=_union(each.ip_addresses for each in sightings),
        mac_addresses=_union(each.mac_addresses for each in sightings),
        vlans=sorted(set(_union(each.vlans for each in sightings))),
        protocols=_protocols(sightings),
        modules=max((each.modules for each in sightings), key=len),
        attributes=attributes,
        type_candidates=candidates,
        authorized=all(each.authorized for each in sightings),
        programming=any(each.programming for each in sightings),
        scanner=any(each.scanner for each in sightings),
        important=any(each.important for each in sightings),
        dynamic_address=any(each.dynamic_address for each in sightings),
        findings=_findings(sightings),
        first_seen=min(each.first_seen for each in sightings),
    )


def continued(before: AssetDocument, now: AssetDocument) -> AssetDocument:
    """What a sensor says now with what it knew before: a sensor that was started again begins anew."""
    return merged([before, now]) if before.first_seen < now.first_seen else now


_COPIED = ("vendor", "model", "firmware", "serial", "operating_system", "plc_mode")


def level_of(kind: str) -> float | None:
    """The Purdue level of a type, where it has one."""
    return LEVELS.get(AssetType(kind)) if kind in list(AssetType) else None


def edited(asset: AssetDocument, said: Mapping[str, object]) -> AssetDocument:
    """The asset with what people said of it (see `kinds.AssetEdit`): that wins over what was seen."""
    changes: dict[str, object] = {name: value for name, value in said.items() if name in _EDITABLE}
    if "type" in changes:
        changes["purdue_level"] = level_of(str(changes["type"]))
    return msgspec.structs.replace(asset, **changes) if changes else asset


_EDITABLE = frozenset({"name", "type", "purdue_level", "authorized", "important", "scanner", "programming"})


def search_text(asset: AssetDocument, said: JsonObject) -> str:
    """What a person may type to find it, in lower case."""
    words = [asset.name, asset.type, *(getattr(asset, name) for name in _COPIED)]
    words += [*asset.ip_addresses, *asset.mac_addresses, *(use.name for use in asset.protocols)]
    words += [str(value) for value in said.values() if isinstance(value, str)]
    return " ".join(words).lower()


def _name(attributes: Mapping[str, list[AttributeDocument]]) -> str:
    names = (_best(attributes, name) for name in ("name", "network_name", "host_name"))
    return next((name for name in names if name), "")


def _best(attributes: Mapping[str, list[AttributeDocument]], name: str) -> str:
    known = attributes.get(name)
    return known[0].value if known else ""


def _attributes(known: Sequence[Sequence[AttributeDocument]]) -> list[AttributeDocument]:
    """Best first: the most confident, the newest among equals; each value of a protocol once."""
    ordered = sorted(
        (attribute for attributes in known for attribute in attributes),
        key=lambda attribute: (attribute.confidence, attribute.time),
        reverse=True,
    )
    different = {(attribute.value, attribute.protocol): attribute for attribute in reversed(ordered)}
    return [a for a in ordered if different[a.value, a.protocol] is a][:MAXIMUM_ALTERNATIVES]


def _candidates(sightings: Sequence[AssetDocument]) -> list[CandidateDocument]:
    best: dict[str, CandidateDocument] = {}
    for candidate in (each for sighting in sightings for each in sighting.type_candidates):
        known = best.get(candidate.type)
        if known is None or known.confidence < candidate.confidence:
            best[candidate.type] = candidate
    return sorted(best.values(), key=lambda candidate: -candidate.confidence)


def _protocols(sightings: Sequence[AssetDocument]) -> list[ProtocolDocument]:
    uses: dict[str, ProtocolDocument] = {}
    for use in (each for sighting in sightings for each in sighting.protocols):
        known = uses.get(use.name)
        uses[use.name] = use if known is None else _both(known, use)
    return [uses[name] for name in sorted(uses)]


def _both(one: ProtocolDocument, other: ProtocolDocument) -> ProtocolDocument:
    return ProtocolDocument(
        one.name,
        one.client or other.client,
        one.server or other.server,
        sorted({*one.ports, *other.ports}),
        min(one.first_seen, other.first_seen),
        max(one.last_seen, other.last_seen),
    )


def _findings(sightings: Sequence[AssetDocument]) -> list[FindingDocument]:
    found: dict[tuple[str, str], FindingDocument] = {}
    for finding in (each for sighting in sightings for each in sighting.findings):
        known = found.get((finding.id, finding.detail))
        if known is not None:
            finding = msgspec.structs.replace(
                finding,
                count=max(known.count, finding.count),
                peers=sorted({*known.peers, *finding.peers}),
                first_seen=min(known.first_seen, finding.first_seen),
                last_seen=max(known.last_seen, finding.last_seen),
            )
        found[finding.id, finding.detail] = finding
    return sorted(found.values(), key=lambda finding: (-finding.weight, finding.first_seen))


def _union(lists: Iterable[Sequence[T]]) -> list[T]:
    return list(dict.fromkeys(value for values in lists for value in values))
