"""The editor of definitions: checked as one types, and tried on a resource that exists."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Final, NamedTuple

import msgspec
from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.filters import pretty
from holdfast.console.pages.policies.common import MANAGE, READ, policies_of, stored
from holdfast.console.pages.policies.resource import Line, reason_lines
from holdfast.console.rendering import FORM, fragment, page, read_form
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.policy.compliance.inventory import Inventory
from holdfast.policy.decide import Decision, decide
from holdfast.policy.kinds.kinds import is_own_type
from holdfast.policy.kinds.names import DEFINITION
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.evaluation.concern import may_concern
from holdfast.policy.language.lint import Finding, Severity, lint
from holdfast.policy.language.rules.definition import parse_definition
from holdfast.policy.types.catalog import own_catalog, policy_types

MAXIMUM_BODY: Final = 4 * 1024 * 1024
TRIED: Final = 200
"""Resources of one type that are offered to be tried on."""
_EXAMPLE: Final[JsonObject] = {
    "displayName": "Devices should be enabled",
    "description": "A device that is not enabled is forgotten or broken.",
    "mode": "All",
    "version": "1.0.0",
    "metadata": {"category": "Devices", "version": "1.0.0"},
    "parameters": {},
    "policyRule": {
        "if": {
            "allOf": [
                {"field": "type", "equals": "Holdfast.Devices/devices"},
                {"field": "Holdfast.Devices/devices/enabled", "equals": False},
            ]
        },
        "then": {"effect": "audit"},
    },
}


class Trial(NamedTuple):
    """Something that the definition can be tried on."""

    id: str
    document: JsonObject


class Verdict(NamedTuple):
    """What the editor says about the text in it."""

    findings: Sequence[Finding]
    trials: Sequence[str]
    """The ids that may be chosen."""
    chosen: str
    decision: Decision | None
    problem: str
    """Why it could not be tried."""

    @property
    def lines(self) -> list[Line]:
        """Why it came out as it did, condition by condition."""
        reason = self.decision.outcome.reason if self.decision is not None else None
        return [] if reason is None else reason_lines(msgspec.to_builtins(reason.to_json(), enc_hook=str))

    @property
    def is_storable(self) -> bool:
        """Whether nothing would refuse it."""
        return not any(each.severity is Severity.ERROR for each in self.findings)


def _page(request: ApiRequest) -> Response:
    name = request.query.get("definition", "")
    found = visible(request, DEFINITION, name, READ) if name else None
    return _editor(request, name, pretty(found.body if found else _EXAMPLE), "", 200)


def _editor(request: ApiRequest, name: str, text: str, problem: str, status: int) -> Response:
    return page(
        request,
        "policies/editor.html",
        status=status,
        name=name,
        text=text,
        problem=problem,
        verdict=verdict_on(request, text, ""),
        may_manage=bool(request.principal.reach(MANAGE)),
    )


def _check(request: ApiRequest) -> Response:
    fields = read_form(request)
    verdict = verdict_on(request, fields.get("text", ""), fields.get("resource", ""))
    return fragment("policies/verdict.html", verdict=verdict)


def _save(request: ApiRequest) -> Response:
    fields = read_form(request)
    name, text = fields.get("name", "").strip().lower(), fields.get("text", "")

    def again(problem: str, status: int) -> Response:
        return _editor(request, name, text, problem, status)

    try:
        properties = _object(text)
    except ValueError as error:
        return again(f"This is not a JSON object: {error}.", 400)
    document: JsonObject = {"properties": properties}
    return stored(
        lambda: policies_of(request).put(request.principal, DEFINITION, name, document),
        f"/policies/definitions/{name}",
        again,
    )


def verdict_on(request: ApiRequest, text: str, chosen: str) -> Verdict:
    """What is wrong with a definition, and what it would do with a resource."""
    try:
        properties = _object(text)
    except ValueError as error:
        return Verdict([Finding(Severity.ERROR, "", f"This is not a JSON object: {error}")], (), "", None, "")
    findings = lint({"properties": properties}, own_catalog(), is_own_type)
    if any(each.severity is Severity.ERROR for each in findings):
        return Verdict(findings, (), chosen, None, "")
    trials = list(_trials(request, properties))
    trial = next((each for each in trials if each.id == chosen), trials[0] if trials else None)
    if trial is None:
        return Verdict(findings, (), "", None, "There is no resource that it could be about.")
    decision, problem = _tried(request, properties, trial)
    return Verdict(findings, [each.id for each in trials], trial.id, decision, problem)


def _object(text: str) -> JsonObject:
    """The JSON object of a text. ValueError when it is none."""
    value: JsonValue = msgspec.json.decode(text.encode())
    if not isinstance(value, dict):
        raise ValueError("it begins with { and ends with }")
    inner = value.get("properties")
    return inner if isinstance(inner, dict) and "policyRule" in inner else value


def _trials(request: ApiRequest, properties: JsonObject) -> Iterator[Trial]:
    """Resources of the types that the definition is about, where the reader may read policies."""
    definition = parse_definition({"properties": properties})
    inventory, reach = request.services.extension(Inventory), request.principal.reach(READ)
    for each in policy_types().values():
        if may_concern(definition, each.name):
            documents = chain.from_iterable(inventory.of_type(each.name, place) for place in reach)
            yield from (Trial(found.id, found.content) for found in islice(documents, TRIED))


def _tried(request: ApiRequest, properties: JsonObject, trial: Trial) -> tuple[Decision | None, str]:
    now = isoformat(request.services.clock.now())
    try:
        (decision,) = decide(
            {"properties": properties},
            [trial.document],
            parameters={},
            context={"utcNow": now},
            related=(),
            catalog=own_catalog(),
        )
    except (DefinitionError, HoldfastError) as error:
        return None, str(error)
    return decision, ""


ROUTES = [
    Route("GET", "/policies/editor", READ, _page, "Write a policy definition", is_page=True),
    Route(
        "POST",
        "/policies/check",
        READ,
        _check,
        "What is wrong with a definition, and what it would do",
        content_types=FORM,
        is_page=True,
        maximum_body=MAXIMUM_BODY,
    ),
    Route(
        "POST",
        "/policies/editor",
        MANAGE,
        _save,
        "Store a definition",
        content_types=FORM,
        is_page=True,
        maximum_body=MAXIMUM_BODY,
    ),
]
