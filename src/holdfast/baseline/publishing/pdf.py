"""The report as a PDF, byte for byte the same for the same publication."""

import functools
import io
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Flowable,
    LongTable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)

from holdfast.baseline.publishing.publication import Publication
from holdfast.baseline.publishing.report import Chapter, ReportTable, make_report

REPORT_FILE = "report.pdf"
_FONT, _BOLD = "Vera", "VeraBd"
_MARGIN = 15 * mm
_WIDTH = landscape(A4)[0] - 2 * _MARGIN

_BODY = ParagraphStyle("body", fontName=_FONT, fontSize=7.5, leading=9.5, splitLongWords=True)
_HEAD = ParagraphStyle("head", parent=_BODY, fontName=_BOLD, textColor=HexColor("#ffffff"))
_TITLE = ParagraphStyle("title", fontName=_BOLD, fontSize=18, leading=24)
_CHAPTER = ParagraphStyle("chapter", fontName=_BOLD, fontSize=14, leading=20)
_SECTION = ParagraphStyle("section", fontName=_BOLD, fontSize=11, leading=16, spaceBefore=8)
_GRID = TableStyle(
    [
        ("BACKGROUND", (0, 0), (-1, 0), HexColor("#20404f")),
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, HexColor("#b0b8bc")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)


def publish_pdf(publication: Publication) -> dict[str, bytes]:
    """The report by its file name."""
    _register_fonts()
    report = make_report(publication)
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=landscape(A4),
        invariant=1,
        title=report.title,
        author=publication.owner,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
    )
    story: list[Flowable] = [_paragraph(report.title, _TITLE), *_facts(report.facts)]
    for chapter in report.chapters:
        story += [PageBreak(), *_chapter(chapter)]
    document.build(story)
    return {REPORT_FILE: buffer.getvalue()}


@functools.cache
def _register_fonts() -> None:
    """Bitstream Vera, which comes with the library: the built-in fonts of PDF lack most of Latin Extended."""
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in (_FONT, _BOLD):
        registerFont(TTFont(name, str(folder / f"{name}.ttf")))


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(text), style)


def _facts(facts: tuple[tuple[str, str], ...]) -> Iterator[Flowable]:
    for name, value in facts:
        yield _paragraph(f"{name}: {value}", _BODY)
    yield Spacer(1, 4 * mm)


def _chapter(chapter: Chapter) -> Iterator[Flowable]:
    yield _paragraph(chapter.title, _CHAPTER)
    yield from _facts(chapter.facts)
    for table in chapter.tables:
        yield _paragraph(table.title, _SECTION)
        yield _table(table)


def _table(table: ReportTable) -> LongTable:
    total = sum(table.widths)
    rows = [[_paragraph(cell, _BODY) for cell in row] for row in table.rows]
    header = [_paragraph(column, _HEAD) for column in table.columns]
    widths = [_WIDTH * width / total for width in table.widths]
    return LongTable([header, *rows], colWidths=widths, repeatRows=1, style=_GRID)
