"""Jobs: every device once, however often the engine is killed."""

import collections
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from holdfast.devices.commands import DEVICE_COMMAND
from holdfast.devices.groups import DEVICE_GROUP
from holdfast.devices.jobs.engine import JobEngine
from holdfast.devices.jobs.kinds import JOB, JOB_DEVICE, SCHEDULED_JOB
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.resources.events import AuditFeed
from holdfast.resources.model import Action, Applied, Change, Resource
from holdfast.resources.query import Query
from tests.devices.fleet import Fleet, open_fleet
from tests.devices.templates.samples import PUMP_TEMPLATE, TEMPLATE_ID

SET_TARGET: JsonObject = {"type": "property", "target": TEMPLATE_ID, "path": "target", "value": 15}
FLUSH: JsonObject = {"type": "command", "target": TEMPLATE_ID, "path": "motor.stop"}
DEVICES = 7


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with open_fleet(tmp_path) as fleet:
        fleet.template()
        for number in range(DEVICES):
            fleet.device(f"p{number}")
        body: JsonObject = {"displayName": "All", "filter": "SELECT * FROM devices"}
        fleet.world.put(DEVICE_GROUP, "all", body)
        yield fleet


def engine_of(fleet: Fleet, changes: object = None) -> JobEngine:
    world = fleet.world
    return JobEngine(
        world.store,
        changes or world.changes,  # type: ignore[arg-type]  # a change path that dies
        fleet.state,
        fleet.pumps,
        world.clock,
        world.randomness,
    )


def make(fleet: Fleet, *data: JsonValue, name: str = "job", **more: JsonValue) -> None:
    fleet.world.put(JOB, name, {"group": "all", "data": list(data), **more})


async def finish(fleet: Fleet, name: str = "job", engine: JobEngine | None = None) -> Resource:
    """Run until the job has ended."""
    engine = engine or engine_of(fleet)
    await engine.recover()
    for _ in range(60):
        await engine.step()
        job = fleet.world.store.get(JOB, name)
        assert job is not None
        if job.body["status"] not in {"pending", "running"}:
            return job
    raise AssertionError("the job does not end")


def statuses(fleet: Fleet, name: str = "job") -> dict[str, str]:
    rows = fleet.world.store.find(Query(JOB_DEVICE, (ROOT,), limit=100)).items
    return {str(row.body["device"]): str(row.body["status"]) for row in rows if row.body["job"] == name}


def events(fleet: Fleet, name: str) -> collections.Counter[str]:
    """How often each resource had an event."""
    feed = AuditFeed(fleet.world.database, fleet.world.clock)
    return collections.Counter(event.resource for event in feed.read(0, 5000) if event.name == name)


async def test_a_property_job_asks_every_device_once(fleet: Fleet) -> None:
    make(fleet, SET_TARGET, batch={"type": "number", "value": 2})
    job = await finish(fleet)
    assert (job.body["status"], job.body["progress"]) == (
        "complete",
        {"total": 7, "pending": 0, "completed": 7, "failed": 0},
    )
    asked = events(fleet, "device.desired-patched")
    assert asked == {f"p{number}": 1 for number in range(DEVICES)}
    assert job.body["end"]


async def test_cloud_properties_and_migration_go_together(fleet: Fleet) -> None:
    model = PUMP_TEMPLATE["capabilityModel"]
    assert isinstance(model, dict)
    newer = PUMP_TEMPLATE | {"capabilityModel": model | {"@id": "dtmi:plant:Pump;2"}}
    fleet.template("dtmi:plant:pumpTemplate;2", newer)
    make(
        fleet,
        {"type": "DeviceTemplateMigrationJobData", "template": "dtmi:plant:pumpTemplate;2"},
        {"type": "cloudProperty", "target": "dtmi:plant:Pump;2", "path": "owner", "value": "ann"},
    )
    assert (await finish(fleet)).body["status"] == "complete"
    device = fleet.subject("p3").device.body
    assert (device["template"], device["cloud"]) == ("dtmi:plant:pumpTemplate;2", {"owner": "ann"})


