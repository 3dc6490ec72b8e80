"""Service baselines as YAML: the form that people edit and that loses nothing."""

import re

import yaml
from pydantic import ValidationError

from holdfast.baseline.data.catalog import BENCHMARKS
from holdfast.baseline.documents.document import Document, DocumentError
from holdfast.baseline.documents.oddities import find_oddities
from holdfast.baseline.documents.strict_yaml import line_of, load_yaml
from holdfast.baseline.documents.validation import first_problem
from holdfast.baseline.model.service import ServiceBaseline


def read_service_yaml(data: bytes, file: str) -> Document:
    """The service baseline in `data`.

    Raises DocumentError for anything that the model does not know or accept.
    """
    content = load_yaml(data, file)
    if not isinstance(content, dict):
        raise DocumentError(
            file, "line 1", "is no service baseline: it must be a mapping with key, name, entries"
        )
    try:
        baseline = ServiceBaseline.model_validate(content)
    except ValidationError as error:
        place = line_of(data, error.errors(include_url=False, include_input=False)[0]["loc"])
        raise DocumentError(file, place, first_problem(error)) from error
    if baseline.benchmark not in BENCHMARKS:
        problem = f'benchmark is "{baseline.benchmark}"; known are {" and ".join(BENCHMARKS)}'
        raise DocumentError(file, "", problem)
    places = [f"entry {number}" for number in range(1, len(baseline.entries) + 1)]
    return Document(baseline, tuple(find_oddities(baseline.entries, places)))


def write_service_yaml(baseline: ServiceBaseline) -> bytes:
    """The YAML of a baseline; what is to be understood stays unwritten."""
    content = baseline.model_dump(mode="json", exclude_unset=True)
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text.encode()


_FOREIGN_BREAKS = re.compile("[\r\x85\u2028\u2029]")
"""Characters that YAML takes for line breaks; only double quotes keep them as they are."""


class _Dumper(yaml.SafeDumper):
    """Writes longer texts as blocks and never uses anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and _fits_block(text) else '"' if _FOREIGN_BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _fits_block(text: str) -> bool:
    """A block cannot hold a line that ends with a blank, nor characters that YAML escapes."""
    return all(line == line.rstrip() for line in text.split("\n")) and text.replace("\n", "").isprintable()


_Dumper.add_representer(str, _text)
