"""Cases of IEC 60870-5-104."""

from tests.support.traffic import iec104
from tests.support.traffic.case import HMI, PLC, ROGUE, Case, Play
from tests.support.traffic.cases.exchanges import tcp


def talk(*pairs: tuple[bytes, bytes], client: str = HMI) -> Play:
    return tcp(2404, (iec104.STARTDT, iec104.STARTDT_CON), *pairs, client=client)


def commanded(cause: int = 7) -> Play:
    return talk((iec104.single(), iec104.single(cause)))


report = talk((b"", iec104.measured()), (b"", iec104.measured()))
interrogation = iec104.asdu(100, 6, 0, 1, b"\x14"), iec104.asdu(100, 7, 0, 1, b"\x14")

CASES = (
    Case("unpermitted-usage-of-asdu-types", commanded(), report, report, source=HMI, destination=PLC),
    Case("slave-device-received-illegal-asdu-type", commanded(44), commanded(), source=HMI),
    Case(
        "slave-device-received-illegal-command-cause-of-transmission", commanded(45), commanded(), source=HMI
    ),
    Case("slave-device-received-illegal-common-address", commanded(46), commanded(), source=HMI),
    Case("slave-device-received-illegal-information-object-address", commanded(47), commanded(), source=HMI),
    Case(
        "usage-of-a-reserved-function-code",
        talk((iec104.asdu(99, 6), b"")),
        commanded(),
        source=HMI,
        name="iec104",
    ),
    Case("outstation-restarted", talk((b"", iec104.asdu(70, 4, 0))), report, source=PLC, name="iec104"),
    Case(
        "controller-reset",
        talk((iec104.asdu(105, 6, 0, 1, b"\x01"), b"")),
        commanded(),
        source=HMI,
        name="iec104",
    ),
    Case(
        "unauthorized-plc-configuration-write",
        talk((iec104.asdu(112, 6, 5, 1, b"\0\0\0\0\x01"), b""), client=ROGUE),
        talk(interrogation),
        talk(interrogation),
        source=ROGUE,
        name="iec104",
    ),
)
