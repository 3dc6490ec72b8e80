"""Questions about the kept states: lists, counts, history, trend. Everything is bounded by a reach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, case, func, or_, select, tuple_

from holdfast.kernel.json import JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.policy.compliance.conditions import Columns, condition
from holdfast.policy.compliance.judging import State
from holdfast.policy.compliance.model import SEVERITY, Counts, PolicyState, Transition, counts
from holdfast.policy.compliance.tables import history, states, transition_of, trend
from holdfast.resources.query import Condition, Order
from holdfast.storage.database import Database

STATE_COLUMNS: Final[Columns] = {
    name: states.c[name]
    for name in (
        "assignment", "reference", "definition", "initiative", "resource", "type", "state", "effect",
        "evaluated",
    )
}  # fmt: skip
"""What states can be narrowed, ordered and grouped by."""
TRANSITION_COLUMNS: Final[Columns] = {
    **{name: history.c[name] for name in ("assignment", "reference", "definition", "resource")},
    "state": history.c.after,
    "evaluated": history.c.time,
}
"""The same of transitions."""
GROUPS: Final = 10_000
"""Groups of states that are counted at once."""
EVERYWHERE: Final = (ROOT,)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which states; empty texts ask for any."""

    reach: tuple[OrganizationPath, ...]
    assignment: str = ""
    reference: str = ""
    definition: str = ""
    initiative: str = ""
    resource: str = ""
    """A resource's id, or a scope: what is it or lies below it."""
    type: str = ""
    state: State | None = None
    kind: str = ""
    name: str = ""
    where: Condition | None = None
    """What else holds, over the names in `STATE_COLUMNS`."""


