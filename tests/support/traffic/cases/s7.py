"""Cases of S7comm and S7comm-plus."""

from tests.support.traffic import s7
from tests.support.traffic.case import ENGINEER, HMI, PLC, ROGUE, Case, Play
from tests.support.traffic.cases.exchanges import tcp


def talk(*pairs: tuple[bytes, bytes], client: str = HMI, pause: float = 0.5) -> Play:
    return tcp(102, (s7.CONNECT, s7.CONFIRM), (s7.SETUP, s7.SETUP_ACK), *pairs, client=client, pause=pause)


def plus(*pairs: tuple[bytes, bytes], client: str = HMI) -> Play:
    return tcp(102, (s7.CONNECT, s7.CONFIRM), *pairs, client=client)


def block(number: int, function: int = 4, client: str = HMI) -> Play:
    return talk((s7.read_block(number, function), s7.read_ack(function)), client=client)


def job(request: bytes, function: int, client: str = ENGINEER) -> Play:
    return talk((request, s7.ack(bytes((function,)))), client=client)


def asked(group: int, function: int, client: str = HMI) -> Play:
    return talk(
        (s7.user_data(group, function), s7.user_data(group, function, b"\xff\x09\0\0", kind=8)), client=client
    )


def passwords(count: int, error: int, pause: float = 0.4) -> Play:
    pair = (
        s7.user_data(5, 1, b"\xff\x09\0\x08password"),
        s7.user_data(5, 1, b"\x0a\0\0\0", kind=8, error=error),
    )
    return talk(*(pair,) * count, pause=pause)


def firmware(version: str) -> Play:
    text = f"1;6ES7 511-1AK00-0AB0;{version}".encode()
    tail = b"\xa3\x82\x32\0\x15" + bytes((len(text),)) + text
    return plus((s7.plus(0x04CA), s7.plus(0x04CA, opcode=0x32, tail=tail)))


def object_read(number: int) -> Play:
    return plus((s7.plus(0x054C, number), s7.plus(0x054C, opcode=0x32)))


poll = block(1)

CASES = (
    Case("unauthorized-access-to-siemens-s7-data-block", block(7), poll, poll, source=HMI, destination=PLC),
    Case(
        "unauthorized-siemens-s7-execution-of-control-function",
        job(s7.control(b"_INSE"), 0x28),
        job(s7.control(), 0x28),
        job(s7.control(), 0x28),
        source=ENGINEER,
    ),
    Case(
        "unauthorized-siemens-s7-execution-of-user-defined-function",
        asked(3, 1),
        asked(4, 1),
        asked(4, 1),
        source=HMI,
    ),
    Case("an-s7-stop-plc-command-was-sent", job(s7.stop(), 0x29), poll, source=ENGINEER),
    Case("plc-operating-mode-changed", job(s7.control(), 0x28), poll, source=ENGINEER, name="s7"),
    Case(
        "plc-operating-mode-changed",
        talk((b"", s7.user_data(0, 0, kind=0))),
        poll,
        source=PLC,
        name="s7-notice",
    ),
    Case(
        "unauthorized-plc-programming",
        job(s7.download(), 0x1A, client=ROGUE),
        job(s7.download(), 0x1A),
        job(s7.download(), 0x1A),
        source=ROGUE,
        name="s7",
    ),
    Case(
        "unauthorized-plc-program-upload",
        job(s7.upload(), 0x1D, client=ROGUE),
        job(s7.upload(), 0x1D),
        job(s7.upload(), 0x1D),
        source=ROGUE,
        name="s7",
    ),
    Case(
        "unauthorized-plc-configuration-write",
        job(s7.download(b"0B"), 0x1A),
        job(s7.download(b"0A"), 0x1A),
        job(s7.download(b"0A"), 0x1A),
        source=ENGINEER,
        name="s7",
    ),
    Case(
        "unauthorized-plc-configuration-read",
        asked(3, 1, client=ROGUE),
        asked(4, 1, client=ROGUE),
        asked(4, 1, client=ROGUE),
        source=ROGUE,
        name="s7",
    ),
    Case(
        "suspicion-of-malicious-activity-stuxnet",
        job(s7.download(b"0A", 890), 0x1A),
        job(s7.download(b"0A", 89), 0x1A),
        source=ENGINEER,
        name="s7",
    ),
    Case("excessive-login-attempts", passwords(20, 0), passwords(19, 0), source=HMI, name="s7"),
    Case(
        "password-guessing-attempt-detected",
        passwords(100, 0xD602, 0.1),
        passwords(100, 0, 0.1),
        source=HMI,
        name="s7",
    ),
    Case(
        "unauthorized-siemens-s7-plus-operation",
        plus((s7.plus(0x04D4), b"")),
        object_read(5),
        object_read(5),
        source=HMI,
    ),
    Case(
        "unauthorized-access-to-siemens-s7-plus-object",
        plus((s7.plus(0x0586, 0x70000E51), b"")),
        plus((s7.plus(0x0586, 0x70000E50), b"")),
        plus((s7.plus(0x0586, 0x70000E50), b"")),
        source=HMI,
        destination=PLC,
    ),
    Case(
        "unauthorized-siemens-s7-plus-block-access",
        plus((s7.plus(0x054C, tail=s7.plus_items(1, 7)), b"")),
        plus((s7.plus(0x054C, tail=s7.plus_items(1)), b"")),
        plus((s7.plus(0x054C, tail=s7.plus_items(1, 6)), b"")),
        source=HMI,
    ),
    Case("s7-plus-plc-firmware-changed", firmware("V2.9"), firmware("V2.8"), firmware("V2.8"), source=PLC),
)
