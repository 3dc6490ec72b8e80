"""What a provider publishes about itself (OpenID Connect Discovery 1.0), remembered and renewed.

A provider that is down does not throw out who is in: what was read stays good for a day. Keys are read again
when a token names one that is not known, but not more often than twice a minute, whoever presents tokens.
"""

import threading
from dataclasses import dataclass, field

from holdfast.access.errors import AccessInvalidError
from holdfast.access.oidc.fetch import Fetcher
from holdfast.access.oidc.providers import Provider, check_url
from holdfast.access.oidc.tokens import MAXIMUM_KEYS, Expected, KeySet, UnknownKeyError, verify
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject

FRESH_SECONDS = 3600.0
STALE_SECONDS = 86_400.0
RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Metadata:
    """The addresses of a provider; those for signing in are empty when it only issues tokens."""

    keys: str
    authorization: str = ""
    token: str = ""
    userinfo: str = ""
    end_session: str = ""
    post_secret: bool = False
    """Whether the client secret goes into the form, since the provider takes it only there."""


@dataclass(slots=True)
class _Remembered:
    lock: threading.Lock = field(default_factory=threading.Lock)
    metadata: Metadata | None = None
    metadata_at: float = float("-inf")
    keys: KeySet = ()
    keys_at: float = float("-inf")
    tried_at: float = float("-inf")


class Published:
    """What providers publish. Thread-safe; blocks while it asks."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._lock = threading.Lock()
        self._providers: dict[str, _Remembered] = {}

    def metadata(self, provider: Provider) -> Metadata:
        """The provider's addresses. UnavailableError when it does not answer and nothing is remembered."""
        kept = self._of(provider)
        with kept.lock:
            now = self._clock.now()
            if kept.metadata is not None and now - kept.metadata_at < FRESH_SECONDS:
                return kept.metadata
            try:
                kept.metadata, kept.metadata_at = self._discover(provider.issuer), now
            except UnavailableError:
                if kept.metadata is None or now - kept.metadata_at > STALE_SECONDS:
                    raise
            return kept.metadata

    def verify(self, token: str, provider: Provider, expected: Expected) -> JsonObject:
        """The claims of the provider's token; see `tokens.verify`. New keys are looked for once."""
        now = self._clock.now()
        try:
            return verify(token, self._keys(provider, now, again=False), expected, now)
        except UnknownKeyError:
            return verify(token, self._keys(provider, now, again=True), expected, now)

    def _keys(self, provider: Provider, now: float, *, again: bool) -> KeySet:
        kept = self._of(provider)
        with kept.lock:
            age = now - kept.keys_at
            if age < FRESH_SECONDS and not again:
                return kept.keys
            if now - kept.tried_at < RETRY_SECONDS:
                if age < STALE_SECONDS:
                    return kept.keys
                raise UnavailableError("The identity provider did not answer a moment ago; try again soon.")
            kept.tried_at = now
        address = self.metadata(provider).keys
        with kept.lock:
            try:
                kept.keys, kept.keys_at = self._read_keys(address), now
            except UnavailableError:
                if age > STALE_SECONDS:
                    raise
            return kept.keys

    def _of(self, provider: Provider) -> _Remembered:
        with self._lock:
            return self._providers.setdefault(provider.issuer, _Remembered())

    def _discover(self, issuer: str) -> Metadata:
        document = self._fetcher.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            raise UnavailableError(f"What is published at {issuer} names another issuer.")
        methods = document.get("token_endpoint_auth_methods_supported")
        return Metadata(
            authorization=_address(document, "authorization_endpoint", optional=True),
            token=_address(document, "token_endpoint", optional=True),
            keys=_address(document, "jwks_uri"),
            userinfo=_address(document, "userinfo_endpoint", optional=True),
            end_session=_address(document, "end_session_endpoint", optional=True),
            post_secret=isinstance(methods, list) and "client_secret_basic" not in methods,
        )

    def _read_keys(self, address: str) -> KeySet:
        keys = self._fetcher.get(address).get("keys")
        if not isinstance(keys, list):
            raise UnavailableError(f"There is no key set at {address}.")
        return [key for key in keys if isinstance(key, dict)][:MAXIMUM_KEYS]


def _address(document: JsonObject, name: str, *, optional: bool = False) -> str:
    value = document.get(name)
    if value is None and optional:
        return ""
    try:
        return check_url(value if isinstance(value, str) else "", name, query=True)
    except AccessInvalidError as error:
        raise UnavailableError(f"The identity provider's {name} is no usable address.") from error
