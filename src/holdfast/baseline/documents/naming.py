"""Names of services: from a file name to a key, from a key to the name that a page prints."""

import re
from pathlib import PurePath

_SUFFIX = re.compile(r"-azure-security-benchmark-v\d.*$|-security-baseline$", re.IGNORECASE)

WORKBOOK_NAME = "{key}-azure-security-benchmark-v3-latest-security-baseline.xlsx"
"""How the published workbooks are called."""

_SPELLINGS = (
    "AI", "AKS", "API", "ARO", "BI", "CDN", "DB", "DDoS", "DevOps", "DevTest", "DNS",
    "ExpressRoute", "HCI", "HDInsight", "HPC", "IoT", "IP", "MariaDB", "MySQL", "NAT", "NetApp",
    "OpenAI", "OpenShift", "PostgreSQL", "PubSub", "SAP", "SignalR", "SQL", "VM", "VMware", "VPN",
    "WAN", "and", "for", "of", "on", "with",
)  # fmt: skip
"""Words whose spelling is not simply a capital first letter."""

_WORDS = {word.lower(): word for word in _SPELLINGS}


def key_of_workbook(file: str) -> str:
    """`key-vault` for `key-vault-azure-security-benchmark-v3-latest-security-baseline.xlsx`."""
    stem = PurePath(file).name
    stem = stem.rsplit(".", 1)[0] if "." in stem else stem
    return _SUFFIX.sub("", stem)[:120] or "service"


def key_of_name(name: str) -> str:
    """`microsoft-defender-for-iot` for `Microsoft Defender for IoT`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:120] or "service"


def service_name(key: str) -> str:
    """The name that the key suggests, spelled as the documents do; a guess that `--name` overrides."""
    words = re.split(r"([^A-Za-z0-9]+)", key)
    spelled = "".join(
        separator_or_word
        if not separator_or_word.isalnum()
        else _WORDS.get(separator_or_word.lower(), separator_or_word[:1].upper() + separator_or_word[1:])
        for separator_or_word in words
    )
    return spelled.replace("-", " ").strip() or "Service"
