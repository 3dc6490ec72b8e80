"""HTTP of devices: heads, bodies, in one piece and byte by byte."""

from holdfast.protocol.https.server import Event, Head, HttpError, HttpServer, path_segments


def _events(pieces: list[bytes]) -> tuple[list[Event], int]:
    server, found = HttpServer(), list[Event]()
    try:
        for piece in pieces:
            server.receive(piece)
            for event in server.events():
                if isinstance(event, Head):
                    path_segments(event.path)
                if isinstance(event, bytes) and found and isinstance(found[-1], bytes):
                    found[-1] += event
                else:
                    found.append(event)
    except HttpError as error:
        return found, error.status
    return found, 0


def target(data: bytes) -> None:
    """Whole and byte by byte are the same requests; nothing but an HttpError ends them."""
    for text in (data, b"POST /devices/d/messages/events?a=" + data + b" HTTP/1.1\r\nHost: x\r\n\r\n"):
        whole, failure = _events([text])
        pieces, broken = _events([text[place : place + 1] for place in range(len(text))])
        if not failure and not broken:
            assert whole == pieces
