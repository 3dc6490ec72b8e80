"""What a job does, in words."""

from collections.abc import Iterator

from holdfast.console.addresses import page_of
from holdfast.console.filters import shown
from holdfast.console.tables import Cell
from holdfast.devices.groups import DEVICE_GROUP
from holdfast.devices.jobs.kinds import find_capability
from holdfast.devices.jobs.model import Work, WorkKind, read_job
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.resources.model import Reader, Resource

WORKS = {
    WorkKind.PROPERTY: "Set a property",
    WorkKind.CLOUD_PROPERTY: "Set a cloud property",
    WorkKind.COMMAND: "Call a command",
    WorkKind.MIGRATION: "Migrate to a template",
    WorkKind.MANIFEST_MIGRATION: "Assign a deployment manifest",
}


def told(reader: Reader, job: Resource) -> list[str]:
    """Each piece of work of a job or a scheduled job as a sentence."""
    return [_sentence(reader, work) for work in read_job(job.body).data]


def _sentence(reader: Reader, work: Work) -> str:
    if work.kind is WorkKind.MIGRATION:
        template = TEMPLATES.get(reader, work.target)
        return f"Migrate to the template {template.display_name if template else work.target}"
    if work.kind is WorkKind.MANIFEST_MIGRATION:
        return f"Assign the deployment manifest {work.target}"
    name = next(_named(reader, work), work.path)
    if work.kind is WorkKind.COMMAND:
        return f"Call {name}" + (f" with {shown(work.value)}" if work.value is not None else "")
    return f"Set {name} to {shown(work.value)}" if work.value is not None else f"Remove {name}"


def _named(reader: Reader, work: Work) -> Iterator[str]:
    """What templates call the property or command."""
    for template in TEMPLATES.all(reader):
        if capability := find_capability(template, work):
            yield capability.display_name


def group_of(reader: Reader, job: Resource) -> Cell:
    """The group that a job works on, by its name."""
    group = reader.get(DEVICE_GROUP, str(job.body["group"]))
    if group is None:
        return Cell(job.body["group"])
    return Cell(group.body["displayName"], link=page_of("groups", group.id))
