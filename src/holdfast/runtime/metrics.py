"""Metrics of all processes on one page: each process renders its own, control merges them."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families


class _Merged:
    """A collector of metrics that were parsed from other processes' pages."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self._families: dict[str, Metric] = {}
        for node, page in sorted(pages.items()):
            for family in text_string_to_metric_families(page):
                merged = self._families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "node": node}
                    merged.add_sample(sample.name, labels, sample.value, sample.timestamp, sample.exemplar)

    def collect(self) -> list[Metric]:
        return list(self._families.values())


def gauge(page: CollectorRegistry, name: str, meaning: str, *labels: str) -> Gauge:
    """A figure that goes up and down, on a process's own page instead of the library's global one."""
    return Gauge(name, meaning, labels, "", "", "", page)


def render(registry: CollectorRegistry) -> str:
    """One process's page in the Prometheus text format."""
    return generate_latest(registry).decode()


def merge(pages: Mapping[str, str]) -> bytes:
    """One page of many: every sample gets the label `node` with the process it came from."""
    page = CollectorRegistry()
    page.register(_Merged(pages))
    return generate_latest(page)
