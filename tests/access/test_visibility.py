"""A principal sees its node and everything below, and nothing of its siblings: compared with a model.

The model knows parents and children, and nothing of paths, reach or SQL.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.access.people.assignments import Assignment, grants_of
from holdfast.access.roles.builtin import BUILT_IN, Scope
from holdfast.kernel.errors import ForbiddenError, NotFoundError
from holdfast.kernel.organizations import ROOT, OrganizationPath, child
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Principal, PrincipalKind
from holdfast.resources.model import Action, Change, IndexType, Kind
from holdfast.resources.query import Compare, Operator, Query
from tests.support.world import World, open_world

THING = Kind(
    name="thing",
    read=Permission.DEVICE_READ,
    create=Permission.DEVICE_CREATE,
    update=Permission.DEVICE_UPDATE,
    delete=Permission.DEVICE_DELETE,
    indexed={"color": IndexType.TEXT},
)
NODES = 6


class Tree(NamedTuple):
    """`parents[n]` is the parent of node n + 1; node 0 is the application."""

    parents: tuple[int, ...]

    def path(self, node: int) -> OrganizationPath:
        if node == 0:
            return ROOT
        # Ids of which one begins with another: `n-1` and `n-10` must not be mistaken for each other.
        return child(self.path(self.parents[node - 1]), f"n-{10 ** (node % 3)}{node}")

    def is_below(self, node: int, other: int) -> bool:
        """Whether `node` is `other` or lies below it."""
        return node == other or (node != 0 and self.is_below(self.parents[node - 1], other))


TREES = st.builds(Tree, st.tuples(*(st.integers(0, node) for node in range(NODES - 1))))
ROLES = st.sampled_from([role for role in BUILT_IN.values() if role.scope is not Scope.ANYWHERE])


@st.composite
def holdings(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Role ids with the nodes at which they are held."""
    found = []
    for role in draw(st.lists(ROLES, max_size=4)):
        node = 0 if role.scope is Scope.APPLICATION else draw(st.integers(1, NODES - 1))
        found.append((role.id, node))
    return found


def principal(tree: Tree, held: list[tuple[str, int]]) -> Principal:
    nodes = {str(node): tree.path(node) for node in range(1, NODES)} | {"": ROOT}
    assigned = [Assignment(role, "" if node == 0 else str(node)) for role, node in held]
    return Principal("p", PrincipalKind.USER, "p", grants_of(assigned, BUILT_IN.get, nodes.get))


def model_allows(tree: Tree, held: list[tuple[str, int]], permission: Permission, node: int) -> bool:
    return any(permission in BUILT_IN[role].permissions and tree.is_below(node, at) for role, at in held)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("visibility")
    with open_world(folder, [THING]) as opened:
        yield opened


def fill(world: World, tree: Tree, places: list[int]) -> None:
    for stored in world.store.find(Query("thing", (ROOT,), limit=1000)).items:
        world.changes.apply(SYSTEM, Change(Action.DELETE, "thing", stored.id))
    made = [
        Change(
            Action.CREATE,
            "thing",
            f"t-{number}",
            {"color": "red" if number % 2 else "blue"},
            organization=tree.path(node),
        )
        for number, node in enumerate(places)
    ]
    if made:
        world.changes.apply_all(SYSTEM, made)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES, holdings(), st.lists(st.integers(0, NODES - 1), max_size=12), st.integers(1, 5))
def test_lists_pages_counts_and_queries_hold_what_the_model_says(
    world: World, tree: Tree, held: list[tuple[str, int]], places: list[int], page: int
) -> None:
    fill(world, tree, places)
    who = principal(tree, held)
    reach = who.reach(Permission.DEVICE_READ)
    expected = sorted(
        f"t-{number}"
        for number, node in enumerate(places)
        if model_allows(tree, held, Permission.DEVICE_READ, node)
    )
    listed: list[str] = []
    after = ""
    while True:
        found = world.store.find(Query("thing", reach, limit=page, after=after))
        listed += [item.id for item in found.items]
        after = found.next
        if not after:
            break
    assert sorted(listed) == expected
    assert world.store.count("thing", reach) == len(expected)
    red = Compare("color", Operator.EQUAL, "red")
    queried = {item.id for item in world.store.find(Query("thing", reach, red, limit=100)).items}
    assert queried == {identity for identity in expected if int(identity[2:]) % 2}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES, holdings(), st.integers(0, NODES - 1), st.sampled_from([Action.MERGE, Action.DELETE]))
def test_a_change_is_made_refused_or_hidden_as_the_model_says(
    world: World, tree: Tree, held: list[tuple[str, int]], place: int, action: Action
) -> None:
    fill(world, tree, [place])
    needed = Permission.DEVICE_UPDATE if action is Action.MERGE else Permission.DEVICE_DELETE
    who, change = principal(tree, held), Change(action, "thing", "t-0", {"color": "green"})
    if model_allows(tree, held, needed, place):
        world.changes.apply(who, change)
    elif model_allows(tree, held, Permission.DEVICE_READ, place):
        with pytest.raises(ForbiddenError):
            world.changes.apply(who, change)
    else:
        with pytest.raises(NotFoundError):
            world.changes.apply(who, change)


@given(TREES, holdings(), st.sampled_from(Permission), st.integers(0, NODES - 1))
def test_single_decisions_are_those_of_the_model(
    tree: Tree, held: list[tuple[str, int]], permission: Permission, node: int
) -> None:
    shared = permission in (Permission.TEMPLATE_READ, Permission.ROLE_READ)
    expected = model_allows(tree, held, permission, node) or (
        shared and any(permission in BUILT_IN[role].permissions for role, _ in held)
    )
    assert principal(tree, held).allows(permission, tree.path(node)) is expected


@given(TREES, holdings(), st.sampled_from(Permission))
def test_reach_names_only_the_highest_nodes(
    tree: Tree, held: list[tuple[str, int]], permission: Permission
) -> None:
    reach = principal(tree, held).reach(permission)
    assert not any(a != b and a.startswith(b) for a in reach for b in reach)
