"""Carries out remediation tasks: one engine in the cluster, which may be killed anywhere and goes on.

Each resource is judged again before it is changed, so what was done before a crash is found compliant.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import msgspec

from holdfast.access.bodies import to_body
from holdfast.access.reading import everything
from holdfast.kernel.clock import Clock, isoformat
from holdfast.kernel.errors import ConflictError, HoldfastError, NotFoundError, PreconditionFailedError
from holdfast.kernel.principal import SYSTEM
from holdfast.policy.compliance.inventory import Inventory
from holdfast.policy.compliance.judging import Judge, State
from holdfast.policy.compliance.reading import EVERYWHERE, Filter, PolicyStates
from holdfast.policy.compliance.related import RelatedDocuments
from holdfast.policy.engine.active import Active, ActivePolicy, Loader
from holdfast.policy.kinds.names import REMEDIATION, name_in
from holdfast.policy.remediation.model import (
    Deployment,
    DeploymentState,
    DeploymentSummary,
    Task,
    TaskState,
    read_task,
)
from holdfast.policy.remediation.plan import Plan, check_remediable, plan
from holdfast.policy.remediation.undo import holds, target_of, undoable, undone
from holdfast.policy.types.catalog import policy_types
from holdfast.resources.model import Action, Change, Draft, Kind, Resource
from holdfast.resources.port import ChangePath, ResourceStore
from holdfast.resources.query import In

BATCH: Final = 20
"""Resources between two looks at whether the task was cancelled."""


@dataclass(frozen=True, slots=True)
class _Target:
    """A resource that does not comply."""

    id: str
    type: str
    kind: str
    name: str


Deploy = Callable[[_Target], Deployment]


@dataclass(frozen=True, slots=True)
class _Work:
    """What one task is carried out with."""

    task: Task
    policy: ActivePolicy
    judge: Judge


class RemediationEngine:
    """See the module. Blocking."""

    def __init__(
        self,
        store: ResourceStore,
        changes: ChangePath,
        kinds: Mapping[str, Kind],
        inventory: Inventory,
        states: PolicyStates,
        clock: Clock,
    ) -> None:
        self._store = store
        self._changes = changes
        self._kinds = kinds
        self._inventory = inventory
        self._states = states
        self._clock = clock
        self._loader = Loader(store)

    def step(self, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Carry out every task that may run; whether there was one."""
        due = In("provisioningState", (TaskState.ACCEPTED.value, TaskState.RUNNING.value))
        tasks = list(everything(self._store, REMEDIATION, due))
        for stored in tasks:
            self._carry_out(stored, stopping)
        return bool(tasks)

    def _carry_out(self, stored: Resource, stopping: Callable[[], bool]) -> None:
        task = read_task(stored)
        try:
            deploy, targets = self._undoing(task) if task.undoes else self._remedying(task)
        except ConflictError as error:
            self._save(stored, _ended(task, str(error)))
            return
        done = {each.resource_id for each in task.deployments}
        waiting = [each for each in targets if each.id not in done]
        task = _begun(task, len(done) + len(waiting))
        current = self._save(stored, task)
        with ThreadPoolExecutor(task.parallel_deployments, "remediation") as pool:
            while waiting and current is not None and not _gives_up(task):
                if stopping():
                    return
                batch, waiting = waiting[:BATCH], waiting[BATCH:]
                task = _with(task, list(pool.map(lambda target: _attempt(deploy, target), batch)))
                current = self._save(current, task)
        if current is not None:
            self._save(current, _ended(task))

    def _remedying(self, task: Task) -> tuple[Deploy, list[_Target]]:
        """How resources are set right, and which do not comply. ConflictError when the policy is gone."""
        active = self._loader.load()
        wanted = name_in(task.policy_assignment_id), task.policy_definition_reference_id
        policy = next((each for each in active.policies if each.key == wanted), None)
        if policy is None:
            raise ConflictError("The policy is not in force any more.")
        check_remediable(policy)
        if not any(policy in active.concerning(each.name) for each in policy_types().values()):
            raise ConflictError("The policy concerns no resource that exists here.")
        work = _Work(task, policy, self._judge(active))
        return lambda target: self._set_right(work, target), self._targets(active, work)

    def _undoing(self, task: Task) -> tuple[Deploy, list[_Target]]:
        """How values are taken back, and where. ConflictError when the task that made them is gone."""
        stored = self._store.get(REMEDIATION, task.undoes)
        if stored is None:
            raise ConflictError(f"The remediation “{task.undoes}” is not there any more.")
        made = {each.resource_id: each for each in undoable(read_task(stored))}
        targets = [_Target(identity, *target_of(identity)) for identity in made]
        return lambda target: self._take_back(task, target, made[target.id]), targets

    def _judge(self, active: Active) -> Judge:
        language = self._loader.language
        return Judge(active, language, RelatedDocuments(self._inventory, language), {}, self._clock)

    def _targets(self, active: Active, work: _Work) -> list[_Target]:
        """The resources that do not comply, as many as the task takes."""
        task = work.task
        wanted = {each.lower() for each in task.filters.resource_ids}
        re_evaluates = task.resource_discovery_mode == "ReEvaluateCompliance"
        found = self._evaluated(active, work) if re_evaluates else self._known(work)
        chosen = (each for each in found if not wanted or each.id.lower() in wanted)
        return list(islice(chosen, task.resource_count))

    def _known(self, work: _Work) -> Iterator[_Target]:
        assignment, reference = work.policy.key
        wanted = Filter(EVERYWHERE, assignment=assignment, reference=reference, state=State.NON_COMPLIANT)
        after = None
        while page := self._states.find(wanted, after=after):
            yield from (_Target(each.resource, each.type, each.kind, each.name) for each in page)
            after = page[-1][:3]

    def _evaluated(self, active: Active, work: _Work) -> Iterator[_Target]:
        for each in policy_types().values():
            if work.policy in active.concerning(each.name):
                for document in self._inventory.of_type(each.name):
                    if work.judge.outcome(work.policy, document).triggered:
                        yield _Target(document.id, document.type, document.kind, document.name)

    def _set_right(self, work: _Work, target: _Target) -> Deployment:
        kind, resource = self._stored(target)
        document = self._inventory.touched(target.kind, [target.name])[target.name][0]
        outcome = work.judge.outcome(work.policy, document)
        if outcome.error:
            raise ConflictError(f"The policy cannot be evaluated: {outcome.error}.")
        if not outcome.triggered:
            return Deployment(target.id, DeploymentState.SKIPPED, message="It complies, or is exempt.")
        planned = plan(kind, resource, work.policy, outcome)
        return Deployment(target.id, self._apply(work.task, kind, resource, planned), planned.changes)

    def _take_back(self, task: Task, target: _Target, made: Deployment) -> Deployment:
        """Give one resource the values that it had."""
        kind, resource = self._stored(target)
        planned = undone(resource.body, made.changes)
        state = self._apply(task, kind, resource, planned)
        if state is DeploymentState.SUCCEEDED and not holds(self._stored(target)[1].body, planned.changes):
            raise ConflictError("An enforced policy changed it again at once; exempt the resource first.")
        return Deployment(target.id, state, planned.changes)

    def _stored(self, target: _Target) -> tuple[Kind, Resource]:
        kind, resource = self._kinds.get(target.kind), self._inventory.resource(target.kind, target.name)
        if kind is None or resource is None or kind.policy_type != target.type:
            raise ConflictError(f"{target.id} is not configured by itself; nothing can be changed there.")
        return kind, resource

    def _apply(self, task: Task, kind: Kind, resource: Resource, planned: Plan) -> DeploymentState:
        change = Change(
            Action.PUT,
            kind.name,
            resource.id,
            planned.body,
            resource.organization,
            if_match=resource.etag or None,
        )
        principal = replace(SYSTEM, name="Policy remediation", on_behalf_of=task.created_by_id)
        if task.dry_run:
            before = resource if resource.etag else None
            now = self._clock.now()
            draft = Draft(principal, change, resource.organization, before, planned.body, now)
            kind.validate(draft, self._store)
            return DeploymentState.PLANNED
        self._changes.apply(principal, change)
        return DeploymentState.SUCCEEDED

    def _save(self, stored: Resource, task: Task) -> Resource | None:
        """Keep where a task is; None when somebody ended it meanwhile, and then what was done is kept."""
        current = self._store.get(stored.kind, stored.id)
        if current is None:
            return None
        cancelled = read_task(current).provisioning_state.has_ended
        if cancelled:
            task = msgspec.structs.replace(task, provisioning_state=TaskState.CANCELED)
        body = to_body(
            msgspec.structs.replace(
                task,
                approved_by=read_task(current).approved_by,
                last_updated_on=isoformat(self._clock.now()),
            )
        )
        change = Change(Action.PUT, stored.kind, stored.id, body, if_match=current.etag)
        try:
            saved = self._changes.apply(SYSTEM, change).resource
        except (PreconditionFailedError, NotFoundError):
            return self._save(stored, task)  # it was decided about in this moment
        return None if cancelled else saved