class KilledError(BaseException):
    """The process is gone: nothing inside may catch it."""


class DyingChanges:
    """A change path whose process dies after so many transactions."""

    def __init__(self, fleet: Fleet, transactions: int) -> None:
        self._changes = fleet.world.changes
        self.left = transactions

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KilledError

    def apply(self, principal: Principal, change: Change) -> Applied:
        self._count()
        return self._changes.apply(principal, change)

    def apply_all(self, principal: Principal, changes: Sequence[Change]) -> tuple[Applied, ...]:
        self._count()
        return self._changes.apply_all(principal, changes)


@pytest.mark.parametrize("transactions", range(0, 14, 2))
async def test_a_killed_engine_is_continued_and_no_device_is_asked_twice(
    fleet: Fleet, transactions: int
) -> None:
    make(fleet, SET_TARGET, batch={"type": "number", "value": 3})
    dying = engine_of(fleet, DyingChanges(fleet, transactions))
    with pytest.raises(KilledError):
        await finish(fleet, engine=dying)
    job = await finish(fleet)
    assert job.body["status"] == "complete"
    assert events(fleet, "device.desired-patched") == {f"p{number}": 1 for number in range(DEVICES)}


async def test_commands_are_called_and_kept(fleet: Fleet) -> None:
    fleet.pumps.connected = {f"p{number}" for number in range(DEVICES - 1)}
    make(fleet, FLUSH)
    job = await finish(fleet)
    assert job.body["status"] == "complete"
    assert sorted(fleet.pumps.called) == [(f"p{number}", "motor*stop", None) for number in range(DEVICES - 1)]
    assert statuses(fleet)["p6"] == "failed"
    assert len(events(fleet, "deviceCommand.created")) == DEVICES - 1


async def test_a_command_that_was_under_way_at_a_crash_is_not_sent_again(fleet: Fleet) -> None:
    fleet.pumps.connected = {f"p{number}" for number in range(DEVICES)}
    make(fleet, FLUSH)

    def dies(_device: str) -> JsonObject:
        raise KilledError

    working, fleet.pumps.answer = fleet.pumps.answer, dies
    with pytest.raises(KilledError):
        await finish(fleet)
    once = len(fleet.pumps.called)
    fleet.pumps.answer = working
    await finish(fleet)
    calls = collections.Counter(device for device, _, _ in fleet.pumps.called)
    assert once >= 1
    assert set(calls.values()) == {1}
    assert list(statuses(fleet).values()).count("failed") >= once


async def test_a_refusing_device_fails_alone(fleet: Fleet) -> None:
    fleet.pumps.connected = {f"p{number}" for number in range(DEVICES)}
    fleet.pumps.answer = lambda device: {"status": 500 if device == "p2" else 200, "payload": None}
    make(fleet, FLUSH)
    await finish(fleet)
    assert [device for device, status in statuses(fleet).items() if status == "failed"] == ["p2"]


async def test_queued_commands_wait_as_messages(fleet: Fleet) -> None:
    make(fleet, {"type": "command", "target": TEMPLATE_ID, "path": "flush", "value": 5})
    assert (await finish(fleet)).body["status"] == "complete"
    assert fleet.pumps.called == []
    assert len(events(fleet, "device.message-queued")) == DEVICES


async def test_too_many_failures_cancel_the_job(fleet: Fleet) -> None:
    threshold: JsonObject = {"type": "number", "value": 2, "batch": False}
    make(fleet, FLUSH, cancellationThreshold=threshold, batch={"type": "number", "value": 1})
    job = await finish(fleet)
    assert (job.body["status"], job.body["progress"]) == (
        "cancelled",
        {"total": 7, "pending": 5, "completed": 0, "failed": 2},
    )


async def test_failures_can_count_for_each_batch(fleet: Fleet) -> None:
    fleet.pumps.connected = {"p0", "p2", "p4", "p6"}
    threshold: JsonObject = {"type": "percentage", "value": 100, "batch": True}
    make(fleet, FLUSH, cancellationThreshold=threshold, batch={"type": "number", "value": 2})
    assert (await finish(fleet)).body["status"] == "complete"


