"""Passkeys (WebAuthn level 2): registering one, and signing in with one.

Discoverable and with user verification: a person signs in without a user name, and the passkey counts as two
factors that cannot be phished. Challenges travel in tickets, so each is answered once.
"""

import base64
import binascii
import json
from collections.abc import Iterable

import webauthn
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from holdfast.access.errors import SignInRefusedError
from holdfast.access.local.credentials import Passkey
from holdfast.kernel.json import JsonObject

MAXIMUM_RESPONSE = 65_536
"""Bytes; a response with a long attestation chain has about ten thousand."""
METHODS = frozenset({"hwk", "pin", "passkey"})
"""RFC 8176: possession of a key and a PIN or biometric; `passkey` says that it is bound to this site."""


class RelyingParty:
    """This site, as passkeys are bound to it."""

    def __init__(self, host: str, origins: Iterable[str], name: str = "Holdfast") -> None:
        self._host = host
        self._origins = list(origins)
        self._name = name

    def registration_options(
        self, user_id: str, account: str, challenge: bytes, present: Iterable[Passkey]
    ) -> JsonObject:
        """What the browser passes to `navigator.credentials.create`."""
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name=self._name,
            user_id=user_id.encode(),
            user_name=account,
            challenge=challenge,
            exclude_credentials=[PublicKeyCredentialDescriptor(id=_decode(key.id)) for key in present],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
        made: JsonObject = json.loads(webauthn.options_to_json(options))
        return made

    def registered(self, response: str, challenge: bytes, name: str, created: str) -> Passkey:
        """The passkey that the browser made for `challenge`. SignInRefusedError when it is not in order."""
        _check_size(response)
        try:
            made = webauthn.verify_registration_response(
                credential=response,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origins,
                require_user_verification=True,
            )
        except Exception as error:  # whatever the library makes of a stranger's bytes, it is a refusal
            raise _refusal(error) from error
        return Passkey(
            id=_encode(made.credential_id),
            public_key=_encode(made.credential_public_key),
            sign_count=made.sign_count,
            name=name,
            created=created,
        )

    def sign_in_options(self, challenge: bytes) -> JsonObject:
        """What the browser passes to `navigator.credentials.get`."""
        options = webauthn.generate_authentication_options(
            rp_id=self._host, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
        )
        made: JsonObject = json.loads(webauthn.options_to_json(options))
        return made

    def new_sign_count(self, response: str, challenge: bytes, passkey: Passkey) -> int:
        """The passkey's counter after it answered `challenge`. SignInRefusedError when the answer is wrong.

        A counter that does not grow means a copied authenticator (WebAuthn 6.1.1) and is refused.
        """
        _check_size(response)
        try:
            answer = webauthn.verify_authentication_response(
                credential=response,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origins,
                credential_public_key=_decode(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except Exception as error:  # whatever the library makes of a stranger's bytes, it is a refusal
            raise _refusal(error) from error
        return answer.new_sign_count


def who_answers(response: str) -> tuple[str, str]:
    """The user id and the passkey id that an answer names, before anything is verified."""
    _check_size(response)
    try:
        answer = json.loads(response)
        user = base64.urlsafe_b64decode(_padded(answer["response"]["userHandle"])).decode()
        return user, str(answer["id"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refusal(error) from error


def _check_size(response: str) -> None:
    if len(response) > MAXIMUM_RESPONSE:
        raise SignInRefusedError("The passkey's answer is too long.", "passkey answer too long")


def _refusal(error: Exception) -> SignInRefusedError:
    return SignInRefusedError(
        "The passkey was not accepted; try again, or use another way to sign in.",
        f"passkey: {type(error).__name__}: {error}",
    )


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(_padded(text))
    except binascii.Error as error:
        raise _refusal(error) from error


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
