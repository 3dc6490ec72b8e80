"""The watch: alerts where they belong, risk for conditional access, and nothing missed by a restart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from holdfast.alerts.model import Alert, Matter, Sighting
from holdfast.defender.network.open import prepare
from holdfast.defender.platform.types import PLATFORM_TYPES
from holdfast.defender.platform.watch import LOOK_SECONDS, PlatformSurroundings, PlatformWatch
from holdfast.kernel.clock import ManualClock
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.log.port import Chunk, Position, Record
from holdfast.resources.model import Event
from holdfast.storage.database import Database
from holdfast.storage.sqlcipher import open_database
from tests.defender.platform.test_detectors import NINE, attempts, event, record

NORTH = OrganizationPath("/north/")


@dataclass
class Kept:
    """Alerts, signals, events and records in memory: both ends of what the watch stands between."""

    events: list[Event] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    signals: list[tuple[str, str]] = field(default_factory=list)
    unavailable: bool = False
    uses: list[Event] = field(default_factory=list)

    def raise_alerts(self, sightings: Sequence[Sighting]) -> None:
        if self.unavailable:
            raise UnavailableError("no control role")
        self.sightings += sightings

    def resolve_alerts(self, matters: object) -> None:
        assert isinstance(matters, list)
        assert all(isinstance(matter, Matter) for matter in matters)

    def take_alerts(self, alerts: Sequence[Alert]) -> None:
        assert not alerts

    def read(self, after: int | Position, limit: int = 500) -> list[Event]:
        return [each for each in self.events if isinstance(after, int) and each.sequence > after][:limit]

    def poll(self, after: Mapping[int, Position], limit: int = 1000, _kind: str = "") -> Chunk:
        fresh = [each for each in self.records if each.offset > after[0].offset][:limit]
        return Chunk(fresh, {0: Position(0, fresh[-1].offset)} if fresh else {}, complete=True)

    def happened(self, *events: Event) -> None:
        for each in events:
            self.events.append(
                Event(**{**_values(each), "sequence": len(self.events) + 1})  # type: ignore[arg-type]  # mixed
            )


def _values(each: Event) -> dict[str, object]:
    return {name: getattr(each, name) for name in Event.__slots__}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "defender.db", bytes(32))
    prepare(database)
    yield database
    database.close()


def watch(database: Database, kept: Kept, clock: ManualClock) -> PlatformWatch:
    around = PlatformSurroundings(
        kept,
        lambda _device: "pump",
        lambda who: NORTH if who == "d1" else ROOT,
        lambda about, level, _reason, _until: kept.signals.append((about, level)),
        used=lambda: kept.uses,
    )
    return PlatformWatch(database, kept, kept, clock, around)  # type: ignore[arg-type]  # the parts it uses


def raised(kept: Kept) -> list[tuple[str, str]]:
    return [(each.report.type, each.origin.organization) for each in kept.sightings]


def test_an_alert_lives_where_its_device_does_and_people_at_the_root(database: Database) -> None:
    kept = Kept()
    kept.happened(
        event("connection.refused", resource="d1", outcome="refused", detail="the token has expired")
    )
    kept.happened(*attempts(20))
    assert not watch(database, kept, ManualClock(NINE)).step()
    assert raised(kept) == [("expired-sas-token", NORTH), ("brute-force", ROOT)]


def test_what_is_grave_is_a_risk_for_conditional_access(database: Database) -> None:
    kept = Kept()
    kept.happened(
        event("connection.refused", resource="d1", outcome="refused", detail="the token has expired")
    )
    kept.happened(*attempts(20))
    watch(database, kept, ManualClock(NINE)).step()
    assert kept.signals == [("address:192.0.2.10", "high")]


def test_the_first_start_learns_from_what_was_and_tells_none_of_it(database: Database) -> None:
    kept, clock = Kept(), ManualClock(NINE + 40 * 86_400)
    kept.happened(event("x.updated", NINE, actor="t1", actor_kind="api-token"), *attempts(20))
    watching = watch(database, kept, clock)
    watching.step()
    assert raised(kept) == []
    assert kept.signals == []
    kept.happened(event("x.updated", clock.now(), actor="t1", actor_kind="api-token"))
    watching.step()
    assert raised(kept) == [("token-after-long-rest", ROOT)]


def test_a_restart_goes_on_where_it_was(database: Database) -> None:
    kept, clock = Kept(), ManualClock(NINE)
    kept.happened(event("x.updated", NINE, actor="t1", actor_kind="api-token"))
    first = watch(database, kept, clock)
    first.step()
    first.save()
    kept.happened(event("x.updated", NINE + 40 * 86_400, actor="t1", actor_kind="api-token"))
    watch(database, kept, clock).step()
    assert raised(kept) == [("token-after-long-rest", ROOT)]


def test_what_could_not_be_told_is_judged_again_by_the_next(database: Database) -> None:
    kept, clock = Kept(unavailable=True), ManualClock(NINE)
    kept.happened(*attempts(20))
    with pytest.raises(UnavailableError):
        watch(database, kept, clock).step()
    kept.unavailable = False
    watch(database, kept, clock).step()
    assert raised(kept) == [("brute-force", ROOT)]


def test_silence_is_looked_for_as_time_goes_by(database: Database) -> None:
    kept, clock = Kept(), ManualClock(NINE)
    kept.records = [
        msgspec.structs.replace(record("telemetry", NINE + n * 60), offset=n + 1) for n in range(30)
    ]
    watching = watch(database, kept, clock)
    watching.step()
    clock.advance(7200)
    assert clock.monotonic() > LOOK_SECONDS
    watching.step()
    assert raised(kept) == [("device-gone-silent", NORTH)]


def test_a_token_that_only_reads_is_watched_too(database: Database) -> None:
    kept, clock = Kept(), ManualClock(NINE)
    watching = watch(database, kept, clock)

    def used(seconds: float, address: str) -> None:
        clock.advance(seconds)
        kept.uses = [event("apiToken.used", clock.now(), actor="t1", actor_kind="api-token", address=address)]
        clock.advance(LOOK_SECONDS)
        watching.step()

    for seconds, address in ((0, "a"), (60, "b"), (60, "b"), (60, "a")):
        used(seconds, address)
    assert raised(kept) == [("credential-used-from-two-addresses", ROOT)]
    clock.advance(LOOK_SECONDS)
    watching.step()  # the same use is still the last one
    used(31 * 86_400, "a")
    assert raised(kept)[1:] == [("token-after-long-rest", ROOT)]


def test_types_have_names_and_steps() -> None:
    assert len({kind.id for kind in PLATFORM_TYPES}) == len(PLATFORM_TYPES)
    assert all(kind.meaning and kind.steps and kind.title for kind in PLATFORM_TYPES)
