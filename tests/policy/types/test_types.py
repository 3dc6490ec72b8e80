"""Stored resources as typed documents, and the list of what policies can judge."""

from collections.abc import Iterator

import pytest

from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.policy.language.changes import apply_operations
from holdfast.policy.language.evaluation.effects import Operation
from holdfast.policy.types.catalog import own_catalog, policy_types
from holdfast.policy.types.documents import body_after, document_of, parts_of, resource_id, scope_of
from holdfast.runtime.kinds import KINDS

_APPLICATION: JsonObject = {
    "displayName": "Plant",
    "idScope": "0ne1",
    "publicNetworkAccess": "Enabled",
    "privateNetworks": ["127.0.0.0/8", "10.4.0.0/16"],
    "listeners": {
        "mqtt": {"defaultAction": "Deny", "ipRules": [{"filterName": "plant", "ipMask": "10.4.0.0/16"}]},
        "people": {"defaultAction": "Allow", "ipRules": []},
    },
}


def test_every_kind_that_shows_itself_to_policies_is_described() -> None:
    shown = {kind.policy_type: kind.name for kind in KINDS.values() if kind.policy_type}
    described = {each.name: each.kind for each in policy_types().values() if each.kind}
    assert shown == described


def test_every_field_has_an_alias_that_reads_it() -> None:
    catalog = own_catalog()
    for each in policy_types().values():
        assert each.meaning.endswith(".")
        for field in each.fields:
            alias = catalog.alias(f"{each.name}/{field.name}")
            assert alias is not None, field.name
            assert alias.modifiable is field.modifiable


@pytest.mark.parametrize(
    ("organization", "scope"),
    [
        (ROOT, "/"),
        (OrganizationPath("/north/"), "/organizations/north"),
        (OrganizationPath("/a/b/"), "/organizations/a/b"),
    ],
)
def test_organizations_are_scopes(organization: OrganizationPath, scope: str) -> None:
    assert scope_of(organization) == scope
    assert resource_id(organization, "Holdfast.Devices/devices", "pump") == (
        f"{scope.rstrip('/')}/providers/Holdfast.Devices/devices/pump"
    )


def test_the_application_shows_the_fields_of_the_hosted_service_that_do_something() -> None:
    document = document_of(KINDS["application"], "application", ROOT, _APPLICATION)
    properties = document.content["properties"]
    assert isinstance(properties, dict)
    assert document.content["type"] == "Microsoft.IoTCentral/iotApps"
    assert properties["publicNetworkAccess"] == "Enabled"
    assert properties["networkRuleSets"] == {"defaultAction": "Allow", "ipRules": []}
    assert [each["name"] for each in properties["privateEndpointConnections"]] == ["10.4.0.0/16"]  # type: ignore[index, union-attr, call-overload]  # the shape above
    assert "idScope" not in properties


def test_listeners_and_private_networks_are_judged_by_themselves() -> None:
    document = document_of(KINDS["application"], "application", ROOT, _APPLICATION)
    parts = {part.id: part.content["properties"] for part in parts_of(document)}
    assert list(parts) == [
        "/providers/Holdfast.Network/listeners/application/mqtt",
        "/providers/Holdfast.Network/listeners/application/people",
        "/providers/Microsoft.IoTCentral/iotApps/privateEndpointConnections/application/10.4.0.0_16",
    ]
    mqtt = parts["/providers/Holdfast.Network/listeners/application/mqtt"]
    assert isinstance(mqtt, dict)
    assert mqtt["defaultAction"] == "Deny"


def test_a_changed_document_becomes_the_body_with_what_it_did_not_show() -> None:
    kind = KINDS["application"]
    document = document_of(kind, "application", ROOT, _APPLICATION)
    operations = (
        Operation("addOrReplace", "Microsoft.IoTCentral/iotApps/publicNetworkAccess", "Disabled"),
        Operation("addOrReplace", "Microsoft.IoTCentral/iotApps/networkRuleSets.defaultAction", "Deny"),
    )
    changed = apply_operations(document.content, operations, own_catalog())
    body = body_after(kind, _APPLICATION, changed.resource)
    assert body == {
        **_APPLICATION,
        "publicNetworkAccess": "Disabled",
        "listeners": {
            "mqtt": {**_APPLICATION["listeners"]["mqtt"]},  # type: ignore[index, call-overload, dict-item]  # the shape above
            "people": {"defaultAction": "Deny", "ipRules": []},
        },
    }


def test_secrets_are_not_shown() -> None:
    kind = KINDS["enrollmentGroup"]
    body: JsonObject = {
        "displayName": "Pumps",
        "attestation": {"type": "symmetricKey", "symmetricKey": {"primaryKey": "cHJpbWFyeQ=="}},
    }
    assert "cHJpbWFyeQ==" not in str(document_of(kind, "pumps", ROOT, body))


def test_other_kinds_show_their_body_and_take_it_back() -> None:
    kind = KINDS["accessSettings"]
    document = document_of(kind, "settings", ROOT, {"tokens": {"maximumDays": 365}}, modified=86_400.0)
    assert document.content["systemData"] == {
        "createdAt": "1970-01-01T00:00:00.000Z",
        "lastModifiedAt": "1970-01-02T00:00:00.000Z",
    }
    operation = Operation("addOrReplace", "Holdfast.Access/settings/tokens.maximumDays", 90)
    changed = apply_operations(document.content, (operation,), own_catalog())
    assert body_after(kind, {}, changed.resource) == {"tokens": {"maximumDays": 90}}


def _edited(value: JsonValue, other: JsonValue) -> Iterator[JsonValue]:
    """The value with `other` in the place of each of its parts in turn."""
    yield other
    if isinstance(value, dict):
        for name, part in value.items():
            yield from ({**value, name: edited} for edited in _edited(part, other))
    if isinstance(value, list):
        for index, part in enumerate(value):
            yield from ([*value[:index], edited, *value[index + 1 :]] for edited in _edited(part, other))


@pytest.mark.parametrize("other", [None, True, 1.5, "x", [], [["x"]], {}, {"a": {"b": []}}], ids=repr)
def test_drafts_are_judged_before_they_are_validated_whatever_they_say(other: JsonValue) -> None:
    kinds = [KINDS[each.kind] for each in policy_types().values() if each.kind]
    for body in _edited(_APPLICATION, other):
        if isinstance(body, dict):
            for kind in kinds:
                document_of(kind, "x", ROOT, body)
