"""Judges a message once between two parties: what is learned of it, what is wrong with it, who watches it.

The result holds for every further message of the same key in the same talk, so the tables may be large and
their functions may read all fields: they run when something new is said, not for every packet. Which rows are
about a kind of message is found once for the kind.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from holdfast.defender.engines.compiler import Compiler, Maker
from holdfast.defender.engines.model import Bind, Table, Watch
from holdfast.defender.engines.talks import Handler, Judged, Talk
from holdfast.defender.record import Record, Role

OPENED: Final = "opened"
"""The kind of flow record that is judged once for two parties: a client that reconnects for every poll, or
tries every port, opens one conversation after the other."""
_MAXIMUM_PLANS: Final = 20_000
"""Kinds of messages; dissectors name unknown functions by number, so there is an end to them."""


class _Plan(NamedTuple):
    """The rows about one kind of message."""

    always: tuple[Handler, ...]
    """Want to see every message, whatever it says."""
    makers: tuple[Maker, ...]
    """Look at the first message of a key."""
    step: str | None


class _Always(NamedTuple):
    """In place of a maker: a handler that sees every record."""

    handle: Handler


class Judge:
    """Reads the tables for one message."""

    def __init__(
        self, tables: Mapping[str, Table], watches: Iterable[Watch | Bind], compiler: Compiler
    ) -> None:
        self._tables = tables
        self._compiler = compiler
        self._watches: dict[str, list[Watch | Bind]] = {}
        for watch in watches:
            self._watches.setdefault(watch.protocol, []).append(watch)
        self._plans: dict[tuple[str, Role, str], _Plan] = {}
        self._flow_plans: dict[tuple[str, str], tuple[Maker | _Always, ...]] = {}
        """By transport and kind of flow record."""

    def judge(self, talk: Talk, record: Record) -> Judged:
        """The judgement about `record` and all that say the same."""
        key = (talk.protocol, record.role, record.kind)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _MAXIMUM_PLANS:
                self._plans.clear()
            plan = self._plans[key] = self._plan(record)
        if not plan.makers:
            return Judged(plan.always, plan.step)
        handlers = list(plan.always)
        for make in plan.makers:
            handlers += make(record)
        return Judged(tuple(handlers), plan.step)

    def flow_handlers(self, record: Record) -> tuple[Handler, ...]:
        """What wants to see records like this one about conversations: those of its transport and kind, and
        where it is an opening, between the same two parties."""
        key = (record.protocol, record.kind)
        makers = self._flow_plans.get(key)
        if makers is None:
            makers = self._flow_plans[key] = tuple(self._flow_plan(*key))
        handlers: list[Handler] = []
        for make in makers:
            if isinstance(make, _Always):
                handlers.append(make.handle)
            else:
                handlers += make(record)
        return tuple(handlers)

    def _flow_plan(self, transport: str, kind: str) -> Iterator[Maker | _Always]:
        bound, compiler = kind == OPENED, self._compiler
        for watch in self._watches.get(transport, ()):
            if kind in watch.select.kinds:
                assert bound or isinstance(watch, Watch), f"{watch} binds itself to one pair for all pairs"
                yield _Always(watch.handle) if isinstance(watch, Watch) else compiler.bind(watch)
        table = self._tables.get(transport)
        if table is not None:
            for rate in table.rates:
                if kind in rate.select.kinds:
                    yield compiler.rate(rate) if bound else _Always(compiler.counter(rate))
            for rule in table.rules:
                if kind in rule.select.kinds:
                    yield compiler.rule(rule) if bound else _Always(compiler.observer(rule))

    def _plan(self, record: Record) -> _Plan:
        always: list[Handler] = []
        makers: list[Maker] = []
        for watch in self._watches.get(record.protocol, ()):
            if watch.select.matches(record):
                if isinstance(watch, Watch):
                    always.append(watch.handle)
                else:
                    makers.append(self._compiler.bind(watch))
        table = self._tables.get(record.protocol)
        if table is None:
            return _Plan(tuple(always), tuple(makers), None)
        compiler = self._compiler
        makers += [compiler.scenario(row) for row in table.scenarios if row.select.matches(record)]
        makers += [compiler.ranged(row) for row in table.ranges if row.select.matches(record)]
        makers += [compiler.rule(row) for row in table.rules if row.select.matches(record)]
        makers += [compiler.limit(row) for row in table.limits if row.select.matches(record)]
        makers += [compiler.rate(row) for row in table.rates if row.select.matches(record)]
        makers += [compiler.change(row) for row in table.changes if row.select.matches(record)]
        follows = table.industrial and record.role is Role.REQUEST
        return _Plan(tuple(always), tuple(makers), record.kind if follows else None)
