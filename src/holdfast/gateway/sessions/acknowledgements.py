"""PUBACKs in the order of the messages (MQTT 4.6), each sent only after its message is durable."""

import msgspec


class Group(msgspec.Struct):
    """Messages that become durable together."""

    packet_ids: list[int] = msgspec.field(default_factory=list)
    bytes: int = 0
    durable: bool = False


class Acknowledgements:
    """What a connection owes its client, oldest first."""

    __slots__ = ("_groups",)

    def __init__(self) -> None:
        self._groups: list[Group] = []

    def open(self) -> Group:
        """A group behind all others, whose messages are not durable yet."""
        group = Group()
        self._groups.append(group)
        return group

    def add_done(self, packet_id: int) -> bool:
        """Owe a PUBACK for a message that needs no waiting; True when it can be sent at once."""
        if not self._groups:
            return True
        self._groups[-1].packet_ids.append(packet_id)  # goes out right behind the ones before it
        return False

    def settle(self, group: Group) -> list[int]:
        """`group` is durable now; which packet identifiers to acknowledge, in order."""
        group.durable = True
        groups = self._groups
        if len(groups) == 1 and groups[0] is group:
            groups.clear()
            return group.packet_ids
        ready: list[int] = []
        while groups and groups[0].durable:
            ready += groups.pop(0).packet_ids
        return ready
