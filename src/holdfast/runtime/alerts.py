"""Alerts in the roles: every type there is, who keeps alerts, and what time does to them."""

import asyncio
import contextlib
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from holdfast.access.reviews.reminders import REVIEW_DUE
from holdfast.alerts.desk import AlertDesk
from holdfast.alerts.model import AlertType
from holdfast.alerts.store.reading import AlertReader
from holdfast.alerts.store.writing import AlertStore
from holdfast.baseline.assessment.alerts import ALERT_TYPES as BASELINE_TYPES
from holdfast.defender.catalogue.table import alert_types
from holdfast.defender.platform.types import PLATFORM_TYPES
from holdfast.policy.compliance.drift import DRIFT
from holdfast.resources.port import ChangePath
from holdfast.runtime.instance import Instance
from holdfast.runtime.network import unwanted

OWN_TYPES: Final[tuple[AlertType, ...]] = (DRIFT, REVIEW_DUE, *BASELINE_TYPES, *PLATFORM_TYPES)
"""The types that the platform itself raises. A new one is one entry here."""
TEND_SECONDS: Final = 600.0


def all_alert_types() -> dict[str, AlertType]:
    """Every type that may be raised, by its id."""
    return {**alert_types(), **{kind.id: kind for kind in OWN_TYPES}}


def open_alerts(instance: Instance, changes: ChangePath) -> tuple[AlertStore, AlertDesk]:
    """The store, and what people do with it, for the role that writes the control database."""
    store = AlertStore(
        instance.database,
        all_alert_types(),
        instance.clock,
        hiding=lambda: unwanted(instance.store).hides,
    )
    return store, AlertDesk(store, AlertReader(instance.database), changes, instance.clock)


async def tend_alerts(store: AlertStore, stopping: asyncio.Event) -> None:
    """Expire and forget until told to stop; a failure is told and tried again."""
    while not stopping.is_set():
        try:
            await asyncio.to_thread(store.tend)
        except SQLAlchemyError:
            structlog.get_logger().exception("looking after alerts failed; it is tried again")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), TEND_SECONDS)
