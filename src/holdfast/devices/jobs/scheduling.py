"""Makes jobs of scheduled jobs when their moment comes: each run once, however often it is looked."""

from holdfast.access.reading import everything
from holdfast.devices.jobs.kinds import JOB, SCHEDULED_JOB
from holdfast.devices.jobs.model import JobStatus
from holdfast.devices.jobs.schedule import read_schedule
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.port import ChangePath, ResourceStore
from holdfast.resources.query import All, Compare, Operator

_COPIED = ("displayName", "description", "group", "batch", "cancellationThreshold", "data", "creator")


def start_due_jobs(store: ResourceStore, changes: ChangePath, now: float) -> int:
    """Make the jobs that are due; how many."""
    waiting = All((Compare("enabled", Operator.EQUAL, True), Compare("completed", Operator.EQUAL, False)))
    made = 0
    for scheduled in list(everything(store, SCHEDULED_JOB, waiting)):
        schedule = read_schedule(scheduled.body["schedule"])
        done = int(str(scheduled.body.get("occurred", 0)))
        number = schedule.due(done, now)
        if number is None:
            if schedule.moment(done) is None:
                _complete(scheduled, changes)
            continue
        ended = schedule.moment(number + 1) is None
        made += _start(scheduled, number, ended, changes)
    return made


def _start(scheduled: Resource, number: int, ended: bool, changes: ChangePath) -> int:
    """The job and the note that it was made are one transaction."""
    body: JsonObject = {name: scheduled.body[name] for name in _COPIED if scheduled.body.get(name)}
    body |= {"scheduledJobId": scheduled.id, "status": JobStatus.PENDING.value}
    identifier = f"{scheduled.id[:240]}-{number + 1}"
    note: JsonObject = {"occurred": number + 1, "completed": ended}
    principal = _principal(scheduled)
    try:
        changes.apply_all(
            principal,
            [
                Change(Action.MERGE, SCHEDULED_JOB, scheduled.id, note, if_match=scheduled.etag),
                Change(Action.CREATE, JOB, identifier, body, organization=scheduled.organization),
            ],
        )
    except HoldfastError as error:
        # What it works on is gone, or a run of that id exists: the run is left out, and the log says why.
        changes.record(
            principal,
            "scheduledJob.refused",
            resource=scheduled.id,
            outcome="refused",
            detail=f"run {number + 1}: {error}",
        )
        skip = Change(Action.MERGE, SCHEDULED_JOB, scheduled.id, {**note, "enabled": False})
        changes.apply(principal, skip)
        return 0
    return 1


def _complete(scheduled: Resource, changes: ChangePath) -> None:
    done = Change(Action.MERGE, SCHEDULED_JOB, scheduled.id, {"completed": True})
    changes.apply(_principal(scheduled), done)


def _principal(scheduled: Resource) -> Principal:
    creator = scheduled.body.get("creator")
    behind = str(creator.get("id", "")) if isinstance(creator, dict) else ""
    rights = frozenset(
        {
            Permission.JOB_READ,
            Permission.JOB_CREATE,
            Permission.JOB_UPDATE,
            Permission.JOB_EXECUTE,
            Permission.DEVICE_UPDATE,
            Permission.DEVICE_COMMAND,
        }
    )
    return Principal(
        id=f"scheduledJob:{scheduled.id}",
        kind=PrincipalKind.SYSTEM,
        name=f"scheduled job {scheduled.id}",
        grants=(Grant(scheduled.organization, rights, "scheduled job"),),
        on_behalf_of=behind,
    )
