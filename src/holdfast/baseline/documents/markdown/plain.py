"""Reads the text of a page that was copied out of a browser, where headings, tables and links are just words.

The marks of the published form are put back line by line, each line keeps its number, and the reader of pages
does the rest. What only the marks carried is filled in from facts: links to the benchmark and to the mapping
workbook.
"""

import re
from collections.abc import Iterator, Sequence

from holdfast.baseline.data.catalog import EARLIER, benchmark, feature_by_name, own_wording
from holdfast.baseline.documents.document import Document
from holdfast.baseline.documents.markdown.learning import benchmark_of
from holdfast.baseline.documents.markdown.outline import NumberedLine
from holdfast.baseline.documents.markdown.plain_lines import service_of, title_line, with_rows
from holdfast.baseline.documents.markdown.plain_policies import with_policy_tables
from holdfast.baseline.documents.markdown.reader import decoded, read_lines
from holdfast.baseline.documents.markdown.tables import table_line
from holdfast.baseline.documents.naming import WORKBOOK_NAME, key_of_name
from holdfast.baseline.model.benchmark import Benchmark
from holdfast.baseline.model.oddity import Oddity

_ANSWER = "(True|False|Not Applicable|No Related Feature)"
_ANSWERS = re.compile(rf"{_ANSWER}\s+{_ANSWER}\s+(Microsoft|Customer|Shared|Not Applicable)\s*")
_ANSWERS_HEADER = re.compile(r"(Supported)\s+(Enabled By Default)\s+(Configuration Responsibility)\s*", re.I)
_PROFILE_HEADER = re.compile(r"(Service Behavior Attribute)\s+(Value)\s*", re.I)
_PROFILE_ROW = re.compile(
    r"(Product Category|Customer can access HOST / OS|Stores customer content at rest"
    r"|Service can be deployed into customer['’]s virtual network)\s+(.+?)\s*"
)
_CONTROL = re.compile(r"[A-Z]{2}-[1-9]\d?: .+")
_LABEL = re.compile(
    r"(Feature notes|Configuration Guidance|Custom Guidance|Reference|Guidance notes|Note): ?(.*)", re.I
)
_DESCRIBES = "Description: "
_LEARN_MORE = " Learn more."
_CHAPTERS = frozenset({"Security profile", "Next steps"})
_SECTION = re.compile(r"Features|Other guidance for [A-Z]{2}-\d+|Microsoft Defender for Cloud monitoring")
_NOISE = frozenset({"Expand table"})
"""What a browser's page adds of its own."""
_CONTENTS = "In this article"
"""What stands above the page's list of its chapters."""

_REPOSITORY = "https://github.com/MicrosoftDocs/SecurityBenchmarks/tree/master"
_MAPPING_FILES = f"{_REPOSITORY}/Azure%20Offer%20Security%20Baselines/3.0/"
"""Where the published workbooks are."""


def is_plain(data: bytes) -> bool:
    """Whether the text has none of the marks of a page: no front matter and no heading."""
    return not re.search(rb"(?m)^(---\s*$|# )", data[:65536])


def read_plain(data: bytes, file: str) -> Document:
    """The service baseline in the copied text of a page. Raises DocumentError with the line."""
    text = decoded(data, file)
    known = benchmark(benchmark_of(text) or EARLIER)
    lines = [NumberedLine(number, line) for number, line in enumerate(text.split("\n"), 1)]
    start = title_line(lines)
    rows = list(with_policy_tables(list(with_rows(lines[start:]))))
    document = read_lines(list(_marked(rows, known)), own_wording(known.key).front_matter, file)
    if not any(line.text.strip() for line in lines[:start]):
        return document
    above = Oddity(f"line {lines[start].number}", "the page begins here; what stands above was not read")
    return document._replace(oddities=(above, *document.oddities))


def _marked(lines: Sequence[NumberedLine], known: Benchmark) -> Iterator[NumberedLine]:
    chapters = {domain.published_name for domain in known.domains} | _CHAPTERS
    service = feature = note = ""
    listing = False
    for index, line in enumerate(lines):
        text = line.text.strip()
        listing = text == _CONTENTS or (listing and text in chapters)
        if listing or text in _NOISE or (note and not text):
            continue
        if not service and (service := service_of(text)):
            yield NumberedLine(line.number, f"# {text}")
            continue
        after = (later.text.strip() for later in lines[index + 1 : index + 4])
        following = next((later for later in after if later), "")
        feature = text if text and following.startswith(_DESCRIBES) else feature
        for marked in _marked_line(line.text, following, service, feature, known):
            yield NumberedLine(line.number, marked)
        note = text if text == "Note" else ""


def _marked_line(line: str, following: str, service: str, feature: str, known: Benchmark) -> Iterator[str]:
    text = line.strip()
    if text in {domain.published_name for domain in known.domains} | _CHAPTERS:
        yield f"## {text}"
    elif _CONTROL.fullmatch(text):
        yield f"### {text}"
    elif _SECTION.fullmatch(text):
        yield f"#### {text}"
    elif text and following.startswith(_DESCRIBES):
        yield f"##### {text}"
    elif header := _ANSWERS_HEADER.fullmatch(text) or _PROFILE_HEADER.fullmatch(text):
        yield table_line(header.groups())
        yield f"|{'---|' * len(header.groups())}"
    elif row := _ANSWERS.fullmatch(text) or _PROFILE_ROW.fullmatch(text):
        yield table_line([cell.replace("’", "'") for cell in row.groups()])
    elif text.startswith(_DESCRIBES):
        yield _description(text, feature)
    elif label := _LABEL.fullmatch(line.lstrip()):
        yield f"**{label[1]}**: {label[2]}"
    else:
        yield _with_links(line, service, known)


def _description(text: str, feature: str) -> str:
    known = feature_by_name().get(feature)
    described = text.removeprefix(_DESCRIBES)
    if known and known.learn_more and described.endswith(_LEARN_MORE):
        described = f"{described.removesuffix(_LEARN_MORE)} [Learn more]({known.learn_more})."
    return f"**Description**: {described}"


def _with_links(line: str, service: str, known: Benchmark) -> str:
    """A standing sentence with the links that every page has; other text as it is."""
    if line.strip() == "Note":
        return "> [!NOTE]"
    mapping_file = f"full {service} security baseline mapping file"
    if line.startswith("Features not applicable") and mapping_file in line:
        address = _MAPPING_FILES + WORKBOOK_NAME.format(key=key_of_name(service))
        linked = line.replace(mapping_file, f"**[{mapping_file}]({address})**")
        return linked.replace("Features", "> **Features**", 1)
    for domain in known.domains:
        title = f"{known.name}: {domain.published_name}"
        if title in line and len(line) < 200:
            address = known.domain_link.replace("{slug}", domain.slug)
            return f"*{line.strip().replace(title, f'[{title}]({address})')}*"
    return line.replace(known.published, f"[{known.published}]({known.overview_link})")
