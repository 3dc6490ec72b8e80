"""Access control of one instance, put together: what the API, the console and the command line work with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from holdfast.access.attempts import Attempts, Take
from holdfast.access.authenticator import Authenticator
from holdfast.access.conditional.risk import remove_lapsed
from holdfast.access.directory import Directory
from holdfast.access.issuer.keys import IssuerKeys
from holdfast.access.issuer.tokens import Issuer
from holdfast.access.local.enrolment import Enrolment
from holdfast.access.local.links import Links
from holdfast.access.local.passkeys import RelyingParty
from holdfast.access.local.passwords import Passwords
from holdfast.access.local.sign_in import LocalSignIn, Parts
from holdfast.access.oidc.bearer import BearerTokens
from holdfast.access.oidc.fetch import Fetcher
from holdfast.access.oidc.flow import ProviderSignIn
from holdfast.access.oidc.logout import BackChannelLogout
from holdfast.access.oidc.metadata import Published
from holdfast.access.oidc.people import People
from holdfast.access.ports import Ports
from holdfast.access.reviews.service import Reviews
from holdfast.access.sessions.service import Sessions
from holdfast.access.sign_in import SignIn
from holdfast.access.tickets import Tickets
from holdfast.access.tokens.service import ApiTokens
from holdfast.access.traces import Traces
from holdfast.alerts.port import AlertSink
from holdfast.resources.retention import Retention
from holdfast.storage.database import Database

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class AccessControl:
    """The services. All of them block; event loops call them through threads."""

    ports: Ports
    directory: Directory
    authenticator: Authenticator
    sessions: Sessions
    tokens: ApiTokens
    links: Links
    enrolment: Enrolment
    local: LocalSignIn
    provider: ProviderSignIn
    back_channel_logout: BackChannelLogout
    reviews: Reviews
    issuer: Issuer
    issuer_keys: IssuerKeys
    sign_in: SignIn
    tickets: Tickets
    traces: Traces
    retention: Retention

    def tend(self) -> None:
        """What has to be done now and then: keys renewed, reviewers reminded, what is over removed."""
        self.issuer_keys.rotate()
        self.reviews.remind()
        self.sessions.sweep()
        self.links.sweep()
        remove_lapsed(self.ports)
        self.traces.flush()
        days = self.directory.current().settings.audit.retention_days
        if days:
            self.retention.forget(days * DAY)


@dataclass(frozen=True, slots=True)
class Site:
    """The instance as people reach it."""

    application: str
    """The `sr` of API tokens."""
    host: str
    """The host name to which passkeys are bound."""
    origins: Sequence[str]
    """`https://host:port` of the console."""


def compose(
    ports: Ports,
    database: Database,
    site: Site,
    take: Take,
    *,
    passwords: Passwords | None = None,
    trusts_memory: Callable[[], bool] = lambda: True,
    fetcher: Fetcher | None = None,
    alerts: AlertSink | None = None,
) -> AccessControl:
    """Everything, over the ports of the role that writes the control database.

    `take` waits for `cluster.port.Limits.take`. The caller hands every change on to `authenticator.changed`.
    """
    directory = Directory(ports.store)
    traces = Traces(database, ports.clock)
    sessions, tokens, links = Sessions(ports), ApiTokens(ports, site.application), Links(ports)
    tickets = Tickets(ports.keys, traces, ports.clock, ports.randomness)
    sign_in = SignIn(ports, directory, sessions, tickets)
    parts = Parts(
        directory=directory,
        passwords=passwords or Passwords(),
        attempts=Attempts(take),
        tickets=tickets,
        used=traces,
        party=RelyingParty(site.host, site.origins),
        sessions=sessions,
        sign_in=sign_in,
    )
    issuer = Issuer(site.origins[0], ports.store, ports.clock, ports.randomness)
    fetcher = fetcher or Fetcher(ports.clock)
    published = Published(fetcher, ports.clock)
    authenticator = Authenticator(
        ports,
        directory,
        sessions,
        tokens,
        traces,
        BearerTokens(ports, published, People(ports)),
        trusts_memory=trusts_memory,
    )
    return AccessControl(
        ports=ports,
        directory=directory,
        authenticator=authenticator,
        sessions=sessions,
        tokens=tokens,
        links=links,
        enrolment=Enrolment(ports, parts, links),
        local=LocalSignIn(ports, parts),
        provider=ProviderSignIn(
            ports, directory, tickets, published, fetcher, sign_in, issuer, site.origins[0]
        ),
        back_channel_logout=BackChannelLogout(directory, published, sessions, traces, ports.clock),
        reviews=Reviews(ports, alerts),
        issuer=issuer,
        issuer_keys=IssuerKeys(ports),
        sign_in=sign_in,
        tickets=tickets,
        traces=traces,
        retention=Retention(database, ports.changes, ports.clock),
    )
