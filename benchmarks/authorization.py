"""Authorization with 200 roles, 10,000 assignments and 200 organizations, and Cedar and Casbin beside it.

All three answer the same questions from what they keep in memory; where they disagree, the run fails. Cedar
gets its policies and entities parsed beforehand; Casbin its usual enforcer. Then what a request costs in all:
a remembered credential with conditional access, and a page of a list that SQL filters by permission.
"""

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import casbin
import cedarpy
from tests.access.world import AccessWorld, open_access

from holdfast.access.people.assignments import Assignment, grants_of
from holdfast.access.roles.builtin import OPERATOR, ORGANIZATION_OPERATOR, Role, Scope
from holdfast.access.roles.bundles import complete
from holdfast.kernel.organizations import ROOT, OrganizationPath, child
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Principal, PrincipalKind
from holdfast.resources.model import Action, Change, IndexType, Kind
from holdfast.resources.query import Query

_ROLES = 200
_ORGANIZATIONS = 200
_USERS = 1_000
_ASSIGNMENTS = 10_000
_QUESTIONS = 2_000
_CEDAR_QUESTIONS = 200
_CASBIN_QUESTIONS = 10
_THINGS = 10_000
_PERMISSIONS = sorted(Permission)

Question = tuple[str, Permission, str]
"""User, permission, organization id."""


@dataclass(frozen=True)
class Case:
    """One random application."""

    roles: dict[str, Role]
    paths: dict[str, OrganizationPath]
    parents: dict[str, str]
    assigned: dict[str, list[Assignment]]
    questions: list[Question]


def main() -> None:
    """Print the figures."""
    case = _case(random.Random(7))
    print(f"{_ROLES} roles, {_ASSIGNMENTS} assignments, {_ORGANIZATIONS} organizations; median time")
    ours, allowed = _ours(case)
    print(f"  holdfast  {ours * 1e6:10.2f} µs   ({sum(allowed)} of {len(allowed)} allowed)")
    _print_peer("cedar", ours, _cedar(case, allowed))
    _print_peer("casbin", ours, _casbin(case, allowed))
    _whole_requests()


def _print_peer(name: str, ours: float, theirs: float) -> None:
    print(f"  {name:<8}  {theirs * 1e6:10.2f} µs   {theirs / ours:10.0f} times ours")


def _case(chance: random.Random) -> Case:
    roles = {}
    for number in range(_ROLES):
        permissions = complete(chance.sample(_PERMISSIONS, chance.randint(3, 15)))
        roles[f"r{number}"] = Role(f"r{number}", f"Role {number}", "", Scope.ANYWHERE, permissions)
    paths = {"": ROOT}
    parents = {}
    for number in range(_ORGANIZATIONS):
        shallow = [name for name, path in paths.items() if path.count("/") < 5]
        parent = chance.choice(shallow)
        paths[f"o{number}"] = child(paths[parent], f"o{number}")
        parents[f"o{number}"] = parent
    users = [f"u{number}" for number in range(_USERS)]
    assigned: dict[str, list[Assignment]] = {user: [] for user in users}
    nodes = list(paths)
    for _ in range(_ASSIGNMENTS):
        assigned[chance.choice(users)].append(Assignment(chance.choice(list(roles)), chance.choice(nodes)))
    questions = [
        (chance.choice(users), chance.choice(_PERMISSIONS), chance.choice(nodes)) for _ in range(_QUESTIONS)
    ]
    return Case(roles, paths, parents, assigned, questions)


def _ours(case: Case) -> tuple[float, list[bool]]:
    principals = {
        user: Principal(user, PrincipalKind.USER, user, grants_of(held, case.roles.get, case.paths.get))
        for user, held in case.assigned.items()
    }

    def ask(question: Question) -> bool:
        user, permission, organization = question
        return principals[user].allows(permission, case.paths[organization])

    return _median(ask, case.questions), [ask(question) for question in case.questions]


def _cedar(case: Case, expected: list[bool]) -> float:
    """One policy a role; a user's attributes say where the role is held, entities say what lies below."""
    policies = cedarpy.PolicySet.from_str(
        "\n".join(
            f'permit(principal, action in Action::"{role}", resource) '
            f"when {{ principal has {role} && resource in principal.{role} }};"
            for role in case.roles
        )
    )
    entities = cedarpy.Entities.from_json_str(_cedar_entities(case))

    def ask(question: Question) -> bool:
        user, permission, organization = question
        request = {
            "principal": f'User::"{user}"',
            "action": f'Action::"{permission}"',
            "resource": f'Organization::"{organization}"',
            "context": {},
        }
        return bool(cedarpy.is_authorized(request, policies, entities).allowed)

    return _compared("cedar", ask, case.questions[:_CEDAR_QUESTIONS], expected)


