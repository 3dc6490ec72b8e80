"""Where every producer of alerts brings what it saw, whatever process it runs in."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from holdfast.alerts.model import Alert, Matter, Sighting


class AlertSink(Protocol):
    """Takes what producers see. Blocking; durable when a method returns.

    In the control role this is `store.writing.AlertStore`, in every other role `wire.RemoteAlerts`. Both
    raise UnavailableError when what was handed over is not kept; handing the same over again then counts a
    moment twice at worst and opens nothing twice.
    """

    def raise_alerts(self, sightings: Sequence[Sighting]) -> None:
        """Take what was seen: each opens an alert, or is folded into the open one about the same matter.

        Nothing happens where the type is off or the matter is muted. InvalidError for an unknown type.
        """
        ...

    def resolve_alerts(self, matters: Iterable[Matter]) -> None:
        """Close the open alerts about these matters: their causes are gone. Others are no error."""
        ...

    def take_alerts(self, alerts: Sequence[Alert]) -> None:
        """Take alerts that a sensor folded itself, as they are now.

        Told by their ids: a known one goes on (counts, violations, closing), and what people decided about
        it here stays.
        """
        ...
