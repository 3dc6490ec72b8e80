"""A baseline over a real store, change path and evidence, whose probes find no running instance."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from starlette.testclient import TestClient

from holdfast.api.application import build
from holdfast.api.frame import Route
from holdfast.api.routes import ROUTES
from holdfast.api.services import Services
from holdfast.baseline.assessment.assessor import Assessor
from holdfast.baseline.decisions.book import DecisionBook
from holdfast.baseline.decisions.files import EvidenceFiles
from holdfast.baseline.decisions.kinds import DECISION_KINDS
from holdfast.baseline.evidence.store import open_evidence
from holdfast.baseline.probes.context import ProbeContext
from holdfast.baseline.probes.table import PROBES
from holdfast.baseline.service import ASSESSED, Baseline, Owner
from holdfast.kernel.clock import ManualClock, SystemClock
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.resources.events import AuditFeed
from holdfast.storage.blobs import LocalBlobs
from tests.baseline.evidence.items import INSTANCE, KEY, NOW
from tests.support.world import World, open_world

AUDITOR = Principal(
    "ada", PrincipalKind.USER, "ada", (Grant(ROOT, frozenset(p for p in Permission if "baseline" in p)),)
)


@dataclass(frozen=True)
class BaselineWorld:
    """The parts, and a client that speaks for somebody who may do everything with the baseline."""

    world: World
    baseline: Baseline
    services: Services
    client: TestClient

    @property
    def clock(self) -> ManualClock:
        """The time of everything here."""
        return self.world.clock


@contextmanager
def open_baseline_world(folder: Path, routes: Sequence[Route] = ROUTES) -> Iterator[BaselineWorld]:
    """Everything, in `folder`; the client reaches `routes`."""
    with open_world(folder, DECISION_KINDS, ManualClock(NOW)) as world:
        evidence = open_evidence(folder, b"\7" * 32, INSTANCE, KEY, world.clock)
        book = DecisionBook(world.store, evidence)

        def context() -> ProbeContext:
            return ProbeContext(clock=world.clock, randomness=world.randomness, source="127.9.9.9")

        assessor = Assessor(ASSESSED, PROBES, evidence, world.clock, context, book.at)
        files = EvidenceFiles(LocalBlobs(folder / "files", b"\5" * 32, world.randomness))
        baseline = Baseline(assessor, evidence, book, files, world.clock, Owner("Ada", INSTANCE))
        services = cast(
            Services,
            SimpleNamespace(
                clock=world.clock,
                randomness=world.randomness,
                store=world.store,
                changes=world.changes,
                events=AuditFeed(world.database, SystemClock()),  # whoever waits for events waits for real
                authenticate=lambda **_credentials: AUDITOR,
                extension=lambda _kind: baseline,
                id_scope="0ne00000001",
                form_key=b"\3" * 32,
            ),
        )
        with TestClient(build(services, routes)) as client:
            yield BaselineWorld(world, baseline, services, client)
