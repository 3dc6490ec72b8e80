"""Servers that take mails and syslog messages, and keep what they are sent."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Lines:
    """What a receiver of text was sent."""

    port: int = 0
    text: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, line: bytes) -> None:
        with self.lock:
            self.text += line.decode()


@contextmanager
def listening(speak: "type[Syslog | Mail]") -> Iterator[Lines]:
    """A server on loopback that keeps what it is sent."""
    lines = Lines()

    class Handler(speak):  # type: ignore[misc, valid-type]  # the handler of one receiver
        kept = lines

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        lines.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield lines
        server.shutdown()
        thread.join()


class Syslog(socketserver.StreamRequestHandler):
    """Takes syslog messages over TCP (RFC 6587)."""

    kept: Lines

    def handle(self) -> None:
        while block := self.request.recv(65_536):
            self.kept.add(block)


class Mail(socketserver.StreamRequestHandler):
    """Takes mails (RFC 5321)."""

    kept: Lines

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            if line[:4].upper() == b"DATA":
                self.wfile.write(b"354 go\r\n")
                while (text := self.rfile.readline()) not in {b".\r\n", b""}:
                    self.kept.add(text.rstrip(b"=\r\n") if text.endswith(b"=\r\n") else text)
            self.wfile.write(b"250 ok\r\n")
