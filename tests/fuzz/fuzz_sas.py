"""Shared access signatures: a stranger's text is never a token that our key signed."""

from holdfast.protocol.sas import (
    SasError,
    decode_key,
    is_expired,
    is_signed_by,
    parse_hub_resource,
    parse_registration_resource,
    parse_sas,
)

_KEY = b"a key that the fuzzer cannot know"


def target(data: bytes) -> None:
    """The text is tried as a token, a token's fields, and a key."""
    text = data.decode(errors="replace")
    for candidate in (
        text,
        f"SharedAccessSignature {text}",
        f"SharedAccessSignature sr={text}&sig=YQ==&se=1",
    ):
        try:
            token = parse_sas(candidate)
        except SasError:
            continue
        assert not is_signed_by(token, _KEY)
        is_expired(token, 0.0)
        for parse in (parse_hub_resource, parse_registration_resource):
            try:
                parse(token.target)
            except SasError:
                continue
    try:
        decode_key(text)
    except SasError:
        return
