"""Short ways to play conversations."""

from collections.abc import Callable

from tests.support.traffic.case import HMI, PLC, Play
from tests.support.traffic.wire import Connection, Wire

Talk = Callable[[Connection], None]


def tcp(
    port: int, *pairs: tuple[bytes, bytes], client: str = HMI, server: str = PLC, pause: float = 0.5
) -> Play:
    """One connection: what the client says and the server answers, either of which may be empty."""

    def traffic(wire: Wire) -> None:
        connection = wire.connect(client, server, port)
        for request, answer in pairs:
            if request:
                connection.send(request)
            if answer:
                connection.answer(answer)
            wire.wait(pause)

    return traffic


def udp(
    port: int,
    *pairs: tuple[bytes, bytes],
    client: str = HMI,
    server: str = PLC,
    sport: int = 40000,
    pause: float = 0.5,
) -> Play:
    """Datagrams to and fro."""

    def traffic(wire: Wire) -> None:
        for request, answer in pairs:
            if request:
                wire.udp(client, sport, server, port, request)
            if answer:
                wire.udp(server, port, client, sport, answer)
            wire.wait(pause)

    return traffic


def together(*plays: Play) -> Play:
    """One after the other on the same wire."""

    def traffic(wire: Wire) -> None:
        for play in plays:
            play(wire)

    return traffic


def times(count: int, play: Play, pause: float = 0.0) -> Play:
    """The same again and again."""

    def traffic(wire: Wire) -> None:
        for _ in range(count):
            play(wire)
            wire.wait(pause)

    return traffic
