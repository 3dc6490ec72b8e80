"""Runs conformance cases: documents with the verdict, and maybe the kinds of problems, that are due.

A case file holds one case or an array of them. A case has `input` (documents) and `valid`, and may have
`options` and `quirks` (see `_options`), `resolution` (what a resolver answers to which request) and `expect`
(`parsingErrors`, `unresolvedIdentifiers`, `elements`).
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from holdfast.devices.dtdl.model import Element, Model, canonical_id
from holdfast.devices.dtdl.parser import Options, Resolver, Verdict, examine
from holdfast.devices.dtdl.problems import KIND_PREFIX
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue


class _Case(NamedTuple):
    valid: bool
    input: list[JsonValue]
    options: list[JsonValue]
    resolution: list[JsonValue]
    expect: JsonObject


class Outcome(NamedTuple):
    """What one case came to."""

    number: int
    """Its place in the file, from 0."""
    failure: str
    """Empty when the parser did as the case says."""
    kinds: tuple[str, ...]
    """The kinds of problems that were found."""

    @property
    def passed(self) -> bool:
        """Whether the parser did as the case says."""
        return not self.failure


def run(text: bytes) -> list[Outcome]:
    """Run every case of a file. InvalidError when it is no case file."""
    try:
        decoded: JsonValue = msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidError(f"this is no JSON: {error}") from None
    listed = decoded if isinstance(decoded, list) else [decoded]
    return [_outcome(number, _case(case, number)) for number, case in enumerate(listed)]


def _case(case: JsonValue, number: int) -> _Case:
    if not isinstance(case, dict) or not isinstance(case.get("valid"), bool) or "input" not in case:
        raise InvalidError(f"entry {number} is no case: it needs `valid` and `input`")
    expect = case.get("expect")
    return _Case(
        valid=case["valid"] is True,
        input=_list(case["input"]),
        options=[*_list(case.get("options")), *_list(case.get("quirks"))],
        resolution=_list(case.get("resolution")),
        expect=expect if isinstance(expect, dict) else {},
    )


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _outcome(number: int, case: _Case) -> Outcome:
    verdict = examine(case.input, _options(case), _resolver(case.resolution))
    failure = next(_failures(case, verdict), "")
    return Outcome(number, failure, tuple(problem.kind for problem in verdict.problems))


def _options(case: _Case) -> Options:
    allow: bool | None = None
    if "AllowUndefinedExtensions" in case.options:
        allow = True
    elif "DisallowUndefinedExtensions" in case.options:
        allow = False
    return Options(
        allow_undefined_extensions=allow,
        tolerate_old_mistakes="TolerateSolecismsInParse" in case.options,
        tolerate_resolved_mistakes="TolerateSolecismsInResolve" in case.options,
    )


def _resolver(resolution: list[JsonValue]) -> Resolver | None:
    answers = {}
    for answer in resolution:
        if isinstance(answer, dict):
            request = frozenset(map(str, _list(answer.get("request"))))
            answers[request] = _list(answer.get("response"))
    if not answers:
        return None
    return lambda identifiers: answers.get(frozenset(identifiers))


def _failures(case: _Case, verdict: Verdict) -> Iterator[str]:
    kinds = sorted(problem.kind for problem in verdict.problems)
    if verdict.valid != case.valid:
        found = ", ".join(kinds) or ", ".join(verdict.unresolved) or "nothing wrong"
        yield f"must be {'valid' if case.valid else 'invalid'}; found {found}"
    expected = _expected_kinds(case.expect)
    if expected is not None and kinds != expected:
        yield f"must report {', '.join(expected)}; reported {', '.join(kinds) or 'nothing'}"
    unresolved = case.expect.get("unresolvedIdentifiers")
    if isinstance(unresolved, list) and sorted(map(str, unresolved)) != sorted(verdict.unresolved):
        yield f"must miss {unresolved}; missed {list(verdict.unresolved)}"
    for expectation in _list(case.expect.get("elements")) if verdict.valid else ():
        if isinstance(expectation, dict) and not _matches(expectation, verdict.model):
            yield f"has another element {expectation.get('id')} than expected"


def _expected_kinds(expect: JsonObject) -> list[str] | None:
    errors = expect.get("parsingErrors")
    if not isinstance(errors, list):
        return None
    named = (error.get("ValidationID") for error in errors if isinstance(error, dict))
    return sorted(str(name).removeprefix(KIND_PREFIX) for name in named)


def _matches(expectation: JsonObject, model: Model) -> bool:
    element = model.get(str(expectation.get("id")))
    if element is None or element.kind != expectation.get("type"):
        return False
    properties = expectation.get("properties")
    if not isinstance(properties, dict):
        return True
    return all(_same(name, value, element, model) for name, value in properties.items())


def _same(name: str, expected: JsonValue, element: Element, model: Model) -> bool:
    if isinstance(expected, dict):
        return {content.name: content.id for content in model.contents(element).values()} == expected
    if isinstance(expected, list):
        return element.references.get(name, []) == [canonical_id(str(item)) for item in expected]
    if name in element.references:
        return canonical_id(element.reference(name)) == canonical_id(str(expected))
    return element.values.get(name, False) == expected