class PolicyStates:
    """What is known of compliance."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self, wanted: Filter, limit: int = 100, after: tuple[str, str, str] | None = None
    ) -> list[PolicyState]:
        """States in the order of assignment, reference and resource, behind `after`."""
        columns = states.c
        order = (columns.assignment, columns.reference, columns.resource)
        statement = select(states).where(*_conditions(wanted)).order_by(*order).limit(limit)
        if after is not None:
            statement = statement.where(tuple_(*order) > after)
        with self._database.read() as connection:
            return [_state(row) for row in connection.execute(statement)]

    def ordered(self, wanted: Filter, orders: Iterable[Order], limit: int, skipped: int) -> list[PolicyState]:
        """States in another order, behind so many; ties in the order of `find`."""
        chosen = [
            STATE_COLUMNS[each.path].desc() if each.descending else STATE_COLUMNS[each.path].asc()
            for each in orders
        ]
        ties = (states.c.assignment, states.c.reference, states.c.resource)
        statement = select(states).where(*_conditions(wanted)).order_by(*chosen, *ties)
        with self._database.read() as connection:
            return [_state(row) for row in connection.execute(statement.limit(limit).offset(skipped))]

    def groups(self, wanted: Filter, names: Sequence[str]) -> list[tuple[tuple[str | float, ...], int]]:
        """How many states have which values of some columns; at most one group more than `GROUPS`."""
        columns = [STATE_COLUMNS[name] for name in names]
        statement = select(*columns, func.count()).select_from(states).where(*_conditions(wanted))
        statement = statement.group_by(*columns) if columns else statement
        with self._database.read() as connection:
            found = connection.execute(statement.limit(GROUPS + 1)).all()
        return [(tuple(row[:-1]), row[-1]) for row in found]

    def judged_since(self, moment: float) -> bool:
        """Whether nothing is left that was judged before a moment (Unix seconds)."""
        older = select(states.c.resource).where(states.c.evaluated < moment).limit(1)
        with self._database.read() as connection:
            return connection.execute(older).first() is None

    def swept(self) -> bool:
        """Whether everything was judged at least once under the policies in force."""
        with self._database.read() as connection:
            return connection.execute(select(trend.c.time).limit(1)).first() is not None

    def by_resource(self, wanted: Filter) -> Counts:
        """How many resources are in which state; of several policies the worst answer counts."""
        worst = (
            select(func.max(_SEVERITY).label("severity"))
            .where(*_conditions(wanted))
            .group_by(states.c.resource)
            .subquery()
        )
        statement = select(worst.c.severity, func.count()).group_by(worst.c.severity)
        with self._database.read() as connection:
            found = connection.execute(statement).all()
        return counts((_BY_SEVERITY[severity].value, number) for severity, number in found)

    def by_policy(self, wanted: Filter) -> dict[tuple[str, str], Counts]:
        """The same for each policy: by the name of the assignment and the reference."""
        key = (states.c.assignment, states.c.reference)
        statement = select(*key, states.c.state, func.count()).where(*_conditions(wanted))
        with self._database.read() as connection:
            found = connection.execute(statement.group_by(*key, states.c.state)).all()
        numbers: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for assignment, reference, state, number in found:
            numbers.setdefault((assignment, reference), []).append((state, number))
        return {each: counts(pairs) for each, pairs in numbers.items()}

    def transitions(
        self, wanted: Filter, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, Transition]]:
        """Changes of states with their numbers, the newest first."""
        columns = history.c
        statement = select(history).order_by(columns.id.desc()).limit(limit)
        statement = statement.where(_within(columns.organization, wanted.reach))
        for name in ("assignment", "reference", "definition", "resource"):
            if value := getattr(wanted, name):
                statement = statement.where(columns[name] == value)
        if wanted.state is not None:
            statement = statement.where(columns.after == wanted.state.value)
        if wanted.where is not None:
            statement = statement.where(condition(wanted.where, TRANSITION_COLUMNS))
        if before is not None:
            statement = statement.where(columns.id < before)
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return [(row.id, transition_of(row)) for row in rows]

    def trend(self, assignment: str, since: float = 0.0) -> list[tuple[float, Counts]]:
        """The counts of resources after each sweep, the oldest first."""
        columns = trend.c
        statement = select(columns.time, columns.state, columns.resources)
        statement = statement.where(columns.assignment == assignment, columns.time >= since).order_by(
            columns.time
        )
        moments: dict[float, list[tuple[str, int]]] = {}
        with self._database.read() as connection:
            for time, state, number in connection.execute(statement):
                moments.setdefault(time, []).append((state, number))
        return [(time, counts(pairs)) for time, pairs in moments.items()]


_SEVERITY: Final = case({state.value: number for state, number in SEVERITY.items()}, value=states.c.state)
_BY_SEVERITY: Final[Mapping[int, State]] = {number: state for state, number in SEVERITY.items()}


def _conditions(wanted: Filter) -> Iterable[ColumnElement[bool]]:
    columns = states.c
    yield _within(columns.organization, wanted.reach)
    for name in ("assignment", "reference", "definition", "initiative", "type", "kind", "name"):
        if value := getattr(wanted, name):
            yield columns[name] == value
    if wanted.state is not None:
        yield columns.state == wanted.state.value
    if wanted.where is not None:
        yield condition(wanted.where, STATE_COLUMNS)
    if wanted.resource.strip("/"):
        scope = wanted.resource.rstrip("/")
        yield or_(columns.resource == scope, columns.resource.startswith(f"{scope}/", autoescape=True))


def _within(column: ColumnElement[str], reach: tuple[OrganizationPath, ...]) -> ColumnElement[bool]:
    if ROOT in reach:
        return column.is_not(None)
    return or_(column.is_(None), *(column.startswith(node, autoescape=True) for node in reach))


def _state(row: Row[Any]) -> PolicyState:  # Any: a whole row
    reason: JsonValue = msgspec.json.decode(row.reason) if row.reason else None
    values = {name: getattr(row, name) for name in PolicyState._fields}
    return PolicyState(**{**values, "state": State(row.state), "reason": reason})
