"""Devices for benchmarks, in a process of their own: publishing, idle, or registering at the provisioning
service.

Everything is encoded before the clock starts. It reads a plan as JSON from standard input, says on standard
output what came of it, and costs about as much CPU as a fast server.
"""

import asyncio
import json
import resource
import ssl
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import uvloop

from holdfast.protocol import dps
from holdfast.protocol.mqtt.connect import Connect, encode_connect
from holdfast.protocol.mqtt.disconnect import PINGREQ, encode_disconnect
from holdfast.protocol.mqtt.framing import Framer
from holdfast.protocol.mqtt.publish import Publish, decode_publish, encode_publish
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.subscribe import Subscribe, TopicFilter, encode_subscribe
from holdfast.protocol.mqtt.wire import V311, PacketType

PAYLOAD = b'{"temperature":21.5,"humidity":40.25,"pressure":1013.25,"battery":3.71}'.ljust(128)
PUBACK_BYTES = 4
CONCURRENT = 200
"""Devices that connect at the same time."""


@dataclass
class Login:
    """How one device connects."""

    client_id: str
    user_name: str = ""
    password: str = ""
    topic: str = ""
    certificate: str = ""
    """File with key and chain; empty for a device with a key."""
    clean: bool = True


@dataclass
class Plan:
    """What the loader does."""

    mode: str
    """`publish`, `idle` or `register`."""
    host: str
    port: int
    ca: str
    """PEM of the server's authority."""
    logins: list[Login]
    in_flight: int = 1
    seconds: float = 5.0
    warm_up: float = 1.0


class Device(asyncio.Protocol):
    """A connection that says hello and waits for CONNACK."""

    def __init__(self, login: Login, done: asyncio.Future[None]) -> None:
        self.done = done
        self.acknowledged = 0
        self.latencies: list[float] = []
        password = login.password.encode() or None
        self._hello = encode_connect(
            Connect(
                login.client_id,
                clean_start=login.clean,
                user_name=login.user_name or None,
                password=password,
                keep_alive=600,
            )
        )
        self.receive: Callable[[bytes], None] = self._connack

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of asyncio's
        self.transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        self.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed by the server"))

    def _connack(self, data: bytes) -> None:
        if data[3]:
            self.done.set_exception(ConnectionError(f"CONNACK {data[3]}"))
            return
        self.connected()

    def connected(self) -> None:
        """Let in."""
        if not self.done.done():
            self.done.set_result(None)

    def start(self) -> None:
        """Begin with the load."""


class Publisher(Device):
    """Keeps so many messages in flight: the same bytes go out again for each acknowledgement."""

    def __init__(self, login: Login, done: asyncio.Future[None], in_flight: int) -> None:
        super().__init__(login, done)
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

    def start(self) -> None:
        self.receive = self._pubacks
        self._sent_at = time.perf_counter()
        self.transport.write(self._window)

    def _pubacks(self, data: bytes) -> None:
        count, self._rest = divmod(self._rest + len(data), PUBACK_BYTES)
        if not count:
            return
        self.acknowledged += count
        now = time.perf_counter()
        self.latencies.append(now - self._sent_at)  # of the oldest message that is acknowledged here
        self._sent_at = now
        start, end = self._next, self._next + count
        size, total, window = self._size, self._in_flight, self._window
        if end <= total:
            packets = window[start * size : end * size]
        else:
            packets = window[start * size :] + window[: (end - total) * size]
        self._next = end % total
        self.transport.write(packets)


class Idle(Device):
    """Stays, and says something once after it was let in."""

    def start(self) -> None:
        self.receive = lambda _data: None
        self.transport.write(PINGREQ)


