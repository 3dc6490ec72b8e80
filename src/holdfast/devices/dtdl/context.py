"""The active context: the language version and extensions at a place of a document."""

from dataclasses import dataclass, replace

from holdfast.devices.dtdl import dtmi
from holdfast.devices.dtdl.json_ld import Node, kind_of
from holdfast.devices.dtdl.language.classes import LANGUAGES
from holdfast.devices.dtdl.language.rules import Language
from holdfast.devices.dtdl.language.vocabulary import (
    DTDL_PREFIX,
    EXTENSIONS,
    IMPLIED_VERSION,
    LIMIT_CONTEXTS,
    VOCABULARIES,
    Vocabulary,
)
from holdfast.devices.dtdl.problems import Problems

MAXIMUM_CONTEXTS = 64


@dataclass(frozen=True, slots=True)
class Context:
    """What holds at one element. `language` is None above the first `@context`."""

    allow_undefined: bool | None
    """Whether unknown extensions are accepted; None leaves it to the language version (v2 accepts them)."""
    max_version: int
    language: Language | None = None
    extensions: tuple[Vocabulary, ...] = ()
    unknown: frozenset[str] = frozenset()
    """Extensions that were named but are not known."""
    limits: str = ""
    """The limit context that applies, or none."""

    @property
    def version(self) -> int:
        """The language version; 0 where none is known yet."""
        return self.language.version if self.language else 0

    @property
    def complete(self) -> bool:
        """Whether every extension is known, so that an undefined term is certainly a mistake."""
        return not self.unknown

    @property
    def known(self) -> Language:
        """The language. Only below an element that went through `entered`."""
        if self.language is None:
            raise RuntimeError("a context is used before it was entered")
        return self.language

    def identifier(self, text: str) -> str | None:
        """What a term or a DTMI stands for; None for neither."""
        if text.startswith("dtmi:"):
            return text if dtmi.is_valid(text, self.version) else None
        if ":" in text:
            return None
        for vocabulary in (VOCABULARIES[f"{DTDL_PREFIX}{self.version}"], *self.extensions):
            if text in vocabulary.terms:
                return vocabulary.terms[text]
        return None

    def is_reserved(self, identifier: str) -> bool:
        """Whether models must not define the identifier."""
        own = VOCABULARIES[f"{DTDL_PREFIX}{self.version}"]
        return any(
            identifier.startswith(prefix)
            for vocabulary in (own, *self.extensions)
            for prefix in vocabulary.reserved
        )


def entered(context: Context, node: Node, problems: Problems) -> Context:
    """The context inside `node`: the outer one with the node's own `@context` added."""
    if not node.context:
        if context.language is None:
            problems.stop("missingContext" if node.context is None else "emptyContext", node.pointer)
        return context
    place = f"{node.pointer}/@context"
    specifiers = _specifiers(node, place, problems)
    before, rest = _leading_extensions(specifiers)
    language, limits, rest = _language(context, rest, place, problems)
    if language is None:
        problems.stop("missingDtdlContext", place)
    changed = replace(context, language=language, limits=limits)
    for specifier in (*before, *rest):
        changed = _with_extension(changed, specifier, place, problems)
    return changed


def _specifiers(node: Node, place: str, problems: Problems) -> list[str]:
    specifiers: list[str] = []
    for item in (node.context or ())[:MAXIMUM_CONTEXTS]:
        if isinstance(item, dict) and item:
            problems.stop("disallowedLocalContext", place)
        if not isinstance(item, str):
            problems.stop("invalidContext", place, value=kind_of(item))
        specifiers.append(item)
    return specifiers


def _leading_extensions(specifiers: list[str]) -> tuple[list[str], list[str]]:
    """Extensions that may stand before the language, and the rest."""
    count = 0
    while count < len(specifiers) and specifiers[count] in IMPLIED_VERSION:
        count += 1
    return specifiers[:count], specifiers[count:]


def _language(
    context: Context, specifiers: list[str], place: str, problems: Problems
) -> tuple[Language | None, str, list[str]]:
    """The language named last before the first extension, its limit context, and the rest."""
    language, limits, count = context.language, context.limits, 0
    while count < len(specifiers) and specifiers[count].startswith(DTDL_PREFIX):
        language, unlimited = _one_language(context, specifiers[count], place, problems)
        limits = ""
        count += 1
        if unlimited and count < len(specifiers) and specifiers[count] in LIMIT_CONTEXTS:
            limits = specifiers[count]
            count += 1
    return language, limits, specifiers[count:]


def _one_language(context: Context, specifier: str, place: str, problems: Problems) -> tuple[Language, bool]:
    base, _, fragment = specifier.partition("#")
    if not dtmi.is_well_formed(base):
        problems.stop("invalidContextSpecifier", place, value=specifier)
    language = LANGUAGES.get(dtmi.major_version(base))
    if fragment and (language is None or not language.allows_limits):
        problems.stop("disallowedContextFragment", place, value=specifier)
    if fragment not in {"", "limitless"}:
        problems.stop("invalidContextFragment", place, value=specifier)
    if language is None or base != f"{DTDL_PREFIX}{language.version}":
        problems.stop("unrecognizedContextVersion", place, value=specifier)
    if language.version > context.max_version:
        problems.stop("disallowedContextVersion", place, value=specifier)
    return language, bool(fragment)


def _with_extension(context: Context, specifier: str, place: str, problems: Problems) -> Context:
    _check_extension(context, specifier, place, problems)
    if specifier in VOCABULARIES:
        others = tuple(known for known in context.extensions if known.specifier != specifier)
        return replace(context, extensions=(*others, VOCABULARIES[specifier]))
    allowed = context.allow_undefined
    if allowed is None:
        allowed = context.known.lenient_names
    if not allowed:
        known_name = specifier.partition(";")[0] in EXTENSIONS
        kind = "unresolvableContextVersion" if known_name else "unresolvableContextSpecifier"
        problems.stop(kind, place, value=specifier)
    return replace(context, unknown=context.unknown | {specifier})


def _check_extension(context: Context, specifier: str, place: str, problems: Problems) -> None:
    if specifier.startswith(DTDL_PREFIX):
        problems.stop("dtdlContextFollowsAffiliate", place, value=specifier)
    if not specifier.startswith("dtmi:"):
        problems.stop("nonDtmiContextSpecifier", place, value=specifier)
    if not dtmi.is_well_formed(specifier):
        problems.stop("invalidContextSpecifier", place, value=specifier)
    if not dtmi.is_valid(specifier, context.version):
        problems.stop(
            "invalidContextSpecifierForVersion", place, value=specifier, detail=str(context.version)
        )
    if dtmi.major_version(specifier) == 0:
        problems.stop("missingContextVersion", place, value=specifier)
