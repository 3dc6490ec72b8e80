"""Breaks the product on purpose: Python runs this file first where its folder is on PYTHONPATH.

Each function breaks one feature the way a wrong change could. The probes must see every one of them.
"""

import asyncio
import os
import ssl
from pathlib import Path

import trustme

import holdfast.runtime.gateway
import holdfast.runtime.people_listener
from holdfast.gateway.gateway import Gateway
from holdfast.resources.changes import QueuedChangePath
from holdfast.vault.authority import Issued


def listen_for_devices_without_tls() -> None:
    async def listen(_gateway: object, _name: str, addresses: list[str], port: int, _rules: object) -> int:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if await reader.read(1):
                writer.write(b"\x20\x02\x00\x00")  # CONNACK, accepted
                await writer.drain()
            writer.close()

        await asyncio.start_server(answer, addresses, port)
        return port

    Gateway.listen_mqtt = listen  # type: ignore[assignment, method-assign]  # that is the sabotage


def accept_old_tls_from_people() -> None:
    sound = holdfast.runtime.people_listener.server_context

    def context() -> ssl.SSLContext:
        made = sound()
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.set_ciphers("ALL:@SECLEVEL=0")
        return made

    holdfast.runtime.people_listener.server_context = context


def present_a_certificate_of_somebody_else() -> None:
    issued = trustme.CA().issue_cert("somebody.example")
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    other = Issued(chain, issued.private_key_pem.bytes())
    vars(holdfast.runtime.gateway)["server_certificate_of"] = lambda _instance: other


def write_every_change_to_a_log_file() -> None:
    sound = QueuedChangePath.apply

    def apply(path: QueuedChangePath, principal: object, change: object) -> object:
        with Path(os.environ["HOLDFAST_DATA"], "debug.log").open("a", encoding="utf-8") as log:
            log.write(f"{change!r}\n")
        return sound(path, principal, change)  # type: ignore[arg-type]  # passed on as it came

    QueuedChangePath.apply = apply  # type: ignore[assignment, method-assign]  # that is the sabotage


listen_for_devices_without_tls()
accept_old_tls_from_people()
present_a_certificate_of_somebody_else()
write_every_change_to_a_log_file()