async def test_a_job_that_fails_everywhere_has_failed(fleet: Fleet) -> None:
    make(fleet, FLUSH)
    assert (await finish(fleet)).body["status"] == "failed"


async def test_a_stopped_job_can_be_resumed(fleet: Fleet) -> None:
    make(fleet, SET_TARGET, batch={"type": "number", "value": 2})
    engine = engine_of(fleet)
    for _ in range(3):
        await engine.step()
    fleet.world.change(Action.MERGE, JOB, "job", {"status": "stopped"})
    done = len(events(fleet, "device.desired-patched"))
    await engine.step()
    assert 0 < len(events(fleet, "device.desired-patched")) == done < DEVICES
    fleet.world.change(Action.MERGE, JOB, "job", {"status": "pending"})
    await finish(fleet)
    assert set(events(fleet, "device.desired-patched").values()) == {1}


async def test_a_rerun_takes_the_devices_that_failed(fleet: Fleet) -> None:
    fleet.pumps.connected = {"p0", "p1"}
    make(fleet, FLUSH)
    await finish(fleet)
    fleet.pumps.connected = {f"p{number}" for number in range(DEVICES)}
    make(fleet, FLUSH, name="again", rerunOf="job")
    await finish(fleet, "again")
    assert set(statuses(fleet, "again")) == {f"p{number}" for number in range(2, DEVICES)}


async def test_a_group_that_is_gone_fails_the_job_with_the_reason(fleet: Fleet) -> None:
    make(fleet, SET_TARGET)
    fleet.world.change(Action.DELETE, DEVICE_GROUP, "all")
    job = await finish(fleet)
    assert job.body["status"] == "failed"
    assert "all is gone" in str(job.body["reason"])


async def test_five_jobs_run_at_once_and_the_others_wait(fleet: Fleet) -> None:
    for number in range(7):
        make(fleet, SET_TARGET, name=f"job{number}")
    await engine_of(fleet).step()
    found = fleet.world.store.find(Query(JOB, (ROOT,))).items
    assert [job.body["status"] for job in found].count("running") == 5


async def test_ended_jobs_are_forgotten_after_a_month(fleet: Fleet) -> None:
    make(fleet, SET_TARGET)
    await finish(fleet)
    fleet.world.clock.advance(31 * 86_400)
    await engine_of(fleet).step()
    assert fleet.world.store.get(JOB, "job") is None
    assert statuses(fleet) == {}


async def test_calls_of_commands_are_forgotten_after_a_month(fleet: Fleet) -> None:
    def call(identifier: str) -> None:
        body: JsonObject = {"key": "p1///stop", "device": "p1"}
        fleet.world.put(DEVICE_COMMAND, identifier, body)

    call("old")
    fleet.world.clock.advance(29 * 86_400)
    call("new")
    await engine_of(fleet).step()
    assert fleet.world.store.get(DEVICE_COMMAND, "old") is not None
    fleet.world.clock.advance(2 * 86_400)
    await engine_of(fleet).step()
    assert fleet.world.store.get(DEVICE_COMMAND, "old") is None
    assert fleet.world.store.get(DEVICE_COMMAND, "new") is not None


async def test_a_scheduled_job_makes_each_of_its_jobs_once(fleet: Fleet) -> None:
    start = isoformat(fleet.world.clock.now() + 10)
    schedule: JsonObject = {
        "start": start,
        "recurrence": "daily",
        "end": {"type": "occurrences", "occurrences": 2},
    }
    body: JsonObject = {"group": "all", "data": [SET_TARGET], "schedule": schedule}
    fleet.world.put(SCHEDULED_JOB, "nightly", body)
    await engine_of(fleet).step()
    assert fleet.world.store.get(JOB, "nightly-1") is None
    for _ in range(3):
        fleet.world.clock.advance(86_400)
        for _ in range(3):
            await engine_of(fleet).step()
    jobs = fleet.world.store.find(Query(JOB, (ROOT,))).items
    scheduled = fleet.world.store.get(SCHEDULED_JOB, "nightly")
    assert [job.id for job in jobs] == ["nightly-1", "nightly-2"]
    assert scheduled is not None
    assert scheduled.body["completed"] is True


