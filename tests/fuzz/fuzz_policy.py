"""Policies: any document is a definition or one DefinitionError, and a definition judges any resource."""

import json
from collections.abc import Iterator

from holdfast.policy.language.aliases.catalog import Catalog, load_catalog
from holdfast.policy.language.changes import apply_operations
from holdfast.policy.language.documents import read_json
from holdfast.policy.language.errors import DefinitionError, TemplateError
from holdfast.policy.language.evaluation.policy import Circumstances, Language
from holdfast.policy.language.functions.table import CONTEXTUAL, FUNCTIONS
from holdfast.policy.language.lint import lint
from holdfast.policy.language.operators import OPERATORS
from holdfast.policy.language.rules.definition import parse_definition

_CATALOG = load_catalog(
    json.dumps(
        [
            {
                "namespace": "Test.Fuzz",
                "resourceTypes": [
                    {
                        "resourceType": "things",
                        "aliases": [
                            {
                                "name": f"Test.Fuzz/things/{short}",
                                "defaultPath": path,
                                "defaultMetadata": {"attributes": "Modifiable"},
                            }
                            for short, path in (
                                ("a", "properties.a"),
                                ("list[*]", "properties.list[*]"),
                                ("list[*].b", "properties.list[*].properties.c"),
                                ("list[*].inner[*].d", "properties.list[*].properties.inner[*].properties.d"),
                            )
                        ],
                    }
                ],
            }
        ]
    )
)
_NAMES = (
    *(f"Test.Fuzz/things/{short}" for short in ("a", "list[*]", "list[*].b", "list[*].inner[*].d", "x")),
    *(
        "type",
        "name",
        "tags",
        "tags.t",
        "tags['u']",
        "location",
        "[concat('tags.', parameters('p'))]",
        "a.b",
        "",
    ),
)
_KEYS = (*OPERATORS, "allOf", "anyOf", "not", "field", "value", "count", "where", "name")
_FUNCTIONS = (
    *(function.name for function in FUNCTIONS.values()),
    *(name for name, _, _ in CONTEXTUAL.values()),
)
_SCALARS: tuple[object, ...] = (
    None,
    True,
    0,
    1,
    -1,
    1.5,
    "",
    "a",
    "A",
    "1",
    "*",
    "a*",
    "[[x",
    "10.0.0.0/8",
    [],
    {},
)


def target(data: bytes) -> None:
    """The bytes are tried as a document, and as instructions to build a rule and a resource."""
    _judge(_read(data), data)
    choices = iter(data)
    rule = {
        "if": _constraint(choices, 0),
        "then": {"effect": "[parameters('e')]", "details": _details(choices)},
    }
    definition = {"parameters": {"e": {"type": "String", "defaultValue": "modify"}, "p": {"type": "String"}}}
    _judge({**definition, "policyRule": rule}, data)


def _read(data: bytes) -> object:
    try:
        return read_json(data)
    except DefinitionError:
        return None


def _judge(document: object, data: bytes) -> None:
    lint(document, _CATALOG)
    language = Language(_CATALOG if data[:1] < b"\x80" else Catalog())
    try:
        policy = language.compile(parse_definition(document))
    except DefinitionError as error:
        _names_a_place(error)
        return
    resource = _resource(iter(data[::-1]))
    prepared = language.document(resource)
    about = Circumstances({"p": "t"}, {"utcNow": "2026-01-01T00:00:00Z"}, lambda request: [resource])
    outcome = policy.evaluate(prepared, about)
    explained = policy.evaluate(
        prepared, Circumstances(about.parameters, about.context, about.related, explain=True)
    )
    assert (explained.compliance, explained.triggered) == (outcome.compliance, outcome.triggered)
    if explained.reason is not None and not explained.error:
        json.dumps(explained.reason.to_json(), default=str)
    try:
        apply_operations(resource, outcome.operations, _CATALOG)
    except TemplateError:
        return


def _constraint(choices: Iterator[int], depth: int) -> object:
    choice = next(choices, 0)
    if depth > 6 or choice < 120:
        left: dict[str, object] = {"field": _NAMES[choice % len(_NAMES)]}
        if choice % 3 == 1:
            left = {"value": _value(choices, 0)}
        if choice % 5 == 1:
            where = {"where": _constraint(choices, depth + 1)} if choice % 2 else {}
            left = {"count": {"field": _NAMES[1 + choice % 3], **where}}
        return {**left, _KEYS[choice % len(OPERATORS)]: _value(choices, 0)}
    if choice < 180:
        key = "allOf" if choice % 2 else "anyOf"
        return {key: [_constraint(choices, depth + 1) for _ in range(choice % 4)]}
    if choice < 220:
        return {"not": _constraint(choices, depth + 1)}
    return {_KEYS[choice % len(_KEYS)]: _value(choices, 0), "value": _expression(choices)}


def _value(choices: Iterator[int], depth: int) -> object:
    choice = next(choices, 0)
    if choice > 150:
        return _expression(choices)
    if choice > 130 and depth < 4:
        return [_value(choices, depth + 1) for _ in range(choice % 4)]
    return _SCALARS[choice % len(_SCALARS)]


def _expression(choices: Iterator[int]) -> str:
    return f"[{_call(choices, 0)}]"


def _call(choices: Iterator[int], depth: int) -> str:
    choice = next(choices, 0)
    if depth > 4 or choice < 80:
        return ("1", "'a'", "-2", "true", "null", "'2024-01-01'", "field('tags.t')", "current()")[choice % 8]
    arguments = ", ".join(_call(choices, depth + 1) for _ in range(choice % 4))
    return f"{_FUNCTIONS[choice % len(_FUNCTIONS)]}({arguments}){('', '.x', '[0]')[choice % 3]}"


def _details(choices: Iterator[int]) -> object:
    operations = ("add", "addOrReplace", "remove")
    steps = [
        {
            "operation": operations[choice % 3],
            "field": _NAMES[choice % len(_NAMES)],
            "value": _value(choices, 0),
        }
        for choice in (next(choices, 0), next(choices, 1))
    ]
    return (
        {"roleDefinitionIds": [], "operations": steps} if next(choices, 0) % 4 else {"type": "x", "name": "y"}
    )


def _resource(choices: Iterator[int]) -> object:
    inner = [{"properties": {"c": _plain(choices), "inner": [{"properties": {"d": _plain(choices)}}]}}]
    properties = {"a": _plain(choices), "list": inner * (next(choices, 0) % 3), "x": _plain(choices)}
    return {"type": "Test.Fuzz/things", "name": "n", "tags": {"T": _plain(choices)}, "properties": properties}


def _plain(choices: Iterator[int]) -> object:
    return _SCALARS[next(choices, 0) % len(_SCALARS)]


def _names_a_place(error: DefinitionError) -> None:
    assert error.field.startswith("/")
