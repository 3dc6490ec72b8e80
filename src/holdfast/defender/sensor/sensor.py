"""Puts a sensor together: inventory, engines, alerts and timeline behind one sink of records."""

from collections.abc import Callable, Iterable, Iterator

from holdfast.alerts.book import AlertBook
from holdfast.defender.catalogue.table import alert_types
from holdfast.defender.counters import Counters
from holdfast.defender.dissect.registry import DISSECTORS
from holdfast.defender.engines.detection import Detection, Detector, Listeners
from holdfast.defender.engines.detectors.assets import Assets
from holdfast.defender.engines.detectors.backups import Backups
from holdfast.defender.engines.detectors.bandwidth import Bandwidth
from holdfast.defender.engines.detectors.campaigns import Campaigns
from holdfast.defender.engines.detectors.groups import Groups
from holdfast.defender.engines.detectors.indicators import IndicatorWatch
from holdfast.defender.engines.detectors.internet import Internet
from holdfast.defender.engines.detectors.leases import Leases
from holdfast.defender.engines.detectors.neighbours import Neighbours
from holdfast.defender.engines.detectors.ports import StandardPorts
from holdfast.defender.engines.detectors.restarts import Restarts
from holdfast.defender.engines.detectors.rhythm import Rhythms
from holdfast.defender.engines.detectors.scans import Scans
from holdfast.defender.engines.detectors.silence import Unresponsive, UnresponsiveModbus
from holdfast.defender.engines.indicators import load_indicators
from holdfast.defender.engines.places import Places
from holdfast.defender.engines.registry import INDUSTRIAL, TABLES
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.findings.findings import Findings
from holdfast.defender.findings.signs import SIGNS
from holdfast.defender.flows.model import Flow
from holdfast.defender.inventory.conversations import Conversation, ConversationKey, Conversations
from holdfast.defender.inventory.identity.registry import BEHAVIOURS, SOURCES
from holdfast.defender.inventory.inventory import Inventory
from holdfast.defender.inventory.leases import LeaseObserver
from holdfast.defender.inventory.model import Asset, Fact
from holdfast.defender.inventory.observer import Observer
from holdfast.defender.learned.stages import Stage
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.pipeline import Batch
from holdfast.defender.rules.detector import CustomRules
from holdfast.defender.sensor.settings import SensorSettings
from holdfast.defender.sensor.slices import Slices
from holdfast.defender.timeline.model import Timeline
from holdfast.defender.timeline.recorder import Recorder


class Sensor:
    """Everything that one sensor knows. A sink: give it to `pipeline.analyze` or to a live pipeline."""

    def __init__(
        self, settings: SensorSettings, learned: LearnedTraffic | None = None, slices: Slices | None = None
    ) -> None:
        self.settings = settings
        self.slices = slices
        self.learned = learned or LearnedTraffic()
        self.places = Places(settings.local, settings.office)
        self.alerts = AlertBook(
            alert_types(),
            sensor=settings.name,
            zone=settings.zone,
            enabled=dict(settings.enabled),
            exclusions=settings.exclusions,
        )
        self.reporter = Reporter(self.alerts, self.places, INDUSTRIAL, settings.thresholds)
        self.inventory = Inventory()
        self.conversations = Conversations()
        self.timeline = Timeline()
        self.counters = Counters()
        self._flows: Callable[[], Iterable[Flow]] = tuple
        self._assets = Assets(self.reporter, self.learned)
        self._bandwidth = Bandwidth(self.reporter, self.learned, self._live_flows)
        self._recorder = Recorder(self.timeline, TABLES.values())
        self.rules = CustomRules(settings.rules, self.reporter, self.timeline)
        self.findings = Findings(SIGNS, TABLES.values(), self.places)
        self.detection = self._detection()
        self._listen()

    def consume(self, batch: Batch) -> None:
        """See `pipeline.Sink.consume`."""
        self.counters = batch.counters
        self._flows = batch.flows
        self.detection.consume(batch)
        self._bandwidth.measure(batch.time)
        if self.slices is not None:
            self.slices.collect(batch)

    def finish(self) -> None:
        """See `pipeline.Sink.finish`."""
        self.detection.finish()
        self._assets.finish()

    def _detection(self) -> Detection:
        reporter, learned = self.reporter, self.learned
        rhythms = Rhythms(reporter, learned, INDUSTRIAL)
        observer = Observer(self.inventory, self.places, SOURCES, BEHAVIOURS, TABLES.values())
        detectors: list[Detector] = [
            observer,
            self.conversations,
            self._assets,
            Scans(reporter, learned, self.settings.scanners),
            Internet(reporter, learned),
            Groups(reporter, learned),
            Neighbours(reporter),
            StandardPorts(reporter, DISSECTORS),
            IndicatorWatch(reporter, load_indicators(self.settings.indicators)),
            Campaigns(reporter),
            Leases(reporter),
            LeaseObserver(self.inventory),
            Unresponsive(reporter),
            UnresponsiveModbus(reporter),
            Restarts(reporter),
            Backups(reporter, TABLES.values()),
            self._bandwidth,
            rhythms,
            self._recorder,
            self.rules,
            self.findings,
        ]
        listeners = Listeners(
            talk_opened=[observer.talk_opened],
            message=[observer.message, self.conversations.message],
            step=rhythms.step if self.alerts.wants(self.alerts.types["new-function-transition"]) else None,
            interval=rhythms.interval,
        )
        return Detection(TABLES, detectors, learned, reporter, listeners)

    def reconfigure(self, settings: SensorSettings) -> None:
        """Work by other settings from now on. What was seen and learned stays; windows begin anew."""
        self.settings = settings
        self.places = Places(settings.local, settings.office)
        self.alerts.enabled = dict(settings.enabled)
        self.alerts.exclusions = settings.exclusions
        self.reporter.places = self.places
        self.reporter.thresholds = settings.thresholds
        self.rules = CustomRules(settings.rules, self.reporter, self.timeline)
        self.findings.places = self.places
        self.detection = self._detection()

    def enter(self, stage: Stage | None, now: float) -> bool:
        """Enter a stage, if another one is asked for: whether it is.

        Devices that were found before are judged by the stage that ends.
        """
        if stage is None or stage is self.learned.stages.stage:
            return False
        self._assets.finish()
        self.learned.stages.enter(stage, now)
        return True

    def conversations_now(self) -> Iterator[tuple[ConversationKey, Conversation]]:
        """Every conversation, those that go on included."""
        return self.conversations.now(self._flows())

    def _live_flows(self) -> Iterable[Flow]:
        return self._flows()

    def _listen(self) -> None:
        if self.slices is not None:
            self.reporter.sighted = self.slices.note
        self.alerts.on_open = self._recorder.alert
        self.inventory.on_new = self._new
        self.inventory.on_learned = self._learned_fact
        self.inventory.on_merged = self._recorder.merged

    def _new(self, asset: Asset, frame: int) -> None:
        self._assets.new(asset, frame)
        self._recorder.asset(asset, frame)

    def _learned_fact(
        self, asset: Asset, fact: Fact, before: str, protocol: str, frame: int, time: float
    ) -> None:
        self._assets.learned(asset, fact, before, protocol, frame, time)
        self._recorder.learned(asset, fact, before, protocol, frame, time)
