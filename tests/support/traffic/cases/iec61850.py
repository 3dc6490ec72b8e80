"""Cases of MMS, GOOSE and sampled values."""

from tests.support.traffic import iec61850 as ied
from tests.support.traffic import s7
from tests.support.traffic.case import HMI, PLC, Case, Play
from tests.support.traffic.cases.exchanges import tcp
from tests.support.traffic.wire import Wire, ethernet

PUBLISHER = "00:0a:dc:00:00:01"
GROUP = "01:0c:cd:01:00:01"


def talk(*pairs: tuple[bytes, bytes]) -> Play:
    return tcp(102, (s7.CONNECT, s7.CONFIRM), *pairs)


def published(*payloads: bytes, ethertype: int = 0x88B8, pause: float = 0.5) -> Play:
    def traffic(wire: Wire) -> None:
        for payload in payloads:
            wire.put(ethernet(PUBLISHER, GROUP, ethertype, payload))
            wire.wait(pause)

    return traffic


identify = talk((ied.asked(ied.IDENTIFY), b""))


def state(logical: int, physical: int) -> Play:
    return talk((ied.asked(ied.STATUS), ied.answered(ied.status(logical, physical))))


def program(tag: int, name: str = "P1") -> Play:
    return talk((ied.asked(ied.named(tag, name)), ied.answered(ied.service(tag, b""))))


def stream(*payloads: bytes) -> Play:
    return published(*payloads, ethertype=0x88BA)


goose, sampled = published(ied.goose(), ied.goose(sequence=2)), stream(ied.sampled(), ied.sampled(count=2))

CASES = (
    Case("unauthorized-mms-service", state(0, 0), identify, identify, source=HMI, destination=PLC),
    Case("unauthorized-mms-program-access", program(40, "P2"), program(40), program(40), source=HMI),
    Case("mms-service-request-failed", talk((ied.asked(ied.IDENTIFY), ied.error())), state(0, 0), source=PLC),
    Case("bad-mms-device-state", state(0, 2), state(0, 0), source=PLC),
    Case("controller-stop", program(41), program(45), source=HMI, name="mms"),
    Case("plc-operating-mode-changed", program(40), identify, source=HMI, name="mms"),
    Case("controller-reset", program(43), identify, source=HMI, name="mms"),
    Case("unauthorized-plc-programming", program(38), identify, identify, source=HMI, name="mms"),
    Case(
        "unauthorized-plc-program-upload",
        talk((ied.asked(ied.bare(29, "D1")), b"")),
        identify,
        identify,
        source=HMI,
        name="mms",
    ),
    Case(
        "goose-message-type-settings",
        published(ied.goose(dataset="IED1LD0/LLN0$other")),
        goose,
        goose,
        source=PUBLISHER,
    ),
    Case(
        "goose-dataset-configuration-was-changed",
        published(ied.goose(), ied.goose(revision=2)),
        published(ied.goose(), ied.goose(state=2, sequence=0)),
        source=PUBLISHER,
    ),
    Case(
        "goose-control-block-requires-further-configuration",
        published(ied.goose(commissioning=True)),
        goose,
        source=PUBLISHER,
    ),
    Case(
        "sampled-values-message-type-settings",
        stream(ied.sampled("MU02")),
        sampled,
        sampled,
        source=PUBLISHER,
    ),
    Case(
        "sampled-values-message-dataset-configuration-was-changed",
        stream(ied.sampled(), ied.sampled(revision=2)),
        sampled,
        source=PUBLISHER,
    ),
)
