"""The organization switcher narrows what is seen, and grants nothing."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.console.organization import narrow
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind

NORTH, HALL, SOUTH = (OrganizationPath(text) for text in ("/north/", "/north/hall/", "/south/"))
READ, SETTINGS = Permission.DEVICE_READ, Permission.SETTINGS_READ
NODES = st.sampled_from([ROOT, NORTH, HALL, SOUTH])


def person(*grants: tuple[OrganizationPath, Permission]) -> Principal:
    return Principal(
        "p",
        PrincipalKind.USER,
        "p",
        tuple(Grant(node, frozenset({permission})) for node, permission in grants),
    )


def test_who_sees_everything_sees_the_chosen_node() -> None:
    assert narrow(person((ROOT, READ)), NORTH).reach(READ) == (NORTH,)


def test_who_sees_a_part_of_the_chosen_node_goes_on_seeing_that() -> None:
    assert narrow(person((HALL, READ)), NORTH).reach(READ) == (HALL,)


def test_what_lies_beside_the_chosen_node_is_out_of_sight() -> None:
    assert narrow(person((SOUTH, READ)), NORTH).reach(READ) == ()


def test_permissions_of_the_application_stay() -> None:
    assert narrow(person((ROOT, SETTINGS)), NORTH).allows(SETTINGS)


@given(st.lists(st.tuples(NODES, st.sampled_from(list(Permission)))), NODES, NODES)
def test_nobody_may_more_than_before(
    grants: list[tuple[OrganizationPath, Permission]], chosen: OrganizationPath, place: OrganizationPath
) -> None:
    before = person(*grants)
    after = narrow(before, chosen)
    for permission in Permission:
        assert before.allows(permission, place) or not after.allows(permission, place)
