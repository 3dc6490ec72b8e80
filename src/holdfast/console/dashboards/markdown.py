"""A small part of Markdown, for tiles: headings, lists, bold, italics, code, links. Everything is escaped."""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

MAXIMUM_LENGTH = 10_000
_INLINE = re.compile(
    r"\*\*(?P<bold>[^*]+)\*\*|\*(?P<italic>[^*]+)\*|`(?P<code>[^`]+)`"
    r"|\[(?P<label>[^\]]+)\]\((?P<address>https://[^\s)]+)\)"
)


def markdown(text: str) -> Markup:
    """The text as HTML. Links lead to https addresses only; nothing else of HTML passes."""
    return Markup("\n").join(_blocks(text[:MAXIMUM_LENGTH].splitlines()))


def _blocks(lines: list[str]) -> Iterator[Markup]:
    listed: list[Markup] = []
    for line in [*lines, ""]:
        stripped = line.strip()
        if stripped.startswith(("- ", "* ")):
            listed.append(Markup("<li>{}</li>").format(_inline(stripped[2:])))
            continue
        if listed:
            yield Markup("<ul>{}</ul>").format(Markup("").join(listed))
            listed = []
        if stripped.startswith("#"):
            yield Markup("<h3>{}</h3>").format(_inline(stripped.lstrip("#").strip()))
        elif stripped:
            yield Markup("<p>{}</p>").format(_inline(stripped))


def _inline(text: str) -> Markup:
    parts: list[Markup] = []
    end = 0
    for found in _INLINE.finditer(text):
        parts += [escape(text[end : found.start()]), _marked(found)]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _marked(found: re.Match[str]) -> Markup:
    if found["bold"]:
        return Markup("<strong>{}</strong>").format(found["bold"])
    if found["italic"]:
        return Markup("<em>{}</em>").format(found["italic"])
    if found["code"]:
        return Markup("<code>{}</code>").format(found["code"])
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(found["address"], found["label"])
