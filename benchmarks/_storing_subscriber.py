"""The peer's other half: subscribes to everything at a broker and stores it in SQLite, as fast as it can.

`synchronous=FULL`, WAL, and the same batch window as our log, from the first message on (half as long again,
which our log waits for a crowd, changes nothing here); a message is acknowledged to the broker after its
commit. On each line of standard input it says how many rows are committed.
"""

import asyncio
import json
import sqlite3
import ssl
import sys
import threading
from typing import cast

import uvloop

from holdfast.log.writer import WINDOW_SECONDS
from holdfast.protocol.mqtt.connect import Connect, encode_connect
from holdfast.protocol.mqtt.framing import Framer
from holdfast.protocol.mqtt.publish import Publish, decode_publish, encode_puback
from holdfast.protocol.mqtt.subscribe import Subscribe, TopicFilter, encode_subscribe
from holdfast.protocol.mqtt.wire import V311, PacketType


class Subscriber(asyncio.Protocol):
    """One connection that takes everything."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, topic BLOB, body BLOB)")
        self._framer = Framer(1 << 20)
        self._waiting: list[Publish] = []
        self._wake = threading.Event()
        self.committed = 0
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._store, daemon=True).start()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of asyncio's
        self._transport.write(encode_connect(Connect("storing-subscriber", keep_alive=0)))
        self._transport.write(encode_subscribe(Subscribe(1, (TopicFilter("devices/#", 1),)), V311))

    def data_received(self, data: bytes) -> None:
        buffer, spans, _ = self._framer.feed(data)
        for span in spans:
            if span[0] >> 4 == PacketType.PUBLISH:
                self._waiting.append(decode_publish(buffer, *span, V311))
        if self._waiting:
            self._wake.set()

    def _store(self) -> None:
        pause = threading.Event()
        while True:
            self._wake.wait()
            self._wake.clear()
            pause.wait(WINDOW_SECONDS)
            batch, self._waiting = self._waiting, []
            self._database.execute("BEGIN")
            rows = ((message.topic, message.payload) for message in batch)
            self._database.executemany("INSERT INTO message (topic, body) VALUES (?, ?)", rows)
            self._database.execute("COMMIT")
            self.committed += len(batch)
            answers = b"".join(encode_puback(m.packet_id, V311) for m in batch if m.packet_id)
            self._loop.call_soon_threadsafe(self._transport.write, answers)


async def _run(host: str, port: int, ca: str, path: str) -> None:
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca)
    subscriber = Subscriber(path)
    await loop.create_connection(lambda: subscriber, host, port, ssl=context)
    print(json.dumps({"what": "ready"}), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps({"committed": subscriber.committed}), flush=True)


def main() -> None:
    """Arguments: host, port, file of the authority, database file."""
    uvloop.run(_run(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]))


if __name__ == "__main__":
    main()
