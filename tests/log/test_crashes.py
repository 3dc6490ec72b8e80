"""What was acknowledged is there after a crash: exactly once, and in order for each device."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.keys.file import open_key_ring
from holdfast.log.open import open_reader, open_state, open_writer
from holdfast.storage.control import open_control
from tests.log.world import consume
from tests.support.postgresql import running_server
from tests.support.power import Call, Disk, calls, run_traced, said
from tests.support.victims import run_and_kill

VICTIM = "tests.log.victim"


def check(folder: Path, spoken: Iterable[str], url: str = "") -> None:
    """Restart the log and compare it with what its victims said."""
    acknowledged: dict[str, list[str]] = defaultdict(list)
    versions: dict[str, int] = defaultdict(lambda: 1)
    for line in spoken:
        word, device, text = line.split(" ", 2)
        if word == "ack":
            acknowledged[device].append(text)
        elif word == "twin":
            versions[device] = max(versions[device], int(text))
    clock = SystemClock()
    ring = open_key_ring(folder, clock, SystemRandomness())
    writer = open_writer(folder, ring, clock, url=url)
    reader = open_reader(folder, ring, clock, url)
    state = open_state(folder, ring, clock, SystemRandomness(), writer, url)
    records = consume(reader)[0]
    for device, texts in acknowledged.items():
        stored = [r.body.decode() for r in records if r.device == device and r.kind == "telemetry"]
        counted = Counter(stored)
        assert all(counted[text] == 1 for text in texts), f"{device} lost or doubled a message"
        wanted = set(texts)
        assert [text for text in stored if text in wanted] == texts, f"{device} is out of order"
        reported = [r for r in records if r.device == device and r.kind == "reported"]
        twin = state.twin(device)
        assert twin.reported_version >= versions[device]
        assert twin.reported_version == len(reported) + 1, "the twin and its records disagree"
    writer.close()
    reader.close()


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(1)
    spoken: list[str] = []
    for run in range(6):
        size = "60000" if run % 2 else "100000000"
        spoken += run_and_kill([VICTIM, str(tmp_path), str(run)], chance.randrange(1, 3000), FILE_BYTES=size)
        check(tmp_path, spoken)
    assert len(spoken) > 1000


def test_a_killed_writer_on_postgresql_loses_nothing_either(tmp_path: Path) -> None:
    """Writer and server are killed in turns; the server keeps its promise to fsync."""
    spoken: list[str] = []
    with running_server(durable=True) as server:
        url = server.database()
        ring = open_key_ring(tmp_path, SystemClock(), SystemRandomness())
        open_control(tmp_path, ring, url).close()
        for run in range(3):
            spoken += run_and_kill([VICTIM, str(tmp_path), str(run), url], 400)
            server.stop("immediate")
            server.start()
            check(tmp_path, spoken, url)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Call]]:
    """A victim's folder and what it asked of the system, with rotating files."""
    folder = tmp_path_factory.mktemp("traced")
    trace = tmp_path_factory.mktemp("trace") / "trace"
    run_traced([VICTIM, str(folder), "1"], trace, 600, "-E", "FILE_BYTES=120000")
    return folder, list(calls(trace))


@pytest.mark.parametrize("torn", [False, True], ids=["unsynced writes dropped", "unsynced writes torn"])
def test_a_power_cut_loses_nothing_that_was_acknowledged(
    traced: tuple[Path, list[Call]], tmp_path: Path, torn: bool
) -> None:
    folder, trace = traced
    chance = random.Random(7)
    moments = sorted(chance.sample([n for n, call in enumerate(trace) if said(call)], 10))
    disk, spoken = Disk(folder), []
    for number, call in enumerate(trace):
        disk.apply(call)
        if line := said(call):
            spoken.append(line)
        if number in moments:
            left = tmp_path / str(number)
            disk.write_out(left, chance if torn else None)
            check(left, spoken)
    assert len(list(tmp_path.glob("*/log/0*.log.db"))) > len(moments), "no file was rotated meanwhile"


def test_the_fsync_comes_before_the_acknowledgement(traced: tuple[Path, list[Call]]) -> None:
    """Between two acknowledgements of different commits the newest write-ahead log was written and synced."""
    _, trace = traced
    written_since_sync = False
    acknowledged = 0
    for call in trace:
        if ".log.db-wal" in call.arguments:
            written_since_sync = call.name == "pwrite64"
        elif (said(call) or "").startswith("ack"):
            assert not written_since_sync, "acknowledged before the fsync"
            acknowledged += 1
    assert acknowledged > 300


def spoken_under(tmp_path: Path, lines: int, *injections: str) -> list[str]:
    """What a victim says while system calls of its writer fail."""
    options = [word for injection in injections for word in ("-e", f"inject={injection}")]
    folder = tmp_path / "data"
    return run_traced([VICTIM, str(folder), "1"], tmp_path / "trace", lines, *options)


def test_after_a_failed_fsync_nothing_is_acknowledged_until_a_restart(tmp_path: Path) -> None:
    """Though later ones succeed: the kernel may have thrown the data away and say nothing more."""
    spoken = spoken_under(tmp_path, 4000, "fsync,fdatasync:error=EIO:when=60")
    refused = [line.startswith("refused") for line in spoken]
    assert 0 < refused.index(True) < len(refused) - 100
    assert all(refused[refused.index(True) :])
    assert "restart" in spoken[-1]
    check(tmp_path / "data", spoken[: refused.index(True)])


@pytest.mark.parametrize(("error", "reason"), [("ENOSPC", "free some space"), ("EIO", "check its disk")])
def test_failed_writes_are_refused_and_harm_nothing(tmp_path: Path, error: str, reason: str) -> None:
    spoken = spoken_under(tmp_path, 900, f"pwrite64:error={error}:when=150..160")
    refused = [line for line in spoken if line.startswith("refused")]
    assert refused
    assert all(reason in line for line in refused)
    assert error == "EIO" or not spoken[-1].startswith("refused"), "did not recover"
    check(tmp_path / "data", [line for line in spoken if not line.startswith("refused")])
