"""Cases of PROFINET."""

from tests.support.traffic import profinet
from tests.support.traffic.case import HMI, PLC, Case, Play
from tests.support.traffic.cases.exchanges import udp
from tests.support.traffic.wire import Wire, ethernet

STATION, DEVICE = "00:0e:8c:00:00:01", "00:0e:8c:00:00:02"


def sent(*payloads: bytes, answers: bool = False) -> Play:
    """Frames from the station to the device, with every second one back where it `answers`."""

    def traffic(wire: Wire) -> None:
        for number, payload in enumerate(payloads):
            ends = (DEVICE, STATION) if answers and number % 2 else (STATION, DEVICE)
            wire.put(ethernet(*ends, profinet.ETHERTYPE, payload))
            wire.wait(0.1)

    return traffic


def called(operation: int, status: bytes = b"\0\0\0\0") -> Play:
    return udp(34964, (profinet.rpc(operation), profinet.rpc_answer(operation, status)), sport=34964)


named = sent(profinet.set_name(), profinet.set_answer(), answers=True)

CASES = (
    Case(
        "unauthorized-profinet-frame-type",
        sent(profinet.alarm()),
        sent(profinet.cyclic()),
        sent(profinet.cyclic()),
        source=STATION,
    ),
    Case(
        "unauthorized-profinet-frame-type",
        named,
        sent(profinet.identify()),
        sent(profinet.identify()),
        source=STATION,
        name="dcp",
    ),
    Case(
        "profinet-dcp-command-failed",
        sent(profinet.set_name(), profinet.set_answer(error=5), answers=True),
        named,
        source=DEVICE,
    ),
    Case("profinet-device-factory-reset", sent(profinet.factory_reset()), named, source=STATION),
    Case("change-of-device-configuration", named, sent(profinet.identify()), source=STATION, name="profinet"),
    Case("new-activity-detected-unauthorized-rpc-message-type", called(2), called(4), called(4), source=HMI),
    Case("rpc-operation-failed", called(2, b"\xde\x80\x92\x00"), called(2), source=PLC, name="profinet"),
)
