"""Runs on change: what a change touches is probed again, told as an event and an alert, and resolved."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.alerts.model import Status
from holdfast.alerts.store.reading import AlertFilter, AlertReader
from holdfast.alerts.store.writing import AlertStore
from holdfast.baseline.assessment.assessor import Assessor
from holdfast.baseline.decisions.kinds import ATTESTATION
from holdfast.baseline.probes.context import ProbeContext
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.probe import Probe
from holdfast.baseline.service import Baseline, Owner
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.runtime.alerts import all_alert_types
from holdfast.runtime.baseline import BaselineRuns, changed_kinds
from holdfast.runtime.personas import PRINCIPAL
from tests.baseline.assessment.cases import service
from tests.baseline.evidence.items import INSTANCE, NOW
from tests.baseline.world import BaselineWorld, open_baseline_world

DEADLINE = 60.0


def attestation(statement: str) -> JsonObject:
    return {
        "control": "GS-1",
        "owner": "Grace",
        "statement": statement,
        "evidence": "https://wiki.example",
        "expires": isoformat(NOW + 86_400),
    }


class Fixture:
    """A listener that the test makes unsafe, a probe that a change of an attestation touches, runs of it."""

    def __init__(self, parts: BaselineWorld) -> None:
        self.parts = parts
        self.healthy = True
        self.seen = 0
        probe = Probe("p", self._look, "Looks", frozenset(), touches=frozenset({ATTESTATION}))
        claim = service("Data in Transit Encryption", True, True).model_copy(
            update={"key": "holdfast-platform"}
        )
        old = parts.baseline
        assessor = Assessor([claim], [probe], old.evidence, parts.clock, self._context, old.book.at)
        self.baseline = Baseline(
            assessor, old.evidence, old.book, old.files, parts.clock, Owner("Ada", INSTANCE)
        )
        self.alerts = AlertStore(parts.world.database, all_alert_types(), parts.clock)
        self.reader = AlertReader(parts.world.database)

    def _look(self, _context: ProbeContext) -> Iterator[Sight]:
        self.seen += 1
        yield Sight("listener", "TLS", "TLS" if self.healthy else "plain text", self.healthy)

    def _context(self) -> ProbeContext:
        return ProbeContext(self.parts.clock, self.parts.world.randomness, "127.9.9.9")

    def change(self, statement: str) -> None:
        self.parts.clock.advance(1)
        self.parts.world.put(ATTESTATION, "a", attestation(statement))

    def open_alerts(self) -> list[str]:
        found = [each.alert for each in self.reader.find(AlertFilter((ROOT,)))]
        return [
            each.violations[0].observed
            for each in found
            if each.status is not Status.CLOSED and each.type.id == "baseline-control"
        ]

    def run(self, test: Callable[[], None]) -> None:
        """Run the runs on an event loop of their own, beside the test."""
        stopping = asyncio.Event()
        loop = asyncio.new_event_loop()

        async def ready() -> bool:
            return True

        runs = BaselineRuns(self.parts.services, self.baseline, self.alerts, ready)
        thread = threading.Thread(target=lambda: loop.run_until_complete(runs.run(stopping)))
        thread.start()
        try:
            test()
        finally:
            loop.call_soon_threadsafe(stopping.set)
            thread.join()
            loop.close()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def fixture(tmp_path: Path) -> Iterator[Fixture]:
    with open_baseline_world(tmp_path) as parts:
        yield Fixture(parts)


def changed(fixture: Fixture) -> list[JsonObject]:
    return [event.data for event in fixture.parts.world.feed.read(0) if event.name == "baseline.changed"]


def test_a_change_that_breaks_something_is_an_event_and_an_alert_until_it_is_mended(fixture: Fixture) -> None:
    def test() -> None:
        until(lambda: any(each["after"] == "satisfied" for each in changed(fixture)))
        fixture.healthy = False
        fixture.change("broken")
        until(lambda: bool(fixture.open_alerts()))
        fixture.healthy = True
        fixture.change("mended")
        until(lambda: not fixture.open_alerts())

    fixture.run(test)
    told = [json.dumps(each) for each in changed(fixture)]
    (broken,) = (text for text in told if '"after": "not satisfied"' in text)
    now, was = broken.partition('"was"')[::2]
    assert '"observed": "plain text"' in now
    assert '"observed": "TLS"' in was


def test_the_alert_says_what_was_seen_before(fixture: Fixture) -> None:
    def test() -> None:
        until(lambda: bool(changed(fixture)))
        fixture.healthy = False
        fixture.change("broken")
        until(lambda: bool(fixture.open_alerts()))

    fixture.run(test)
    (text,) = fixture.open_alerts()
    assert text == "DP-3 is not satisfied: p, listener: expected TLS, saw plain text, before TLS"


def test_many_changes_are_one_look(fixture: Fixture) -> None:
    for number in range(100):
        fixture.change(str(number))
    feed = fixture.parts.services.events
    position, kinds = changed_kinds(feed, 0)
    assert (position, kinds) == (feed.last(), {ATTESTATION})
    assert changed_kinds(feed, position) == (position, set())


def test_what_probes_do_is_no_reason_to_probe_again(fixture: Fixture) -> None:
    fixture.parts.world.put(ATTESTATION, "a", attestation("by a probe"), PRINCIPAL)
    assert changed_kinds(fixture.parts.services.events, 0)[1] == set()
