"""Every probe there is: one function in `catalogue/` and one entry here (docs/add-a-probe.md)."""

from holdfast.baseline.probes.catalogue import at_rest, network, transit
from holdfast.baseline.probes.context import Need
from holdfast.baseline.probes.probe import DAY, Probe

_LISTENERS = frozenset({Need.LISTENERS})
_FILES = frozenset({Need.FILES})
_STORED = frozenset({Need.LISTENERS, Need.FILES, Need.PERSONAS})
_NETWORK = frozenset({"application"})

PROBES = (
    Probe(
        id="transit.plaintext-refused",
        look=transit.plaintext_refused,
        title="Every listener refuses its own protocol without TLS",
        needs=_LISTENERS,
        touches=_NETWORK,
    ),
    Probe(
        id="transit.old-tls-refused",
        look=transit.old_tls_refused,
        title="Every listener refuses TLS 1.1 and older",
        needs=_LISTENERS,
        touches=_NETWORK,
    ),
    Probe(
        id="transit.certificate-verifies",
        look=transit.certificate_verifies,
        title="Every listener has a certificate that verifies, and speaks TLS 1.2 or newer",
        needs=_LISTENERS,
        touches=_NETWORK,
    ),
    Probe(
        id="network.only-chosen-addresses-listen",
        look=network.only_chosen_addresses_listen,
        title="Listeners answer on the chosen addresses and on no other",
        needs=_LISTENERS,
        touches=_NETWORK,
    ),
    Probe(
        id="at-rest.only-encrypted-kinds",
        look=at_rest.only_encrypted_kinds,
        title="Every file in the data folder is of a known kind, and encrypted where it should be",
        needs=_FILES,
        valid_for=DAY,
    ),
    Probe(
        id="at-rest.canary-not-readable",
        look=at_rest.canary_not_readable,
        title="What is stored through the API cannot be found in the raw files",
        needs=_STORED,
        valid_for=DAY,
    ),
)

PROBE_BY_ID = {probe.id: probe for probe in PROBES}
