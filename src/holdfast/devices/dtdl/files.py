"""Checks a set of files that may refer to each other, each with a verdict of its own."""

from collections.abc import Mapping
from typing import NamedTuple

from holdfast.devices.dtdl import json_ld
from holdfast.devices.dtdl.parser import Options, Resolver, examine
from holdfast.devices.dtdl.problems import Problem, Problems, Stop
from holdfast.kernel.json import JsonValue


class FileVerdict(NamedTuple):
    """What was found in one file."""

    file: str
    problems: tuple[Problem, ...]
    unresolved: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether the file may be used."""
        return not self.problems and not self.unresolved


def validate_files(texts: Mapping[str, bytes], allow_undefined_extensions: bool | None) -> list[FileVerdict]:
    """Check each text; what one refers to may be defined in another.

    A device template is checked as its capability model.
    """
    documents: dict[str, JsonValue] = {}
    broken: dict[str, tuple[Problem, ...]] = {}
    for name, text in texts.items():
        problems = Problems()
        try:
            documents[name] = _model(json_ld.load(text.removeprefix(b"\xef\xbb\xbf"), problems))
        except Stop:
            broken[name] = tuple(problems.found)
    options = Options(allow_undefined_extensions=allow_undefined_extensions)
    defined = _interfaces(documents)
    verdicts = []
    for name in texts:
        if name in broken:
            verdicts.append(FileVerdict(name, broken[name]))
            continue
        others = {identifier: found for identifier, (owner, found) in defined.items() if owner != name}
        verdict = examine([documents[name]], options, _resolver(others))
        verdicts.append(FileVerdict(name, verdict.problems, verdict.unresolved))
    return verdicts


def _model(document: JsonValue) -> JsonValue:
    """The capability model of an IoT Central device template, any other document as it is."""
    model = document.get("capabilityModel") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(model, dict):
        return document
    return {"@context": document.get("@context", "dtmi:dtdl:context;2"), **model}


def _interfaces(documents: Mapping[str, JsonValue]) -> dict[str, tuple[str, JsonValue]]:
    """Top-level identifiers with the file and the element that define them."""
    found: dict[str, tuple[str, JsonValue]] = {}
    for name, document in documents.items():
        for element in document if isinstance(document, list) else [document]:
            if isinstance(element, dict) and isinstance(element.get("@id"), str):
                found.setdefault(str(element["@id"]), (name, element))
    return found


def _resolver(known: Mapping[str, JsonValue]) -> Resolver:
    return lambda wanted: [known[identifier] for identifier in wanted if identifier in known]
