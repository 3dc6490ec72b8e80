"""Breaks the product on purpose: Python runs this file first where its folder is on PYTHONPATH.

Each function breaks one feature the way a wrong change could. The probes must see every one of them.
HOLDFAST_SABOTAGE says which half of them this instance has: a listener that speaks no TLS cannot show that it
lets everybody in.
"""

import asyncio
import importlib
import os
import sqlite3
import ssl
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import access_sabotage  # type: ignore[import-not-found]  # lies beside this file, which PYTHONPATH names
import trustme

import holdfast.defender.uplink.connection
import holdfast.defender.uplink.state
import holdfast.runtime.baseline
import holdfast.runtime.gateway
import holdfast.runtime.people_listener
from holdfast.access.tokens.secret import parse_token
from holdfast.access.tokens.service import ApiTokens
from holdfast.alerts.book import AlertBook
from holdfast.baseline.probes.catalogue import profile
from holdfast.baseline.probes.catalogue.absence import ABSENT
from holdfast.defender.capture.live import LiveCapture
from holdfast.gateway.gateway import Gateway
from holdfast.kernel.network import NetworkRules
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import Principal
from holdfast.keys.file import FileProvider
from holdfast.log.writer import GroupCommitWriter
from holdfast.policy.engine.gate import Gate
from holdfast.resources import secrets
from holdfast.resources.changes import QueuedChangePath
from holdfast.storage.blobs import SealedBlobs
from holdfast.vault.authority import Issued

DATA = Path(os.environ["HOLDFAST_DATA"])


# Transport and files


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
    vars(importlib.import_module("holdfast.runtime.control"))["server_context"] = context


def present_a_certificate_of_somebody_else() -> None:
    issued = trustme.CA().issue_cert("somebody.example")
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    other = Issued(chain, issued.private_key_pem.bytes())
    vars(holdfast.runtime.gateway)["server_certificate_of"] = lambda _instance: other


def probe_from_an_address_that_is_listened_on() -> None:
    vars(holdfast.runtime.baseline)["probes_address"] = lambda *_any: os.environ["HOLDFAST_SOURCE"]


def write_every_change_to_a_log_file() -> None:
    for name in ("apply", "apply_all"):
        _write_calls_down(name, getattr(QueuedChangePath, name))


def _write_calls_down(name: str, sound: Callable[..., object]) -> None:
    def apply(path: QueuedChangePath, principal: object, change: object) -> object:
        with (DATA / "debug.log").open("a", encoding="utf-8") as log:
            log.write(f"{change!r}\n")
        return sound(path, principal, change)

    setattr(QueuedChangePath, name, apply)


def keep_a_cache_in_the_open() -> None:
    DATA.mkdir(mode=0o700, exist_ok=True)
    with sqlite3.connect(DATA / "cache.db") as cache:
        cache.execute("CREATE TABLE IF NOT EXISTS cached (value TEXT)")


def keep_what_sensors_know_in_plain_sqlite() -> None:
    def connect(path: Path, _key: bytes) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    sound = vars(holdfast.defender.uplink.state)["sqlcipher"]
    plain = types.SimpleNamespace(opening=sound.opening, claim=sound.claim, set_durable=sound.set_durable)
    plain.connect = connect
    vars(holdfast.defender.uplink.state)["sqlcipher"] = plain


def let_sensors_trust_everybody() -> None:
    sound = holdfast.defender.uplink.connection.client_context

    def context(*arguments: Any) -> ssl.SSLContext:
        made = sound(*arguments)
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
        return made

    vars(holdfast.defender.uplink.connection)["client_context"] = context


def keep_packets_in_the_open_beside() -> None:
    sound = SealedBlobs.put

    def put(blobs: SealedBlobs, name: str, content: bytes) -> bool:
        blobs._store.put(f"{name}.plain", content)
        return sound(blobs, name, content)

    setattr(SealedBlobs, "put", put)  # noqa: B010 - types forbid the sabotage


