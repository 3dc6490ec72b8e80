"""Devices that publish over bare sockets, about 5 microseconds a message: as fast as they are acknowledged,
or so many messages a second.

The load shares two cores with the server; an event loop's transports would cost as much as the server.
"""

import random
import select
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from benchmarks._load_plan import Login, Plan, Result, say
from holdfast.protocol.mqtt.publish import Publish, encode_publish
from holdfast.protocol.mqtt.wire import V311

PAYLOAD = b'{"temperature":21.5,"humidity":40.25,"pressure":1013.25,"battery":3.71}'.ljust(128)
PUBACK_BYTES = 4
CONNECTING = 32
"""Devices that connect at the same time."""


class Publisher:
    """Keeps so many messages in flight: the same bytes go out again for each acknowledgement."""

    __slots__ = ("_in_flight", "_next", "_rest", "_sent_at", "_size", "_window", "acknowledged", "socket")

    def __init__(self, login: Login, in_flight: int, connected: ssl.SSLSocket) -> None:
        self.socket = connected
        self.acknowledged = 0
        messages = [
            encode_publish(Publish(login.topic.encode(), PAYLOAD, 1, packet_id=number + 1), V311)
            for number in range(in_flight)
        ]
        self._window = b"".join(messages)
        self._size = len(messages[0])
        self._in_flight = in_flight
        self._next = 0
        self._rest = 0
        self._sent_at = 0.0

    def start(self, now: float) -> None:
        """Fill the window."""
        self._sent_at = now
        self.socket.write(self._window)

    def readable(self, now: float) -> float:
        """Take acknowledgements and send as many again; how long the oldest took, 0 without any."""
        try:
            data = self.socket.read(4096)
        except ssl.SSLWantReadError:
            return 0.0
        if not data:
            raise ConnectionError("closed by the server")
        count, self._rest = divmod(self._rest + len(data), PUBACK_BYTES)
        if not count:
            return 0.0
        self.acknowledged += count
        start, end = self._next, self._next + count
        size, total, window = self._size, self._in_flight, self._window
        if count == total:
            self.socket.write(window)
        elif end <= total:
            self.socket.write(window[start * size : end * size])
        else:
            self.socket.write(window[start * size :] + window[: (end - total) * size])
        self._next = end % total
        latency, self._sent_at = now - self._sent_at, now
        return latency

    def acknowledged_one(self, now: float) -> float:
        """Take the acknowledgement of the one message and send none; how long it took, 0 while it waits."""
        try:
            self._rest += len(self.socket.read(PUBACK_BYTES))
        except ssl.SSLWantReadError:
            return 0.0
        if self._rest < PUBACK_BYTES:
            return 0.0
        self._rest = 0
        self.acknowledged += 1
        return now - self._sent_at


def _connect(plan: Plan, login: Login, context: ssl.SSLContext) -> Publisher:
    bare = socket.create_connection((plan.host, plan.port))
    bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected = context.wrap_socket(bare, server_hostname=plan.host)
    connected.write(login.hello())
    connack = connected.read(4)
    if len(connack) < PUBACK_BYTES or connack[3]:
        raise ConnectionError(f"CONNACK {connack.hex()}")
    connected.setblocking(False)
    return Publisher(login, plan.in_flight, connected)


def publish(plan: Plan) -> Result:
    """Connect everybody, load, and measure after a warm-up."""
    began = time.perf_counter()
    context = plan.context(Login(""))
    with ThreadPoolExecutor(CONNECTING) as pool:
        publishers = list(pool.map(lambda login: _connect(plan, login, context), plan.logins))
    result = Result(time.perf_counter() - began)
    say("connected", count=len(publishers))
    with select.epoll() as poll:
        by_number = {publisher.socket.fileno(): publisher for publisher in publishers}
        for number, publisher in by_number.items():
            poll.register(number, select.EPOLLIN)
            if not plan.rate:
                publisher.start(time.perf_counter())
        load = partial(_paced, rate=plan.rate, idle=list(publishers)) if plan.rate else _load
        load(poll, by_number, plan.warm_up)
        say("measuring")
        before = sum(publisher.acknowledged for publisher in publishers)
        began = time.perf_counter()
        result.latencies = load(poll, by_number, plan.seconds)
        result.seconds = time.perf_counter() - began
        result.messages = sum(publisher.acknowledged for publisher in publishers) - before
        say("measured")
    return result


def _load(poll: select.epoll, publishers: dict[int, Publisher], seconds: float) -> list[float]:
    latencies: list[float] = []
    now = time.perf_counter()
    end = now + seconds
    while now < end:
        ready = poll.poll(0.1)
        now = time.perf_counter()
        for number, _events in ready:
            if latency := publishers[number].readable(now):
                latencies.append(latency)
    return latencies


def _paced(
    poll: select.epoll,
    publishers: dict[int, Publisher],
    seconds: float,
    rate: float,
    idle: list[Publisher],
) -> list[float]:
    """Messages at random moments by random devices of those in `idle`, to which they come back."""
    latencies: list[float] = []
    chance = random.Random(1)
    due = now = time.perf_counter()
    end = now + seconds
    while now < end:
        while due <= now and idle:
            due += chance.expovariate(rate)
            place = chance.randrange(len(idle))
            idle[place], idle[-1] = idle[-1], idle[place]
            idle.pop().start(now)
        for number, _events in poll.poll(max(0.0, min(0.1, due - now))):
            publisher = publishers[number]
            if latency := publisher.acknowledged_one(time.perf_counter()):
                latencies.append(latency)
                idle.append(publisher)
        now = time.perf_counter()
    return latencies
