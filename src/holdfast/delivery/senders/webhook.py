"""Webhooks: an HTTP POST a message."""

import hashlib
import hmac
import json
import ssl

import httpx

from holdfast.access.issuer.tokens import Issuer
from holdfast.delivery.destinations import Webhook
from holdfast.delivery.model import DeliveryError, Message
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError

TIMEOUT = 10.0
"""Seconds for the connection, and for each read and write."""
SIGNATURE = "X-Holdfast-Signature"
MAXIMUM_RETRY_AFTER = 3600.0

_LATER = frozenset({408, 425, 429})
"""Statuses below 500 that ask to try again."""


class WebhookSender:
    """Posts messages to one address. Redirects are not followed: they would carry credentials elsewhere."""

    def __init__(
        self, webhook: Webhook, clock: Clock, issuer: Issuer | None = None, caller: str = ""
    ) -> None:
        """`issuer` makes the tokens of a webhook with an identity; `caller` is the resource (`kind/id`) that
        calls."""
        self._webhook = webhook
        self._clock = clock
        self._issuer = issuer
        self._caller = caller
        context = ssl.create_default_context(cadata=webhook.ca or None)
        self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, verify=context, trust_env=False)

    def send(self, message: Message) -> None:
        """See `Sender.send`."""
        body = json.dumps(message.body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "X-Holdfast-Id": message.id}
        headers |= dict(self._webhook.headers)
        if self._webhook.secret:
            headers[SIGNATURE] = sign(self._webhook.secret, int(self._clock.now()), body)
        token = self._token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            response = self._client.post(self._webhook.url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise DeliveryError(f"The webhook cannot be reached: {_reason(error)}.") from None
        if response.is_success:
            return
        status = response.status_code
        refuses_token = bool(token) and status == 401
        if refuses_token and self._issuer is not None:
            self._issuer.forget(token)  # it may not know the key yet, or know it no more
        raise DeliveryError(
            f"The webhook answered {status}{' to the token of the identity' if refuses_token else ''}.",
            permanent=status < 500 and status not in _LATER and not refuses_token,
            retry_after=_retry_after(response),
        )

    def close(self) -> None:
        """See `Sender.close`."""
        self._client.close()

    def _token(self) -> str:
        """What is sent as who; empty for nobody. DeliveryError when the identity may not be used now."""
        webhook = self._webhook
        if not webhook.identity:
            return ""
        if self._issuer is None:
            raise DeliveryError("Nothing here makes tokens of managed identities.")
        try:
            return self._issuer.token_for_call(webhook.identity, webhook.token_audience, self._caller)
        except HoldfastError as error:
            raise DeliveryError(f"There is no token for the webhook: {error}") from None


def sign(secret: str, moment: int, body: bytes) -> str:
    """The signature's header: the receiver computes it again, compares, and refuses old moments."""
    digest = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), MAXIMUM_RETRY_AFTER) if text.isascii() and text.isdigit() else 0.0
