"""Holdfast: a self-hosted IoT platform that watches its network and proves its security baseline."""

from holdfast.kernel.compiled import prefer_compiled

__version__ = "0.1.0"

COMPILED = prefer_compiled()
"""Whether this process runs the hot modules as machine code; decided before any of them is imported."""
