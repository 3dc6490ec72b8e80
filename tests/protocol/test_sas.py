"""Shared access signatures: the published vectors, every spelling that the SDKs use, and refusals."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.sas import (
    CLOCK_SKEW,
    HubResource,
    RegistrationResource,
    SasError,
    decode_key,
    derive_key,
    is_expired,
    is_signed_by,
    parse_hub_resource,
    parse_registration_resource,
    parse_sas,
    sign_sas,
)

KEY = decode_key("18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA==")
RESOURCE = "MyExampleHub.azure-devices.net/devices/my-symkey-device"
EXPIRY = 1663119026
SIGNATURE = "f+wW8XOKeJOtiPc9Iwjc4OpExvPM7NlhM9qxN2a1aAM="
GROUP_KEY = decode_key(
    "G3vn0IZH9oK3d4wsxFpWBtd2KUrtjI+39dZVRf26To8w9OX0LaFV9yZ93ELXY7voqHEUsNhnb9bt717UP87KxA=="
)
DERIVED = {
    "my-symkey-device": "Q+erii/qT0ty8UwJPpnDYucSU2Np3B1053zvwW2S+ns=",
    "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6": "09thrQowuRcRE10Qxj6yfV1kk1xbAp8ZMUGOl8EvBLE=",
}

resources = st.text(min_size=1, max_size=60)
keys = st.binary(min_size=16, max_size=64)
expiries = st.integers(0, 10**14)


def test_the_signature_is_the_published_one() -> None:
    token = sign_sas(RESOURCE, KEY, EXPIRY)
    assert token == (
        f"SharedAccessSignature sr={quote(RESOURCE, safe='')}&sig={quote(SIGNATURE, safe='')}&se={EXPIRY}"
    )
    assert is_signed_by(parse_sas(token), KEY)


@pytest.mark.parametrize("registration", DERIVED)
def test_a_device_key_is_derived_from_its_groups(registration: str) -> None:
    assert base64.b64encode(derive_key(GROUP_KEY, registration)).decode() == DERIVED[registration]


def test_a_registration_id_is_derived_as_it_is_spelled() -> None:
    assert derive_key(GROUP_KEY, "Device") != derive_key(GROUP_KEY, "device")


@given(resources, keys, expiries, st.text(max_size=20))
def test_a_token_reads_as_it_was_signed(resource: str, key: bytes, expiry: int, name: str) -> None:
    token = parse_sas(sign_sas(resource, key, expiry, name))
    assert (token.target, token.expiry, token.key_name) == (resource, expiry, name)
    assert is_signed_by(token, key)
    assert not is_signed_by(token, key + b"x")


def test_a_resource_that_is_not_encoded_is_verified_as_it_stands() -> None:
    encoded = parse_sas(sign_sas("scope/registrations/d", KEY, EXPIRY, "registration"))
    plain = encoded._replace(resource="scope/registrations/d")
    assert not is_signed_by(plain, KEY), "the signature covers the spelling"
    assert plain.target == encoded.target


def test_the_fields_come_in_any_order_with_and_without_a_key_name() -> None:
    token = parse_sas(
        f"SharedAccessSignature se={EXPIRY}&skn=device&sig={SIGNATURE}&sr={quote(RESOURCE, '')}"
    )
    assert is_signed_by(token, KEY)
    assert token.key_name == "device"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password",
        "SharedAccessSignature ",
        "SharedAccessSignature sr=a&sig=YQ==",
        "SharedAccessSignature sr=a&se=1",
        "SharedAccessSignature sig=YQ==&se=1",
        "SharedAccessSignature sr=a&sr=b&sig=YQ==&se=1",
        "SharedAccessSignature sr=a&sig=YQ==&se=1&x=1",
        "SharedAccessSignature sr=a&sig=%25&se=1",
        "SharedAccessSignature sr=a&sig=YQ==&se=-1",
        "SharedAccessSignature sr=a&sig=YQ==&se=1e9",
        "SharedAccessSignature sr=a&sig=YQ==&se=9999999999999999",
        "SharedAccessSignature sr=ä&sig=YQ==&se=1",
        "SharedAccessSignature sr=a&sig=YQ==&se=٣",
        "SharedAccessSignature sr=" + "a" * 5000 + "&sig=YQ==&se=1",
    ],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(SasError) as caught:
        parse_sas(text)
    assert "YQ==" not in str(caught.value)


@given(st.text(max_size=120) | st.text(max_size=80).map(lambda text: f"SharedAccessSignature {text}"))
def test_any_text_is_a_token_or_a_sas_error(text: str) -> None:
    try:
        token = parse_sas(text)
    except SasError:
        return
    assert not is_signed_by(token, KEY)


def test_a_token_expires_after_the_clock_skew() -> None:
    token = parse_sas(sign_sas(RESOURCE, KEY, EXPIRY))
    assert not is_expired(token, EXPIRY + CLOCK_SKEW)
    assert is_expired(token, EXPIRY + CLOCK_SKEW + 1)


@pytest.mark.parametrize("text", ["", "not base64!", "YQ==", base64.b64encode(b"x" * 65).decode()])
def test_a_key_has_16_to_64_bytes(text: str) -> None:
    with pytest.raises(SasError):
        decode_key(text)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("Hub.Example/devices/D1", HubResource("hub.example", "D1")),
        ("localhost:28883/devices/d", HubResource("localhost", "d")),
        ("h/devices/d/modules/m", HubResource("h", "d", "m")),
    ],
)
def test_a_hub_token_names_host_and_device(target: str, expected: HubResource) -> None:
    assert parse_hub_resource(target) == expected


@pytest.mark.parametrize("target", ["", "h", "h/devices", "h/devices/", "/devices/d", "h/devices/d/modules/"])
def test_a_token_for_something_else_is_refused_at_the_hub(target: str) -> None:
    with pytest.raises(SasError):
        parse_hub_resource(target)


def test_a_provisioning_token_names_scope_and_registration() -> None:
    assert parse_registration_resource("0ne/registrations/d") == RegistrationResource("0ne", "d")
    for target in ("0ne/registrations/", "/registrations/d", "0ne/devices/d", "a/registrations/b/c"):
        with pytest.raises(SasError):
            parse_registration_resource(target)
