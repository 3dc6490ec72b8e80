"""Devices for benchmarks, in a process of their own: publishing, idle, listening, flooding, or registering at
the provisioning service.

Everything is encoded before the clock starts. It reads a plan as JSON from standard input, says on standard
output what came of it. Publishing devices are bare sockets (`_publishers`): the load shares the machine with
the server, and what it costs is taken from both sides alike.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any, cast

import uvloop

from benchmarks._load_plan import Login, Plan, Result, say
from benchmarks._publishers import publish
from holdfast.protocol import dps
from holdfast.protocol.mqtt.disconnect import PINGREQ, encode_disconnect
from holdfast.protocol.mqtt.framing import Framer
from holdfast.protocol.mqtt.publish import Publish, decode_publish, encode_puback, encode_publish
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.subscribe import Subscribe, TopicFilter, encode_subscribe
from holdfast.protocol.mqtt.wire import V311, PacketType

CONCURRENT = 200
"""Devices that connect at the same time."""


class Device(asyncio.Protocol):
    """A connection that says hello and waits for CONNACK."""

    def __init__(self, login: Login, done: asyncio.Future[None]) -> None:
        self.done = done
        self._hello = login.hello()
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


class Idle(Device):
    """Stays, and says something once after it was let in."""

    def start(self) -> None:
        self.receive = lambda _data: None
        self.transport.write(PINGREQ)


class Listener(Device):
    """Subscribes to cloud-to-device messages; when it was known already, it is there once one came."""

    def __init__(self, login: Login, done: asyncio.Future[None]) -> None:
        super().__init__(login, done)
        self._framer = Framer(1 << 16)
        self._filter = f"devices/{login.client_id}/messages/devicebound/#"
        self.receive = self._begin

    def _begin(self, data: bytes) -> None:
        if data[3]:
            self.done.set_exception(ConnectionError(f"CONNACK {data[3]}"))
            return
        self.receive = self._packets
        if data[2]:  # the session is still there
            self._packets(data[4:])
        else:
            self.transport.write(encode_subscribe(Subscribe(1, (TopicFilter(self._filter, 1),)), V311))

    def _packets(self, data: bytes) -> None:
        buffer, spans, _ = self._framer.feed(data)
        for first, start, stop in spans:
            if first >> 4 == PacketType.PUBLISH:
                message = decode_publish(buffer, first, start, stop, V311)
                self.transport.write(encode_puback(message.packet_id, V311))
            self.connected()


class Flooder(Device):
    """Sends all that it has, whoever takes it, and waits until everything is acknowledged."""

    def __init__(self, login: Login, done: asyncio.Future[None], plan: Plan) -> None:
        super().__init__(login, done)
        self.acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._topic = login.topic.encode()
        self._body = bytes(plan.payload_bytes)
        self._owed = plan.in_flight * len(encode_puback(1, V311))
        self._messages = plan.in_flight

    def start(self) -> None:
        self.receive = self._pubacks
        for number in range(self._messages):
            message = Publish(self._topic, self._body, 1, packet_id=number + 1)
            self.transport.write(encode_publish(message, V311))

    def _pubacks(self, data: bytes) -> None:
        self._owed -= len(data)
        if not self._owed:
            self.acknowledged.set_result(None)


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


def _maker(plan: Plan) -> Callable[[Login, asyncio.Future[None]], Device]:
    if plan.mode == "flood":
        return lambda login, done: Flooder(login, done, plan)
    return {"idle": Idle, "listen": Listener, "register": Registrant}[plan.mode]


async def _connect_all(plan: Plan) -> list[Device]:
    loop = asyncio.get_running_loop()
    make = _maker(plan)
    shared = plan.context(Login(""))
    devices: list[Device] = []
    gate = asyncio.Semaphore(CONCURRENT)

    async def connect(login: Login) -> None:
        done: asyncio.Future[None] = loop.create_future()
        device = make(login, done)
        async with gate:
            # Within the gate: to read 5,000 certificates first takes longer than a handshake may.
            context = plan.context(login) if login.certificate else shared
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
    if plan.mode == "flood":
        await _read(sys.stdin.readline)
    for device in devices:
        device.start()
    if plan.mode == "flood":
        await asyncio.gather(*(device.acknowledged for device in devices if isinstance(device, Flooder)))
        result.messages = len(devices) * plan.in_flight
        say("acknowledged")
    if plan.mode != "register":
        await _read(sys.stdin.read)
    return result


async def _read(read: Callable[[], str]) -> None:
    await asyncio.get_running_loop().run_in_executor(None, read)


def main() -> None:
    """Devices that stay do so until the input ends; a flood begins with a line."""
    plan = Plan.from_json(sys.stdin.readline())
    result = publish(plan) if plan.mode == "publish" else uvloop.run(_run(plan))
    say("result", **result.as_json())


if __name__ == "__main__":
    main()
