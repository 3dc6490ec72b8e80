"""Cases of rules: whether they parse, and what they say of a resource."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from holdfast.policy.cases.files import CaseFileError
from holdfast.policy.language.aliases.catalog import Catalog, load_catalog
from holdfast.policy.language.documents import Node, read_json
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.evaluation.policy import Circumstances, Language, Outcome
from holdfast.policy.language.rules.definition import parse_definition
from holdfast.policy.language.rules.model import Definition
from holdfast.policy.language.rules.parse import parse_rule
from holdfast.policy.language.values import UNDEFINED, same

_CONTEXT: Final[Mapping[str, object]] = {
    "resourceGroup": {"name": "myResourceGroup", "location": "eastus"},
    "subscription": {"subscriptionId": "00000000-0000-0000-0000-000000000000"},
}
"""Where the resource of a case lies when the case does not say."""


class _Source(NamedTuple):
    text: str
    whole: bool
    """Whether it is a definition, not a rule alone."""


def run(settings: Mapping[str, object], case: Mapping[str, object], folder: Path) -> str:
    """Run one case; what went wrong, empty when nothing did. `folder` is where the case file lies.

    A case that wants a refusal is fulfilled by the parser's and by the compiler's: people meet them as one.
    """
    source = _source(settings, case)
    if source is None:
        return "the case has neither a 'policy_rule' nor a 'policy_definition'"
    refusal = case.get("want_parse_error") or case.get("want_compile_error")
    try:
        definition = _parse(source)
        if "resource" not in case and not refusal:
            return ""
        policy = (language := Language(_catalog(settings, folder))).compile(definition)
    except DefinitionError as error:
        return "" if refusal else f"is refused: {error}"
    if refusal:
        return "wanted to be refused, but is taken"
    version = case.get("api_version")
    document = language.document(case.get("resource"), str(version) if version else None)
    return _difference(case, policy.evaluate(document, _circumstances(case)))


def _source(settings: Mapping[str, object], case: Mapping[str, object]) -> _Source | None:
    for owner in (case, settings):
        for key in ("policy_definition", "policy_rule"):
            if isinstance(owner.get(key), str):
                level = case.get("parse_level")
                whole = level == "policy_definition" if level else key == "policy_definition"
                return _Source(str(owner[key]), whole)
    return None


def _parse(source: _Source) -> Definition:
    document = read_json(source.text)
    return parse_definition(document) if source.whole else Definition(parse_rule(Node(document)))


def _catalog(settings: Mapping[str, object], folder: Path) -> Catalog | None:
    """The alias file that a suite names: beside it, or in the folder `aliases` beside its folder."""
    name = settings.get("aliases")
    if not isinstance(name, str):
        return None
    for place in (folder / name, folder / "aliases" / name, folder.parent / "aliases" / name):
        if place.is_file():
            return load_catalog(place.read_bytes())
    raise CaseFileError(f"The alias file {name} lies neither in {folder} nor in {folder.parent / 'aliases'}")


def _circumstances(case: Mapping[str, object]) -> Circumstances:
    context = case.get("context")
    given = dict(context) if isinstance(context, dict) else dict(_CONTEXT)
    if case.get("api_version"):
        given.setdefault("requestContext", {"apiVersion": str(case["api_version"])})
    if "request_context" in case:
        given["requestContext"] = case["request_context"]
    parameters = case.get("parameters")
    return Circumstances(
        parameters={str(key): value for key, value in parameters.items()}
        if isinstance(parameters, dict)
        else {},
        context=given,
        related=_Answers(case.get("host_await")),
    )


class _Answers:
    """The related resources that a case answers with: those of a matching key, else the next in line."""

    def __init__(self, answers: object) -> None:
        self._answers = (
            [each for each in answers if isinstance(each, dict)] if isinstance(answers, list) else []
        )

    def __call__(self, request: Mapping[str, object]) -> Sequence[object]:
        for index, answer in enumerate(self._answers):
            key = answer.get("key")
            if not isinstance(key, dict) or all(
                same(request.get(name), value) for name, value in key.items()
            ):
                response = self._answers.pop(index).get("response")
                return response if isinstance(response, list) else [response]
        return ()


def _difference(case: Mapping[str, object], outcome: Outcome) -> str:
    wanted = case.get("want_effect")
    effect = outcome.effect_name if outcome.triggered else None
    if case.get("want_undefined"):
        wanted = None
    if effect != wanted:
        because = f" ({outcome.error})" if outcome.error else ""
        return f"wanted {wanted or 'no effect'}, got {effect or 'none'}{because}"
    if "want_details" in case and not same(outcome.details, case["want_details"]):
        shown = None if outcome.details is UNDEFINED else outcome.details
        return f"wanted the details {case['want_details']!r}, got {shown!r}"
    return ""
