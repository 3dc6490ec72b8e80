"""The issuer's signing keys: published before they sign, and for a while after they did.

A key signs for thirty days. Its successor is published two days earlier, because verifiers keep key sets for
up to a day; it stays published for two days after, so that the last tokens can still be verified.
"""

from typing import NamedTuple

from joserfc.jwk import RSAKey

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import EscalationError
from holdfast.access.ports import Ports
from holdfast.access.reading import everything
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Principal, PrincipalKind
from holdfast.resources.model import Action, Change, Draft, Kind, Reader

KIND = "issuerKey"
DAY = 86_400.0
SIGNING = 30 * DAY
OVERLAP = 2 * DAY
BITS = 2048
ALGORITHM = "RS256"
"""What every cloud's federation accepts (RFC 7518 3.3: at least 2048 bits)."""


class IssuerKey(Body, frozen=True):
    """The body."""

    private: str
    """PKCS #8 as PEM."""
    public: dict[str, str]
    """The JSON Web Key that is published."""
    signs_from: float
    signs_until: float


class Key(NamedTuple):
    """A stored key."""

    id: str
    body: IssuerKey

    def published(self, now: float) -> bool:
        """Whether verifiers are told of it."""
        return now < self.body.signs_until + OVERLAP


def stored_keys(reader: Reader) -> list[Key]:
    """All keys, those that sign first first."""
    keys = [Key(stored.id, read_body(stored.body, IssuerKey)) for stored in everything(reader, KIND)]
    return sorted(keys, key=lambda key: key.body.signs_from)


def signing_key(reader: Reader, now: float) -> Key:
    """The key that signs now. UnavailableError before `rotate` was ever called."""
    signing = [k for k in stored_keys(reader) if k.body.signs_from <= now < k.body.signs_until]
    if not signing:
        raise UnavailableError("There is no signing key for managed identities yet; try again in a minute.")
    return signing[-1]


def public_key_set(reader: Reader, now: float) -> JsonObject:
    """The key set that verifiers read (RFC 7517 5): public halves only."""
    return {"keys": [dict(key.body.public) for key in stored_keys(reader) if key.published(now)]}


class IssuerKeys:
    """Makes and retires keys, in the role that writes. Blocking."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def rotate(self) -> None:
        """Make the first key or the successor when it is time, and remove those that are done."""
        now = self._ports.clock.now()
        keys = stored_keys(self._ports.store)
        for key in keys:
            if not key.published(now):
                self._ports.changes.apply(SYSTEM, Change(Action.DELETE, KIND, key.id))
        last = max((key.body.signs_until for key in keys), default=0.0)
        if last <= now:
            self._make(now)
        elif last - now <= OVERLAP:
            self._make(last)

    def replace_all(self, principal: Principal) -> None:
        """After a theft: every key is withdrawn at once, and a new one signs."""
        for key in stored_keys(self._ports.store):
            self._ports.changes.apply(principal, Change(Action.DELETE, KIND, key.id))
        self.rotate()

    def _make(self, signs_from: float) -> None:
        key = RSAKey.generate_key(BITS)
        identity = key.thumbprint()
        numbers = key.as_dict(private=False)
        public = {"kty": "RSA", "use": "sig", "alg": ALGORITHM, "kid": identity}
        public |= {"n": str(numbers["n"]), "e": str(numbers["e"])}
        body = IssuerKey(key.as_pem(private=True).decode(), public, signs_from, signs_from + SIGNING)
        self._ports.changes.apply(SYSTEM, Change(Action.CREATE, KIND, identity, to_body(body)))


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.principal.kind is not PrincipalKind.SYSTEM:
        raise EscalationError("The issuer's keys are made by the product alone.")
    return to_body(read_body(draft.body, IssuerKey))


ISSUER_KEY = Kind(
    name=KIND,
    read=Permission.KEY_READ,
    create=Permission.KEY_MANAGE,
    update=Permission.KEY_MANAGE,
    delete=Permission.KEY_MANAGE,
    validate=_validate,
    secrets=frozenset({"private"}),
)
