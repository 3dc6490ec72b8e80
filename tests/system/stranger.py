"""Run by a test in another network namespace: connects from the addresses there, and keeps connections.

Takes requests on standard input and answers each on standard output, a line of JSON each:

["connect", name, source, target, port, first]  whether a byte of TLS came back; `first` (hexadecimal) is sent
                                                before TLS, and with a name the connection is kept
["kept"]                                        the names of kept connections that are still open
["drop"]                                        closes them
"""

import contextlib
import json
import socket
import ssl
import sys
from typing import Any

SECONDS = 60.0
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_TLS.check_hostname, _TLS.verify_mode = False, ssl.CERT_NONE

_kept: dict[str, socket.socket] = {}


def connect(name: str, source: str, target: str, port: int, first: str) -> bool:
    """Connect and shake hands; whether the other side said anything."""
    connected = socket.create_connection((target, port), SECONDS, (source, 0))
    answered = False
    with contextlib.suppress(ConnectionError):
        connected.sendall(bytes.fromhex(first))
        answered = _shake_hands(connected, target)
    if name and answered:
        _kept[name] = connected
    else:
        connected.close()
    return answered


def _shake_hands(connected: socket.socket, target: str) -> bool:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls, answered = _TLS.wrap_bio(incoming, outgoing, server_hostname=target), False
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            connected.sendall(outgoing.read())
            if not (data := connected.recv(65_536)):
                return answered
            answered = True
            incoming.write(data)
        else:
            connected.sendall(outgoing.read())
            return answered


def is_open(connected: socket.socket) -> bool:
    """Whether the other side has not closed; what it sent is thrown away."""
    connected.setblocking(False)
    try:
        while connected.recv(65_536):
            pass
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return False


def answer(request: str, *rest: Any) -> Any:  # what JSON holds
    """What a request asks for."""
    match request:
        case "connect":
            return connect(*rest)
        case "kept":
            return [name for name, connected in _kept.items() if is_open(connected)]
        case "drop":
            while _kept:
                _kept.popitem()[1].close()
            return None
    raise ValueError(request)


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(*json.loads(line))) + "\n")
        sys.stdout.flush()
