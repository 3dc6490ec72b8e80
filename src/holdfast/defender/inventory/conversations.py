"""Who talks to whom: connections of the same kind between two parties, summed up."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from holdfast.defender.engines.model import FLOW, Watch, on
from holdfast.defender.engines.talks import Talk
from holdfast.defender.flows.model import Flow
from holdfast.defender.record import Record, Role, seconds

MAXIMUM_CONVERSATIONS: Final = 200_000
MAXIMUM_COMMANDS: Final = 100
_TRANSPORTS: Final = ("tcp", "udp", "icmp", "ip", "ethernet")


class ConversationKey(NamedTuple):
    """What makes two connections one conversation."""

    client: str
    server: str
    transport: str
    port: int
    """The server's."""
    protocol: str
    """Empty where it was not recognized."""


@dataclass(slots=True)
class Conversation:
    """What two parties exchanged in one protocol."""

    first: float
    last: float
    connections: int = 0
    refused: int = 0
    """Attempts that were refused or got no answer."""
    client_packets: int = 0
    client_octets: int = 0
    server_packets: int = 0
    server_octets: int = 0
    vlans: set[int] = field(default_factory=set)
    commands: set[str] = field(default_factory=set)
    """Kinds of messages, at most `MAXIMUM_COMMANDS`."""


class Conversations:
    """Sums up flows when they end; bounded."""

    def __init__(self, maximum: int = MAXIMUM_CONVERSATIONS) -> None:
        self._maximum = maximum
        self._known: dict[ConversationKey, Conversation] = {}
        self._commands: dict[tuple[str, str, str], set[str]] = {}
        """By client, server and protocol, of flows that have not ended."""
        self.dropped = 0
        """Flows that were not taken up because there are too many conversations."""

    def watches(self) -> Iterator[Watch]:
        """See `Detector.watches`."""
        for transport in _TRANSPORTS:
            yield Watch(transport, on(FLOW, "ended"), self._ended)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def message(self, talk: Talk, record: Record) -> None:
        """A message of a new kind or key was seen."""
        if record.role is Role.MALFORMED:
            return
        client, server = talk.source, talk.destination
        if not talk.to_server:
            client, server = server, client
        commands = self._commands.setdefault((client, server, talk.protocol), set())
        if len(commands) < MAXIMUM_COMMANDS:
            commands.add(record.kind)
        if len(self._commands) > self._maximum:
            del self._commands[next(iter(self._commands))]

    def items(self) -> Iterator[tuple[ConversationKey, Conversation]]:
        """Every conversation, oldest first, with the commands that were seen."""
        for key, conversation in sorted(self._known.items(), key=lambda item: (item[1].first, item[0])):
            conversation.commands |= self._commands.get((key.client, key.server, key.protocol), set())
            yield key, conversation

    def now(self, flows: Iterable[Flow]) -> Iterator[tuple[ConversationKey, Conversation]]:
        """Every conversation with what the `flows` that have not ended add to it."""
        present = {
            key: replace(known, vlans=set(known.vlans), commands=set(known.commands))
            for key, known in self.items()
        }
        for flow in flows:
            key = _key(flow)
            if key not in present and len(present) >= self._maximum:
                continue
            conversation = present.setdefault(key, Conversation(seconds(flow.started), 0.0))
            _add(conversation, flow)
            conversation.commands |= self._commands.get((key.client, key.server, key.protocol), set())
        yield from present.items()

    def __len__(self) -> int:
        return len(self._known)

    def _ended(self, record: Record) -> None:
        flow = record.direction.flow
        key = _key(flow)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= self._maximum:
                self.dropped += 1
                return
            known = self._known[key] = Conversation(seconds(flow.started), 0.0)
        _add(known, flow)


def _key(flow: Flow) -> ConversationKey:
    client, server = flow.client.source, flow.server.source
    parts = (client.address, server.address, flow.transport, server.port, flow.service)
    return tuple.__new__(ConversationKey, parts)  # three times as fast as by name, once for every flow


def _add(known: Conversation, flow: Flow) -> None:
    client, server = flow.client, flow.server
    known.first = min(known.first, seconds(flow.started))
    known.last = max(known.last, seconds(max(client.last_time, server.last_time)))
    known.connections += 1
    known.refused += not server.frames or flow.state == "refused"
    known.client_packets += client.frames
    known.client_octets += client.octets
    known.server_packets += server.frames
    known.server_octets += server.octets
    if flow.vlans:
        known.vlans.update(vlan for vlan in flow.vlans if vlan >= 0)
