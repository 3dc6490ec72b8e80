"""Webhooks: an HTTP POST a message."""

import hashlib
import hmac
import json
import ssl

import httpx

from holdfast.delivery.destinations import Webhook
from holdfast.delivery.model import DeliveryError, Message
from holdfast.kernel.clock import Clock

TIMEOUT = 10.0
"""Seconds for the connection, and for each read and write."""
SIGNATURE = "X-Holdfast-Signature"
MAXIMUM_RETRY_AFTER = 3600.0

_LATER = frozenset({408, 425, 429})
"""Statuses below 500 that ask to try again."""


class WebhookSender:
    """Posts messages to one address. Redirects are not followed: they would carry credentials elsewhere."""

    def __init__(self, webhook: Webhook, clock: Clock) -> None:
        self._webhook = webhook
        self._clock = clock
        context = ssl.create_default_context(cadata=webhook.ca or None)
        self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, verify=context, trust_env=False)

    def send(self, message: Message) -> None:
        """See `Sender.send`."""
        body = json.dumps(message.body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "X-Holdfast-Id": message.id}
        headers |= dict(self._webhook.headers)
        if self._webhook.secret:
            headers[SIGNATURE] = sign(self._webhook.secret, int(self._clock.now()), body)
        try:
            response = self._client.post(self._webhook.url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise DeliveryError(f"The webhook cannot be reached: {_reason(error)}.") from None
        if response.is_success:
            return
        status = response.status_code
        raise DeliveryError(
            f"The webhook answered {status}.",
            permanent=status < 500 and status not in _LATER,
            retry_after=_retry_after(response),
        )

    def close(self) -> None:
        """See `Sender.close`."""
        self._client.close()


def sign(secret: str, moment: int, body: bytes) -> str:
    """The signature's header: the receiver computes it again, compares, and refuses old moments."""
    digest = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), MAXIMUM_RETRY_AFTER) if text.isascii() and text.isdigit() else 0.0
