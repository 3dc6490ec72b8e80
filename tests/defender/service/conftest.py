"""The platform of the network's tests serves here too."""

from tests.defender.network.conftest import platform

__all__ = ["platform"]
