"""After a crash no change is without its event, and no event comes twice or never to a consumer."""

import random
import sqlite3
from pathlib import Path

import pytest

from holdfast.kernel.clock import ManualClock
from holdfast.kernel.organizations import ROOT
from holdfast.resources.model import Resource
from holdfast.resources.query import Query
from holdfast.resources.verification import verify
from holdfast.resources.witness import WITNESS_FILE, HeadFile
from tests.resources.kinds import KINDS
from tests.resources.victim import SEEN
from tests.support.postgresql import Server
from tests.support.power import Disk, calls, run_traced, said
from tests.support.victims import run_and_kill
from tests.support.world import World, open_world

VICTIM = "tests.resources.victim"


def check_changes(world: World, spoken: list[str]) -> None:
    """Rows, events and answers agree."""
    events = world.feed.read(0, 1_000_000)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    last = {event.resource: event for event in events}
    stored: dict[str, Resource] = {}
    token = ""
    while True:
        page = world.store.find(Query("thing", (ROOT,), limit=1000, after=token))
        stored |= {resource.id: resource for resource in page.items}
        if not (token := page.next):
            break
    alive = {name for name, event in last.items() if event.name != "thing.deleted"}
    assert set(stored) == alive, "a change without its event, or an event without its change"
    assert all(stored[name].etag == f"{last[name].sequence:x}" for name in alive)
    for line in spoken:
        if not line.startswith("done "):
            continue
        _, name, etag = line.split(" ")
        assert name in last, f"{name} was answered and is lost"
        if etag != "deleted":
            assert last[name].sequence >= int(etag, 16)
        else:
            assert name not in alive
    now = ManualClock(events[-1].time if events else 0.0)
    verification = verify(world.database, world.ring, now, HeadFile(world.folder / WITNESS_FILE))
    assert verification.ok, verification.findings


def check_consumer(world: World) -> None:
    """What was seen are the first events, each once."""
    with sqlite3.connect(world.folder / SEEN) as database:
        seen = database.execute("SELECT id, sequence FROM seen ORDER BY sequence").fetchall()
    database.close()
    events = world.feed.read(0, 1_000_000)[: len(seen)]
    assert seen == [(event.id, event.sequence) for event in events]
    assert seen


@pytest.mark.parametrize("adapter", ["sqlite", "postgresql"])
def test_a_killed_change_path_keeps_changes_and_events_together(
    tmp_path: Path, adapter: str, request: pytest.FixtureRequest
) -> None:
    url = ""
    if adapter == "postgresql":
        server: Server = request.getfixturevalue("postgresql_server")
        url = server.database()
    chance = random.Random(3)
    spoken: list[str] = []
    for run in range(4):
        command = [VICTIM, str(tmp_path), str(run), *([url] if url else [])]
        spoken += run_and_kill(command, chance.randrange(1, 250))
        with open_world(tmp_path, KINDS, url=url) as world:
            check_changes(world, spoken)
            check_consumer(world)


@pytest.mark.parametrize("torn", [False, True], ids=["unsynced writes dropped", "unsynced writes torn"])
def test_a_power_cut_loses_no_answered_change(tmp_path: Path, torn: bool) -> None:
    folder, trace = tmp_path / "data", tmp_path / "trace"
    run_traced([VICTIM, str(folder), "1"], trace, 150)
    traced = list(calls(trace))
    chance = random.Random(11)
    moments = set(chance.sample([n for n, call in enumerate(traced) if said(call)], 6))
    disk, spoken = Disk(folder), []
    for number, call in enumerate(traced):
        disk.apply(call)
        if line := said(call):
            spoken.append(line)
        if number in moments:
            left = tmp_path / str(number)
            disk.write_out(left, chance if torn else None)
            with open_world(left, KINDS) as world:
                check_changes(world, spoken)


def test_after_a_failed_fsync_no_change_is_answered_until_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    failing = ("-e", "inject=fsync,fdatasync:error=EIO:when=60..66")
    lines = run_traced([VICTIM, str(folder), "1"], tmp_path / "trace", 900, *failing)
    spoken = [line for line in lines if line.startswith(("done ", "refused "))]
    refused = [line.startswith("refused ") for line in spoken]
    first = refused.index(True)
    assert 0 < first < len(refused) - 100
    assert all(refused[first:])
    assert "restart" in spoken[-1]
    with open_world(folder, KINDS) as world:
        check_changes(world, spoken[:first])
