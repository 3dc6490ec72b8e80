"""Every probe there is: one function in `catalogue/` and one entry here (docs/add-a-probe.md)."""

from holdfast.baseline.probes.catalogue import (
    access,
    api_identity,
    at_rest,
    audit,
    conditions,
    detection,
    device_identity,
    identity_provider,
    keys,
    local_methods,
    managed_identity,
    network,
    policy,
    privileges,
    profile,
    sensors,
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
_DRILL_AND_FILES = frozenset({Need.SCRATCH, Need.FILES})
_PERSONAS_AND_DRILL = frozenset({Need.LISTENERS, Need.PERSONAS, Need.SCRATCH})
_NETWORK = frozenset({"application"})
_WHO = frozenset({"accessSettings", "identityProvider"})
_MAY_DO = frozenset({"role", "user", "apiToken", "organization", *_WHO})

PROBES = (
    Probe(
        id="detection.attack-raises-alert",
        look=detection.attack_raises_alert,
        title="An attack in a capture and a mass deletion are told, with packets, and normal traffic is not",
        needs=_DRILL,
        touches=frozenset(),
        pace=Pace.SLOW,
        scratch=True,
    ),
    Probe(
        id="network.sensor-is-passive",
        look=detection.sensor_is_passive,
        title="A sensor hears its network, sends nothing into it and opens no port",
        needs=frozenset(),
        touches=frozenset(),
        pace=Pace.SLOW,
    ),
    Probe(
        id="transit.sensor-trusts-its-platform-alone",
        look=sensors.trusts_its_platform_alone,
        title="A sensor speaks to its platform over TLS, and to nobody who cannot prove to be it",
        needs=frozenset(),
    ),
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
        id="network.rules-apply-here",
        look=network.rules_apply_here,
        title="Every listener treats an address as its network rules say",
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
        id="access.sensor-roles-limited",
        look=sensors.roles_limited,
        title="Who may only look at a zone changes nothing there; another zone's analyst sees nothing of it",
        needs=_DRILL,
        touches=frozenset(),
        pace=Pace.SLOW,
        scratch=True,
    ),
    Probe(
        id="access.other-organization-hidden",
        look=access.other_organization_hidden,
        title="Devices of another organization are not there",
        needs=_ASKING,
        touches=_MAY_DO,
    ),
    *(
        Probe(
            id=id_,
            look=look,
            title=title,
            needs=_PERSONAS_AND_DRILL,
            touches=touches,
            pace=Pace.SLOW,
            scratch=True,
        )
        for id_, look, title, touches in (
            (
                "identity.provider-token-accepted",
                identity_provider.provider_token_accepted,
                "The operator's provider opens the console and the API, and nothing that imitates it does",
                _WHO,
            ),
            (
                "identity.service-principal-limited",
                identity_provider.service_principal_limited,
                "A program of the provider may do what its role says, where, until it is disabled",
                _MAY_DO,
            ),
            (
                "identity.local-methods-switched-off",
                local_methods.methods_switched_off,
                "API tokens, local accounts and keys of devices are refused where they are switched off",
                _WHO,
            ),
            (
                "identity.shared-access-policies-judged",
                local_methods.shared_access_policies_judged,
                "A shared access policy's key opens while it is enabled, and no other key in its name",
                frozenset({"sharedAccessPolicy"}),
            ),
            (
                "identity.local-administrators-counted",
                local_methods.local_administrators_counted,
                "Local accounts are listed, have no default password, and are out when they are blocked",
                _MAY_DO,
            ),
            (
                "identity.managed-identity-has-no-secret",
                managed_identity.has_no_secret,
                "Whoever knows the issuer's address verifies a managed identity; nobody keeps a secret",
                frozenset({"managedIdentity", "issuerKey"}),
            ),
            (
                "access.condition-refuses",
                conditions.condition_refuses,
                "A condition ends a session at its next request: by factors, network and risk",
                frozenset({"conditionalAccessPolicy", "riskSignal"}),
            ),
            (
                "access.elevation-ends",
                privileges.elevation_ends,
                "A role is taken for a while, with somebody's approval, and ends by itself",
                frozenset({"eligibleAssignment", "elevation"}),
            ),
            (
                "access.support-needs-approval",
                privileges.support_needs_approval,
                "Support access is off, then asked for, approved, recorded, and ends by itself",
                frozenset({"accessSettings", "supportRequest"}),
            ),
        )
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
        id="at-rest.sensor-state-unreadable",
        look=at_rest.sensor_state_unreadable,
        title="What a sensor learned and has yet to send cannot be found in its raw files",
        needs=frozenset(),
    ),
    Probe(
        id="at-rest.packets-unreadable",
        look=sensors.packets_unreadable,
        title="Packets that are kept behind an alert cannot be found in the raw files",
        needs=_DRILL,
        touches=frozenset(),
        pace=Pace.SLOW,
        scratch=True,
    ),
    Probe(
        id="at-rest.canary-not-readable",
        look=at_rest.canary_not_readable,
        title="What is stored through the API cannot be found in the raw files",
        needs=_STORED,
    ),
    Probe(
        id="at-rest.revoked-key-locks-data",
        look=keys.revoked_key_locks_data,
        title="Without the key that wraps all others nothing starts, and with it everything is there again",
        needs=_DRILL_AND_FILES,
        pace=Pace.SLOW,
        scratch=True,
    ),
    Probe(
        id="at-rest.secrets-sealed",
        look=keys.secrets_sealed,
        title="Secrets are not in the clear even where the databases are opened with their keys",
        needs=_DRILL,
        pace=Pace.SLOW,
        scratch=True,
    ),
    Probe(
        id="policy.deny-refuses-change",
        look=policy.deny_refuses_change,
        title="A policy denies, modifies or only notes a change, as its effect says",
        needs=_DRILL,
        touches=frozenset({"policyAssignment"}),
        pace=Pace.SLOW,
        scratch=True,
    ),
    Probe(
        id="profile.device-protocols-answer",
        look=profile.device_protocols_answer,
        title="Devices get through over each of their protocols",
        needs=_ASKING,
        touches=_NETWORK,
    ),
    Probe(
        id="profile.runs-on-operators-host",
        look=profile.runs_on_operators_host,
        title="The processes behind the listeners run on this machine, where its operator sees them",
        needs=_LISTENERS,
    ),
    Probe(
        id="profile.data-folder-grows",
        look=profile.data_folder_grows,
        title="What is stored lies in files of the data folder",
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
