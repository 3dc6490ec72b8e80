"""Runs the analysis of uploaded captures, and keeps what came of it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import msgspec
from sqlalchemy import delete, select

from holdfast.access.bodies import read_body
from holdfast.defender.network.child import (
    FAILURE,
    HEAD,
    LEARNED,
    MESSAGE,
    PROBLEMS,
    PROGRESS,
    Job,
    Part,
)
from holdfast.defender.network.intake import Arrived, Intake
from holdfast.defender.network.kinds import CAPTURE, CaptureBody
from holdfast.defender.network.rows import upsert
from holdfast.defender.network.source import Source
from holdfast.defender.network.tables import captures, learned
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonValue
from holdfast.kernel.organizations import OrganizationPath
from holdfast.resources.model import Resource
from holdfast.resources.port import ResourceStore
from holdfast.storage.blobs import Blobs
from holdfast.storage.database import Database

MAXIMUM_PART = 512 * 2**20
"""Bytes of one part of the child's output; learned traffic is the largest."""

RulesOf = Callable[[OrganizationPath], list[JsonValue]]
"""The custom rules that hold at a node."""


def blob_of(capture: str) -> str:
    """The name of a capture's blob."""
    return f"captures/{capture.replace(':', '=')}"


@dataclass(frozen=True)
class CaptureRuns:
    """The analyses of one instance, one at a time."""

    store: ResourceStore
    database: Database
    blobs: Blobs
    intake: Intake
    clock: Clock
    rules_of: RulesOf

    async def run(self, capture: str) -> None:
        """Analyze a capture that was uploaded. Nothing happens when it is gone."""
        resource = await asyncio.to_thread(self.store.get, CAPTURE, capture)
        if resource is None:
            return
        source = Source(capture, resource.organization, self.clock.now())
        await asyncio.to_thread(self._note, source, "analyzing", 0.0, [])
        try:
            content = await asyncio.to_thread(self.blobs.get, blob_of(capture))
        except NotFoundError as error:
            await asyncio.to_thread(self._note, source, "failed", 0.0, [str(error)])
            return
        await self._analyze(resource, source, content)

    async def forget(self, capture: str) -> None:
        """A capture was deleted: with it goes what only it showed."""
        await asyncio.to_thread(self._forget, capture)

    async def _analyze(self, resource: Resource, source: Source, content: bytes) -> None:
        number, status = 0, "done"
        problems: list[str] = []
        async for kind, part in self._child(resource, source, content):
            if kind == MESSAGE:
                number += 1
                arrived = Arrived(source, resource.etag, number, part, self.clock.now())
                await asyncio.to_thread(self.intake.take, [arrived])
            elif kind == PROGRESS:
                await asyncio.to_thread(self._note, source, "analyzing", float(part), [])
            elif kind == LEARNED:
                await asyncio.to_thread(self._keep_learned, source, part)
            elif kind == PROBLEMS:
                problems = msgspec.json.decode(part, type=list[str])
            elif kind == FAILURE:
                status, problems = "failed", [part.decode(errors="replace")]
        await asyncio.to_thread(self._note, source, status, 1.0, problems)

    async def _child(self, resource: Resource, source: Source, content: bytes) -> AsyncIterator[Part]:
        descriptor = os.memfd_create("capture")
        try:
            await asyncio.to_thread(_fill, descriptor, content)
            job = await asyncio.to_thread(self._job, resource, source, descriptor)
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "holdfast.defender.network.child"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=(descriptor,),
            )
        finally:
            os.close(descriptor)
        try:
            async for part in _parts(child, msgspec.json.encode(job)):
                yield part
        finally:
            if child.returncode is None:
                child.kill()
            await child.wait()

    def _job(self, resource: Resource, source: Source, descriptor: int) -> Job:
        rules = msgspec.json.encode(self.rules_of(source.organization))
        with self.database.read() as connection:
            kept = select(learned.c.document).where(learned.c.organization == source.organization)
            known = connection.execute(kept).scalar() or b""
        stage = read_body(resource.body, CaptureBody).stage
        return Job(source.sensor, source.zone, source.site, descriptor, stage, known, msgspec.Raw(rules))

    def _note(self, source: Source, status: str, done: float, problems: list[str]) -> None:
        now = self.clock.now()
        row = {
            "capture": source.sensor,
            "organization": source.organization,
            "status": status,
            "done": done,
            "problems": msgspec.json.encode(problems).decode(),
            "ended": now,
        }
        with self.database.write() as connection:
            known = connection.execute(
                select(captures.c.began).where(captures.c.capture == source.sensor)
            ).scalar()
            upsert(connection, captures, [{**row, "began": now if known is None else known}])

    def _keep_learned(self, source: Source, document: bytes) -> None:
        with self.database.write() as connection:
            row = {"organization": source.organization, "document": document}
            upsert(connection, learned, [row])

    def _forget(self, capture: str) -> None:
        self.intake.forget_sensor(capture)
        self.blobs.delete(blob_of(capture))
        with self.database.write() as connection:
            connection.execute(delete(captures).where(captures.c.capture == capture))


def _fill(descriptor: int, content: bytes) -> None:
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)


async def _parts(child: asyncio.subprocess.Process, job: bytes) -> AsyncIterator[Part]:
    """What the child writes; its end without a last word is a failure."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(job)
    child.stdin.close()
    kind = b""
    while True:
        try:
            kind, length = HEAD.unpack(await child.stdout.readexactly(HEAD.size))
            if length > MAXIMUM_PART:
                break
            yield Part(kind, await child.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            break
    if kind not in (PROBLEMS, FAILURE):
        yield Part(FAILURE, b"The analysis ended before it was done; the log of the worker may say why.")
