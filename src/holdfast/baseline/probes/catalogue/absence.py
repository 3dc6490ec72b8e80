"""Negative probes: what is "not supported" is not there either, as a command or as a part of the product.

When somebody builds it, the probe turns red, and the claim has to be told anew, with probes of its own.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from importlib import util
from pathlib import Path

from holdfast.baseline.probes.context import ProbeContext
from holdfast.baseline.probes.observation import Sight

ABSENT: dict[str, tuple[str, ...]] = {
    "packet-filter-rules": ("nftables", "iptables", "security_group"),
    "sensitive-data-discovery": ("data_classification", "data_discovery", "sensitive_data"),
    "data-leakage-prevention": ("leakage", "loss_prevention"),
    "external-key-provider": ("pkcs11", "hsm", "key_vault", "kmip"),
    "certificate-management": ("acme", "renewal"),
    "sensor-credential-vault": ("sensor_credentials", "sensor_vault"),
    "application-control": ("application_control", "allowlist"),
    "host-configuration": ("host_configuration", "update_management", "patching"),
    "machine-images": ("packer", "machine_image", "vmdk"),
    "container-images": ("container_image", "dockerfile", "containerfile"),
    "host-protection": ("antivirus", "anti_malware", "malware_scan", "edr"),
    "backup": ("backup", "restore"),
}
"""What is not there → the words by which its commands and parts would be called."""

HELP_SECONDS = 120.0
_asking = threading.Lock()


def absent(what: str) -> Callable[[ProbeContext], Iterator[Sight]]:
    """The probe for one entry of the table."""

    def look(_context: ProbeContext) -> Iterator[Sight]:
        words = ABSENT[what]
        with _asking:  # the first one asks for all, instead of each for itself at the same time
            places = {"commands": _commands(), "parts of the product": _parts()}
        for subject, names in places.items():
            found = [name for name in names if not _segments(name).isdisjoint(words)]
            expected = f"nothing about {', '.join(words)}"
            seen = ", ".join(found[:5]) or f"nothing among {len(names)}"
            yield Sight(subject, expected, seen, passed=bool(names) and not found)

    return look


def _segments(name: str) -> set[str]:
    """The folders and the stem of a path, the parts of a name: what the words are compared with."""
    return {part.partition(".")[0] for part in name.lower().replace("-", "_").split("/")}


@cache
def _commands() -> tuple[str, ...]:
    """What the command line offers, as it says itself; it does not change while a process runs."""
    command = [sys.executable, "-m", "holdfast.cli.main", "--help"]
    shown = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, timeout=HELP_SECONDS, check=True
    )
    lines = shown.stdout.partition("Commands:")[2].splitlines()
    return tuple(line.split()[0] for line in lines if line.strip())


@cache
def _parts() -> tuple[str, ...]:
    """The product's modules and data files, as they lie on the disk."""
    found = util.find_spec("holdfast")
    roots = found.submodule_search_locations if found else None
    return tuple(
        path.relative_to(root).as_posix()
        for root in map(Path, roots or ())
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    )
