"""Who may connect to the hub: every proof, and everything that is nearly one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.devices.directory import DeviceCredentials
from holdfast.gateway.authentication import HubIdentity, Proof, judge, read_proof
from holdfast.gateway.errors import RefusedError
from holdfast.kernel.organizations import ROOT
from holdfast.protocol.hub import HubUser
from holdfast.protocol.sas import CLOCK_SKEW, sign_sas
from holdfast.protocol.x509 import parse_certificate, thumbprints
from tests.support.pki import Identity, issue

NOW = 1_800_000_000.0
KEY, SECOND, POLICY = b"k" * 32, b"s" * 32, b"p" * 32
HUB = HubIdentity(frozenset({"hub.test"}))
USER = HubUser("hub.test", "Dev-1")
CREDENTIALS = DeviceCredentials(
    "Dev-1", ROOT, True, 1, symmetric_keys=(KEY, SECOND), modules=("m",), policies={"device": (POLICY,)}
)
ROOT_CA = issue("root", authority=True)
MIDDLE_CA = issue("middle", ROOT_CA, authority=True)
LEAF = issue("dev-1", MIDDLE_CA)


def with_token(
    resource: str = "hub.test/devices/Dev-1",
    key: bytes = KEY,
    expiry: float = NOW + 60,
    name: str = "",
    user: HubUser = USER,
    credentials: DeviceCredentials | None = CREDENTIALS,
    now: float = NOW,
) -> float:
    proof = read_proof(sign_sas(resource, key, int(expiry), name).encode(), ())
    return judge(user, proof, credentials, HUB, now)


def with_chain(*chain: Identity, credentials: DeviceCredentials, now: float = NOW) -> float:
    return judge(USER, read_proof(None, tuple(c.der for c in chain)), credentials, HUB, now)


def test_either_key_of_the_device_lets_it_in_until_the_token_expires() -> None:
    assert with_token() == NOW + 60 + CLOCK_SKEW
    assert with_token(key=SECOND) == NOW + 60 + CLOCK_SKEW


@pytest.mark.parametrize("resource", ["HUB.test/devices/Dev-1", "hub.test:8883/devices/Dev-1"])
def test_the_host_compares_without_case_and_port(resource: str) -> None:
    with_token(resource)


def test_a_policy_of_the_hub_signs_for_every_device() -> None:
    for resource in ("hub.test", "hub.test/devices/Dev-1"):
        with_token(resource, POLICY, name="device")


def test_a_module_has_a_token_of_its_own() -> None:
    module = HubUser("hub.test", "Dev-1", "m")
    with_token("hub.test/devices/Dev-1/modules/m", user=module)
    with pytest.raises(RefusedError):
        with_token("hub.test/devices/Dev-1", user=module)
    with pytest.raises(RefusedError):
        with_token("hub.test/devices/Dev-1/modules/n", user=HubUser("hub.test", "Dev-1", "n"))


REFUSED_TOKENS = {
    "a forged signature": {"key": b"x" * 32},
    "no key at all": {"key": bytes(32)},
    "an expired token": {"expiry": NOW - CLOCK_SKEW - 1},
    "another device": {"resource": "hub.test/devices/dev-2"},
    "another spelling of the device": {"resource": "hub.test/devices/dev-1"},
    "another hub": {"resource": "other.test/devices/Dev-1"},
    "a registration": {"resource": "0ne/registrations/Dev-1"},
    "the whole hub with the device's key": {"resource": "hub.test"},
    "a policy's name with the device's key": {"resource": "hub.test", "name": "device"},
    "an unknown policy": {"resource": "hub.test", "key": POLICY, "name": "owner"},
    "another device under a policy": {
        "resource": "hub.test/devices/dev-2",
        "key": POLICY,
        "name": "device",
    },
    "an unknown device": {"credentials": None},
    "an unknown device with nobody's key": {"credentials": None, "key": bytes(32)},
    "an unknown device under a policy": {"credentials": None, "key": POLICY, "name": "device"},
    "a blocked device": {"credentials": replace(CREDENTIALS, enabled=False)},
    "a device without keys": {"credentials": replace(CREDENTIALS, symmetric_keys=())},
    "a device without keys and nobody's": {
        "credentials": replace(CREDENTIALS, symmetric_keys=()),
        "key": bytes(32),
    },
}


@pytest.mark.parametrize("name", REFUSED_TOKENS)
def test_a_token_is_refused_for(name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        with_token(**REFUSED_TOKENS[name])  # type: ignore[arg-type]  # fields by name
    assert refused.value.guilty == (name not in ("an expired token", "a blocked device"))


BY_AUTHORITY = replace(CREDENTIALS, symmetric_keys=(), authorities=(ROOT_CA.der,))


def by_thumbprint(identity: Identity, which: int) -> DeviceCredentials:
    digests = sorted(thumbprints(parse_certificate(identity.der)), key=len)
    return replace(CREDENTIALS, symmetric_keys=(), thumbprints=(digests[which],))


def test_a_chain_to_an_enrolled_authority_lets_the_device_in() -> None:
    expires = with_chain(LEAF, MIDDLE_CA, credentials=BY_AUTHORITY)
    assert expires == LEAF.certificate.not_valid_after_utc.timestamp() + CLOCK_SKEW
    with_chain(LEAF, credentials=replace(BY_AUTHORITY, authorities=(ROOT_CA.der, MIDDLE_CA.der)))


@pytest.mark.parametrize("which", [0, 1])
def test_a_self_signed_certificate_is_known_by_either_thumbprint(which: int) -> None:
    own = issue("anything")
    with_chain(own, credentials=by_thumbprint(own, which))


def test_a_revoked_serial_is_refused() -> None:
    revoked = replace(BY_AUTHORITY, revoked_serials=frozenset({LEAF.certificate.serial_number}))
    with pytest.raises(RefusedError):
        with_chain(LEAF, MIDDLE_CA, credentials=revoked)


REFUSED_CHAINS: dict[str, tuple[tuple[Identity, ...], DeviceCredentials]] = {
    "a foreign authority": ((issue("dev-1", issue("root", authority=True)),), BY_AUTHORITY),
    "another device's certificate": ((issue("dev-2", ROOT_CA),), BY_AUTHORITY),
    "a missing link": ((LEAF,), BY_AUTHORITY),
    "an expired certificate": ((issue("dev-1", ROOT_CA, ends=NOW - 1000),), BY_AUTHORITY),
    "a certificate of the future": ((issue("dev-1", ROOT_CA, begins=NOW + 1000),), BY_AUTHORITY),
    "a self-signed one where an authority is enrolled": ((issue("dev-1"),), BY_AUTHORITY),
    "another thumbprint": ((issue("dev-1"),), by_thumbprint(issue("dev-1"), 1)),
    "an authority's leaf where a thumbprint is enrolled": ((LEAF, MIDDLE_CA), by_thumbprint(issue("x"), 1)),
    "a device that has keys only": ((LEAF, MIDDLE_CA), CREDENTIALS),
}


@pytest.mark.parametrize("name", REFUSED_CHAINS)
def test_a_certificate_is_refused_for(name: str) -> None:
    chain, credentials = REFUSED_CHAINS[name]
    with pytest.raises(RefusedError):
        with_chain(*chain, credentials=credentials)


def test_a_password_comes_before_a_certificate() -> None:
    assert read_proof(b"SharedAccessSignature sr=a&sig=YQ==&se=1", (b"der",)).method == "sas"
    assert read_proof(b"", (b"der",)) == Proof(chain=(b"der",))


@given(st.binary(max_size=60), st.lists(st.binary(max_size=60), max_size=3).map(tuple))
def test_a_stranger_is_refused_and_nothing_else_happens(password: bytes, chain: tuple[bytes, ...]) -> None:
    for credentials in (None, CREDENTIALS, BY_AUTHORITY):
        with pytest.raises(RefusedError):
            judge(USER, read_proof(password, chain), credentials, HUB, NOW)
