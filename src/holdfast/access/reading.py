"""Reading whole sets of resources in pages."""

from collections.abc import Iterator
from dataclasses import replace

from holdfast.kernel.organizations import ROOT
from holdfast.resources.model import Reader, Resource
from holdfast.resources.query import Condition, Query

PAGE = 500


def pages(reader: Reader, query: Query) -> Iterator[Resource]:
    """Every resource that the query finds, page after page."""
    while True:
        page = reader.find(query)
        yield from page.items
        if not page.next:
            return
        query = replace(query, after=page.next)


def everything(reader: Reader, kind: str, where: Condition | None = None) -> Iterator[Resource]:
    """Every resource of a kind in the application; for the product's own bookkeeping, not for answers."""
    return pages(reader, Query(kind, (ROOT,), where, limit=PAGE))
