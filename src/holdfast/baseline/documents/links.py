"""References between a workbook (`Title: address`) and a page (`[Title](path)`)."""

import re

from holdfast.baseline.model.service import split_reference

_SITE = re.compile(r"https://(?:docs|learn)\.microsoft\.com(?:/en-us)?(?=/)")
_MARKDOWN_LINK = re.compile(r"\[(?P<title>[^\]\n]+)\]\((?P<link>[^\s]+)\)")
_WORKBOOK_SITE = "https://docs.microsoft.com"


def page_link(link: str) -> str:
    """A link as pages have it: without the site, when the site is that of the pages."""
    return _SITE.sub("", link, count=1)


def page_reference(reference: str) -> str:
    """A workbook's reference as a page prints it; text of another form stays as it is."""
    parts = split_reference(reference)
    return f"[{parts[0]}]({page_link(parts[1])})" if parts else reference


def workbook_reference(markdown: str) -> str:
    """A page's reference as a workbook has it; kept as it is where the way back would not give the same."""
    found = _MARKDOWN_LINK.fullmatch(markdown)
    if not found:
        return markdown
    link = found["link"]
    absolute = f"{_WORKBOOK_SITE}{link}" if link.startswith("/") else link
    reference = f"{found['title']}: {absolute}"
    return reference if page_reference(reference) == markdown else markdown
