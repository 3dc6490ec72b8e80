"""Envelopes are those of the specification."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.signer._key import SSlibKey

from holdfast.baseline.evidence.envelope import (
    Envelope,
    EvidenceError,
    decode,
    encode,
    sign,
    statement,
    verify,
)
from tests.baseline.evidence.items import KEY, key

ENVELOPE = sign(statement("buoy", "0" * 64, "https://example.org/v1", {"a": 1}), KEY)


def test_another_implementation_verifies_ours() -> None:
    theirs = TheirEnvelope.from_dict(json.loads(encode(ENVELOPE)))
    public = SSlibKey(KEY.key_id, "ed25519", "ed25519", {"public": KEY.public.hex()})
    assert list(theirs.verify([public], 1)) == [KEY.key_id]
    assert json.loads(theirs.payload)["subject"] == [{"name": "buoy", "digest": {"sha256": "0" * 64}}]


def test_what_was_signed_comes_back() -> None:
    body = json.loads(verify(decode(encode(ENVELOPE)), KEY.public))
    assert body["_type"] == "https://in-toto.io/Statement/v1"
    assert body["predicate"] == {"a": 1}


def test_another_key_or_content_is_refused() -> None:
    with pytest.raises(EvidenceError, match="is not signed by the given key"):
        verify(ENVELOPE, key(2).public)
    other = sign(statement("buoy", "1" * 64, "t", {}), KEY)
    with pytest.raises(EvidenceError, match="was edited after it was signed"):
        verify(Envelope(other.payload, ENVELOPE.payload_type, ENVELOPE.signatures), KEY.public)
    with pytest.raises(EvidenceError):
        verify(Envelope(ENVELOPE.payload, "text/plain", ENVELOPE.signatures), KEY.public)
    with pytest.raises(EvidenceError):
        verify(Envelope(ENVELOPE.payload, ENVELOPE.payload_type, ()), KEY.public)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"[" * 100_000, b'{"payload": 1}', b"x" * (1 << 21)])
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        decode(data)


@given(st.binary(max_size=200), st.integers(0, 400))
def test_damage_is_noticed(junk: bytes, start: int) -> None:
    line = encode(ENVELOPE)
    damaged = line[:start] + junk + line[start + len(junk) :]
    if damaged == line:
        return
    try:
        body = verify(decode(damaged), KEY.public)
    except EvidenceError:
        return
    assert body == ENVELOPE.body, "only what is not signed (the key's name) may differ"
