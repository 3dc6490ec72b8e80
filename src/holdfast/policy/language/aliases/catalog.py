"""Reading alias catalogs: the answer of `GET /providers?$expand=resourceTypes/aliases` and data policy
manifests."""

from collections.abc import Iterable, Mapping

from holdfast.policy.language.aliases.model import Alias, TypeAliases, without_properties
from holdfast.policy.language.aliases.paths import WILDCARD
from holdfast.policy.language.documents import Node, optional_text, read_json


class Catalog:
    """Aliases of many resource types. Immutable to its readers; loading returns a new one."""

    def __init__(self, types: Iterable[TypeAliases] = ()) -> None:
        self._types = {aliases.resource_type.lower(): aliases for aliases in types}
        self._by_name = {
            alias.name.lower(): alias
            for aliases in self._types.values()
            for alias in aliases.aliases.values()
        }

    def __len__(self) -> int:
        return len(self._types)

    def types(self) -> tuple[TypeAliases, ...]:
        """Every type of which something is known, in the order of their names."""
        return tuple(self._types[name] for name in sorted(self._types))

    def of(self, resource_type: str) -> TypeAliases | None:
        """What is known of a type; None when nothing is."""
        return self._types.get(resource_type.lower())

    def alias(self, name: str) -> Alias | None:
        """The alias with this full name in any letter case."""
        return self._by_name.get(name.lower())

    def covers(self, name: str) -> bool:
        """Whether `name` is an alias, or the array that `name[*]` iterates."""
        return name.lower() in self._by_name or f"{name.lower()}{WILDCARD}" in self._by_name

    def key(self, name: str) -> str:
        """The path in a normalized resource that a field's name stands for.

        A name that the catalog does not have is taken by convention: what follows the resource type.
        """
        alias = self._by_name.get(name.lower())
        if alias is not None:
            return _last_part(alias.key)
        array = self._by_name.get(f"{name.lower()}{WILDCARD}")
        if array is not None:
            return _last_part(array.key).removesuffix(WILDCARD)
        return without_properties(_last_part(name).lower())

    def extended(self, *others: "Catalog") -> "Catalog":
        """This catalog and others; where two know a type, the aliases of both, the later one winning."""
        merged = dict(self._types)
        for other in others:
            for name, aliases in other._types.items():
                known = merged[name].aliases if name in merged else {}
                merged[name] = TypeAliases(aliases.resource_type, {**known, **aliases.aliases})
        return Catalog(merged.values())


def _last_part(name: str) -> str:
    """What follows the last slash that is not inside a bracket's quotes."""
    return name if "['" in name else name.rpartition("/")[2]


def load_catalog(document: str | bytes) -> Catalog:
    """Read a provider catalog (an array, or an object with `value`) or a data policy manifest.

    Raises DefinitionError when the document is neither.
    """
    root = Node(read_json(document))
    if isinstance(root.value, list):
        return _providers(root)
    members = root.members()
    if "value" in members:
        return _providers(members["value"])
    if "datanamespace" in members:
        return Catalog([_manifest_type(*each) for each in _manifest(members)])
    return root.fail("Expected a list of providers or a data policy manifest")


def _providers(providers: Node) -> Catalog:
    catalog = Catalog()
    for provider in providers.items():
        members = provider.members()
        namespace = optional_text(members, "namespace")
        types = members.get("resourcetypes")
        for resource_type in types.items() if types is not None and types.value else ():
            catalog = _with_type(catalog, namespace, resource_type.members())
    return catalog


def _with_type(catalog: Catalog, namespace: str, members: Mapping[str, Node]) -> Catalog:
    name = f"{namespace}/{optional_text(members, 'resourcetype')}"
    entries = members.get("aliases")
    aliases = [_alias(name, entry.members()) for entry in _listed(entries)]
    known = {alias.short.lower(): alias for alias in aliases if alias is not None}
    return catalog.extended(Catalog([TypeAliases(name, known)])) if entries is not None else catalog


def _listed(node: Node | None) -> Iterable[Node]:
    return node.items() if node is not None and isinstance(node.value, list) else ()


def _alias(resource_type: str, members: dict[str, Node]) -> Alias | None:
    """An alias of a provider catalog; None when it has no path."""
    default = members.get("defaultpath")
    if default is not None and isinstance(default.value, dict):
        path = optional_text(default.members(), "path")
    else:
        path = optional_text(members, "defaultpath")
    if not path:
        return None
    name = optional_text(members, "name")
    metadata = members.get("defaultmetadata")
    described = metadata.members() if metadata is not None and isinstance(metadata.value, dict) else {}
    return Alias(
        name=name,
        short=_short(resource_type, name),
        path=path,
        versions=_versions(members, "apiversions"),
        modifiable="modifiable"
        in [part.strip() for part in optional_text(described, "attributes").lower().split(",")],
        kind=optional_text(described, "type"),
    )


def _short(resource_type: str, name: str) -> str:
    """The name within the type; an alias that belongs to another one keeps what follows its last slash."""
    prefix = f"{resource_type}/"
    inside = name.lower().startswith(prefix.lower()) and len(name) > len(prefix)
    return without_properties(name[len(prefix) :] if inside else name.rpartition("/")[2])


def _versions(members: Mapping[str, Node], *keys: str) -> dict[str, str]:
    """Paths by API version. The first path that names a version keeps it."""
    versions: dict[str, str] = {}
    for entry in _listed(members.get("paths")):
        fields = entry.members()
        for key in keys:
            for version in _listed(fields.get(key)):
                versions.setdefault(version.text().lower(), optional_text(fields, "path"))
    return versions


def _manifest(members: Mapping[str, Node]) -> Iterable[tuple[str, list[Node]]]:
    """Resource types of a data policy manifest with their aliases; aliases beside them join the type they
    name."""
    namespace = optional_text(members, "datanamespace")
    groups: dict[str, list[Node]] = {}
    for group in _listed(members.get("resourcetypealiases")):
        fields = group.members()
        name = f"{namespace}/{optional_text(fields, 'resourcetype')}"
        groups.setdefault(name, []).extend(_listed(fields.get("aliases")))
    for alias in _listed(members.get("aliases")):
        name = optional_text(alias.members(), "name").lower()
        owners = [owner for owner in groups if name.startswith(f"{owner.lower()}/")]
        if owners:
            groups[max(owners, key=len)].append(alias)
    return groups.items()


def _manifest_type(resource_type: str, aliases: list[Node]) -> TypeAliases:
    known: dict[str, Alias] = {}
    for entry in aliases:
        members = entry.members()
        name = optional_text(members, "name")
        paths = [optional_text(path.members(), "path") for path in _listed(members.get("paths"))]
        if paths:
            short = _short(resource_type, name)
            versions = _versions(members, "apiversions", "schemaversions")
            known[short.lower()] = Alias(name, short, paths[0], versions)
    return TypeAliases(resource_type, known)
