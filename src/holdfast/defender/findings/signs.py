"""Signs of weak points by protocol. A new sign is one row."""

from holdfast.defender.findings.model import Sign

SIGNS: tuple[Sign, ...] = ()