class Registrant(Device):
    """Registers, polls without waiting, and leaves when it is told its hub."""

    def __init__(self, login: Login, done: asyncio.Future[None]) -> None:
        super().__init__(login, done)
        self._framer = Framer(1 << 16)
        self._id = login.client_id

    def connected(self) -> None:
        self.receive = self._answers
        subscribe = Subscribe(1, (TopicFilter(dps.RESPONSES, 1),))
        self.transport.write(encode_subscribe(subscribe, V311))
        body = json.dumps({"registrationId": self._id}).encode()
        self._publish("$dps/registrations/PUT/iotdps-register/?$rid=1", body)

    def _publish(self, topic: str, body: bytes) -> None:
        self.transport.write(encode_publish(Publish(topic.encode(), body), V311))

    def _answers(self, data: bytes) -> None:
        buffer, spans, _ = self._framer.feed(data)
        for span in spans:
            if span[0] >> 4 == PacketType.PUBLISH:
                self._answer(json.loads(decode_publish(buffer, *span, V311).payload))

    def _answer(self, answer: dict[str, Any]) -> None:
        if answer.get("status") == "assigning":
            operation = answer["operationId"]
            topic = f"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId={operation}"
            self._publish(topic, b" ")
        elif answer.get("status") == "assigned":
            self.transport.write(encode_disconnect(Reason.SUCCESS, V311))
            self.done.set_result(None)
            self.transport.close()
        else:
            self.done.set_exception(ConnectionError(str(answer)))


@dataclass
class Result:
    """What came of a plan."""

    connect_seconds: float
    messages: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, float]:
        percentiles = statistics.quantiles(self.latencies, n=100) if len(self.latencies) > 1 else [0.0] * 99
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "connect_seconds": self.connect_seconds,
            "rate": self.messages / self.seconds if self.seconds else 0.0,
            "messages": self.messages,
            "p50": percentiles[49] * 1000,
            "p99": percentiles[98] * 1000,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
        }


def say(what: str, **more: object) -> None:
    """A line for the benchmark."""
    print(json.dumps({"what": what, **more}), flush=True)


def _maker(plan: Plan) -> Callable[[Login, asyncio.Future[None]], Device]:
    if plan.mode == "publish":
        return lambda login, done: Publisher(login, done, plan.in_flight)
    return Idle if plan.mode == "idle" else Registrant


def _context(plan: Plan, login: Login) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=plan.ca)
    if login.certificate:
        context.load_cert_chain(login.certificate)
    return context


async def _connect_all(plan: Plan) -> list[Device]:
    loop = asyncio.get_running_loop()
    make, shared = _maker(plan), _context(plan, Login(""))
    devices: list[Device] = []
    gate = asyncio.Semaphore(CONCURRENT)

    async def connect(login: Login) -> None:
        done: asyncio.Future[None] = loop.create_future()
        context = _context(plan, login) if login.certificate else shared
        device = make(login, done)
        async with gate:
            await loop.create_connection(lambda: device, plan.host, plan.port, ssl=context)
            await done
        devices.append(device)

    await asyncio.gather(*(connect(login) for login in plan.logins))
    return devices


async def _run(plan: Plan) -> Result:
    began = time.perf_counter()
    devices = await _connect_all(plan)
    result = Result(time.perf_counter() - began)
    say("connected", count=len(devices))
    for device in devices:
        device.start()
    if plan.mode == "idle":
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    elif plan.mode == "publish":
        await asyncio.sleep(plan.warm_up)
        say("measuring")
        before = sum(device.acknowledged for device in devices)
        for device in devices:
            device.latencies.clear()
        began = time.perf_counter()
        await asyncio.sleep(plan.seconds)
        result.seconds = time.perf_counter() - began
        result.messages = sum(device.acknowledged for device in devices) - before
        result.latencies = [latency for device in devices for latency in device.latencies]
        say("measured")
    return result


def main() -> None:
    """The plan is one line of standard input; an idle plan ends with the input."""
    fields = json.loads(sys.stdin.readline())
    plan = Plan(**{**fields, "logins": [Login(**login) for login in fields["logins"]]})
    say("result", **uvloop.run(_run(plan)).as_json())


if __name__ == "__main__":
    main()
