"""Which addresses may connect."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.network import IpRule, NetworkRules, parse_address, parse_network

OFFICE = IpRule("office", parse_network("192.0.2.0/24"))
SITE = IpRule("site", parse_network("2001:db8::/32"))


def test_without_rules_everybody_gets_in() -> None:
    assert NetworkRules().verdict("203.0.113.9") == ""


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("192.0.2.7", True),
        ("2001:db8::1", True),
        ("192.0.3.1", False),
        ("::1", False),
        ("::ffff:192.0.2.7", True),
    ],
)
def test_default_deny_admits_only_what_a_rule_names(address: str, allowed: bool) -> None:
    rules = NetworkRules(default_action="Deny", rules=(OFFICE, SITE))
    assert (rules.verdict(address) == "") is allowed


def test_disabled_public_access_comes_before_every_rule() -> None:
    rules = NetworkRules(
        rules=(OFFICE,), public_access=False, private_networks=(parse_network("10.0.0.0/8"),)
    )
    assert "disabled" in rules.verdict("192.0.2.7")
    assert rules.verdict("10.1.2.3") == ""


def test_rules_still_bite_inside_private_networks() -> None:
    private = (parse_network("10.0.0.0/8"),)
    rules = NetworkRules("Deny", (IpRule("plant", parse_network("10.1.0.0/16")),), False, private)
    assert rules.verdict("10.1.9.9") == ""
    assert "no IP rule" in rules.verdict("10.2.0.1")


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "office", "10.0.0.0/33", "1.2.3"])
def test_a_network_that_is_none_is_refused_with_the_field(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_network(text, "/ipMask")
    assert caught.value.field == "/ipMask"


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except InvalidError:
        return
    assert isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_address_it_maps(address: ipaddress.IPv4Address) -> None:
    rules = NetworkRules("Deny", (OFFICE,))
    assert rules.verdict(str(address)) == rules.verdict(f"::ffff:{address}")
