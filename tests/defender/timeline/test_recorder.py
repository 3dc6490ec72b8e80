"""Every note of the timeline, shown by traffic that it is about."""

import pytest

from holdfast.defender.learned.stages import Stage
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.timeline.model import EventType, TimelineEvent
from holdfast.defender.timeline.notes import NOTES
from tests.support.traffic import network, profinet, tds
from tests.support.traffic.case import HMI, PLC, Play
from tests.support.traffic.cases.exchanges import tcp
from tests.support.traffic.cases.flows import outwards
from tests.support.traffic.cases.it import database, ftp, shell, telnet
from tests.support.traffic.cases.network import CLIENT, SERVER, lease, managed
from tests.support.traffic.cases.profinet import DEVICE, STATION, named
from tests.support.traffic.wire import BEGIN, Wire, play, sensor_for

LEASED = lease(network.dhcp(3, CLIENT), network.dhcp(5, CLIENT, yours="10.1.0.77"))
TAKEN = tcp(21, (b"", b"220 ready\r\n"), (b"RETR recipe.csv\r\n", b"150 opening\r\n"))
DROPPED = database((tds.batch("drop table alarms"), tds.done()), (tds.batch("select 1"), tds.done()))


def events(traffic: Play) -> list[TimelineEvent]:
    wire = Wire()
    traffic(wire)
    learned = LearnedTraffic()
    learned.stages.enter(Stage.OPERATIONAL, BEGIN)
    return list(play(wire, sensor_for(learned)).timeline.find())


SHOWN: tuple[tuple[EventType, Play, str, tuple[str, ...]], ...] = (
    (EventType.REMOTE_ACCESS, shell(HMI), "SSH", (HMI, PLC)),
    (EventType.REMOTE_ACCESS, telnet(1, b"$ "), "Telnet", (HMI, PLC)),
    (EventType.CLEARTEXT_AUTHENTICATION, telnet(1, b"$ "), "Telnet", (HMI, PLC)),
    (EventType.CLEARTEXT_AUTHENTICATION, ftp("230"), "FTP", (HMI, PLC)),
    (
        EventType.TELNET_AUTHENTICATION_FAILURE,
        telnet(1, b"Login incorrect\r\n"),
        "Telnet sign-in failed",
        (HMI, PLC),
    ),
    (EventType.FTP_AUTHENTICATION_FAILURE, ftp("530"), "FTP sign-in failed", (HMI, PLC)),
    (EventType.FILE_TRANSFER, TAKEN, "FTP RETR recipe.csv", (HMI, PLC)),
    (EventType.DATABASE_ACTION, DROPPED, "DROP TABLE …", (HMI, PLC)),
    (EventType.SNMP_TRAP, managed(4), "SNMP trap", (HMI, PLC)),
    (EventType.DHCP_UPDATE, LEASED, f"10.1.0.77 is leased to {CLIENT}", (SERVER, "255.255.255.255")),
    (EventType.PROFINET_DPC_VALUE_SET, named, "Profinet DCP Set", (STATION, DEVICE)),
    (EventType.INTERNET_ACCESS, outwards("198.41.0.4"), "Internet Access Detected", (HMI, "198.41.0.4")),
)


@pytest.mark.parametrize(("kind", "traffic", "title", "devices"), SHOWN, ids=[str(row[0]) for row in SHOWN])
def test_traffic_is_an_event(kind: EventType, traffic: Play, title: str, devices: tuple[str, ...]) -> None:
    (event,) = (event for event in events(traffic) if event.type is kind)
    assert (event.title, event.devices) == (title, devices)


def test_every_note_is_shown_or_like_one_that_is() -> None:
    assert {note.type for note in NOTES} <= {kind for kind, *_ in SHOWN}


def test_what_went_well_or_changes_nothing_is_no_event() -> None:
    assert EventType.FTP_AUTHENTICATION_FAILURE not in {event.type for event in events(ftp("230"))}
    asked = database((tds.batch("select * from alarms"), tds.done()))
    assert EventType.DATABASE_ACTION not in {event.type for event in events(asked)}
    refused = Wire()
    for payload in (profinet.set_name(), profinet.set_answer(error=5)):
        refused.put(payload.ljust(60, b"\0"))
    assert EventType.PROFINET_DPC_VALUE_SET not in {
        event.type for event in play(refused, sensor_for()).timeline.find()
    }
