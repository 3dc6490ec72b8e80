"""A renewed certificate is shown without a restart; one that is broken changes nothing."""

import asyncio
import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.runtime.certificates import follow_certificate
from holdfast.runtime.instance import Instance
from holdfast.vault.authority import Issued, check_issued, create_authority
from holdfast.vault.errors import CertificateError
from holdfast.vault.files import load_into

NOW = SystemClock().now()
AUTHORITY = create_authority("Test", NOW)


def own_certificate(folder: Path) -> Instance:
    """An instance whose operator brought a certificate, as files that a renewal replaces."""
    tls = SimpleNamespace(certificate_file=folder / "chain.pem", key_file=folder / "key.pem")
    return cast(Instance, SimpleNamespace(settings=SimpleNamespace(tls=tls)))


def write(folder: Path, issued: Issued) -> Issued:
    (folder / "chain.pem").write_bytes(issued.chain_pem)
    (folder / "key.pem").write_bytes(issued.key_pem)
    return issued


async def test_a_new_certificate_is_shown_and_a_broken_one_is_not(tmp_path: Path) -> None:
    first = write(tmp_path, AUTHORITY.issue_server(["a.example.org"], NOW))
    context, stopping = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), asyncio.Event()
    shown: asyncio.Queue[Issued] = asyncio.Queue()

    def show(issued: Issued) -> None:
        load_into(context, issued, SystemRandomness())
        shown.put_nowait(issued)

    following = follow_certificate(own_certificate(tmp_path), stopping, first, show, every=0)
    task = asyncio.create_task(following)
    write(tmp_path, Issued(b"broken", b"broken"))
    write(tmp_path, Issued(first.chain_pem, AUTHORITY.key_pem))
    second = write(tmp_path, AUTHORITY.issue_server(["a.example.org"], NOW))
    assert await asyncio.wait_for(shown.get(), 20) == second
    stopping.set()
    await asyncio.wait_for(task, 20)
    assert shown.empty()


@pytest.mark.parametrize(
    "issued",
    [
        Issued(b"", b""),
        Issued(AUTHORITY.certificate_pem, b"key"),
        Issued(AUTHORITY.certificate_pem, create_authority("x", NOW).key_pem),
    ],
)
def test_a_certificate_that_cannot_be_used_says_so(issued: Issued) -> None:
    with pytest.raises(CertificateError):
        check_issued(issued)
