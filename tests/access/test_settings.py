"""The settings of access control: bounded, placed where they belong, and only ever closing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.errors import SignInRefusedError
from holdfast.access.settings import KIND, LocalMethod, LocalMethods, is_allowed
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.organizations import ROOT, OrganizationPath
from tests.access.world import AccessWorld

PATHS = [ROOT, *(OrganizationPath(path) for path in ("/a/", "/a/b/", "/a/b/c/", "/ab/", "/d/"))]
NODES = st.dictionaries(
    st.sampled_from(PATHS), st.builds(LocalMethods, st.booleans(), st.booleans(), st.booleans())
)


@given(NODES, st.sampled_from(LocalMethod), st.sampled_from(PATHS), st.sampled_from(PATHS))
def test_what_is_closed_above_is_closed_below(
    nodes: dict[OrganizationPath, LocalMethods],
    method: LocalMethod,
    node: OrganizationPath,
    below: OrganizationPath,
) -> None:
    if below.startswith(node) and is_allowed(nodes, method, below):
        assert is_allowed(nodes, method, node)
    closed = [path for path, methods in nodes.items() if not methods.allows(method)]
    assert is_allowed(nodes, method, node) is not any(node.startswith(path) for path in closed)


@pytest.mark.parametrize(
    ("id", "body", "said"),
    [
        ("application", {"sessions": {"idleMinutes": 0}}, "idleMinutes"),
        ("application", {"sessions": {"absoluteHours": 10_000}}, "absoluteHours"),
        ("application", {"passwords": {"minimumLength": 4}}, "minimumLength"),
        ("application", {"tokens": {"maximumDays": 0}}, "maximumDays"),
        ("application", {"localMethods": {"fax": True}}, "unknown field"),
        ("application", {"support": {"maximumHours": 100}}, "maximumHours"),
        ("nowhere", {}, "no organization"),
    ],
)
def test_a_setting_out_of_bounds_is_refused_by_its_name(
    here: AccessWorld, id: str, body: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidError, match=said):
        here.world.put(KIND, id, body)


def test_an_organization_settles_local_methods_and_nothing_else(here: AccessWorld) -> None:
    here.organization("north")
    place: Any = {"organization": "/north/"}
    here.world.put(KIND, "north", {"localMethods": {"apiTokens": False}}, **place)
    with pytest.raises(InvalidError, match="localMethods only"):
        here.world.put(KIND, "north", {"sessions": {"idleMinutes": 5}}, **place)
    with pytest.raises(InvalidError, match="live at /north/"):
        here.world.put(KIND, "north", {}, organization="/")


def test_the_session_settings_are_those_that_sessions_follow(here: AccessWorld) -> None:
    here.user("ada")
    here.world.put(KIND, "application", {"sessions": {"idleMinutes": 5, "absoluteHours": 1}})
    cookie = here.cookie("ada")
    for _ in range(14):
        here.clock.advance(240)
        here.who(cookie=cookie)
    here.clock.advance(301)
    with pytest.raises(SignInRefusedError, match=r"over|idle"):
        here.who(cookie=cookie)
