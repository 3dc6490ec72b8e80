"""Rows in memory for tests of validators and guards that need few of them."""

from collections.abc import Iterable

from holdfast.kernel.organizations import OrganizationPath
from holdfast.resources.model import Page, Resource
from holdfast.resources.query import Condition, Query


class NoRows:
    """A store without resources; see `resources.model.Reader`."""

    def get(self, kind: str, id: str) -> Resource | None:
        return None

    def look_up(self, kind: str, path: str, text: str) -> Resource | None:
        return None

    def find(self, query: Query) -> Page:
        return Page((), "")

    def count(self, kind: str, reach: Iterable[OrganizationPath], where: Condition | None = None) -> int:
        return 0

    def census(self, node: OrganizationPath) -> dict[str, int]:
        return {}
