"""A small bottling plant: two lines with what usually talks there, and one night on which somebody else does.

What pictures and walks through the console show; each line is a zone of its own.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from tests.support.traffic import enip, modbus, network, s7
from tests.support.traffic.wire import Connection, Wire

SIEMENS, ROCKWELL, SCHNEIDER, DELL, CISCO = "00:1b:1b", "00:00:bc", "00:80:f4", "00:14:22", "00:1b:54"
POLLS = 12
POLL_SECONDS = 5.0


class Line(NamedTuple):
    """One line of the plant, on a network of its own."""

    net: str
    controllers: int
    drives: int

    def at(self, host: int) -> str:
        """The address of a host."""
        return f"{self.net}.{host}"


FILLING, PACKING = Line("10.20.1", 4, 6), Line("10.20.2", 3, 4)
HMI, ENGINEER, HISTORIAN, SWITCH, LAPTOP = 10, 20, 30, 2, 77


def _hardware(line: Line) -> dict[str, str]:
    makers = {HMI: DELL, ENGINEER: DELL, HISTORIAN: DELL, SWITCH: CISCO, LAPTOP: DELL}
    makers |= {40 + n: SIEMENS if line is FILLING else ROCKWELL for n in range(line.controllers)}
    makers |= {60 + n: SCHNEIDER for n in range(line.drives)}
    number = int(line.net.rpartition(".")[2])
    return {line.at(host): f"{maker}:00:{number:02x}:{host:02x}" for host, maker in makers.items()}


def usual(line: Line, wire: Wire | None = None) -> Wire:
    """What talks on a line every day."""
    wire = wire or Wire()
    wire.macs.update(_hardware(line))
    announced = network.lldp(
        f"switch-{line.net[-1]}", address=line.at(SWITCH), description="Industrial switch"
    )
    wire.put(
        bytes.fromhex("0180c200000e")
        + bytes.fromhex(wire.mac(line.at(SWITCH)).replace(":", ""))
        + b"\x88\xcc"
        + announced
    )
    talks = [*_controllers(line, wire), *_drives(line, wire)]
    for _ in range(POLLS):
        for connection, request, answer in talks:
            connection.ask(request, answer)
        wire.wait(POLL_SECONDS)
    for host in (HMI, ENGINEER, HISTORIAN):
        wire.udp(
            line.at(host), 50_000 + host, line.at(SWITCH), 53, network.dns_query("historian.plant.example")
        )
        answer = network.dns_answer("historian.plant.example", line.at(HISTORIAN))
        wire.udp(line.at(SWITCH), 53, line.at(host), 50_000 + host, answer)
    return wire


Talk = tuple[Connection, bytes, bytes]


def _controllers(line: Line, wire: Wire) -> Iterator[Talk]:
    for number in range(line.controllers):
        for client in (HMI, HISTORIAN):
            if line is FILLING:
                connection = wire.connect(line.at(client), line.at(40 + number), 102)
                connection.ask(s7.CONNECT, s7.CONFIRM)
                connection.ask(s7.SETUP, s7.SETUP_ACK)
                yield connection, s7.read_block(number + 1), s7.read_ack()
            else:
                connection = wire.connect(line.at(client), line.at(40 + number), 44818)
                connection.ask(
                    enip.encapsulated(enip.REGISTER, b"\1\0\0\0"),
                    enip.encapsulated(enip.REGISTER, b"\1\0\0\0"),
                )
                connection.ask(enip.encapsulated(enip.LIST_IDENTITY), enip.listed())
                yield (
                    connection,
                    enip.ask(0x4C, enip.symbol("speed"), b"\1\0"),
                    enip.reply(0x4C, b"\xc4\0\7\0\0\0"),
                )


def _drives(line: Line, wire: Wire) -> Iterator[Talk]:
    for number in range(line.drives):
        controller, drive = line.at(40 + number % line.controllers), line.at(60 + number)
        connection = wire.connect(controller, drive, 502)
        names = modbus.identification(o0="Schneider Electric", o1="ATV630", o2=f"V3.{number % 2 + 4}")
        connection.ask(modbus.frame(bytes((0x2B, 14, 1, 0))), modbus.frame(names))
        yield connection, modbus.frame(modbus.read()), modbus.frame(modbus.registers())


def night(line: Line, begin: float) -> Wire:
    """A laptop that nobody knows looks around, writes to a drive and stops a controller."""
    wire = Wire(now=begin, macs=_hardware(line))
    laptop = line.at(LAPTOP)
    for port in (21, 22, 23, 80, 102, 135, 139, 443, 445, 502, 3389, 4840, 5900, 8080, 20_000, 44_818) * 3:
        wire.syn(laptop, line.at(40), port + wire.port % 3, answer=0x04)
    drive = wire.connect(laptop, line.at(60), 502)
    for transaction in range(20):
        written = modbus.frame(modbus.write(8501, 6), transaction=transaction)
        drive.ask(written, written)
        wire.wait(0.5)
    if line is FILLING:
        stopped = wire.connect(laptop, line.at(40), 102)
        for request, answer in (
            (s7.CONNECT, s7.CONFIRM),
            (s7.SETUP, s7.SETUP_ACK),
            (s7.stop(), s7.ack(b"\x29")),
        ):
            stopped.ask(request, answer)
            wire.wait(0.2)
    return wire


def pcap(wire: Wire) -> bytes:
    """What was on the wire, as a capture file."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    return head + b"".join(
        struct.pack("<IIII", int(time), int(time % 1 * 1e6), len(frame), len(frame)) + frame
        for time, frame in wire.frames
    )
