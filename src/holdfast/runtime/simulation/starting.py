"""Putting the simulated devices of an instance together."""

import ssl

from holdfast.access.application import APPLICATION
from holdfast.devices.registry import Registry
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import UnavailableError
from holdfast.runtime.gateway import sas_rule
from holdfast.runtime.instance import ROOT_CA_FILE, Instance, server_certificate_of
from holdfast.runtime.simulation.device import Pace
from holdfast.runtime.simulation.fleet import Fleet
from holdfast.runtime.simulation.link import Endpoint

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to connect to where all are listened on


def open_fleet(instance: Instance, clock: Clock) -> Fleet:
    """The fleet of an instance; blocking. UnavailableError before the instance is prepared."""
    settings = instance.settings
    application = instance.store.get(APPLICATION, APPLICATION)
    if application is None:
        raise UnavailableError("The instance is not prepared yet.")
    return Fleet(
        instance.store,
        Registry(instance.store, sas_allowed=sas_rule(instance.store)),
        lambda: endpoint_of(instance),
        clock,
        str(application.body["idScope"]),
        settings.simulation.devices,
        Pace(settings.simulation.interval_seconds),
    )


def endpoint_of(instance: Instance) -> Endpoint:
    """Where the instance's own gateway is, trusted by the certificate that it shows now; blocking."""
    settings = instance.settings
    address = settings.devices.addresses[0]
    root = (settings.data / ROOT_CA_FILE).read_text()
    shown = server_certificate_of(instance).chain_pem.decode()
    context = ssl.create_default_context(cadata=f"{root}\n{shown}")
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the operator's own may have another authority
    return Endpoint(
        _WILDCARDS.get(address, address), settings.devices.mqtt_port, settings.host_names[0], context
    )
