"""Learns the standing sentences of a page: its own names become placeholders."""

import re

from holdfast.baseline.data.catalog import BENCHMARKS, EARLIER, LATER, BenchmarkKey, benchmark
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
    r"(?P<name>Azure\s+Security\s+Benchmark|Microsoft\s+cloud\s+security\s+benchmark)\s+"
    r"(?:version\s+|v)(?P<version>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_MAJORS = {EARLIER: "3", LATER: "1"}
"""The versions of the benchmarks that there are facts about."""


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


def benchmark_of(text: str) -> BenchmarkKey | None:
    """Which benchmark the text names; the later one wins where both are named."""
    return next((key for key in reversed(BENCHMARKS) if benchmark(key).name in text), None)


def other_version(text: str) -> tuple[BenchmarkKey, str] | None:
    """The benchmark (its key) and version that the text names first, when that is not the one we know."""
    found = _VERSION.search(text)
    if found is None:
        return None
    key = benchmark_of(" ".join(found["name"].split())) or EARLIER
    return None if found["version"].split(".")[0] == _MAJORS[key] else (key, found["version"])
