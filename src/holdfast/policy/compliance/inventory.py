"""Every document that policies judge: stored resources with their parts, and what other packages supply."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from holdfast.access.reading import PAGE, pages
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath, contains
from holdfast.policy.types.catalog import policy_types
from holdfast.policy.types.documents import IMPLIED, PARTS, PolicyDocument, document_of_resource, parts_of
from holdfast.resources.model import Kind, Reader, Resource
from holdfast.resources.query import Query

Source = Callable[[], Iterable[PolicyDocument]]
"""Gives every document of one type that no stored resource is behind."""
Facts = Callable[[Sequence[Resource]], Mapping[str, JsonObject]]
"""Gives what is known of some resources of one kind beyond what is configured, by their id."""


@dataclass(frozen=True)
class Suppliers:
    """What other packages know that policies judge."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    """By the name of the type."""
    facts: Mapping[str, Facts] = field(default_factory=dict)
    """By the name of the kind."""
    is_drill: Callable[[PolicyDocument], bool] = lambda _: False
    """Whether something only tries the product out, so that no policy says how it should be."""


class Inventory:
    """See the module. Reads anew at every question."""

    def __init__(self, reader: Reader, kinds: Mapping[str, Kind], suppliers: Suppliers | None = None) -> None:
        self._reader = reader
        self._kinds = kinds
        suppliers = suppliers or Suppliers()
        self._sources = {name.lower(): source for name, source in suppliers.sources.items()}
        self._facts = suppliers.facts
        self._is_drill = suppliers.is_drill

    def all(self) -> Iterator[PolicyDocument]:
        """Every document."""
        for kind in self._kinds.values():
            if kind.policy_type:
                yield from self._stored(kind, ROOT)
        yield from self.supplied()

    def supplied(self) -> Iterator[PolicyDocument]:
        """Every document that no stored resource is behind."""
        return chain.from_iterable(map(self._supplied, self._sources))

    def _supplied(self, name: str) -> Iterator[PolicyDocument]:
        return (each for each in self._sources[name]() if not self._is_drill(each))

    def of_type(self, resource_type: str, place: OrganizationPath = ROOT) -> Iterator[PolicyDocument]:
        """Every document of a type at or below an organization."""
        wanted = resource_type.lower()
        known = policy_types().get(wanted)
        if wanted in self._sources:
            found: Iterable[PolicyDocument] = self._supplied(wanted)
        elif (name := PARTS.get(wanted) or (known.kind if known else "")) in self._kinds:
            found = self._stored(self._kinds[name], place)
        else:
            found = ()
        return (each for each in found if each.type.lower() == wanted and contains(place, each.organization))

    def touched(self, kind: str, names: Iterable[str]) -> dict[str, list[PolicyDocument]]:
        """The documents of stored resources and their parts; none for what is gone or hidden."""
        documents: dict[str, list[PolicyDocument]] = {name: [] for name in names}
        shown = self._kinds.get(kind)
        if shown is not None and shown.policy_type:
            found = (self.resource(kind, name) for name in documents)
            for document in self._documents(shown, [each for each in found if each is not None]):
                documents[document.name].append(document)
        return documents

    def resource(self, kind: str, name: str) -> Resource | None:
        """A stored resource, or what is in force without being stored."""
        stored = self._reader.get(kind, name)
        if stored is not None:
            return stored
        return next((each for each in self._implied(kind) if each.id == name), None)

    def _implied(self, kind: str) -> list[Resource]:
        """What is in force because nothing of the kind is stored."""
        name, body = IMPLIED.get(kind, ("", {}))
        if not name or self._reader.get(kind, name) is not None:
            return []
        return [Resource(kind, name, ROOT, body, etag="", created=0.0, modified=0.0)]

    def _stored(self, kind: Kind, place: OrganizationPath) -> Iterator[PolicyDocument]:
        if place == ROOT:
            yield from self._documents(kind, self._implied(kind.name))
        found = pages(self._reader, Query(kind.name, (place,), limit=PAGE))
        while resources := list(islice(found, PAGE)):
            yield from self._documents(kind, resources)

    def _documents(self, kind: Kind, resources: Sequence[Resource]) -> Iterator[PolicyDocument]:
        ask = self._facts.get(kind.name)
        facts = ask(resources) if ask is not None else {}
        for resource in resources:
            document = document_of_resource(kind, resource, facts.get(resource.id))
            if not self._is_drill(document):
                yield document
                yield from parts_of(document)
