"""TLS of the device listeners: versions and suites, host names, client certificates, no resumption."""

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from OpenSSL import SSL

from holdfast.gateway.network.tls import ServerCertificate, server_context
from holdfast.kernel.errors import StartupError
from holdfast.vault.authority import create_authority
from tests.gateway.client import connect, hello
from tests.gateway.platform import Platform
from tests.support.pki import issue


async def attempt(platform: Platform, port: int, context: ssl.SSLContext) -> tuple[str, str]:
    """Version and suite of a handshake."""
    _, writer = await asyncio.open_connection(platform.address, port, ssl=context)
    made: ssl.SSLObject = writer.get_extra_info("ssl_object")
    cipher = made.cipher()
    writer.transport.abort()
    assert cipher is not None
    return str(made.version()), cipher[0]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_1_2_and_1_3_are_spoken_on_every_port(platform: Platform, version: ssl.TLSVersion) -> None:
    for port in (platform.mqtt_port, platform.https_port):
        context = platform.client_context
        context.minimum_version = context.maximum_version = version
        name, suite = await attempt(platform, port, context)
        assert name == version.name.replace("_", ".")
        assert "GCM" in suite or "CHACHA20" in suite


WEAK = {
    "TLS 1.0": ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    "TLS 1.1": ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
    "no encryption": ["-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"],
    "no authentication": ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"],
    "CBC": ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"],
    "no forward secrecy": ["-tls1_2", "-cipher", "AES128-GCM-SHA256:@SECLEVEL=0"],
}


def s_client(platform: Platform, port: int, *options: str) -> str:
    command = ["openssl", "s_client", "-connect", f"{platform.address}:{port}", *options]
    return subprocess.run(command, input="", capture_output=True, text=True, timeout=30).stdout


@pytest.mark.parametrize("name", WEAK)
async def test_weak_connections_are_refused(platform: Platform, name: str) -> None:
    for port in (platform.mqtt_port, platform.https_port):
        output = await asyncio.to_thread(s_client, platform, port, *WEAK[name])
        assert "Cipher is (NONE)" in output
    output = await asyncio.to_thread(s_client, platform, platform.mqtt_port, "-tls1_2")
    assert "Cipher is ECDHE-ECDSA-AES" in output, "the same client gets in with a good suite"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_no_session_is_resumed(platform: Platform, tmp_path: Path, version: str) -> None:
    kept = str(tmp_path / "session.pem")

    def reconnect() -> str:
        s_client(platform, platform.mqtt_port, version, "-sess_out", kept)
        resuming = ["-sess_in", kept] if Path(kept).exists() else ["-reconnect"]
        return s_client(platform, platform.mqtt_port, version, *resuming)

    output = await asyncio.to_thread(reconnect)
    assert "Reused, TLS" not in output
    assert "New, TLS" in output


async def test_a_certificate_is_asked_for_and_not_required(platform: Platform) -> None:
    output = await asyncio.to_thread(s_client, platform, platform.mqtt_port, "-tls1_2")
    assert "No client certificate CA names sent" in output
    assert "Client Certificate Types" in output


async def test_a_chain_of_strangers_reaches_the_judge_and_no_further(platform: Platform) -> None:
    platform.device_with_key("dev-1", platform.key_group())
    stranger = issue("dev-1", issue("their root", authority=True))
    _, answer = await connect(platform, hello(platform, "dev-1", None), platform.context_for(stranger))
    assert answer.code == 5


async def test_plaintext_is_not_answered(platform: Platform) -> None:
    reader, writer = await asyncio.open_connection(platform.address, platform.mqtt_port)
    writer.write(b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01d")
    answer = await reader.read()
    assert not answer or answer[0] == 0x15, "nothing, or a TLS alert"
    assert b"\x20\x02" not in answer


@contextmanager
def serving(certificates: list[ServerCertificate]) -> Iterator[int]:
    """A server that only does TLS handshakes with our context; its port."""
    context = server_context(certificates)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    accepted, _ = listening.accept()
                except OSError:
                    return
                connection = SSL.Connection(context, accepted)
                connection.set_accept_state()
                connection.do_handshake()
                accepted.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(60)


def shown_to(port: int, name: str | None) -> str:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port)) as connection,
        context.wrap_socket(connection, server_hostname=name) as secure,
    ):
        der = secure.getpeercert(binary_form=True)
    assert der is not None
    return load_der_x509_certificate(der).subject.rfc4514_string()


def test_the_certificate_is_the_one_for_the_host_name() -> None:
    authority = create_authority("root", 1_700_000_000.0)
    names = [["first.test"], ["second.test"], ["*.wild.test"]]
    certificates = [
        ServerCertificate(issued.chain_pem, issued.key_pem)
        for issued in (authority.issue_server(name, 1_700_000_000.0) for name in names)
    ]
    with serving(certificates) as port:
        assert shown_to(port, "first.test") == "CN=first.test"
        assert shown_to(port, "SECOND.test") == "CN=second.test"
        assert shown_to(port, "a.wild.test") == "CN=*.wild.test"
        assert shown_to(port, "unknown.test") == "CN=first.test"
        assert shown_to(port, None) == "CN=first.test"


def test_a_key_that_is_not_the_certificates_is_refused_at_the_start() -> None:
    one, other = issue("one"), issue("other")
    with pytest.raises(StartupError):
        server_context([ServerCertificate(one.pem.encode(), other.key_pem.encode())])
    with pytest.raises(StartupError):
        server_context([ServerCertificate(b"none", one.certificate.public_bytes(Encoding.PEM))])
