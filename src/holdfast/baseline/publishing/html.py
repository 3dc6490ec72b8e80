"""The report as one HTML file that needs nothing else."""

from functools import cache

import jinja2

from holdfast.baseline.publishing.publication import Publication
from holdfast.baseline.publishing.report import make_report

REPORT_FILE = "report.html"


@cache
def _template() -> jinja2.Template:
    loader = jinja2.PackageLoader("holdfast.baseline.publishing")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("report.html")


def publish_html(publication: Publication) -> dict[str, bytes]:
    """The report by its file name."""
    return {REPORT_FILE: _template().render(report=make_report(publication)).encode()}
