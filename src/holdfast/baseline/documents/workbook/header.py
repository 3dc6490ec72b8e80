"""Finds the columns of a sheet by their titles: in any order, letter case and spacing."""

from collections.abc import Sequence

from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.model.oddity import Oddity

Rows = Sequence[Sequence[str]]
"""The texts of a sheet, all rows of the same length; the first holds the titles."""


def plain(title: str) -> str:
    """A title as it is compared: letter case and the number of blanks mean nothing."""
    return " ".join(title.split()).casefold()


def positions(rows: Rows, columns: Sequence[str], file: str, place: str, oddities: list[Oddity]) -> list[int]:
    """Where each of `columns` stands; how that differs from a published workbook is added to `oddities`.

    Raises DocumentError for one that is missing, twice there, or none of them.
    """
    found = _titled(rows, columns, file, place)
    others = [
        title or "(untitled)"
        for index, title in enumerate(rows[0])
        if index not in found.values() and any(row[index] for row in rows)
    ]
    if missing := [name for name in columns if name not in found]:
        if not found:
            advice = "remove what stands above the titles of the columns"
        else:
            advice = f'"{others[0]}" is none of a mapping workbook' if others else "add it"
        raise DocumentError(file, place, f'there is no column "{missing[0]}"; {advice}')
    if others:
        problem = f"has columns that a mapping workbook lacks: {', '.join(others)}; remove them"
        raise DocumentError(file, place, problem)
    oddities += [
        Oddity(place, f'the column "{rows[0][index]}" was read as "{name}"')
        for name, index in found.items()
        if rows[0][index].strip() != name
    ]
    order = [found[name] for name in columns]
    if order != sorted(order):
        oddities.append(Oddity(place, "the columns stand in another order; they were read by their titles"))
    return order


def _titled(rows: Rows, columns: Sequence[str], file: str, place: str) -> dict[str, int]:
    names = {plain(name): name for name in columns}
    found: dict[str, int] = {}
    for index, title in enumerate(rows[0]):
        name = names.get(plain(title))
        if name in found:
            raise DocumentError(file, place, f'has the column "{name}" twice; remove one')
        if name is not None:
            found[name] = index
    return found
