"""Runs probes side by side and turns what they see into observations."""

import concurrent.futures
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from holdfast.baseline.probes.context import ProbeContext
from holdfast.baseline.probes.observation import Observation, Outcome, Sight, redacted
from holdfast.baseline.probes.probe import Probe

WORKERS = 8
"""Probes wait for sockets most of the time; eight at once keep thirty quick ones under ten seconds."""

MAXIMUM_SIGHTS = 10_000
"""A probe that sees more than this (files of a data folder) is not looking at subjects any more."""


class Missed(NamedTuple):
    """A probe that could not run because something that it needs is missing; its claims are not assessed."""

    probe: str
    reason: str


class Run(NamedTuple):
    """What came out of running some probes."""

    observations: tuple[Observation, ...]
    missed: tuple[Missed, ...]


def run_probes(
    probes: Iterable[Probe], context: ProbeContext, finished: Callable[[str], None] = lambda _probe: None
) -> Run:
    """Run `probes` and wait for all of them. Observations are in the order of the probes.

    `finished` is told the id of each probe that ran, from any thread.
    """
    able: list[Probe] = []
    missed: list[Missed] = []
    for probe in probes:
        lacking = sorted(need for need in probe.needs if not context.has(need))
        if lacking:
            missed.append(Missed(probe.id, f"needs {', '.join(lacking)}"))
        else:
            able.append(probe)
    try:
        with concurrent.futures.ThreadPoolExecutor(WORKERS, thread_name_prefix="probe") as pool:
            results = list(pool.map(lambda probe: _looked(probe, context, finished), able))
    finally:
        if context.scratch is not None and any(probe.scratch for probe in able):
            context.scratch.end_shared()
    return Run(tuple(observation for result in results for observation in result), tuple(missed))


def _looked(probe: Probe, context: ProbeContext, finished: Callable[[str], None]) -> tuple[Observation, ...]:
    seen = tuple(_observations(probe, context))
    finished(probe.id)
    return seen


def _observations(probe: Probe, context: ProbeContext) -> Iterator[Observation]:
    """What one probe sees. Whatever it raises is one more observation: an error of the probe.

    All of them carry the moment at which it began: a run replaces what the probe saw before as a whole.
    """
    count, moment = 0, context.clock.now()
    try:
        for sight in probe.look(context):
            count += 1
            if count > MAXIMUM_SIGHTS:
                yield _failure(probe, context, moment, f"more than {MAXIMUM_SIGHTS} subjects")
                return
            outcome = Outcome.PASSED if sight.passed else Outcome.FAILED
            yield _observation(probe, context, moment, sight, outcome)
        if not count:
            yield _failure(probe, context, moment, "it looked at nothing")
    except Exception as error:  # whatever it is, the probe did not do its work; a run goes on
        yield _failure(probe, context, moment, f"{type(error).__name__}: {error}")


def _failure(probe: Probe, context: ProbeContext, moment: float, reason: str) -> Observation:
    sight = Sight("the probe itself", "finishes its work", reason, passed=False)
    return _observation(probe, context, moment, sight, Outcome.ERROR)


def _observation(
    probe: Probe, context: ProbeContext, moment: float, sight: Sight, outcome: Outcome
) -> Observation:
    return Observation(
        probe=probe.id,
        version=probe.version,
        subject=redacted(sight.subject, context.secrets),
        expected=redacted(sight.expected, context.secrets),
        observed=redacted(sight.observed, context.secrets),
        outcome=outcome,
        in_force=sight.in_force,
        collected=moment,
        valid_until=moment + probe.valid_for,
        scratch=probe.scratch,
    )
