"""The senders against real servers on loopback."""

import contextlib
import datetime
import http.server
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from holdfast.access.issuer.identities import MANAGED_IDENTITY
from holdfast.access.issuer.keys import ISSUER_KEY, IssuerKeys
from holdfast.access.issuer.tokens import Issuer
from holdfast.access.oidc.tokens import unverified
from holdfast.access.ports import Ports
from holdfast.delivery.destinations import Destination, Email, Format, Syslog, Transport, Webhook
from holdfast.delivery.model import DeliveryError, Message
from holdfast.delivery.senders.email import EmailSender, compose
from holdfast.delivery.senders.make import make_sender
from holdfast.delivery.senders.syslog import SyslogSender
from holdfast.delivery.senders.webhook import SIGNATURE, WebhookSender, sign
from holdfast.kernel.clock import ManualClock
from tests.support.world import open_world

MESSAGE = Message(
    "01j", 1_795_000_000.0, "alert", "Title\nof it", "Text.", fields={"a": "1"}, body={"x": "ü"}
)


@dataclass
class Web:
    """What a small web server got, and what it answers."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextlib.contextmanager
def running(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        address = server.server_address
        assert isinstance(address, tuple)
        yield address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def web() -> Iterator[Web]:
    state = Web()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append((self.path, dict(self.headers), body))
            self.send_response(state.statuses.pop(0) if state.statuses else 204)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with running(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        state.port = port
        yield state


def webhook(web: Web, identity: str = "") -> WebhookSender:
    url, headers = f"http://127.0.0.1:{web.port}/hook", (("X-Token", "t0p"),)
    destination = Webhook(url, headers, secret="shared", identity=identity)
    return WebhookSender(destination, ManualClock(1000.0))


def test_a_webhook_gets_the_body_signed(web: Web) -> None:
    sender = webhook(web)
    sender.send(MESSAGE)
    sender.close()
    path, headers, body = web.requests[0]
    assert (path, json.loads(body), headers["X-Token"]) == ("/hook", {"x": "ü"}, "t0p")
    assert headers["X-Holdfast-Id"] == "01j"
    assert headers[SIGNATURE] == sign("shared", 1000, body)
    assert sign("shared", 1000, body) != sign("shared", 1001, body)


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (404, True), (301, True), (408, False), (429, False), (500, False)]
)
def test_answers_say_whether_trying_again_helps(web: Web, status: int, permanent: bool) -> None:
    web.statuses = [status]
    web.headers = {"Retry-After": "7", "Location": "http://127.0.0.1/other"}
    sender = webhook(web)
    with pytest.raises(DeliveryError, match=str(status)) as caught:
        sender.send(MESSAGE)
    sender.close()
    assert (caught.value.permanent, caught.value.retry_after) == (permanent, 7.0)
    assert len(web.requests) == 1


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    with open_world(tmp_path, [MANAGED_IDENTITY, ISSUER_KEY]) as world:
        IssuerKeys(Ports(world.changes, world.store, world.ring, world.clock, world.randomness)).rotate()
        yield Issuer("https://app.example", world.store, world.clock, world.randomness)


def test_a_webhook_is_called_with_a_token_that_is_for_it_alone(web: Web, issuer: Issuer) -> None:
    address = f"http://127.0.0.1:{web.port}"
    destination = Webhook(f"{address}/hook", identity="system")
    sender = WebhookSender(destination, ManualClock(), issuer, "alertDestination/siem")
    web.statuses = [204, 401, 204]
    sender.send(MESSAGE)
    with pytest.raises(DeliveryError, match="the token of the identity") as caught:
        sender.send(MESSAGE)
    sender.send(MESSAGE)
    sender.close()
    assert not caught.value.permanent, "a receiver that could not read our keys just now may do so later"
    first, second, third = (headers["Authorization"] for _path, headers, _body in web.requests)
    assert (first == second, second == third) == (True, False)
    claims = unverified(first.removeprefix("Bearer "), 1)
    assert (claims["sub"], claims["aud"]) == ("resource:alertDestination/siem", address)


def test_nothing_is_sent_when_the_identity_may_not_be_used(web: Web, issuer: Issuer) -> None:
    destination = Webhook(f"http://127.0.0.1:{web.port}/hook", identity="gone")
    for sender in (WebhookSender(destination, ManualClock(), issuer), webhook(web, identity="gone")):
        with pytest.raises(DeliveryError) as caught:
            sender.send(MESSAGE)
        sender.close()
        assert not caught.value.permanent
    assert not web.requests


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "destination",
    [
        Webhook(f"http://127.0.0.1:{unused_port()}/"),
        Syslog("127.0.0.1", unused_port(), Transport.TCP),
        Email("127.0.0.1", "a@b", ("c@d",), unused_port()),
    ],
    ids=["webhook", "syslog", "email"],
)
def test_a_destination_that_is_not_there_can_be_tried_again(destination: Destination) -> None:
    sender = make_sender(destination, ManualClock(), "plant-1", "north")
    with pytest.raises(DeliveryError) as caught:
        sender.send(MESSAGE)
    sender.close()
    assert not caught.value.permanent


class Lines(socketserver.ThreadingTCPServer):
    """Collects what each connection sent."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.received: list[bytes] = []
        self.arrived = threading.Semaphore(0)
        super().__init__(("127.0.0.1", 0), _Collector)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        if self.context is not None:
            connection = self.context.wrap_socket(connection, server_side=True)
        return connection, address

    def wait(self) -> bytes:
        assert self.arrived.acquire(timeout=60)
        return self.received.pop(0)


