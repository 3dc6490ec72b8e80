"""Remediation tasks as they are stored; names as published where there are published ones."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Meta

from holdfast.access.bodies import Body, read_body
from holdfast.resources.model import Resource

MAXIMUM_RESOURCES = 500
"""Resources of one task, which keeps what it changed in each of them for its undo. What is left over is for
the next task; the hosted service has this number unless asked for more."""


class TaskState(StrEnum):
    """Where a task stands."""

    AWAITING_APPROVAL = "AwaitingApproval"
    ACCEPTED = "Accepted"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen any more."""
        return self in (TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELED)


class DeploymentState(StrEnum):
    """What became of one resource."""

    PLANNED = "Planned"
    """A dry run: this would be changed."""
    SUCCEEDED = "Succeeded"
    SKIPPED = "Skipped"
    """It complies meanwhile, or is exempt."""
    FAILED = "Failed"


class Filters(Body, frozen=True):
    """Which resources."""

    resource_ids: Annotated[tuple[str, ...], Meta(max_length=MAXIMUM_RESOURCES)] = ()
    """Empty for every one that does not comply."""


class FailureThreshold(Body, frozen=True):
    """When a task gives up."""

    percentage: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """The part of the resources, 0 to 1, that may fail."""


class Asked(Body, frozen=True):
    """What a person asks for."""

    policy_assignment_id: str
    policy_definition_reference_id: str = ""
    resource_discovery_mode: Literal["ExistingNonCompliant", "ReEvaluateCompliance"] = "ExistingNonCompliant"
    resource_count: Annotated[int, Meta(ge=1)] = MAXIMUM_RESOURCES
    parallel_deployments: Annotated[int, Meta(ge=1, le=30)] = 10
    failure_threshold: FailureThreshold = FailureThreshold()
    filters: Filters = Filters()
    dry_run: bool = False
    undoes: str = ""
    """The name of the task whose changes are taken back; empty to set right what does not comply."""


class Difference(Body, frozen=True):
    """One value that was changed; with `before` it can be undone."""

    pointer: str
    """In the resource's document."""
    before: Any  # JSON: msgspec does not read the recursive JsonValue
    after: Any  # the same


class Deployment(Body, frozen=True):
    """One resource of a task."""

    resource_id: str
    status: DeploymentState
    changes: tuple[Difference, ...] = ()
    message: str = ""


class DeploymentSummary(Body, frozen=True):
    """How far a task is."""

    total_deployments: int = 0
    successful_deployments: int = 0
    failed_deployments: int = 0


class Task(Asked, frozen=True, kw_only=True):
    """The stored body."""

    provisioning_state: TaskState
    status_message: str = ""
    deployment_summary: DeploymentSummary = DeploymentSummary()
    deployments: tuple[Deployment, ...] = ()
    created_by: str
    created_by_id: str
    approved_by: str = ""
    created_on: str
    last_updated_on: str


def read_task(stored: Resource) -> Task:
    """The body of a stored task."""
    return read_body(stored.body, Task)
