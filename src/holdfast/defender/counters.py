"""What a run counts."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """What was seen so far in this run. Grows while the run goes on."""

    packets: int = 0
    octets: int = 0
    """Bytes on the wire."""
    truncated: int = 0
    """Packets of which the capture holds only the beginning."""
    undecoded: int = 0
    """Packets with a link type, EtherType or IP protocol that nothing here reads; their flows are counted."""
    dropped: int = 0
    """Packets that a live capture lost."""
    records: dict[str, int] = field(default_factory=dict)
    """PDUs by protocol."""
    malformed: dict[str, int] = field(default_factory=dict)
    """Malformed PDUs by protocol; link, IP and transport headers count as `ethernet`, `ip`, `tcp`, `udp`."""

    def count_malformed(self, protocol: str) -> None:
        """One more malformed PDU or header of `protocol`."""
        self.malformed[protocol] = self.malformed.get(protocol, 0) + 1