def refuse_good_tokens() -> None:
    sound = ApiTokens.find

    def find(tokens: ApiTokens, authorization: str) -> object:
        return None if "baseline-probe-reader" in authorization else sound(tokens, authorization)

    ApiTokens.find = find  # type: ignore[assignment, method-assign]  # that is the sabotage


def answer_to_any_wrapping_key() -> None:
    setattr(FileProvider, "_read", lambda _provider: bytes(32))  # noqa: B010 - types forbid the sabotage


def hide_the_processes() -> None:
    profile.PROCESSES = DATA / "nowhere"


def build_what_is_said_to_be_absent() -> None:
    folder = DATA.parent / "parts"
    for words in ABSENT.values():
        (folder / words[0]).mkdir(parents=True, exist_ok=True)
        (folder / words[0] / "__init__.py").touch()
    holdfast.__path__.append(str(folder))


# Decisions


def let_every_address_in() -> None:
    setattr(NetworkRules, "verdict", lambda _rules, _address: "")  # noqa: B010 - types forbid the sabotage


def let_every_device_in() -> None:
    def judge(_user: object, _proof: object, _credentials: object, _hub: object, now: float) -> float:
        return now + 3600

    for name in ("sessions.admission", "sessions.hub", "https.admission"):
        vars(importlib.import_module(f"holdfast.gateway.{name}"))["judge"] = judge


def take_every_token() -> None:
    def find(tokens: ApiTokens, authorization: str) -> object:
        presented = parse_token(authorization)
        return presented and tokens._ports.store.get("apiToken", presented.token_id)

    ApiTokens.find = find  # type: ignore[assignment, method-assign]  # that is the sabotage


def allow_everything() -> None:
    answers = {"allows": lambda *_arguments: True, "reach": lambda *_arguments: (ROOT,)}
    for name, answer in answers.items():
        setattr(Principal, name, answer)


def store_secrets_in_the_clear() -> None:
    vars(secrets)["sealed"] = lambda body, _paths, _ring, _context: body


def ask_no_policy() -> None:
    setattr(Gate, "evaluate", lambda _gate, _kind, draft: (draft.body, ()))  # noqa: B010 - likewise


def acknowledge_without_storing() -> None:
    setattr(GroupCommitWriter, "append", lambda _writer, _entries, done: done(None))  # noqa: B010 - likewise


def write_nothing_down() -> None:
    QueuedChangePath.record = lambda *_args, **_rest: None  # type: ignore[method-assign]  # the sabotage


def speak_into_the_watched_network() -> None:
    sound = LiveCapture.__init__

    def opened(capture: LiveCapture, interface: str) -> None:
        sound(capture, interface)
        capture._socket.send(bytes(60))

    LiveCapture.__init__ = opened  # type: ignore[assignment, method-assign]  # that is the sabotage


def see_no_attack() -> None:
    AlertBook.report = lambda *_arguments: None  # type: ignore[method-assign]  # that is the sabotage


SABOTAGE = {
    "transport": (
        speak_into_the_watched_network,
        listen_for_devices_without_tls,
        accept_old_tls_from_people,
        present_a_certificate_of_somebody_else,
        probe_from_an_address_that_is_listened_on,
        write_every_change_to_a_log_file,
        keep_a_cache_in_the_open,
        keep_what_sensors_know_in_plain_sqlite,
        let_sensors_trust_everybody,
        keep_packets_in_the_open_beside,
        refuse_good_tokens,
        answer_to_any_wrapping_key,
        hide_the_processes,
        build_what_is_said_to_be_absent,
    ),
    "decisions": (
        see_no_attack,
        let_every_address_in,
        let_every_device_in,
        take_every_token,
        allow_everything,
        ask_no_policy,
        store_secrets_in_the_clear,
        acknowledge_without_storing,
        write_nothing_down,
        *access_sabotage.SABOTAGE,
    ),
}

for sabotage in SABOTAGE[os.environ["HOLDFAST_SABOTAGE"]]:
    sabotage()
