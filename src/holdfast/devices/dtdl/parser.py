"""The DTDL parser: documents in, a checked model out. Unknown references come from a resolver.

Reads DTDL v2, v3 and v4 with the published extensions, without any I/O. Three passes: elements one by one
(`reader`), what references lead to (`references`), and what concerns several elements (`restrictions`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from holdfast.devices.dtdl import json_ld, references, restrictions
from holdfast.devices.dtdl.context import Context
from holdfast.devices.dtdl.model import Model
from holdfast.devices.dtdl.problems import DtdlError, Problem, Problems, Stop
from holdfast.devices.dtdl.reader import read_root
from holdfast.devices.dtdl.reading import Reading
from holdfast.kernel.json import JsonValue

Resolver = Callable[[tuple[str, ...]], Sequence[JsonValue] | None]
"""Given identifiers that the model does not define, returns documents that do; None when it has none."""

MAXIMUM_RESOLUTIONS = 32
"""How often the resolver is asked; each answer may name more that is missing."""


@dataclass(frozen=True, slots=True)
class Options:
    """How strictly to read."""

    allow_undefined_extensions: bool | None = None
    """Accept contexts that are not known, and the terms they may define. None: only in DTDL v2."""
    tolerate_old_mistakes: bool = False
    """Accept what early v2 models did wrong: references as objects, reserved ids, doubled names."""
    tolerate_resolved_mistakes: bool = False
    """The same for documents that the resolver gives."""
    max_version: int = 4


STRICT = Options()


class Verdict(NamedTuple):
    """Everything that reading came to."""

    model: Model
    problems: tuple[Problem, ...]
    unresolved: tuple[str, ...]
    """Identifiers that are referred to and defined nowhere."""

    @property
    def valid(self) -> bool:
        """Whether the model may be used."""
        return not self.problems and not self.unresolved


def parse(
    documents: Sequence[JsonValue], options: Options = STRICT, resolver: Resolver | None = None
) -> Model:
    """The model of the documents. DtdlError with everything that is wrong with them."""
    verdict = examine(documents, options, resolver)
    if not verdict.valid:
        raise DtdlError(verdict.problems, verdict.unresolved)
    return verdict.model


def parse_text(text: bytes, options: Options = STRICT) -> Model:
    """The model of one JSON text. DtdlError with everything that is wrong with it."""
    problems = Problems()
    try:
        document = json_ld.load(text, problems)
    except Stop:
        raise DtdlError(tuple(problems.found)) from None
    return parse([document], options)


def examine(
    documents: Sequence[JsonValue], options: Options = STRICT, resolver: Resolver | None = None
) -> Verdict:
    """Read and report, without raising."""
    reading = Reading(Problems())
    missing: list[str] = []
    try:
        _read(documents, "", options, options.tolerate_old_mistakes, reading)
        missing = _resolve(options, resolver, reading)
        if not missing:
            references.check(reading)
        if not missing and not reading.problems.found:
            restrictions.check(reading)
    except Stop:
        pass
    return Verdict(reading.model, tuple(reading.problems.found), tuple(missing))


def _read(
    documents: Sequence[JsonValue], prefix: str, options: Options, tolerant: bool, reading: Reading
) -> None:
    context = Context(options.allow_undefined_extensions, options.max_version)
    reading.tolerant = tolerant
    for index, document in enumerate(documents):
        pointer = f"{prefix}/{index}" if len(documents) > 1 or prefix else ""
        for node in json_ld.roots(document, pointer, reading.problems):
            read_root(node, context, reading)


def _resolve(options: Options, resolver: Resolver | None, reading: Reading) -> list[str]:
    """Ask the resolver for what is missing until nothing is, or it knows no more; what remains missing."""
    missing = references.unresolved(reading)
    for round_number in range(MAXIMUM_RESOLUTIONS):
        if not missing or resolver is None:
            break
        documents = resolver(tuple(missing))
        if not documents:
            break
        tolerant = options.tolerate_resolved_mistakes
        _read(list(documents), f"/resolved-{round_number}", options, tolerant, reading)
        still = references.unresolved(reading)
        if still == missing:
            break
        missing = still
    return missing
