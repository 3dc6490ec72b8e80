"""The import: read the source, compare with what is here, and make what differs through our own API.

Nothing is kept between runs but, if wanted, marks of finished devices: what is due is found by comparing, so
an import can be interrupted and repeated at any time.
"""

from collections.abc import Callable, Iterator
from typing import Any

from holdfast.kernel.errors import HoldfastError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.operations.iot_central.assets import AFTER_DEVICES, BEFORE_DEVICES, Kind, Options
from holdfast.operations.iot_central.devices import Fleet
from holdfast.operations.iot_central.model import Action, Api, Asset, Failure, Plan, Step
from holdfast.operations.iot_central.source import Source

KINDS = (*(kind.name for kind in BEFORE_DEVICES), "devices", *(kind.name for kind in AFTER_DEVICES))
"""What can be chosen to be imported."""

NOT_IN_THE_API = "neither they nor views of templates nor telemetry are in the source's API"

_IGNORED = {"attestations": ("info",), "fileUploads": ("connectionString",), "certificates": ("certificate",)}
"""Kind → fields that the answer does not show as they were written."""

Told = Callable[[Asset], None]


def known_roles(target: Api) -> frozenset[str]:
    """The roles that exist here."""
    return frozenset(role["id"] for role in target.get("/api/roles?%24top=100")["value"])


def read_assets(source: Source, options: Options, fleet: Fleet, wanted: frozenset[str]) -> Iterator[Asset]:
    """Every asset of the wanted kinds, in the order in which they are made."""
    yield from _read(source, options, BEFORE_DEVICES, fleet, wanted)
    if "devices" in wanted:
        yield from fleet.read(source)
    yield from _read(source, options, AFTER_DEVICES, fleet, wanted)


def _read(
    source: Source, options: Options, kinds: tuple[Kind, ...], fleet: Fleet, wanted: frozenset[str]
) -> Iterator[Asset]:
    for kind in kinds:
        # The keys of groups say which devices need none of their own, so groups are read for those too.
        for_devices = kind.name == "enrollmentGroups" and "devices" in wanted
        if kind.name not in wanted and not for_devices:
            continue
        for asset in kind.read(source, options):
            if asset.kind == "enrollmentGroups":
                fleet.learn(asset.body)
            if kind.name in wanted:
                yield asset


def make_plan(
    source: Source,
    target: Api,
    options: Options,
    fleet: Fleet,
    wanted: frozenset[str],
    told: Told = lambda _asset: None,
) -> Plan:
    """Everything that is due. `told` hears of each asset that was read."""
    steps: list[Step] = []
    for asset in read_assets(source, options, fleet, wanted):
        told(asset)
        steps.append(_compared(asset, target))
    source.note("rules", "", NOT_IN_THE_API)
    return Plan(steps, source.notes)


def _compared(asset: Asset, target: Api) -> Step:
    if not asset.body:
        return Step(asset, Action.SAME)
    try:
        present = target.get(asset.path)
    except NotFoundError:
        return Step(asset, Action.CREATE)
    if asset.kind == "properties":
        present = _as_written(present)
    different = [
        name
        for name, value in asset.body.items()
        if name not in _IGNORED.get(asset.kind, ()) and not _same(value, present.get(name))
    ]
    return Step(asset, Action.UPDATE, ", ".join(different)) if different else Step(asset, Action.SAME)


def _as_written(present: Any) -> JsonObject:  # any JSON
    """Properties with the values that are asked for in the place of those that are reported."""
    metadata = present.get("$metadata") or {}
    desired = {name: told["desiredValue"] for name, told in metadata.items() if "desiredValue" in told}
    inner = {
        name: _as_written(value)
        for name, value in present.items()
        if isinstance(value, dict) and "$metadata" in value
    }
    return {**present, **inner, **desired}


def _same(wanted: Any, present: Any) -> bool:  # any JSON
    """Whether everything wanted is there; what is there beside it does not count."""
    if isinstance(wanted, dict) and isinstance(present, dict):
        return all(_same(value, present.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(present, list) and len(wanted) == len(present):
        return all(_same(one, other) for one, other in zip(wanted, present, strict=True))
    return bool(wanted == present) or (not wanted and not present)


def apply_plan(plan: Plan, target: Api, done: Callable[[Step], None] = lambda _step: None) -> list[Failure]:
    """Make everything that is due; what is refused is told, and the others go on.

    `done` hears of every step that is as it should be afterwards, of those too that were already.
    """
    failures: list[Failure] = []
    failed: set[str] = set()
    for step in plan.steps:
        asset = step.asset
        try:
            if step.action is not Action.SAME:
                _make(step, target)
        except HoldfastError as error:
            failures.append(Failure(asset.kind, asset.id, str(error)))
            failed.add(asset.id)
        else:
            if asset.id not in failed:
                done(step)
    return failures


def _make(step: Step, target: Api) -> None:
    asset = step.asset
    body = {
        name: value for name, value in asset.body.items() if asset.kind != "certificates" or name != "info"
    }
    if asset.kind == "properties" or (asset.merge and step.action is Action.UPDATE):
        target.patch(asset.path, body)
    else:
        target.put(asset.path, body)
