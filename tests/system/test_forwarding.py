"""Alerts of the network reach whom the rules name, in the form that each understands, and nobody else."""

import contextlib
import json
import re
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from holdfast.delivery.destinations import Format, Transport
from tests.delivery.test_senders import AUTHORITY, Lines, Web, authority, mail_server
from tests.delivery.test_senders import running as serving
from tests.delivery.test_senders import web as web  # a fixture
from tests.support.running import RunningInstance, running
from tests.support.traffic.case import ENGINEER, PLC
from tests.support.waiting import until
from tests.system.test_network_monitoring import VERSION, client_of, upload

RULES: dict[str, dict[str, Any]] = {  # any JSON
    "operational": {"engines": ["operational"]},
    "grave": {"minimumSeverity": "high"},
    "north": {"zones": ["north"], "sites": ["plant"]},
    "south": {"zones": ["south"]},
    "umas": {"protocols": ["umas"], "types": ["controller-stop"]},
}
"""The capture stops a controller in zone north: an operational alert of low severity over UMAS."""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("forwarding") / "data") as instance:
        yield instance


def destination(admin: httpx.Client, name: str, rule: str, **connection: object) -> None:
    body = {"displayName": name, "connection": connection, "alerts": RULES[rule]}
    answer = admin.put(f"/api/alerts/destinations/{name}", json=body)
    assert answer.status_code == 200, answer.text


def syslog(port: int, form: Format, transport: Transport) -> dict[str, object]:
    trust = {"ca": authority()} if transport is Transport.TLS else {}
    return {
        "type": "syslog",
        "host": "127.0.0.1",
        "port": port,
        "transport": transport,
        "format": form,
        **trust,
    }


def test_each_rule_brings_its_alerts_in_its_form(instance: RunningInstance, web: Web) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(tls)
    cef, leef, rfc, quiet = Lines(), Lines(), Lines(tls), Lines()
    mail = mail_server()
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(serving(server)) for server in (cef, leef, rfc, quiet, mail)]
        admin = stack.enter_context(client_of(instance, instance.token))
        for name, parent in (("plant", None), ("north", "plant"), ("south", "plant")):
            place = {"displayName": name} | ({"parent": parent} if parent else {})
            assert admin.put(f"/api/organizations/{name}", params=VERSION, json=place).status_code == 200
        destination(admin, "cef", "operational", **syslog(ports[0], Format.CEF, Transport.TCP))
        destination(admin, "leef", "umas", **syslog(ports[1], Format.LEEF, Transport.TCP))
        destination(admin, "rfc", "north", **syslog(ports[2], Format.RFC5424, Transport.TLS))
        destination(admin, "elsewhere", "south", **syslog(ports[3], Format.CEF, Transport.TCP))
        destination(admin, "grave", "grave", **syslog(ports[3], Format.CEF, Transport.TCP))
        destination(admin, "hook", "umas", type="webhook", url=f"http://127.0.0.1:{web.port}/hook")
        letter = {"host": "127.0.0.1", "port": ports[4], "sender": "h@plant.example", "ca": authority()}
        destination(admin, "mail", "operational", type="email", recipients=["ada@plant.example"], **letter)
        assert upload(admin, "night", "north").status_code == 202
        until(lambda: web.requests and b"Controller Stop" in b"".join(mail.dialogue))
        until(lambda: all(b"Controller Stop" in b"".join(each.received) for each in (cef, leef, rfc)))
    check_cef(next(each for each in frames(cef) if "Controller Stop" in each))
    check_leef(next(each for each in frames(leef) if "Controller Stop" in each))
    check_rfc5424(next(each for each in frames(rfc) if "Controller Stop" in each))
    ((_path, _headers, body),) = web.requests
    told = json.loads(body)
    assert (told["title"], told["siteName"], told["zoneName"]) == ("Controller Stop", "plant", "north")
    assert (told["sourceDeviceAddress"], told["destinationDeviceAddress"]) == (ENGINEER, PLC)
    text = b"\n".join(mail.dialogue).decode()
    assert "to:<ada@plant.example>" in text.lower()
    assert "Controller Stop" in text
    assert quiet.received == []


def frames(server: Lines) -> list[str]:
    """The messages of a stream, cut by their lengths (RFC 6587, section 3.4.1)."""
    stream, found = b"".join(server.received), []
    while stream:
        length, _blank, stream = stream.partition(b" ")
        found.append(stream[: int(length)].decode())
        stream = stream[int(length) :]
    return found


HEADER = re.compile(
    r"<(?P<priority>\d{1,3})>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)) "
    r"(?P<host>[!-~]{1,255}) (?P<application>[!-~]{1,48}) (?P<process>[!-~]{1,128}) (?P<id>[!-~]{1,32}) "
    r'(?P<data>-|(\[[!-~]{1,32}( [^= "\]]{1,32}="([^"\\\]]|\\["\\\]])*")*\])+)( (?P<text>.*))?',
    re.DOTALL,
)
"""RFC 5424, section 6."""


def check_rfc5424(message: str) -> None:
    found = HEADER.fullmatch(message)
    assert found is not None, message
    assert f'"{ENGINEER}"' in found["data"]


def check_cef(message: str) -> None:
    """`CEF:Version|Vendor|Product|Version|Event|Name|Severity|Extension`, in the documented keys."""
    _, *header, extension = re.split(r"(?<!\\)\|", message[message.index("CEF:0") :], maxsplit=7)
    assert (header[4], header[5]) == ("Controller Stop", "4")
    known = dict(re.findall(r"(\w+)=((?:[^=\\]|\\.)*?)(?= \w+=|$)", extension))
    assert (known["protocol"], known["severity"], known["type"]) == ("umas", "Minor", "Operational")
    assert (known["src_ip"], known["dst_ip"]) == (ENGINEER, PLC)
    assert {"msg", "UUID", "start", "cat"} <= known.keys()


def check_leef(message: str) -> None:
    """`LEEF:1.0|Vendor|Product|Version|Event|` and attributes between tabs."""
    *_header, attributes = message[message.index("LEEF:1.0") :].split("|", 5)
    known = dict(each.split("=", 1) for each in attributes.split("\t"))
    assert (known["title"], known["protocol"], known["src_ip"]) == ("Controller Stop", "umas", ENGINEER)
    assert {"msg", "severity", "type", "start", "dst_ip", "cat"} <= known.keys()
