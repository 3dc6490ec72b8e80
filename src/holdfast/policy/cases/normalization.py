"""Cases of alias normalization: documents to flat form and back, by the aliases that the suite gives."""

from collections.abc import Iterator, Mapping

from holdfast.policy.language.aliases.catalog import Catalog, load_catalog
from holdfast.policy.language.aliases.denormalize import denormalize
from holdfast.policy.language.aliases.model import TypeAliases
from holdfast.policy.language.aliases.normalize import normalize, resource_type_of
from holdfast.policy.language.errors import PolicyLanguageError
from holdfast.policy.language.values import same


def run(settings: Mapping[str, object], case: Mapping[str, object]) -> str:
    """Run one case; what went wrong, empty when nothing did."""
    try:
        return "; ".join(_differences(_aliases(settings, case), case))
    except PolicyLanguageError as error:
        return f"failed: {error}"


def _catalog(settings: Mapping[str, object], case: Mapping[str, object]) -> Catalog:
    own = [source for key in ("aliases_json", "data_manifest_json") if (source := case.get(key))]
    sources = own or [settings[key] for key in ("aliases_json", "data_manifest_json") if settings.get(key)]
    return Catalog().extended(*(load_catalog(str(source)) for source in sources))


def _aliases(settings: Mapping[str, object], case: Mapping[str, object]) -> TypeAliases | None:
    kind = str(case.get("resource_type") or resource_type_of(case.get("input")))
    known = _catalog(settings, case).of(kind)
    arrays = case.get("sub_resource_arrays")
    if isinstance(arrays, list):
        return TypeAliases(
            kind, known.aliases if known else {}, frozenset(str(each).lower() for each in arrays)
        )
    return known


def _differences(aliases: TypeAliases | None, case: Mapping[str, object]) -> Iterator[str]:
    given = case.get("input")
    version = str(case["api_version"]) if case.get("api_version") else None
    flat = normalize(given, aliases, version)
    full = denormalize(given, aliases, version)
    envelope = {
        "resource": flat,
        "context": case.get("context") or {},
        "parameters": case.get("parameters") or {},
    }
    yield from _difference(case, "expected_normalized", flat)
    yield from _difference(case, "expected_denormalized", full)
    yield from _difference(case, "expected_envelope", envelope)
    if case.get("round_trip"):
        back = denormalize(flat, aliases, version)
        yield from _difference(case, "expected_round_trip", back, given)
    if case.get("reverse_round_trip"):
        back = normalize(full, aliases, version)
        yield from _difference(case, "expected_reverse_round_trip", back, given)


def _difference(
    case: Mapping[str, object], key: str, found: object, otherwise: object = None
) -> Iterator[str]:
    if key not in case and otherwise is None:
        return
    wanted = case.get(key, otherwise)
    if not same(found, wanted):
        yield f"{key}: wanted {wanted!r}, got {found!r}"
