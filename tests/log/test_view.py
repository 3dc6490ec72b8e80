"""A group's view of the state: what a stack of views shows is what a plain table would."""

from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from holdfast.log.view import StateView

Table: TypeAlias = dict[tuple[str, str], bytes]

spaces, names = st.sampled_from("qt"), st.text("ab/\U0010ffff", max_size=4)
writes = st.lists(st.tuples(spaces, names, st.none() | st.binary(max_size=2)), max_size=8)


class Below:
    """What is stored already."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def get(self, space: str, key: str) -> bytes | None:
        return self.table.get((space, key))

    def scan(self, space: str, prefix: str) -> list[tuple[str, bytes]]:
        found = ((key, value) for (s, key), value in self.table.items() if s == space)
        return sorted((key, value) for key, value in found if key.startswith(prefix))


def write(view: StateView, table: Table, changes: list[tuple[str, str, bytes | None]]) -> None:
    for space, key, value in changes:
        if value is None:
            view.delete(space, key)
            table.pop((space, key), None)
        else:
            view.put(space, key, value)
            table[space, key] = value


@given(st.dictionaries(st.tuples(spaces, names), st.binary(max_size=2)), st.lists(writes, max_size=4), names)
def test_views_show_what_a_table_would(
    stored: Table, operations: list[list[tuple[str, str, bytes | None]]], prefix: str
) -> None:
    group, table = StateView(Below(dict(stored))), dict(stored)
    for changes in operations:
        own = StateView(group)
        write(own, table, changes)
        for view in (own, group):
            if view is group:
                group.merge(own)
            for space in "qt":
                assert view.scan(space, prefix) == Below(table).scan(space, prefix)
                assert view.get(space, prefix) == table.get((space, prefix))
    changed = {(change.space, change.key): change.value for change in group.changes()}
    assert {key: value for key, value in (stored | changed).items() if value is not None} == table