async def test_a_scheduled_job_without_its_group_is_switched_off(fleet: Fleet) -> None:
    body: JsonObject = {
        "group": "all",
        "data": [SET_TARGET],
        "schedule": {"start": isoformat(fleet.world.clock.now()), "recurrence": "daily"},
    }
    fleet.world.put(SCHEDULED_JOB, "nightly", body)
    fleet.world.change(Action.DELETE, DEVICE_GROUP, "all")
    await engine_of(fleet).step()
    scheduled = fleet.world.store.get(SCHEDULED_JOB, "nightly")
    assert scheduled is not None
    assert (scheduled.body["enabled"], scheduled.body["occurred"]) == (False, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"data": [SET_TARGET]}, "/group"),
        ({"group": "none", "data": [SET_TARGET]}, "/group"),
        ({"group": "all", "data": []}, "/data"),
        ({"group": "all", "data": [{"type": "dance"}]}, "/data/0/type"),
        ({"group": "all", "data": [SET_TARGET | {"path": "nothing"}]}, "/data/0/path"),
        ({"group": "all", "data": [SET_TARGET | {"path": "serial"}]}, "/data/0/path"),
        ({"group": "all", "data": [SET_TARGET | {"value": "much"}]}, "/data/0/value"),
        ({"group": "all", "data": [SET_TARGET | {"target": ""}]}, "/data/0/target"),
        (
            {"group": "all", "data": [{"type": "deviceTemplateMigration", "template": "dtmi:a;1"}]},
            "/data/0/template",
        ),
        ({"group": "all", "data": [SET_TARGET], "batch": {"type": "number", "value": 0}}, "/batch/value"),
        (
            {"group": "all", "data": [SET_TARGET], "batch": {"type": "percentage", "value": 101}},
            "/batch/value",
        ),
        ({"group": "all", "data": [SET_TARGET], "colour": "red"}, "/colour"),
    ],
)
def test_bad_jobs_are_refused(fleet: Fleet, body: JsonObject, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        fleet.world.put(JOB, "job", body)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("written", "meant"), [("15", 15), ("12.5", 12.5), ("1e1", 10.0), (" 15 ", 15), (15, 15)]
)
def test_a_number_may_be_written_as_text_as_in_the_hosted_services_examples(
    fleet: Fleet, written: JsonValue, meant: JsonValue
) -> None:
    make(fleet, {**SET_TARGET, "value": written})
    job = fleet.world.store.get(JOB, "job")
    assert job is not None
    assert job.body["data"] == [{**SET_TARGET, "value": meant}]


@pytest.mark.parametrize("value", ["", "warm", "NaN", "true", "[15]", "15 16", "1e999"])
def test_a_text_that_is_no_such_number_is_refused(fleet: Fleet, value: str) -> None:
    with pytest.raises(InvalidError) as refused:
        make(fleet, {**SET_TARGET, "value": value})
    assert refused.value.field == "/data/0/value"


def test_what_a_job_does_cannot_be_changed(fleet: Fleet) -> None:
    make(fleet, SET_TARGET)
    with pytest.raises(ConflictError, match="cannot be changed"):
        make(fleet, SET_TARGET | {"value": 3})
    with pytest.raises(ConflictError, match="stop it first"):
        fleet.world.change(Action.DELETE, JOB, "job")


def test_nobody_has_a_job_do_what_they_may_not_do(fleet: Fleet) -> None:
    rights = frozenset({Permission.JOB_CREATE, Permission.JOB_EXECUTE, Permission.DEVICE_UPDATE})
    person = Principal("ann", PrincipalKind.USER, "Ann", (Grant(ROOT, rights),))
    body: JsonObject = {"group": "all", "data": [SET_TARGET]}
    fleet.world.put(JOB, "allowed", body, person)
    with pytest.raises(ForbiddenError, match="device:command"):
        fleet.world.put(JOB, "refused", {"group": "all", "data": [FLUSH]}, person)
