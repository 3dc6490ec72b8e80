"""The application's configuration: what is refused, and the rules that come of it."""

from dataclasses import replace
from typing import Any

import pytest

from holdfast.access.application import APPLICATION, APPLICATION_KIND, DEFAULT_BODY, Listener, network_rules
from holdfast.kernel.errors import ConflictError, HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action, Change, Draft
from tests.access.rows import NoRows


def check(
    body: JsonObject, *, id: str = APPLICATION, action: Action = Action.PUT, address: str = ""
) -> JsonObject:
    principal = replace(SYSTEM, address=address)
    draft = Draft(principal, Change(action, APPLICATION, id, body), ROOT, None, body, 0.0)
    return APPLICATION_KIND.validate(draft, NoRows())


def test_the_default_is_valid_and_unchanged() -> None:
    assert check(DEFAULT_BODY) == DEFAULT_BODY


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"displayName": ""}, "/displayName"),
        ({"publicNetworkAccess": "maybe"}, "/publicNetworkAccess"),
        ({"privateNetworks": ["10.0.0.1/8"]}, "/privateNetworks/0"),
        ({"listeners": {"cats": {}}}, "/listeners"),
        ({"listeners": {"people": {"defaultAction": "Perhaps"}}}, "/listeners/people/defaultAction"),
        ({"listeners": {"people": {"ipRules": [{"ipMask": "1.2.3.4"}]}}}, "/listeners/people/ipRules/0"),
        (
            {"listeners": {"devices": {"ipRules": [{"filterName": "a", "ipMask": "x"}]}}},
            "/listeners/devices/ipRules/0/ipMask",
        ),
    ],
)
def test_what_is_wrong_is_named(patch: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check({**DEFAULT_BODY, **patch})
    assert caught.value.field == field


def test_two_rules_of_one_name_are_refused() -> None:
    rule: JsonObject = {"filterName": "office", "ipMask": "192.0.2.0/24"}
    with pytest.raises(InvalidError, match="office"):
        check({**DEFAULT_BODY, "listeners": {"people": {"ipRules": [rule, rule]}}})


def test_nobody_locks_themselves_out() -> None:
    body: JsonObject = {**DEFAULT_BODY, "publicNetworkAccess": "disabled", "privateNetworks": ["10.0.0.0/8"]}
    with pytest.raises(ConflictError, match=r"192\.0\.2\.1"):
        check(body, address="192.0.2.1")
    assert check(body, address="10.0.0.1")["publicNetworkAccess"] == "Disabled"


@pytest.mark.parametrize(("id_", "action"), [("other", Action.PUT), (APPLICATION, Action.DELETE)])
def test_there_is_exactly_one_application(id_: str, action: Action) -> None:
    with pytest.raises(HoldfastError):
        check(DEFAULT_BODY, id=id_, action=action)


def test_each_listener_has_rules_of_its_own() -> None:
    office: JsonObject = {"filterName": "office", "ipMask": "192.0.2.0/24"}
    listeners: JsonObject = {"people": {"defaultAction": "Deny", "ipRules": [office]}}
    body = check({**DEFAULT_BODY, "listeners": listeners})
    assert network_rules(body, Listener.PEOPLE).verdict("192.0.2.5") == ""
    assert network_rules(body, Listener.PEOPLE).verdict("203.0.113.1")
    assert network_rules(body, Listener.DEVICES).verdict("203.0.113.1") == ""