def _cedar_entities(case: Case) -> str:
    def uid(kind: str, identity: str) -> dict[str, str]:
        return {"type": kind, "id": identity}

    found: list[dict[str, object]] = []
    for permission in _PERMISSIONS:
        parents = [uid("Action", role.id) for role in case.roles.values() if permission in role.permissions]
        found.append({"uid": uid("Action", permission), "attrs": {}, "parents": parents})
    for organization in case.paths:
        parents = [uid("Organization", case.parents[organization])] if organization else []
        found.append({"uid": uid("Organization", organization), "attrs": {}, "parents": parents})
    for user, held in case.assigned.items():
        places: dict[str, list[object]] = {}
        for assignment in held:
            entity = {"__entity": uid("Organization", assignment.organization)}
            places.setdefault(assignment.role, []).append(entity)
        found.append({"uid": uid("User", user), "attrs": places, "parents": []})
    return json.dumps(found)


_CASBIN_MODEL = """
[request_definition]
r = sub, dom, act
[policy_definition]
p = sub, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && g(r.sub, p.sub, r.dom)
"""


def _casbin(case: Case, expected: list[bool]) -> float:
    """RBAC with domains; a domain matches when it begins with that of the assignment."""
    model = casbin.Enforcer.new_model(text=_CASBIN_MODEL)
    enforcer = casbin.Enforcer(model, enable_log=False)
    enforcer.add_named_domain_matching_func("g", lambda asked, held: asked.startswith(held))
    enforcer.add_policies([[role.id, p.value] for role in case.roles.values() for p in role.permissions])
    enforcer.add_grouping_policies(
        [
            [user, assignment.role, case.paths[assignment.organization]]
            for user, held in case.assigned.items()
            for assignment in dict.fromkeys(held)
        ]
    )

    def ask(question: Question) -> bool:
        user, permission, organization = question
        return bool(enforcer.enforce(user, case.paths[organization], permission.value))

    return _compared("casbin", ask, case.questions[:_CASBIN_QUESTIONS], expected)


def _compared(
    name: str, ask: Callable[[Question], bool], questions: list[Question], expected: list[bool]
) -> float:
    for question, answer in zip(questions, expected, strict=False):
        if ask(question) is not answer and question[1] not in _SHARED:
            raise SystemExit(f"{name} answers {question} differently")
    return _median(ask, questions)


_SHARED = frozenset({Permission.TEMPLATE_READ, Permission.ROLE_READ})
"""What a role at any node reads at the application; the peers were not told of that."""


def _median(ask: Callable[[Question], bool], questions: list[Question]) -> float:
    """Seconds a question: the median of the questions' times, each the best of three."""
    times = []
    for question in questions:
        best = float("inf")
        for _ in range(3):
            started = time.perf_counter()
            ask(question)
            best = min(best, time.perf_counter() - started)
        times.append(best)
    return statistics.median(times)


def _whole_requests() -> None:
    with _filled() as here:
        _, token = here.access.tokens.issue(SYSTEM, "bench", [Assignment(OPERATOR.id)])
        here.who(authorization=token)
        request = _timed(lambda: here.who(authorization=token), 2_000)
        print(f"a remembered API token with 20 conditional access policies: {request * 1e6:.1f} µs")
        reach = here.as_user("north").reach(Permission.DEVICE_READ)
        listed = _timed(lambda: here.world.store.find(Query("thing", reach, limit=25)), 200)
        counted = _timed(lambda: here.world.store.count("thing", reach), 200)
        print(f"a page of 25 of {_THINGS} things, filtered by permission in SQL: {listed * 1e3:.2f} ms")
        print(f"how many of {_THINGS} things one may see: {counted * 1e3:.2f} ms")


_THING = Kind(
    name="thing",
    read=Permission.DEVICE_READ,
    create=Permission.DEVICE_CREATE,
    update=Permission.DEVICE_UPDATE,
    delete=Permission.DEVICE_DELETE,
    indexed={"color": IndexType.TEXT},
)


@contextmanager
def _filled() -> Iterator[AccessWorld]:
    with tempfile.TemporaryDirectory() as folder, open_access(Path(folder), _THING) as here:
        here.world.put(
            "accessSettings", "application", {"organizations": {"maximumCount": 1000, "maximumDepth": 8}}
        )
        for number in range(20):
            here.organization(f"o{number}")
        here.organization("north", "o7")
        here.user("north", (ORGANIZATION_OPERATOR.id, "north"))
        nodes = [OrganizationPath(f"/o{number}/") for number in range(20)] + [OrganizationPath("/o7/north/")]
        for start in range(0, _THINGS, 500):
            here.world.changes.apply_all(
                SYSTEM,
                [
                    Change(Action.CREATE, "thing", f"t{n:05}", {"color": "red"}, organization=nodes[n % 21])
                    for n in range(start, start + 500)
                ],
            )
        for number in range(20):
            here.world.put(
                "conditionalAccessPolicy",
                f"p{number}",
                {
                    "displayName": f"Policy {number}",
                    "state": "reportOnly",
                    "conditions": {"networks": {"exclude": ["192.0.2.0/24", f"10.{number}.0.0/16"]}},
                    "control": {"action": "block"},
                },
            )
        yield here


def _timed(work: Callable[[], object], times: int) -> float:
    measured = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        measured.append(time.perf_counter() - started)
    return statistics.median(measured)
