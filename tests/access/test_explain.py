"""Why may X do Y on Z: every source is named, and the answer is what a request would get."""

import pytest

from holdfast.access.conditional.model import Client
from holdfast.access.conditional.what_if import Question, what_if
from holdfast.access.errors import AccessInvalidError
from holdfast.access.explain import effective, why
from holdfast.access.local_usage import InUse, in_use
from holdfast.access.people.assignments import Assignment
from holdfast.access.roles.builtin import ADMINISTRATOR, BUILDER, OPERATOR, ORGANIZATION_OPERATOR
from holdfast.access.settings import LocalMethod
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM
from tests.access.world import AccessWorld

NORTH = OrganizationPath("/north/")
SOUTH = OrganizationPath("/south/")
UPDATE = Permission.DEVICE_UPDATE


def ask(here: AccessWorld, who: str, permission: Permission, node: OrganizationPath) -> tuple[bool, str]:
    answer = why(here.world.store, here.access.directory.current(), who, permission, node, here.clock.now())
    return answer.allowed, answer.sentence


@pytest.fixture
def people(here: AccessWorld) -> AccessWorld:
    """Access from every source there is."""
    here.organization("north")
    here.organization("south")
    here.user("root", ADMINISTRATOR.id)
    here.user("ada", (ORGANIZATION_OPERATOR.id, "north"))
    here.user("team", BUILDER.id, type="adGroup", tenantId="t", objectId="g")
    here.user("member")
    here.user("eva")
    eligible: JsonObject = {"user": "eva", "role": OPERATOR.id, "approval": False}
    here.world.put("eligibleAssignment", "e", eligible)
    asked: JsonObject = {"eligible": "e", "reason": "pump 7 is down", "minutes": 30}
    here.world.put("elevation", "x", asked, here.as_user("eva"))
    here.world.put("identityProvider", "i", _provider())
    here.cookie("member", provider="i", groups=("team",))
    return here


def test_a_role_names_itself_and_where_it_holds(people: AccessWorld) -> None:
    allowed, sentence = ask(people, "ada", UPDATE, NORTH)
    assert allowed
    assert sentence == (
        "ada@example.org may organization:device:update at /north/: "
        "Org Operator at /north/, assigned to the user."
    )


def test_what_is_held_elsewhere_is_said_to_be_elsewhere(people: AccessWorld) -> None:
    allowed, sentence = ask(people, "ada", UPDATE, SOUTH)
    assert not allowed
    assert sentence.endswith("it is held at /north/, which is not above /south/.")


def test_groups_elevations_and_everybody_are_sources_too(people: AccessWorld) -> None:
    assert "through the group" in ask(people, "member", UPDATE, ROOT)[1]
    assert "elevated for: pump 7 is down, until 2027" in ask(people, "eva", UPDATE, ROOT)[1]
    assert ask(people, "eva", Permission.PROFILE_MANAGE, ROOT)[0]
    assert ask(people, "ada", Permission.TEMPLATE_READ, ROOT)[0]


def test_an_api_token_is_explained_and_asked_about_like_a_person(people: AccessWorld) -> None:
    people.access.tokens.issue(SYSTEM, "ci", [Assignment(ORGANIZATION_OPERATOR.id, "north")])
    allowed, sentence = ask(people, "ci", UPDATE, NORTH)
    assert (allowed, "assigned to the API token" in sentence) == (True, True)
    assert not ask(people, "ci", UPDATE, SOUTH)[0]
    question = Question("ci", "192.0.2.1", people.clock.now(), client=Client.API_TOKEN)
    assert what_if(people.world.store, people.access.directory.current(), question).allowed
    with pytest.raises(NotFoundError, match="neither a user nor an API token"):
        ask(people, "nobody", UPDATE, NORTH)


def test_an_elevation_that_is_over_is_no_reason(people: AccessWorld) -> None:
    people.clock.advance(1800)
    allowed, sentence = ask(people, "eva", UPDATE, ROOT)
    assert not allowed
    assert "no role that is held allows it" in sentence


def test_the_explanation_agrees_with_what_a_request_gets(people: AccessWorld) -> None:
    for who in ("root", "ada", "eva"):
        principal = people.as_user(who)
        for permission in Permission:
            for node in (ROOT, NORTH, SOUTH):
                assert ask(people, who, permission, node)[0] == principal.allows(permission, node), permission


def test_effective_permissions_are_listed_by_place(people: AccessWorld) -> None:
    found = effective(people.world.store, people.access.directory.current(), "ada", people.clock.now())
    assert set(found) == {ROOT, NORTH}
    assert found[ROOT] == [Permission.TEMPLATE_READ, Permission.ROLE_READ]
    assert UPDATE in found[NORTH]


def test_what_if_answers_without_trying(people: AccessWorld) -> None:
    people.sign_in_method("root")
    body: JsonObject = {
        "displayName": "Plant only",
        "state": "enabled",
        "conditions": {"networks": {"exclude": ["10.0.0.0/8"]}, "principals": {"exclude": ["root"]}},
        "control": {"action": "block"},
    }
    people.world.put("conditionalAccessPolicy", "plant", body)

    def allowed(who: str, address: str, **more: object) -> bool:
        question = Question(who, address, people.clock.now(), **more)  # type: ignore[arg-type]  # by name
        return what_if(people.world.store, people.access.directory.current(), question).allowed

    assert allowed("ada", "10.1.1.1")
    assert not allowed("ada", "192.0.2.1")
    assert allowed("root", "192.0.2.1")
    draft: JsonObject = {"displayName": "Two factors", "state": "enabled", "control": {"strength": "mfa"}}
    assert not allowed("ada", "10.1.1.1", drafts=(draft,), methods=frozenset({"pwd"}))
    assert allowed("ada", "10.1.1.1", drafts=(draft,))
    assert not allowed("ada", "192.0.2.1", client=Client.BEARER)
    with pytest.raises(AccessInvalidError):
        allowed("ada", "10.1.1.1", drafts=({"displayName": "Nothing"},))


def test_what_still_uses_a_local_method_is_listed_before_it_is_switched_off(people: AccessWorld) -> None:
    role = Assignment(ORGANIZATION_OPERATOR.id, "north")
    _, text = people.access.tokens.issue(SYSTEM, "used", [role])
    people.access.tokens.issue(SYSTEM, "unused", [role, Assignment(ORGANIZATION_OPERATOR.id, "south")])
    people.who(authorization=text)
    people.sign_in_method("ada")

    def used(method: LocalMethod, node: OrganizationPath) -> list[str]:
        snapshot = people.access.directory.current()
        found = in_use(
            people.world.store,
            snapshot,
            people.access.traces,
            method,
            node,
            people.clock.now(),
            lambda node: [InUse("device", "pump-7", "Pump 7", node, 0.0)],
        )
        return [item.id for item in found]

    assert used(LocalMethod.API_TOKENS, NORTH) == ["used", "unused"]
    assert used(LocalMethod.API_TOKENS, SOUTH) == ["unused"]
    assert used(LocalMethod.LOCAL_ACCOUNTS, NORTH) == ["ada"]
    assert used(LocalMethod.LOCAL_ACCOUNTS, SOUTH) == []
    assert used(LocalMethod.DEVICE_SAS, SOUTH) == ["pump-7"]


def _provider() -> JsonObject:
    return {"displayName": "I", "issuer": "https://id.example.org", "clientId": "c"}