class _Collector(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Lines)
        with contextlib.suppress(OSError):
            while data := self.request.recv(65536):
                self.server.received.append(data)
                self.server.arrived.release()


AUTHORITY = trustme.CA()


def authority() -> str:
    return AUTHORITY.cert_pem.bytes().decode()


def test_syslog_over_tcp_frames_and_reconnects() -> None:
    first = Lines()
    with running(first) as port:
        sender = SyslogSender(Syslog("127.0.0.1", port, Transport.TCP, Format.CEF), "plant-1", "north")
        sender.send(MESSAGE)
        data = first.wait()
        length, _blank, rest = data.partition(b" ")
        assert int(length) == len(rest)
        assert b"CEF:0|Holdfast|north|" in rest
        sender.close()
        sender.send(MESSAGE)
        assert first.wait() == data
        sender.close()


def test_syslog_over_tls_verifies_the_receiver() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    server = Lines(context)
    with running(server) as port:
        sender = SyslogSender(Syslog("127.0.0.1", port, ca=authority()), "plant-1", "north")
        sender.send(MESSAGE)
        assert b"[holdfast@32473 " in server.wait()
        sender.close()
        stranger = trustme.CA().cert_pem.bytes().decode()
        with pytest.raises(DeliveryError, match="cannot be reached"):
            SyslogSender(Syslog("127.0.0.1", port, ca=stranger), "plant-1", "north").send(MESSAGE)


def test_syslog_presents_its_certificate_where_asked() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    AUTHORITY.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    ours = AUTHORITY.issue_cert("sensor.example").private_key_and_cert_chain_pem.bytes().decode()
    server = Lines(context)
    with running(server) as port:
        sender = SyslogSender(Syslog("127.0.0.1", port, ca=authority(), certificate=ours), "plant-1", "north")
        sender.send(MESSAGE)
        assert server.wait()
        sender.close()


def test_syslog_over_udp_sends_one_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        port = receiver.getsockname()[1]
        sender = SyslogSender(Syslog("127.0.0.1", port, Transport.UDP, Format.LEEF), "plant-1", "north")
        sender.send(MESSAGE)
        sender.close()
        assert b"LEEF:1.0|Holdfast|north|" in receiver.recv(4096)


class Mail(socketserver.ThreadingTCPServer):
    """A mail server of one page: takes what it is told to take."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, context: ssl.SSLContext, refuse: bytes = b"") -> None:
        self.context = context
        self.refuse = refuse
        self.dialogue: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Postman)


class _Postman(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Mail)
        connection: socket.socket = self.request
        connection.sendall(b"220 here\r\n")
        stream = connection.makefile("rb")
        encrypted = False
        while line := stream.readline():
            server.dialogue.append(line.strip())
            word = line[:4].upper()
            if server.refuse and word == server.refuse:
                connection.sendall(b"550 no\r\n")
            elif word == b"EHLO":
                connection.sendall(
                    b"250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"
                    if not encrypted
                    else b"250-here\r\n250 AUTH PLAIN\r\n"
                )
            elif word == b"STAR":
                connection.sendall(b"220 go\r\n")
                connection = server.context.wrap_socket(connection, server_side=True)
                stream, encrypted = connection.makefile("rb"), True
            elif word == b"AUTH":
                connection.sendall(b"235 ok\r\n")
            elif word == b"DATA":
                connection.sendall(b"354 go\r\n")
                while (text := stream.readline()) not in {b".\r\n", b""}:
                    server.dialogue.append(text.strip())
                connection.sendall(b"250 taken\r\n")
            else:
                connection.sendall(b"250 ok\r\n")


def mail_server(refuse: bytes = b"") -> Mail:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return Mail(context, refuse)


def destination(port: int) -> Email:
    return Email(
        "127.0.0.1",
        "holdfast@plant.example",
        ("ada@plant.example",),
        port,
        user="u",
        password="p",
        ca=authority(),
    )


def test_a_mail_travels_encrypted_and_signed_in() -> None:
    server = mail_server()
    with running(server) as port:
        EmailSender(destination(port)).send(MESSAGE)
    commands = [line.split()[0].upper() for line in server.dialogue if line]
    assert commands.index(b"STARTTLS") < commands.index(b"AUTH") < commands.index(b"MAIL")
    assert b"Subject: Title of it" in server.dialogue
    assert b"a: 1" in server.dialogue


@pytest.mark.parametrize("refuse", [b"RCPT", b"MAIL"])
def test_what_the_mail_server_refuses_for_good_is_not_tried_again(refuse: bytes) -> None:
    with running(mail_server(refuse)) as port, pytest.raises(DeliveryError) as caught:
        EmailSender(destination(port)).send(MESSAGE)
    assert caught.value.permanent


def test_a_mail_server_without_trust_gets_nothing() -> None:
    server = mail_server()
    stranger = trustme.CA().cert_pem.bytes().decode()
    with running(server) as port:
        place = Email("127.0.0.1", "a@b", ("c@d",), port, user="u", password="p", ca=stranger)
        with pytest.raises(DeliveryError):
            EmailSender(place).send(MESSAGE)
    assert not any(line.startswith((b"AUTH", b"mail", b"MAIL")) for line in server.dialogue)


def test_the_mail_is_dated_by_the_event_and_asks_for_no_answer() -> None:
    mail = compose(MESSAGE, Email("h", "a@b", ("c@d", "e@f")))
    assert mail["To"] == "c@d, e@f"
    assert mail["Auto-Submitted"] == "auto-generated"
    moment = datetime.datetime.strptime(mail["Date"], "%a, %d %b %Y %H:%M:%S %z")
    assert moment.timestamp() == MESSAGE.time
