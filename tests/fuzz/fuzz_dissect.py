"""Dissectors: any payloads give records that can be written down, or a MalformedError."""

from tests.defender.dissect.feeding import Message, check, dissector, exchanges, feed

_EXCHANGES = exchanges()


def target(data: bytes) -> None:
    """The first byte chooses the protocol, the second how many of its sample messages go before."""
    if len(data) < 3:
        return
    exchange = _EXCHANGES[data[0] % len(_EXCHANGES)]
    before = exchange.messages[: data[1] % 8]
    half = len(data) // 2
    after = (Message(bool(data[2] & 1), data[3:half]), Message(bool(data[2] & 2), data[half:]))
    check(feed(dissector(exchange), exchange.transport, (*before, *after)))
