"""Every kind of weak point, with its weight in the risk score and what to do about it."""

from collections.abc import Mapping

from holdfast.defender.findings.model import WeakPoint

_ALL = (
    WeakPoint(
        "cleartext-password",
        "Password in clear text",
        25,
        "A password or the proof of one travels readably; whoever hears the network can use it.",
        (
            "Use the protocol's encrypted variant (SSH for Telnet, SFTP or FTPS for FTP, HTTPS for HTTP).",
            "Change the password once the traffic is encrypted.",
        ),
    ),
    WeakPoint(
        "default-snmp-community",
        "Default SNMP community",
        20,
        "The device answers to a community name that every scanner tries first.",
        ("Set another community, or SNMPv3 with authentication and privacy.", "Limit who may ask."),
    ),
    WeakPoint(
        "cleartext-management",
        "Management without encryption",
        12,
        "The device is managed by a protocol that neither encrypts nor proves who is there.",
        ("Turn the service off, or use its encrypted variant.", "Limit who may reach it."),
    ),
    WeakPoint(
        "old-tls",
        "Old TLS version",
        12,
        "A connection is protected by SSL or by TLS before 1.2, which can be broken.",
        ("Allow TLS 1.2 and 1.3 only.", "Update the firmware where it knows nothing newer."),
    ),
    WeakPoint(
        "weak-certificate",
        "Certificate that proves nothing",
        8,
        "The server's certificate is expired or signed by itself.",
        ("Issue a certificate from your own authority and renew it in time.",),
    ),
    WeakPoint(
        "old-smb",
        "SMB version 1",
        20,
        "The device speaks SMB 1, over which worms such as WannaCry and NotPetya spread.",
        ("Turn SMB 1 off; separate the device where it cannot be turned off.",),
    ),
    WeakPoint(
        "remote-access",
        "Remote access",
        8,
        "The device can be controlled from afar by a person.",
        (
            "Let remote access end at a jump host with multi-factor sign-in.",
            "Turn it off where nobody needs it.",
        ),
    ),
    WeakPoint(
        "internet-connection",
        "Connection with the internet",
        15,
        "The device talks to an address on the internet.",
        ("Let it reach what it needs through a proxy in a demilitarized zone.",),
    ),
    WeakPoint(
        "unauthenticated-programming",
        "Programming without authentication",
        20,
        "Programs or settings of the controller can be changed by anybody who can reach it.",
        (
            "Set the controller's protection level or access list, and keep its key in Run.",
            "Let only engineering stations reach its programming service.",
        ),
    ),
    WeakPoint(
        "unprotected-opc-ua",
        "OPC UA without security",
        12,
        "The server accepts channels that are neither signed nor encrypted, or sessions without a user.",
        ("Remove the security policy None and anonymous sessions from the server's configuration.",),
    ),
    WeakPoint(
        "plc-not-in-run",
        "Controller's key is not in Run",
        10,
        "The key switch lets programs be changed over the network.",
        ("Turn the key to Run and take it out.",),
    ),
    WeakPoint(
        "unauthorized-device",
        "Device that nobody authorized",
        15,
        "The device appeared after the learning period and nobody has said that it belongs here.",
        ("Authorize it in the inventory, or find its switch port and remove it.",),
    ),
)

WEAK_POINTS: Mapping[str, WeakPoint] = {each.id: each for each in _ALL}
"""By id."""
