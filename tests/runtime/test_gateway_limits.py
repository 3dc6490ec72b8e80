"""The settings' bounds are the gateway's: the same names, and the same defaults."""

from dataclasses import asdict

from holdfast.gateway.limits import GatewayLimits
from holdfast.runtime.gateway import gateway_limits
from holdfast.runtime.settings import DeviceLimits, Settings


def test_every_limit_can_be_set() -> None:
    assert set(DeviceLimits.model_fields) == set(asdict(GatewayLimits()))


def test_the_defaults_are_the_same() -> None:
    assert gateway_limits(Settings()) == GatewayLimits()
