"""Cases of DNP3."""

from tests.support.traffic import dnp3
from tests.support.traffic.case import HMI, PLC, ROGUE, Case, Play
from tests.support.traffic.cases.exchanges import tcp


def talk(*pairs: tuple[bytes, bytes], client: str = HMI, pause: float = 1.0) -> Play:
    return tcp(20000, *pairs, client=client, pause=pause)


def asked(function: int, objects: bytes = b"", answer: int = 0, client: str = HMI) -> Play:
    return talk((dnp3.request(function, objects), dnp3.response(answer)), client=client)


def indicated(*indications: int, pause: float = 1.0) -> Play:
    """Polls whose answers carry the indications one after the other."""
    return talk(
        *((dnp3.request(1, dnp3.CLASS_1), dnp3.response(value)) for value in indications), pause=pause
    )


POLL = (dnp3.request(1, dnp3.CLASS_1), dnp3.response())
poll = talk(*(POLL,) * 4)
restarts = [dnp3.RESTART, 0]

CASES = (
    Case("unpermitted-usage-of-dnp3-function-code", asked(4), poll, poll, source=HMI, destination=PLC),
    Case(
        "unpermitted-usage-of-dnp3-function-code",
        talk(POLL, (b"", dnp3.response(function=0x82))),
        poll,
        poll,
        source=PLC,
        name="unsolicited",
    ),
    Case(
        "unpermitted-usage-of-internal-indication-iin",
        indicated(0x2000),
        indicated(0x1E00),
        poll,
        source=PLC,
    ),
    Case(
        "suspicion-of-illegal-integrity-scan",
        asked(1, dnp3.INTEGRITY, client=ROGUE),
        asked(1, dnp3.INTEGRITY),
        asked(1, dnp3.INTEGRITY),
        source=ROGUE,
    ),
    Case(
        "function-code-not-supported-by-outstation", asked(9, answer=dnp3.NO_FUNCTION), asked(9), source=HMI
    ),
    Case("unknown-object-sent-to-outstation", asked(1, answer=dnp3.UNKNOWN_OBJECT), asked(1), source=HMI),
    Case("incorrect-parameter-sent-to-outstation", asked(1, answer=dnp3.PARAMETER), asked(1), source=HMI),
    Case("outstation-restarted", indicated(0, dnp3.RESTART), indicated(0, 0), source=PLC, name="dnp3"),
    Case("outstation-restarts-frequently", indicated(*restarts * 2), indicated(*restarts), source=PLC),
    Case(
        "excessive-restart-rate-of-an-outstation",
        indicated(*restarts * 10, pause=60),
        indicated(*restarts * 9, pause=60),
        source=PLC,
    ),
    Case("suspicion-of-hardware-problems-in-outstation", indicated(dnp3.TROUBLE), poll, source=PLC),
    Case("event-buffer-overflow-in-outstation", indicated(dnp3.OVERFLOW), poll, source=PLC),
    Case(
        "continuous-event-buffer-overflow-at-outstation",
        indicated(*[dnp3.OVERFLOW] * 3),
        indicated(*[dnp3.OVERFLOW] * 2),
        source=PLC,
    ),
    Case("outstation-s-corrupted-configuration-detected", indicated(dnp3.CORRUPT), poll, source=PLC),
    Case("usage-of-reserved-status-flags-iin", indicated(dnp3.RESERVED), poll, source=PLC),
    Case(
        "illegal-dnp3-operation",
        talk(POLL, (dnp3.request(5, direction=False), b"")),
        talk(POLL, (dnp3.request(5), b"")),
        source=HMI,
    ),
    Case("usage-of-a-reserved-function-code", asked(0x50), asked(2), source=HMI, name="dnp3"),
    Case("initiation-of-an-obsolete-function-code-initialize-data", asked(15), asked(16), source=HMI),
    Case("initiation-of-an-obsolete-function-code-save-config", asked(19), asked(20), source=HMI),
    Case(
        "master-requested-an-application-layer-confirmation",
        talk(POLL, (dnp3.request(1, dnp3.CLASS_1, confirm=True), dnp3.response())),
        poll,
        source=HMI,
    ),
    Case(
        "master-slave-authentication-error",
        talk((dnp3.request(1), dnp3.response(0, dnp3.authentication_error(), function=0x83))),
        talk((dnp3.request(1), dnp3.response(0, function=0x83))),
        source=PLC,
    ),
    Case("outstation-s-configuration-changed", asked(31), asked(30), source=HMI),
    Case(
        "usage-of-improper-formatting-by-outstation",
        talk(POLL, (b"", dnp3.response()[:8] + b"\0\0" + dnp3.response()[10:])),
        poll,
        source=PLC,
    ),
    Case("controller-reset", asked(13), asked(1), source=HMI, name="dnp3"),
    Case("controller-stop", asked(18), asked(1), source=HMI, name="dnp3"),
    Case(
        "unauthorized-plc-configuration-write",
        asked(25, dnp3.open_file(b"cfg.xml", 2), client=ROGUE),
        asked(25, dnp3.open_file(b"cfg.xml", 2)),
        asked(25, dnp3.open_file(b"cfg.xml", 2)),
        source=ROGUE,
        name="dnp3-file",
    ),
    Case(
        "unauthorized-plc-configuration-read",
        asked(25, dnp3.open_file(b"cfg.xml", 1)),
        asked(25, dnp3.open_file(b"cfg.xml", 2)),
        poll,
        source=HMI,
        name="dnp3-file",
    ),
)
