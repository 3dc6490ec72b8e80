"""Conditional access policies apply exactly where their conditions match, and only ever narrow access."""

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.conditional.evaluate import Circumstances, Compiled, compile_policy, evaluate
from holdfast.access.conditional.model import Client, Risk, checked_policy
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import PrincipalKind
from holdfast.resources.model import Resource


def policy(control: JsonObject, conditions: JsonObject | None = None, state: str = "enabled") -> Compiled:
    body = checked_policy(
        {"displayName": "Test", "state": state, "control": control, "conditions": conditions or {}}
    )
    return compile_policy(Resource("conditionalAccessPolicy", "p", ROOT, body, "", 0, 0))


BLOCK: JsonObject = {"action": "block"}
MFA: JsonObject = {"strength": "mfa"}


def moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


WEDNESDAY = moment("2026-11-18T12:00:00+00:00")

ADA = Circumstances(
    principal="ada",
    kind=PrincipalKind.USER,
    client=Client.BROWSER,
    address="10.1.2.3",
    now=WEDNESDAY,
    memberships=frozenset({"operators", "role:builder"}),
    methods=frozenset({"pwd"}),
    authenticated_at=WEDNESDAY - 600,
)


def refused(compiled: Compiled, asked: Circumstances) -> bool:
    return not evaluate([compiled], asked).allowed


@pytest.mark.parametrize(
    ("conditions", "applies"),
    [
        ({}, True),
        ({"principals": {"include": ["ada"]}}, True),
        ({"principals": {"include": ["bob"]}}, False),
        ({"principals": {"include": ["operators"]}}, True),
        ({"principals": {"include": ["role:builder"]}}, True),
        ({"principals": {"include": ["role:operator"]}}, False),
        ({"principals": {"exclude": ["ada"]}}, False),
        ({"principals": {"include": ["ada"], "exclude": ["operators"]}}, False),
        ({"kinds": ["user"]}, True),
        ({"kinds": ["service-principal", "api-token"]}, False),
        ({"clients": ["browser"]}, True),
        ({"clients": ["apiToken", "bearer"]}, False),
        ({"networks": {"include": ["10.0.0.0/8"]}}, True),
        ({"networks": {"include": ["192.168.0.0/16", "fd00::/8"]}}, False),
        ({"networks": {"exclude": ["10.1.0.0/16"]}}, False),
        ({"networks": {"exclude": ["10.2.0.0/16"]}}, True),
        ({"times": {"include": [{"days": ["wed"]}]}}, True),
        ({"times": {"include": [{"days": ["thu"]}]}}, False),
        ({"times": {"exclude": [{"days": ["wed"], "start": "08:00", "end": "18:00"}]}}, False),
        ({"times": {"exclude": [{"days": ["wed"], "start": "13:00", "end": "18:00"}]}}, True),
        ({"risk": "low"}, False),
    ],
)
def test_a_policy_applies_where_every_condition_matches(conditions: JsonObject, applies: bool) -> None:
    assert refused(policy(BLOCK, conditions), ADA) is applies


