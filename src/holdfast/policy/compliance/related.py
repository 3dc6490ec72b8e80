"""What the *IfNotExists effects look for beside a resource."""

from collections.abc import Mapping, Sequence
from typing import Final

from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.organizations import name as organization_name
from holdfast.policy.compliance.inventory import Inventory
from holdfast.policy.language.evaluation import policy as language
from holdfast.policy.types.documents import PolicyDocument

_WIDE: Final = "subscription"


class RelatedDocuments:
    """Finds related documents, and keeps them: make one for each round of evaluations."""

    def __init__(self, inventory: Inventory, reader: language.Language) -> None:
        self._inventory = inventory
        self._language = reader
        self._kept: dict[tuple[str, OrganizationPath], list[tuple[PolicyDocument, language.Document]]] = {}

    def of(self, subject: PolicyDocument) -> language.Related:
        """The finder for one resource."""

        def find(request: Mapping[str, object]) -> Sequence[object]:
            kind = _text(request, "type")
            wide = _text(request, "existenceScope").lower() == _WIDE
            known = self._of_type(kind, ROOT if wide else subject.organization)
            is_part = kind.lower().startswith(f"{subject.type.lower()}/")
            prefix = f"{subject.name}/" if is_part else ""
            name, group = _text(request, "name").lower(), _text(request, "resourceGroupName").lower()
            return [
                prepared
                for document, prepared in known
                if _named(document).startswith(prefix.lower())
                and (not name or name == "*" or _named(document) in (name, f"{prefix.lower()}{name}"))
                and (not group or organization_name(document.organization) == group)
            ]

        return find

    def _of_type(self, kind: str, place: OrganizationPath) -> list[tuple[PolicyDocument, language.Document]]:
        key = (kind.lower(), place)
        found = self._kept.get(key)
        if found is None:
            documents = self._inventory.of_type(kind, place)
            found = [(each, self._language.document(each.content)) for each in documents]
            self._kept[key] = found
        return found


def _text(request: Mapping[str, object], key: str) -> str:
    value = request.get(key)
    return value if isinstance(value, str) else ""


def _named(document: PolicyDocument) -> str:
    return str(document.content.get("name", "")).lower()
