"""Looks for indicators of compromise in names, addresses, user agents and TLS fingerprints."""

from collections.abc import Callable, Iterable

from holdfast.defender.engines.indicators import Hit, IndicatorKind, Indicators
from holdfast.defender.engines.model import FLOW, REQUESTS, Bind, Watch, on
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.record import Record

_NAMES = ("dns", "mdns", "llmnr", "nbns")
_EXPECTED = "nothing that is on the list"


class IndicatorWatch:
    """Asks the list about what devices ask for."""

    def __init__(self, reporter: Reporter, indicators: Indicators) -> None:
        self._reporter = reporter
        self._indicators = indicators
        self._addresses = indicators.exact[IndicatorKind.ADDRESS]

    def watches(self) -> Iterable[Watch | Bind]:
        """See `Detector.watches`."""
        for protocol in _NAMES:
            yield Bind(protocol, on(REQUESTS), self._query)
        for transport in ("tcp", "udp"):
            yield Bind(transport, on(FLOW, "opened"), self._address)
        yield Watch("http", on(REQUESTS), self._web)
        yield Watch("tls", on(REQUESTS), self._client_hello)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _query(self, record: Record) -> Callable[[Record], None] | None:
        """Names are part of the key: a name that is not on the list need not be looked up again."""
        name = str(record.fields.get("query") or "")
        hit = self._indicators.domain(name)
        if hit is None:
            return None
        return lambda record: self._say(hit, record, f"a query for {name}")

    def _address(self, record: Record) -> Callable[[Record], None] | None:
        flow = record.direction.flow
        ends = (flow.server.source.ip, flow.client.source.ip)
        hits = [(self._addresses[end], end) for end in ends if end in self._addresses]

        def tell(record: Record) -> None:
            for hit, end in hits:
                self._say(hit, record, f"a conversation with {end}")

        return tell if hits else None

    def _web(self, record: Record) -> None:
        fields = record.fields
        host, agent = str(fields.get("host") or ""), str(fields.get("user_agent") or "")
        self._say(self._indicators.domain(host.partition(":")[0]), record, f"a request to {host}")
        self._say(self._indicators.within(IndicatorKind.AGENT, agent), record, f"the user agent {agent}")
        uri = str(fields.get("uri") or "")
        self._say(self._indicators.within(IndicatorKind.URI, uri), record, f"a request for {uri}")

    def _client_hello(self, record: Record) -> None:
        fields = record.fields
        name = str(fields.get("server_name") or "")
        self._say(self._indicators.domain(name), record, f"a connection to {name}")
        fingerprint = str(fields.get("ja3") or "")
        hit = self._indicators.find(IndicatorKind.JA3, fingerprint)
        self._say(hit, record, f"the TLS fingerprint {fingerprint}")

    def _say(self, hit: Hit | None, record: Record, observed: str) -> None:
        if hit is not None:
            self._reporter.record(hit.alert, record, f"{observed} ({hit.source})", _EXPECTED)
