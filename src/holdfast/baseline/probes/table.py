"""Every probe there is: one function in `catalogue/` and one entry here (docs/add-a-probe.md)."""

from holdfast.baseline.probes.catalogue import (
    access,
    api_identity,
    at_rest,
    audit,
    device_identity,
    network,
    transit,
)
from holdfast.baseline.probes.catalogue.absence import ABSENT, absent
from holdfast.baseline.probes.context import Need
from holdfast.baseline.probes.probe import Pace, Probe

_LISTENERS = frozenset({Need.LISTENERS})
_FILES = frozenset({Need.FILES})
_ASKING = frozenset({Need.LISTENERS, Need.PERSONAS})
_STORED = frozenset({Need.LISTENERS, Need.FILES, Need.PERSONAS})
_DRILL = frozenset({Need.SCRATCH})
_NETWORK = frozenset({"application"})
_WHO = frozenset({"accessSettings", "identityProvider"})
_MAY_DO = frozenset({"role", "user", "apiToken", "organization", *_WHO})

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
        id="transit.weak-suites-refused",
        look=transit.weak_suites_refused,
        title="Every listener refuses suites without encryption, authentication or forward secrecy",
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
        id="network.other-sources-refused",
        look=network.other_sources_refused,
        title="IP rules shut every listener to other addresses, before TLS",
        needs=_DRILL,
        pace=Pace.SLOW,
        scratch=True,
    ),
    Probe(
        id="network.public-access-off",
        look=network.public_access_off,
        title="With public access off every listener is shut to other addresses, before TLS",
        needs=_DRILL,
        pace=Pace.SLOW,
        scratch=True,
    ),
    Probe(
        id="identity.device-keys-judged",
        look=device_identity.keys_are_judged,
        title="Forged, expired and other devices' signatures open no session",
        needs=_ASKING,
        touches=frozenset({"accessSettings", "enrollmentGroup"}),
    ),
    Probe(
        id="identity.device-certificates-judged",
        look=device_identity.certificates_are_judged,
        title="Unknown, expired and foreign certificates open no session",
        needs=_ASKING,
        touches=frozenset({"enrollmentGroup"}),
    ),
    Probe(
        id="identity.good-token-accepted",
        look=api_identity.good_token_accepted,
        title="An API token of this instance opens the API",
        needs=_ASKING,
        touches=_WHO,
    ),
    Probe(
        id="identity.expired-token-refused",
        look=api_identity.expired_token_refused,
        title="An API token whose end has passed opens nothing",
        needs=_ASKING,
        touches=_WHO,
    ),
    Probe(
        id="identity.foreign-token-refused",
        look=api_identity.foreign_token_refused,
        title="Tokens that nobody issued open nothing, and without a credential nothing is open",
        needs=_ASKING,
        touches=_WHO,
    ),
    Probe(
        id="access.wrong-role-refused",
        look=access.wrong_role_refused,
        title="Who lacks a permission gets 403, and the attempt is audited",
        needs=_ASKING,
        touches=_MAY_DO,
    ),
    Probe(
        id="access.other-organization-hidden",
        look=access.other_organization_hidden,
        title="Devices of another organization are not there",
        needs=_ASKING,
        touches=_MAY_DO,
    ),
    Probe(
        id="audit.change-is-recorded",
        look=audit.change_is_recorded,
        title="A change and a read of a secret leave a record with who and from where",
        needs=_ASKING,
    ),
    Probe(
        id="at-rest.files-need-the-key",
        look=at_rest.files_need_the_key,
        title="Databases open neither without a key nor with another one",
        needs=_FILES,
    ),
    Probe(
        id="at-rest.only-encrypted-kinds",
        look=at_rest.only_encrypted_kinds,
        title="Every file in the data folder is of a known kind, and encrypted where it should be",
        needs=_FILES,
    ),
    Probe(
        id="at-rest.canary-not-readable",
        look=at_rest.canary_not_readable,
        title="What is stored through the API cannot be found in the raw files",
        needs=_STORED,
    ),
    *(
        Probe(
            id=f"absence.{what}",
            look=absent(what),
            title=f"There is no {what.replace('-', ' ')}",
            needs=frozenset(),
        )
        for what in ABSENT
    ),
)

PROBE_BY_ID = {probe.id: probe for probe in PROBES}

FUTURE = frozenset(
    {
        "access.condition-refuses",
        "access.support-needs-approval",
        "at-rest.revoked-key-locks-data",
        "at-rest.secrets-sealed",
        "detection.attack-raises-alert",
        "identity.local-administrators-counted",
        "identity.managed-identity-has-no-secret",
        "identity.provider-token-accepted",
        "identity.service-principal-limited",
        "network.sensor-is-passive",
        "policy.deny-refuses-change",
        "profile.data-folder-grows",
        "profile.device-protocols-answer",
        "profile.runs-on-operators-host",
    }
)
"""Probes that claims name and that are not written yet: until then these claims are not assessed."""
