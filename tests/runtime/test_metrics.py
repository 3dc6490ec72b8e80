"""Metrics of all processes on one page."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from holdfast.runtime.metrics import merge, render


def process(messages: int) -> str:
    registry = CollectorRegistry()
    Counter("holdfast_messages", "Messages taken.", ["kind"], registry=registry).labels("telemetry").inc(
        messages
    )
    Histogram("holdfast_commit_seconds", "Commit time.", buckets=(1, 2), registry=registry).observe(1.5)
    return render(registry)


def test_samples_of_every_process_stand_under_one_heading_with_their_node() -> None:
    page = merge({"gateway-1": process(3), "gateway-2": process(4)}).decode()
    assert page.count("# TYPE holdfast_messages_total counter") == 1
    assert 'holdfast_messages_total{kind="telemetry",node="gateway-1"} 3.0' in page
    assert 'holdfast_messages_total{kind="telemetry",node="gateway-2"} 4.0' in page
    assert 'holdfast_commit_seconds_bucket{le="2.0",node="gateway-1"} 1.0' in page


def test_nothing_running_is_an_empty_page() -> None:
    assert merge({}) == b""
