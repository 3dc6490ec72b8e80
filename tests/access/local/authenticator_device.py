"""A passkey in software: makes and answers WebAuthn challenges as an authenticator does (WebAuthn 6)."""

import base64
import hashlib
import json
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class SoftwarePasskey:
    """One credential for one site and one user."""

    def __init__(self, origin: str = "https://app.example.org", host: str = "app.example.org") -> None:
        self.origin = origin
        self.host = host
        self.id = hashlib.sha256(repr(id(self)).encode()).digest()
        self.count = 0
        self.flags = USER_PRESENT | USER_VERIFIED
        self.user_handle = b""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def register(self, options: dict[str, Any]) -> str:
        """The response to `navigator.credentials.create`."""
        self.user_handle = base64.urlsafe_b64decode(options["user"]["id"] + "==")
        point = self._key.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        credential = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(key)
        attestation = {
            "fmt": "none",
            "attStmt": {},
            "authData": self._data(self.flags | ATTESTED) + credential,
        }
        return self._response(
            {
                "clientDataJSON": self._client_data("webauthn.create", options["challenge"]),
                "attestationObject": encode(cbor2.dumps(attestation)),
            }
        )

    def answer(self, options: dict[str, Any]) -> str:
        """The response to `navigator.credentials.get`."""
        self.count += 1
        client = self._client_data("webauthn.get", options["challenge"])
        data = self._data(self.flags)
        signed = data + hashlib.sha256(base64.urlsafe_b64decode(client + "==")).digest()
        return self._response(
            {
                "clientDataJSON": client,
                "authenticatorData": encode(data),
                "signature": encode(self._key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": encode(self.user_handle),
            }
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> str:
        return encode(json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode())

    def _response(self, response: dict[str, str]) -> str:
        identity = encode(self.id)
        return json.dumps({"id": identity, "rawId": identity, "type": "public-key", "response": response})
