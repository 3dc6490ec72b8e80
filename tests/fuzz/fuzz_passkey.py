"""Whatever a browser sends as a passkey's answer is refused with our own error, and never believed."""

import json

from holdfast.access.errors import SignInRefusedError
from holdfast.access.local.credentials import Passkey
from holdfast.access.local.passkeys import RelyingParty, who_answers

PARTY = RelyingParty("app.example.org", ["https://app.example.org"])
PASSKEY = Passkey(id="aWQ", public_key="pQECAyYgASFYIA", sign_count=0, name="Key", created="2026-01-01")
CHALLENGE = b"c" * 32


def target(data: bytes) -> None:
    """Bytes as the whole answer, and as each part of one that has the right form."""
    text = data.decode("utf-8", "replace")
    parts = {"clientDataJSON": text, "authenticatorData": text, "signature": text, "userHandle": text}
    parts["attestationObject"] = text
    formed = json.dumps({"id": "aWQ", "rawId": "aWQ", "type": "public-key", "response": parts})
    for answer in (text, formed):
        for attempt in (_name, _register, _answer):
            try:
                attempt(answer)
            except SignInRefusedError:
                continue


def _name(answer: str) -> object:
    return who_answers(answer)


def _register(answer: str) -> object:
    return PARTY.registered(answer, CHALLENGE, "Key", "2026-01-01")


def _answer(answer: str) -> object:
    return PARTY.new_sign_count(answer, CHALLENGE, PASSKEY)
