"""The report that is handed over: the same facts and tables for HTML and PDF."""

from collections.abc import Iterator
from typing import NamedTuple

from holdfast.baseline.assessment.assess import Assessment
from holdfast.baseline.assessment.recommendations import Status
from holdfast.baseline.assessment.states import percent
from holdfast.baseline.data.catalog import benchmark
from holdfast.baseline.publishing.publication import Publication, score, todo
from holdfast.kernel.clock import isoformat


class ReportTable(NamedTuple):
    """A table with a heading."""

    title: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    """Shares of the width."""
    rows: tuple[tuple[str, ...], ...]
    anchor: str = ""


class Chapter(NamedTuple):
    """What is said about one service."""

    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[ReportTable, ...]


class Report(NamedTuple):
    """The whole report."""

    title: str
    facts: tuple[tuple[str, str], ...]
    chapters: tuple[Chapter, ...]


def make_report(publication: Publication) -> Report:
    """The report of a publication."""
    facts = (
        ("Owner", publication.owner),
        ("Instance", publication.instance),
        ("State of", isoformat(publication.moment)),
        ("Evidence", f"item {publication.head.sequence}, {publication.head.digest}"),
    )
    chapters = tuple(_chapter(publication, assessment) for assessment in publication.assessments)
    return Report("Security baseline report", facts, chapters)


def _chapter(publication: Publication, assessment: Assessment) -> Chapter:
    numbers, points = assessment.numbers, score(assessment).percent
    facts = (
        ("Benchmark", benchmark(assessment.service.benchmark).published),
        ("Compliance", f"{percent(numbers.compliance)} ({numbers.satisfied} of {numbers.assessed} assessed)"),
        ("Coverage", f"{percent(numbers.coverage)} ({numbers.assessed} of {numbers.applicable} applicable)"),
        ("Exempt", str(numbers.exempt)),
        ("Secure score", "–" if points is None else f"{points:.1f} of 100"),
    )
    tables = (
        _profile(assessment),
        _controls(assessment),
        _todo(assessment),
        _evidence(assessment),
        _history(publication, assessment),
    )
    return Chapter(assessment.service.name, facts, tuple(table for table in tables if table.rows))


def _profile(assessment: Assessment) -> ReportTable:
    rows = tuple(
        (
            state.line.attribute,
            state.line.value or "–",
            str(state.state),
            state.reason or state.line.reason or "",
        )
        for state in assessment.profile
    )
    return ReportTable(
        "Security profile", ("Attribute", "Value", "State", "Why"), (28, 14, 14, 44), rows, "profile"
    )


def _controls(assessment: Assessment) -> ReportTable:
    titles = benchmark(assessment.service.benchmark).control_by_id
    rows = tuple(
        (control.control, titles[control.control].title, str(control.state), control.reason)
        for control in assessment.controls
    )
    return ReportTable("Controls", ("Control", "Title", "State", "Why"), (8, 34, 14, 44), rows, "controls")


def _todo(assessment: Assessment) -> ReportTable:
    rows = tuple(
        (item.control, item.title, str(item.severity), str(item.responsible), " ".join(item.steps))
        for item in todo(assessment)
        if item.status is Status.OPEN
    )
    columns = ("Control", "Recommendation", "Severity", "Responsible", "Steps")
    return ReportTable("Recommendations", columns, (8, 30, 9, 12, 41), rows, "recommendations")


def _evidence(assessment: Assessment) -> ReportTable:
    parts = [("profile", state.observations) for state in assessment.profile]
    parts += [(control.control, control.observations) for control in assessment.controls]
    rows = tuple(
        (name, item.probe, item.subject, item.observed, str(item.outcome), isoformat(item.valid_until))
        for name, observations in parts
        for item in observations
    )
    columns = ("Control", "Probe", "Subject", "Observed", "Outcome", "Valid until")
    return ReportTable("Evidence", columns, (8, 22, 20, 26, 9, 15), rows, "evidence")


def _history(publication: Publication, assessment: Assessment) -> ReportTable:
    rows = tuple(_past(publication, assessment.service.key))
    return ReportTable(
        "History", ("Moment", "Control", "Before", "After", "Why"), (18, 8, 14, 14, 46), rows, "history"
    )


def _past(publication: Publication, service: str) -> Iterator[tuple[str, ...]]:
    for past in publication.history:
        if past.service == service:
            yield isoformat(past.moment), past.control, past.before, past.after, past.reason
