"""Grants and removals at the same moment: whatever the order, the rules hold afterwards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.access.people.users import read_user, user_change
from holdfast.access.reading import everything
from holdfast.access.roles.builtin import ADMINISTRATOR, BUILDER, OPERATOR
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal
from holdfast.resources.model import Action
from tests.access.world import AccessWorld

ADMINISTRATORS = ("ada", "bob", "eve")


def attempt(do: Callable[[], object]) -> bool:
    """Whether it was allowed."""
    try:
        do()
    except HoldfastError:
        return False
    return True


def set_role(here: AccessWorld, acting: Principal, user: str, role: str) -> bool:
    roles: list[JsonValue] = [{"role": role}]
    body: JsonObject = {"roles": roles}

    def change() -> object:
        return here.world.changes.apply(acting, user_change(here.world.store, Action.MERGE, user, body))

    return attempt(change)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(ADMINISTRATORS), st.sampled_from(ADMINISTRATORS)), min_size=3, max_size=8
    )
)
def test_administrators_who_demote_each_other_at_once_leave_one(
    here: AccessWorld, attempts: list[tuple[str, str]]
) -> None:
    for name in ADMINISTRATORS:
        here.user(name, ADMINISTRATOR.id)
        here.sign_in_method(name)
    acting = {name: here.as_user(name) for name in ADMINISTRATORS}
    with ThreadPoolExecutor(len(attempts)) as pool:
        list(pool.map(lambda pair: set_role(here, acting[pair[0]], pair[1], OPERATOR.id), attempts))
    assert any(read_user(user).administrator for user in everything(here.world.store, "user"))


def test_who_was_demoted_grants_nothing_with_what_they_were(here: AccessWorld) -> None:
    """A session's next request has the new rights; the old principal is nobody's any more."""
    here.user("boss", ADMINISTRATOR.id)
    here.sign_in_method("boss")
    here.user("ada", BUILDER.id)
    here.user("bob", OPERATOR.id)
    cookie = here.cookie("ada")
    assert here.who(cookie=cookie).allows(Permission.TEMPLATE_MANAGE)
    assert set_role(here, here.as_user("boss"), "ada", OPERATOR.id)
    assert not set_role(here, here.who(cookie=cookie), "bob", BUILDER.id)


def test_two_who_change_the_same_user_do_not_overwrite_each_other(here: AccessWorld) -> None:
    here.user("boss", ADMINISTRATOR.id)
    here.sign_in_method("boss")
    here.user("ada", OPERATOR.id)
    boss = here.as_user("boss")
    bodies: list[JsonObject] = [{"displayName": "Ada"}, {"roles": [{"role": BUILDER.id}]}]
    stale = [user_change(here.world.store, Action.MERGE, "ada", body) for body in bodies]
    with ThreadPoolExecutor(2) as pool:
        allowed = list(
            pool.map(lambda change: attempt(lambda: here.world.changes.apply(boss, change)), stale)
        )
    assert sorted(allowed) == [False, True]
