"""Remediations: ask for one, see what it would do, approve, follow, take back."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.policies.common import READ, SHOWN, assigned, policies_of, stored
from holdfast.console.rendering import FORM, form_token, fragment, page, read_form
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.policy.kinds.names import ASSIGNMENT, REMEDIATION, full_id, name_in
from holdfast.policy.remediation.kind import APPROVE, CANCEL
from holdfast.policy.remediation.model import Task, TaskState, read_task
from holdfast.policy.remediation.undo import undoable
from holdfast.resources.model import Resource
from holdfast.resources.query import Query

MANAGE = Permission.POLICY_REMEDIATE
UNDO: Final = "undo"


def _address(name: str) -> str:
    return f"/policies/remediations/{quote(name, safe='')}"


def _row(task: Resource) -> tuple[str, str, str, Task, float]:
    """Name, address, assignment, the task, when it was asked for."""
    read = read_task(task)
    return task.id, _address(task.id), name_in(read.policy_assignment_id), read, task.created


def _list(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    query = Query(REMEDIATION, request.principal.reach(READ), limit=SHOWN)
    found = sorted(request.services.store.find(query).items, key=lambda each: -each.created)
    return page(
        request,
        "policies/remediations.html",
        status=status,
        problem=problem,
        tasks=[_row(each) for each in found],
        assignments=assigned(request),
        chosen=request.query.get("assignment", ""),
        reference=request.query.get("reference", ""),
        may_manage=bool(request.principal.reach(MANAGE)),
    )


def _create(request: ApiRequest) -> Response:
    fields = read_form(request)
    name = fields.get("name", "").strip().lower()
    properties: JsonObject = {
        "policyAssignmentId": full_id(ASSIGNMENT, fields.get("assignment", "")),
        "policyDefinitionReferenceId": fields.get("reference", "").strip(),
        "dryRun": bool(fields.get("dry")),
    }
    return stored(
        lambda: policies_of(request).put(request.principal, REMEDIATION, name, {"properties": properties}),
        _address(name),
        lambda problem, status: _list(request, problem, status),
    )


def _task(request: ApiRequest) -> Resource:
    return visible(request, REMEDIATION, request.path["task"], READ)


def _values(request: ApiRequest) -> dict[str, Any]:  # Any: what the templates show
    found = _task(request)
    task = read_task(found)
    return {
        "name": found.id,
        "address": _address(found.id),
        "task": task,
        "runs": not task.provisioning_state.has_ended,
        "waits": task.provisioning_state is TaskState.AWAITING_APPROVAL,
        "may_undo": task.provisioning_state.has_ended and any(undoable(task)),
        "may_manage": request.principal.allows(MANAGE, found.organization),
    }


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    return page(request, "policies/remediation.html", status=status, problem=problem, **_values(request))


def _progress(request: ApiRequest) -> Response:
    """The part of the page that changes while the task runs."""
    token = form_token(request)
    return fragment("policies/remediation_progress.html", form_token=token, **_values(request))


def _decide(decision: str) -> Callable[[ApiRequest], Response]:
    def decide(request: ApiRequest) -> Response:
        read_form(request)
        name = _task(request).id
        return stored(
            lambda: policies_of(request).decide(request.principal, name, decision),
            _address(name),
            lambda problem, status: _page(request, problem, status),
        )

    return decide


def _undo(request: ApiRequest) -> Response:
    read_form(request)
    name = _task(request).id
    return stored(
        lambda: policies_of(request).undo(request.principal, name),
        _address(f"{name}-{UNDO}"),
        lambda problem, status: _page(request, problem, status),
    )


ROUTES = [
    Route("GET", "/policies/remediations", READ, _list, "Remediations", is_page=True),
    Route("GET", "/policies/remediations/{task}", READ, _page, "A remediation", is_page=True),
    Route("GET", "/policies/remediations/{task}/progress", READ, _progress, "How far it is", is_page=True),
    *(
        Route("POST", path, MANAGE, handler, summary, content_types=FORM, is_page=True)
        for path, handler, summary in (
            ("/policies/remediations", _create, "Ask for a remediation"),
            (f"/policies/remediations/{{task}}/{APPROVE}", _decide(APPROVE), "Approve a remediation"),
            (f"/policies/remediations/{{task}}/{CANCEL}", _decide(CANCEL), "Cancel a remediation"),
            (f"/policies/remediations/{{task}}/{UNDO}", _undo, "Take back what it changed"),
        )
    ),
]
