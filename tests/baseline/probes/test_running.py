"""Probes run side by side; whatever they do, a run ends with an observation or a reason."""

from collections.abc import Callable, Iterator

from holdfast.baseline.probes.context import Need, Persona, ProbeContext
from holdfast.baseline.probes.observation import Outcome, Sight
from holdfast.baseline.probes.probe import HOUR, Probe
from holdfast.baseline.probes.running import Missed, run_probes
from holdfast.kernel.clock import ManualClock, SystemRandomness
from tests.baseline.evidence.items import NOW

CONTEXT = ProbeContext(
    clock=ManualClock(NOW),
    randomness=SystemRandomness(),
    source="127.9.9.9",
    tokens={Persona.READER: "Bearer s3cret-token"},
)


def probe(look: Callable[[ProbeContext], Iterator[Sight]], **changes: object) -> Probe:
    fields: dict = {"id": "test.probe", "look": look, "title": "A probe", "needs": frozenset()}
    return Probe(**{**fields, **changes})


def two(_: ProbeContext) -> Iterator[Sight]:
    yield Sight("a", "yes", "yes", passed=True, in_force=True)
    yield Sight("b", "yes", "no", passed=False)


def test_each_subject_is_an_observation() -> None:
    run = run_probes([probe(two, valid_for=HOUR, version=3)], CONTEXT)
    assert [(item.subject, item.outcome, item.in_force) for item in run.observations] == [
        ("a", Outcome.PASSED, True),
        ("b", Outcome.FAILED, None),
    ]
    first = run.observations[0]
    assert (first.collected, first.valid_until, first.version) == (NOW, NOW + HOUR, 3)


def test_what_is_missing_is_a_reason_and_not_a_failure() -> None:
    run = run_probes([probe(two, needs=frozenset({Need.FILES, Need.SCRATCH, Need.PERSONAS}))], CONTEXT)
    assert run == ((), (Missed("test.probe", "needs data folder, scratch instance"),))


def test_a_probe_that_breaks_is_an_error_after_what_it_saw() -> None:
    def breaks(context: ProbeContext) -> Iterator[Sight]:
        yield from two(context)
        raise ConnectionRefusedError("no answer")

    run = run_probes([probe(breaks), probe(two)], CONTEXT)
    outcomes = [item.outcome for item in run.observations]
    assert outcomes == [Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.PASSED, Outcome.FAILED]
    assert run.observations[2].observed == "ConnectionRefusedError: no answer"


def test_a_probe_that_looks_at_nothing_is_an_error() -> None:
    run = run_probes([probe(lambda _: iter(()))], CONTEXT)
    assert [item.outcome for item in run.observations] == [Outcome.ERROR]


def test_a_probe_without_end_is_stopped() -> None:
    def endless(_: ProbeContext) -> Iterator[Sight]:
        while True:
            yield Sight("a", "b", "c", passed=True)

    last = run_probes([probe(endless)], CONTEXT).observations[-1]
    assert (last.outcome, last.observed) == (Outcome.ERROR, "more than 10000 subjects")


def test_secrets_of_the_context_are_cut_out() -> None:
    def leaks(context: ProbeContext) -> Iterator[Sight]:
        yield Sight("a", "b", f"it said {context.tokens[Persona.READER]}", passed=True)

    (item,) = run_probes([probe(leaks)], CONTEXT).observations
    assert "s3cret" not in item.observed