@pytest.mark.parametrize(
    ("when", "inside"),
    [
        ("2026-11-18T21:59:00+01:00", False),
        ("2026-11-18T22:00:00+01:00", True),
        ("2026-11-19T05:59:00+01:00", True),
        ("2026-11-19T06:00:00+01:00", False),
        ("2026-11-19T23:00:00+01:00", False),
        ("2026-07-15T21:59:00+02:00", False),
        ("2026-07-15T22:00:00+02:00", True),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_starts_in_local_time(when: str, inside: bool) -> None:
    night: JsonValue = [{"days": ["wed"], "start": "22:00", "end": "06:00", "zone": "Europe/Berlin"}]
    assert refused(policy(BLOCK, {"times": {"include": night}}), replace(ADA, now=moment(when))) is inside


@pytest.mark.parametrize("risk", list(Risk))
def test_risk_applies_from_its_level_on(risk: Risk) -> None:
    assert refused(policy(BLOCK, {"risk": "medium"}), replace(ADA, risk=risk)) is (risk >= Risk.MEDIUM)


@pytest.mark.parametrize("address", ["", "nonsense"])
def test_an_unknown_address_is_on_the_strict_side_of_every_network_condition(address: str) -> None:
    unknown = replace(ADA, address=address)
    assert refused(policy(BLOCK, {"networks": {"include": ["203.0.113.0/24"]}}), unknown)
    assert refused(policy(BLOCK, {"networks": {"exclude": ["10.0.0.0/8"]}}), unknown)


def test_an_ipv4_address_mapped_into_ipv6_is_the_same_address() -> None:
    assert refused(
        policy(BLOCK, {"networks": {"include": ["10.0.0.0/8"]}}), replace(ADA, address="::ffff:10.1.2.3")
    )


@pytest.mark.parametrize(
    ("methods", "mfa", "phishing_resistant"),
    [
        ({"pwd"}, False, False),
        ({"pwd", "pin"}, False, False),
        ({"otp", "sms"}, False, False),
        ({"pwd", "otp"}, True, False),
        ({"mfa"}, True, False),
        ({"hwk", "pin", "passkey"}, True, True),
        ({"sc", "pin"}, True, True),
        ({"fpt", "hwk"}, True, False),
        (set(), False, False),
    ],
)
def test_strength_counts_factors_of_different_kinds(
    methods: set[str], mfa: bool, phishing_resistant: bool
) -> None:
    asked = replace(ADA, methods=frozenset(methods))
    assert refused(policy(MFA), asked) is not mfa
    assert refused(policy({"strength": "phishingResistant"}), asked) is not phishing_resistant


def test_a_sign_in_that_is_too_old_needs_a_fresh_one() -> None:
    hourly = policy({"maximumAgeMinutes": 60})
    assert not refused(hourly, replace(ADA, authenticated_at=WEDNESDAY - 3600))
    verdict = evaluate([hourly], replace(ADA, authenticated_at=WEDNESDAY - 3601))
    assert [unmet.needs for unmet in verdict.refused] == ["fresh-sign-in"]


def test_an_authentication_context_has_to_be_one_of_those_named() -> None:
    assert refused(policy({"acr": ["phr"]}), ADA)
    assert not refused(policy({"acr": ["phr", "c1"]}), replace(ADA, acr="c1"))


def test_report_only_says_what_it_would_have_done_and_refuses_nobody() -> None:
    verdict = evaluate([policy(BLOCK, state="reportOnly"), policy(BLOCK, state="disabled")], ADA)
    assert verdict.allowed
    assert [unmet.needs for unmet in verdict.reported] == ["blocked"]


def test_a_break_glass_account_gets_in_and_the_policies_it_passed_are_reported() -> None:
    verdict = evaluate([policy(BLOCK)], replace(ADA, break_glass=True))
    assert verdict.allowed
    assert [unmet.policy for unmet in verdict.reported] == ["p"]


CONTROLS = st.sampled_from([BLOCK, MFA, {"maximumAgeMinutes": 5}, {"acr": ["phr"]}])
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "principals": st.sampled_from([{"include": ["ada"]}, {"exclude": ["operators"]}]),
        "clients": st.sampled_from([["browser"], ["apiToken"]]),
        "networks": st.sampled_from([{"include": ["10.0.0.0/8"]}, {"exclude": ["10.0.0.0/8"]}]),
        "risk": st.sampled_from(["low", "high"]),
    },
)
POLICIES = st.lists(st.builds(policy, CONTROLS, CONDITIONS))


@given(POLICIES, POLICIES, st.sampled_from(["10.0.0.1", "192.0.2.1", ""]), st.sampled_from(list(Client)))
def test_more_policies_never_allow_more(
    some: list[Compiled], more: list[Compiled], address: str, client: Client
) -> None:
    asked = replace(ADA, address=address, client=client)
    if evaluate(some + more, asked).allowed:
        assert evaluate(some, asked).allowed
        assert evaluate(more, asked).allowed


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "displayName"),
        ({"displayName": "x"}, "requires nothing"),
        ({"displayName": "x", "control": {"action": "block", "strength": "mfa"}}, "cannot require"),
        ({"displayName": "x", "control": {"action": "allow"}}, "/control/action"),
        ({"displayName": "x", "control": MFA, "conditions": {"network": {}}}, "unknown field"),
        ({"displayName": "x", "control": MFA, "conditions": {"networks": {"include": ["10.0.0.1/8"]}}}, "no"),
        ({"displayName": "x", "control": MFA, "conditions": {"times": {"include": [{"days": []}]}}}, "a day"),
        (
            {
                "displayName": "x",
                "control": MFA,
                "conditions": {"times": {"include": [{"days": ["mon"], "zone": "../../etc/passwd"}]}},
            },
            "no time zone",
        ),
        (
            {
                "displayName": "x",
                "control": MFA,
                "conditions": {"times": {"include": [{"days": ["mon"], "start": "9:00"}]}},
            },
            "start",
        ),
        (
            {"displayName": "x", "control": MFA, "conditions": {"principals": {"include": ["a"] * 1001}}},
            "1000",
        ),
        ({"displayName": "x", "control": {"maximumAgeMinutes": -1}}, "maximumAgeMinutes"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_naming_the_part(body: JsonObject, said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        checked_policy(body)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "x" * 2000, "Europe", "\0", "\ud800"])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    times: JsonObject = {"include": [{"days": ["mon"], "zone": zone}]}
    with pytest.raises(InvalidError, match="no time zone"):
        checked_policy({"displayName": "x", "control": {"action": "block"}, "conditions": {"times": times}})


def test_new_policies_only_report_until_somebody_enables_them() -> None:
    body = checked_policy({"displayName": "Require two factors", "control": MFA})
    assert body["state"] == "reportOnly"
    assert checked_policy(body) == body
