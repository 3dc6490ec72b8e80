"""Runs: what is due, what a change touches, and what came out differently."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from holdfast.baseline.assessment.assessor import Assessor, Trigger
from holdfast.baseline.assessment.changes import Change
from holdfast.baseline.assessment.policies import PREFIX, policies_by_control
from holdfast.baseline.assessment.states import State
from holdfast.baseline.decisions.model import Decisions
from holdfast.baseline.evidence.bundle import verify_bundle
from holdfast.baseline.evidence.store import open_evidence
from holdfast.baseline.probes.context import Need, ProbeContext
from holdfast.baseline.probes.observation import Observation, Outcome, Sight
from holdfast.baseline.probes.probe import HOUR, Pace, Probe
from holdfast.kernel.clock import ManualClock, SystemRandomness
from tests.baseline.assessment.cases import service
from tests.baseline.evidence.items import INSTANCE, KEY, NOW, observation


class World:
    """A service whose feature the test switches on and off, and its assessor."""

    def __init__(self, folder: Path) -> None:
        self.healthy = True
        self.said: list[Observation] = []
        """What policies say."""
        self.clock = ManualClock(NOW)
        self.evidence = open_evidence(folder, b"\7" * 32, INSTANCE, KEY, self.clock)
        probes = [
            Probe("p", self.look, "Looks", frozenset(), touches=frozenset({"device"}), valid_for=2 * HOUR),
            Probe("slow", self.look, "Drills", frozenset(), frozenset({"device"}), 24 * HOUR, Pace.SLOW),
            Probe("files", self.look, "Reads", frozenset({Need.FILES})),
            Probe("unclaimed", self.look, "Nobody asked", frozenset()),
        ]
        first = service("Data in Transit Encryption", True, True, ("p", "slow"))
        second = service("Azure Backup", False, probes=("files",))
        baseline = first.model_copy(update={"entries": (*first.entries, *second.entries)})
        self.assessor = Assessor(
            [baseline],
            probes,
            self.evidence,
            self.clock,
            self.context,
            lambda _: Decisions(),
            lambda now: (replace(item, collected=now, valid_until=now + HOUR) for item in self.said),
        )

    def look(self, _: ProbeContext) -> Iterator[Sight]:
        yield Sight("listener", "TLS", "TLS" if self.healthy else "plain text", self.healthy)

    def context(self) -> ProbeContext:
        return ProbeContext(clock=self.clock, randomness=SystemRandomness(), source="127.9.9.9")

    def state(self, control: str, at: float | None = None) -> State:
        (assessment,) = self.assessor.assess(at)
        return next(item.state for item in assessment.controls if item.control == control)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_only_probes_that_a_claim_names_are_there(world: World) -> None:
    assert set(world.assessor.probes) == {"p", "slow", "files"}
    assert world.assessor.of(Pace.QUICK) == ("p", "files")


def test_a_run_keeps_evidence_and_tells_what_changed(world: World) -> None:
    report = world.assessor.run({"p", "slow", "files"}, Trigger.START)
    assert [item.probe for item in report.observations] == ["p", "slow"]
    assert [item.probe for item in report.missed] == ["files"]
    assert [(change.control, change.before, change.after) for change in report.changes] == [
        ("DP-3", State.NOT_ASSESSED, State.SATISFIED)
    ]
    assert world.state("DP-3") is State.SATISFIED


def test_a_break_is_a_change_with_its_observation(world: World) -> None:
    world.assessor.run({"p", "slow"}, Trigger.START)
    world.healthy = False
    world.clock.advance(1)
    (change,) = world.assessor.run({"p"}, Trigger.CHANGE).changes
    assert change.got_worse
    assert [str(each) for each in change.differences] == [
        "p, listener: expected TLS, saw plain text, before TLS"
    ]


def test_what_policies_say_first_is_no_change_and_what_they_say_then_is(world: World) -> None:
    (policy, *_) = policies_by_control()["DP-3"]
    against = observation(f"{PREFIX}{policy.name}", outcome=Outcome.FAILED)
    kept = observation(f"{PREFIX}{policy.name}", outcome=Outcome.PASSED)
    world.assessor.run({"p", "slow"}, Trigger.START)
    changes: list[Change] = []
    for said in (against, kept, against):
        world.said = [said]
        world.clock.advance(1)
        changes += world.assessor.run((), Trigger.CHANGE).changes
    assert [(change.before, change.after, change.got_worse) for change in changes] == [
        (None, State.NOT_SATISFIED, False),
        (State.NOT_SATISFIED, State.SATISFIED, False),
        (State.SATISFIED, State.NOT_SATISFIED, True),
    ]


def test_evidence_runs_out_by_itself(world: World) -> None:
    world.assessor.run({"p", "slow"}, Trigger.START)
    world.clock.advance(2 * HOUR)
    assert world.state("DP-3") is State.NOT_ASSESSED


def test_how_it_stood_earlier_is_known_later(world: World) -> None:
    world.assessor.run({"p", "slow"}, Trigger.START)
    world.clock.advance(HOUR)
    world.healthy = False
    world.assessor.run({"p"}, Trigger.SCHEDULE)
    assert (world.state("DP-3", NOW), world.state("DP-3")) == (State.SATISFIED, State.NOT_SATISFIED)
    changes = [content["after"] for _, content in world.evidence.changes(0, NOW + HOUR)]
    assert changes == ["satisfied", "fixed", "not satisfied", "open"]


def test_probes_are_due_at_half_of_their_time(world: World) -> None:
    assert (world.assessor.due(Pace.QUICK), world.assessor.due(Pace.SLOW)) == (("p", "files"), ("slow",))
    world.assessor.run({"p", "slow"}, Trigger.START)
    assert (world.assessor.due(Pace.QUICK), world.assessor.due(Pace.SLOW)) == (("files",), ())
    world.clock.advance(HOUR - 1)
    assert "p" not in world.assessor.due(Pace.QUICK)
    world.clock.advance(1)
    assert world.assessor.due(Pace.QUICK) == ("p", "files")


def test_a_change_re_runs_what_it_touches(world: World) -> None:
    assert world.assessor.touched_by({"device", "user"}) == ("p",)
    assert world.assessor.touched_by({"device"}, Pace.SLOW) == ("slow",)
    assert world.assessor.touched_by({"user"}) == ()


def test_everything_is_in_one_sound_chain(world: World) -> None:
    world.assessor.run({"p", "slow"}, Trigger.START)
    verified = verify_bundle(world.evidence.bundle(0, NOW + 1), KEY.public)
    assert [item.predicate_type.split("/")[-2] for item in verified.items] == [
        "observation",
        "observation",
        "change",
        "change",
    ]
