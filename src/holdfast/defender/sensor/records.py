"""Every dissected record as a line of JSON."""

from typing import BinaryIO

import msgspec

from holdfast.defender.pipeline import Batch
from holdfast.defender.record import SECOND, Record


class RecordsWriter:
    """A sink that writes what it is given; the caller opens and closes the stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._encoder = msgspec.json.Encoder()

    def consume(self, batch: Batch) -> None:
        """See `pipeline.Sink.consume`."""
        documents = map(record_json, batch.records)
        self._stream.write(self._encoder.encode_lines(list(documents)))

    def finish(self) -> None:
        """See `pipeline.Sink.finish`."""


def record_json(record: Record) -> dict[str, object]:
    """One record: who, when, what, and its fields by name."""
    direction = record.direction
    source, destination, flow = direction.source, direction.destination, direction.flow
    return {
        "frame": record.frame,
        "ts": record.time / SECOND,
        "flow": flow.id,
        "transport": flow.transport,
        "vlans": flow.vlans,
        "protocol": record.protocol,
        "kind": record.kind,
        "role": record.role.name.lower(),
        "to_server": direction.to_server,
        "source_mac": source.mac,
        "source_ip": source.ip,
        "source_port": source.port,
        "destination_mac": destination.mac,
        "destination_ip": destination.ip,
        "destination_port": destination.port,
        "fields": record.fields,
    }