def _attempt(deploy: Deploy, target: _Target) -> Deployment:
    """Do it for one resource; what came of it."""
    try:
        return deploy(target)
    except HoldfastError as error:
        return Deployment(target.id, DeploymentState.FAILED, message=str(error))


def _begun(task: Task, total: int) -> Task:
    summary = msgspec.structs.replace(task.deployment_summary, total_deployments=total)
    return msgspec.structs.replace(
        task, provisioning_state=TaskState.RUNNING, status_message="", deployment_summary=summary
    )


def _with(task: Task, deployments: Sequence[Deployment]) -> Task:
    everything_done = (*task.deployments, *deployments)
    failed = sum(each.status is DeploymentState.FAILED for each in everything_done)
    summary = DeploymentSummary(
        task.deployment_summary.total_deployments, len(everything_done) - failed, failed
    )
    return msgspec.structs.replace(task, deployments=everything_done, deployment_summary=summary)


def _gives_up(task: Task) -> bool:
    """Whether more failed than the task may leave."""
    summary = task.deployment_summary
    return summary.failed_deployments > task.failure_threshold.percentage * summary.total_deployments


def _ended(task: Task, problem: str = "") -> Task:
    failed = task.deployment_summary.failed_deployments
    what = "1 resource" if failed == 1 else f"{failed} resources"
    message = problem or (f"{what} could not be set right." if failed else "")
    state = TaskState.FAILED if message else TaskState.SUCCEEDED
    return msgspec.structs.replace(task, provisioning_state=state, status_message=message)
