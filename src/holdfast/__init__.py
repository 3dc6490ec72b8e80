"""Holdfast: a self-hosted IoT platform that watches its network and proves its security baseline."""

__version__ = "0.1.0"
