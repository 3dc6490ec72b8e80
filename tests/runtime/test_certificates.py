"""The listeners' certificate is taken up when it changes, and a broken one is not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.runtime.certificates import follow_certificate
from holdfast.runtime.instance import Instance, prepare, server_certificate_of
from holdfast.runtime.settings import load_settings
from holdfast.vault.authority import Issued
from tests.support.pki import Identity, issue


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "server.pem", tmp_path / "server.key"


def write(files: tuple[Path, Path], identity: Identity) -> None:
    files[0].write_text(identity.pem)
    files[1].write_text(identity.key_pem)


@pytest.fixture
def instance(tmp_path: Path, files: tuple[Path, Path]) -> Iterator[Instance]:
    write(files, issue("localhost"))
    tls = {"certificate_file": files[0], "key_file": files[1]}
    with prepare(load_settings(data=tmp_path / "data", tls=tls)) as (prepared, instance):
        yield instance
        prepared.folder.release()


async def test_a_replaced_certificate_is_shown_once(instance: Instance, files: tuple[Path, Path]) -> None:
    shown: asyncio.Queue[Issued] = asyncio.Queue()
    stopping = asyncio.Event()
    present = server_certificate_of(instance)
    following = asyncio.create_task(
        follow_certificate(instance, stopping, present, shown.put_nowait, seconds=0.01)
    )
    files[0].unlink()  # an operator who copies: gone for a moment
    await asyncio.sleep(0.05)
    renewed = issue("localhost")
    write(files, renewed)
    assert (await shown.get()).chain_pem == renewed.pem.encode()
    await asyncio.sleep(0.05)
    assert shown.empty()
    stopping.set()
    await following
