"""The sender of a destination."""

from holdfast.access.issuer.tokens import Issuer
from holdfast.delivery.destinations import Destination, Email, Syslog
from holdfast.delivery.model import Sender
from holdfast.delivery.senders.email import EmailSender
from holdfast.delivery.senders.syslog import SyslogSender
from holdfast.delivery.senders.webhook import WebhookSender
from holdfast.kernel.clock import Clock


def make_sender(
    destination: Destination,
    clock: Clock,
    host: str,
    product: str,
    issuer: Issuer | None = None,
    caller: str = "",
) -> Sender:
    """What brings messages there. `host` and `product` name us where the form has a place for it; `issuer`
    vouches for the resource `caller` (`kind/id`) where the destination trusts managed identities."""
    if isinstance(destination, Syslog):
        return SyslogSender(destination, host, product)
    if isinstance(destination, Email):
        return EmailSender(destination)
    return WebhookSender(destination, clock, issuer, caller)
