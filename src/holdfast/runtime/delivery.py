"""Delivery in the roles: who brings alerts and audit records to their destinations."""

import socket
from collections.abc import Callable
from typing import Final

from holdfast.access.issuer.tokens import Issuer
from holdfast.alerts.store.reading import AlertReader
from holdfast.defender.network.reading import Network
from holdfast.delivery.alerts.message import MacOf
from holdfast.delivery.alerts.sources import AuditRecords, OpenedAlerts
from holdfast.delivery.destinations import Destination
from holdfast.delivery.dispatcher import Dispatcher
from holdfast.delivery.kind import DESTINATION
from holdfast.delivery.model import Sender
from holdfast.delivery.senders.make import make_sender
from holdfast.delivery.service import Delivery
from holdfast.delivery.shelves.sql import SqlShelf, open_shelf
from holdfast.kernel.organizations import OrganizationPath
from holdfast.runtime.access import origins_of
from holdfast.runtime.instance import Instance
from holdfast.runtime.network import open_reading

PRODUCT: Final = "platform"
"""How messages name what sends them, where a sensor would give its own name."""


def open_shelf_of(instance: Instance) -> SqlShelf:
    """The instance's outbox."""
    return open_shelf(instance.settings.data, instance.ring, instance.settings.database)


def open_delivery(instance: Instance) -> Delivery:
    """What people ask of delivery, for the role that serves them."""
    return Delivery(open_shelf_of(instance), _senders(instance), instance.clock, instance.randomness)


def open_dispatcher(instance: Instance, shelf: SqlShelf) -> Dispatcher:
    """What delivers, for one worker."""
    return Dispatcher(
        instance.store,
        instance.events,
        (
            OpenedAlerts(AlertReader(instance.database), hardware_addresses(open_reading(instance))),
            AuditRecords(instance.events),
        ),
        shelf,
        _senders(instance),
        instance.clock,
        instance.randomness,
    )


def hardware_addresses(network: Network) -> MacOf:
    """Finds the hardware address of a party in the network's inventory."""

    def mac_of(organization: OrganizationPath, address: str) -> str:
        asset = network.asset_at((organization,), address)
        known = asset.get("mac_addresses") if asset is not None else None
        return str(known[0]) if isinstance(known, list) and known else ""

    return mac_of


def _senders(instance: Instance) -> Callable[[str, Destination], Sender]:
    """Makes what brings messages to a destination in the name of this machine."""
    host, clock = socket.gethostname(), instance.clock
    issuer = Issuer(origins_of(instance.settings)[0], instance.store, clock, instance.randomness)

    def make(name: str, destination: Destination) -> Sender:
        return make_sender(destination, clock, host, PRODUCT, issuer, f"{DESTINATION}/{name}")

    return make
