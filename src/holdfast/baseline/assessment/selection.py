"""`$filter` over the shapes of regulatory compliance, as clients of Defender for Cloud send it.

Of OData 4.01 (part 2, 5.1.1) what these lists need: comparisons of `name` and of the properties with a text
or a whole number, joined by `and`.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue

MAXIMUM_CONDITIONS: Final = 20

_CONDITION: Final = re.compile(
    r"\s*(?:properties/)?(?P<field>\w+)\s+(?P<comparison>eq|ne|gt|ge|lt|le)\s+"
    r"(?:'(?P<text>(?:[^']|'')*)'|(?P<number>\d{1,9}))\s*(?:\band\s+(?=\S)|$)"
)
_COMPARISONS: Final[dict[str, Callable[[object, object], bool]]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")
}


class _Condition(NamedTuple):
    field: str
    comparison: str
    wanted: str | int

    def holds(self, found: JsonValue) -> bool:
        """Texts are the same in any letter case; a text and a number are different, whatever is asked."""
        if isinstance(found, str) and isinstance(self.wanted, str):
            return _COMPARISONS[self.comparison](found.casefold(), self.wanted.casefold())
        if isinstance(found, int) and isinstance(self.wanted, int):
            return _COMPARISONS[self.comparison](found, self.wanted)
        return self.comparison == "ne"


def selected(items: Iterable[JsonObject], text: str) -> list[JsonValue]:
    """The items that a `$filter` asks for; all without one. Raises InvalidError for what is not read here."""
    conditions = list(_conditions(text))
    return [item for item in items if all(each.holds(_field(item, each.field)) for each in conditions)]


def _field(item: JsonObject, name: str) -> JsonValue:
    properties = item["properties"]
    assert isinstance(properties, dict)  # all three shapes have them
    known: JsonObject = {"name": item["name"], **properties}
    if name not in known:
        raise InvalidError(f"$filter asks for {name}; there are {', '.join(known)}.", "$filter")
    return known[name]


def _conditions(text: str) -> Iterator[_Condition]:
    place = 0
    for _ in range(MAXIMUM_CONDITIONS):
        if not text[place:].strip():
            return
        found = _CONDITION.match(text, place)
        if found is None:
            break
        wanted = int(found["number"]) if found["number"] else found["text"].replace("''", "'")
        yield _Condition(found["field"], found["comparison"], wanted)
        place = found.end()
    raise InvalidError(
        "$filter takes comparisons such as state eq 'Failed' or failedControls gt 0, joined by and "
        f"(at most {MAXIMUM_CONDITIONS}); ask for all and choose otherwise.",
        "$filter",
    )
