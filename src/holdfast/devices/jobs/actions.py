"""What a job does to one device: changes that are made, and commands that are called."""

from typing import NamedTuple

from holdfast.devices import properties
from holdfast.devices.commands import Call, call_of, kept, queue
from holdfast.devices.device import DEVICE
from holdfast.devices.jobs.kinds import find_capability
from holdfast.devices.jobs.model import Work, WorkKind
from holdfast.devices.manifests import DEPLOYMENT_MANIFEST, assigned, assignment
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.devices.templates.template import Template
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import ConflictError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject
from holdfast.log.port import DeviceState
from holdfast.resources.model import Action, Change, Reader, Resource


class Actions(NamedTuple):
    """What is due on one device."""

    changes: list[Change]
    """Made in one transaction, together with the record that they were made."""
    calls: list[Call]
    """Commands that the device answers; each at most once."""


def actions_for(
    device: Resource,
    works: tuple[Work, ...],
    reader: Reader,
    state: DeviceState,
    clock: Clock,
    randomness: Randomness,
) -> Actions:
    """What a job's pieces of work mean for a device. ConflictError or InvalidError where one does not fit."""
    template = TEMPLATES.get(reader, str(device.body.get("template") or ""))
    actions = Actions([], [])
    given: JsonObject = {}
    for work in works:
        if work.kind is WorkKind.MIGRATION:
            actions.changes.append(Change(Action.MERGE, DEVICE, device.id, {"template": work.target}))
            template = TEMPLATES.get(reader, work.target)
        elif work.kind is WorkKind.MANIFEST_MIGRATION:
            actions.changes.extend(_deploy(device, work.target, reader, state))
        elif work.kind is WorkKind.COMMAND:
            _call(device, template, work, actions, clock, randomness)
        else:
            _check_fits(device, template, work)
            component, _, name = work.path.rpartition(".")
            section = given.setdefault(component, {}) if component else given
            if isinstance(section, dict):
                section[name] = work.value
    if given:
        subject = properties.Subject(device, state.twin(device.id), template)
        write = properties.plan(subject, given, replace=False, unmodeled=False)
        actions.changes.extend(properties.changes_of(subject, write))
    return actions


def _deploy(device: Resource, manifest_id: str, reader: Reader, state: DeviceState) -> list[Change]:
    manifest = reader.get(DEPLOYMENT_MANIFEST, manifest_id)
    if manifest is None:
        raise ConflictError(f"There is no deployment manifest {manifest_id} any more.")
    return assignment(device, assigned(manifest), lambda module: state.twin(device.id, module))


def _check_fits(device: Resource, template: Template | None, work: Work) -> None:
    if template is None or find_capability(template, work) is None:
        of = f"the template {template.id}" if template else "no template"
        raise ConflictError(f"The device has {of}, which has no {work.path} of {work.target}.")


def _call(
    device: Resource,
    template: Template | None,
    work: Work,
    actions: Actions,
    clock: Clock,
    randomness: Randomness,
) -> None:
    _check_fits(device, template, work)
    component, _, name = work.path.rpartition(".")
    call = call_of(device, template, ("", component, name), {"request": work.value})
    if call.queued:
        actions.changes.append(queue(call, clock, randomness))
        actions.changes.append(kept(call, new_id(clock, randomness), None, None))
    else:
        actions.calls.append(call)
