"""Syslog over UDP, TCP and TLS. A connection is kept between messages and made again when it is lost."""

import json
import socket
import ssl
import tempfile
from pathlib import Path

from holdfast.delivery.destinations import Format, Syslog, Transport
from holdfast.delivery.formats.cef import cef
from holdfast.delivery.formats.leef import leef
from holdfast.delivery.formats.syslog import datagram, enveloped, octet_counted, rfc5424
from holdfast.delivery.model import DeliveryError, Message

TIMEOUT = 10.0


class SyslogSender:
    """Sends to one receiver."""

    def __init__(self, syslog: Syslog, host: str, product: str) -> None:
        """`host` and `product` name the sender: this machine, and the sensor or `platform`."""
        self._syslog = syslog
        self._host = host
        self._product = product
        self._connection: socket.socket | None = None

    def send(self, message: Message) -> None:
        """See `Sender.send`. Syslog has no answer: taken means handed to the network."""
        text = render(message, self._syslog.format, self._host, self._product)
        try:
            self._write(text)
        except (OSError, ssl.SSLError) as error:
            self.close()
            place = f"{self._syslog.host}:{self._syslog.port}"
            raise DeliveryError(f"The syslog receiver {place} cannot be reached: {error}.") from None

    def close(self) -> None:
        """See `Sender.close`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self, text: str) -> None:
        if self._connection is None:
            self._connection = self._connect()
        elif self._syslog.transport is not Transport.UDP and _ended(self._connection):
            self._connection.close()
            self._connection = self._connect()
        if self._syslog.transport is Transport.UDP:
            self._connection.send(datagram(text))
        else:
            self._connection.sendall(octet_counted(text))

    def _connect(self) -> socket.socket:
        place = (self._syslog.host, self._syslog.port)
        if self._syslog.transport is Transport.UDP:
            family, kind, protocol, _name, address = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
            datagrams = socket.socket(family, kind, protocol)
            datagrams.connect(address)
            return datagrams
        connection = socket.create_connection(place, TIMEOUT)
        if self._syslog.transport is Transport.TCP:
            return connection
        try:
            return _context(self._syslog).wrap_socket(connection, server_hostname=self._syslog.host)
        except BaseException:
            connection.close()
            raise


def render(message: Message, form: Format, host: str, product: str) -> str:
    """The whole syslog message."""
    if form is Format.RFC5424:
        return rfc5424(message, host, product)
    contents = {
        Format.CEF: lambda: cef(message, product),
        Format.LEEF: lambda: leef(message, product),
        Format.TEXT: lambda: f"{message.title}: {message.text}",
        Format.OBJECT: lambda: json.dumps(message.body, ensure_ascii=False, separators=(",", ":")),
    }
    return enveloped(message, host, product, contents[form]())


def _ended(connection: socket.socket) -> bool:
    """Whether the receiver closed the connection while nothing was sent: a write would be lost silently."""
    connection.setblocking(False)
    try:
        return connection.recv(1024) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(TIMEOUT)


def _context(syslog: Syslog) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=syslog.ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if syslog.certificate:
        with tempfile.TemporaryDirectory() as folder:  # the standard library loads keys from files only
            path = Path(folder, "certificate.pem")
            path.touch(mode=0o600)
            path.write_text(syslog.certificate, encoding="ascii")
            context.load_cert_chain(path)
    return context
