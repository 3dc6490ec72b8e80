"""Learns the standing sentences of a page: its own names become placeholders."""

import re

from holdfast.baseline.data.catalog import BENCHMARKS, benchmark
from holdfast.baseline.model.benchmark import Domain

_PRODUCTS = (
    "Azure Policy definitions",
    "Azure Policy Definitions",
    "Microsoft Defender for Cloud",
    "Azure Security Benchmark",
    "Microsoft cloud security benchmark",
)
"""Names in the standing sentences that must survive when the service is called the same (Azure Policy)."""

_WORKBOOK_LINK = re.compile(r"(?<=/)[^/\s]+(?=-azure-security-benchmark-v3-latest-security-baseline\.xlsx)")

_VERSION = re.compile(
    r"Azure\s+Security\s+Benchmark\s+(?:version\s+|v)(?P<version>\d+(?:\.\d+)?)", re.IGNORECASE
)
_WITHOUT_FEATURES = ("1", "2")
"""Major versions of the Azure Security Benchmark whose pages have guidance a control and no features."""


def generalized(text: str, service: str) -> str:
    """`text` with the service's name and the key of its mapping workbook as placeholders."""
    for index, product in enumerate(_PRODUCTS):
        text = text.replace(product, f"\0{index}\0")
    text = re.sub(rf"(?<!\w){re.escape(service)}(?!\w)", "{service}", text)
    for index, product in enumerate(_PRODUCTS):
        text = text.replace(f"\0{index}\0", product)
    return _WORKBOOK_LINK.sub("{key}", text)


def generalized_front_matter(text: str, service: str, key: str) -> str:
    """The lines of a front matter as a template."""
    return re.sub(rf"(?m)^(ms\.service: ){re.escape(key)}$", r"\1{key}", generalized(text, service))


def generalized_domain_line(text: str, domain: Domain) -> str:
    """The line below a domain's heading as a template."""
    return text.replace(domain.published_name, "{domain}").replace(domain.slug, "{slug}")


def workbook_key(text: str) -> str | None:
    """The key in the link to the mapping workbook; None where the page has no such link."""
    found = _WORKBOOK_LINK.search(text)
    return found.group() if found else None


def benchmark_of(text: str) -> str | None:
    """Which benchmark the text names; the later one wins where both are named."""
    return next((key for key in reversed(BENCHMARKS) if benchmark(key).name in text), None)


def version_without_features(text: str) -> str | None:
    """Which version the text names, when that is one from before there were features; None otherwise."""
    found = _VERSION.search(text)
    return found["version"] if found and found["version"].split(".")[0] in _WITHOUT_FEATURES else None
