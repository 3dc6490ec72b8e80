"""A handshake of the standard library's TLS, read from the wire."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from holdfast.defender.record import Record, Role
from tests.defender.dissect.feeding import Exchange, Message, dissector, feed

NAME = "plc.example"
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
END = BEGIN + datetime.timedelta(days=3650)
KEYS: dict[str, CertificateIssuerPrivateKeyTypes] = {
    "ecdsa": ec.generate_private_key(ec.SECP256R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}


def certificate(key: CertificateIssuerPrivateKeyTypes) -> x509.Certificate:
    """A self-signed one."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.DNSName("plc")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, BEGIN, END)
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256())


def handshake(folder: Path, key: CertificateIssuerPrivateKeyTypes, version: ssl.TLSVersion) -> list[Message]:
    """What client and server say until both are through, and one message of each."""
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate(key).public_bytes(serialization.Encoding.PEM)
    )
    serving, asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    serving.load_cert_chain(path)
    asking.check_hostname = False
    asking.verify_mode = ssl.CERT_NONE
    for context in (serving, asking):
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["http/1.1"])
    pipes = [ssl.MemoryBIO() for _ in range(4)]
    client = asking.wrap_bio(pipes[0], pipes[1], server_hostname=NAME)
    server = serving.wrap_bio(pipes[2], pipes[3], server_side=True)
    said: list[Message] = []
    waiting = [client, server]
    for _ in range(6):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                pass
            _pass_on(pipes, said)
    client.write(b"read")
    _pass_on(pipes, said)
    server.write(b"answer")
    _pass_on(pipes, said)
    return said


def _pass_on(pipes: list[ssl.MemoryBIO], said: list[Message]) -> None:
    """Carry what each side wrote to the other one."""
    for to_server, written, read in ((True, pipes[1], pipes[2]), (False, pipes[3], pipes[0])):
        octets = written.read()
        if octets:
            said.append(Message(to_server, octets))
            read.write(octets)


def records(said: list[Message]) -> dict[str, Record]:
    """The records of a conversation by kind; the last of each."""
    exchange = Exchange("tls", "tcp", tuple(said))
    found = feed(dissector(exchange), "tcp", exchange.messages)
    assert not [record for record in found if record.role is Role.MALFORMED]
    return {record.kind: record for record in found}


@pytest.mark.parametrize("kind", KEYS)
def test_a_handshake_in_the_clear_says_who_serves(tmp_path: Path, kind: str) -> None:
    found = records(handshake(tmp_path, KEYS[kind], ssl.TLSVersion.TLSv1_2))
    asked, answered = found["client hello"].fields, found["server hello"].fields
    assert (asked["server_name"], asked["client_protocols"]) == (NAME, ["http/1.1"])
    assert len(asked["ja3"]) == 32
    assert asked["ja4"].startswith("t12d")
    assert answered["version"] == "TLSv12"
    assert answered["cipher"].endswith(("SHA256", "SHA384"))
    shown = found["certificate"].fields["certificates"][0]
    assert (shown["subject"], shown["self_signed"], shown["serial"]) == (f"CN={NAME}", True, "7")
    assert (shown["san_dns"], shown["ca"], shown["key_type"]) == ([NAME, "plc"], False, kind)
    assert (shown["not_valid_before"], shown["not_valid_after"]) == (BEGIN.timestamp(), END.timestamp())
    assert found["certificate"].fields["subject"] == shown["subject"]
    assert found["application data"].fields["length"] > len(b"answer")


def test_a_handshake_of_version_1_3_hides_the_certificate(tmp_path: Path) -> None:
    found = records(handshake(tmp_path, KEYS["ecdsa"], ssl.TLSVersion.TLSv1_3))
    assert found["client hello"].fields["server_name"] == NAME
    assert found["client hello"].fields["ja4"].startswith("t13d")
    assert found["server hello"].fields["version"] == "TLSv13"
    assert "certificate" not in found


def test_a_certificate_that_is_none_is_told_by_its_fingerprint(tmp_path: Path) -> None:
    said = handshake(tmp_path, KEYS["rsa"], ssl.TLSVersion.TLSv1_2)
    encoded = certificate(KEYS["rsa"]).public_bytes(serialization.Encoding.DER)
    start = next(each.payload.find(encoded) for each in said if encoded in each.payload)
    broken = [
        Message(each.to_server, each.payload[:start] + b"\x30\x03abc" + each.payload[start + 5 :])
        if encoded in each.payload
        else each
        for each in said
    ]
    shown = records(broken)["certificate"].fields["certificates"][0]
    assert shown["malformed"]
    assert len(shown["fingerprint"]) == 64
