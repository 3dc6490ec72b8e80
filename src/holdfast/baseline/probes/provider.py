"""An identity provider of the probes: small, on loopback, and as dishonest as a probe needs it.

Discovery, a key set, and a token endpoint that insists on PKCE (OpenID Connect Core 3.1, RFC 7636). It is
entered in a scratch instance, never in the assessed one: whoever vouches for people can be anybody.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import demand
from holdfast.baseline.probes.http import ask
from holdfast.kernel.json import JsonObject

CLIENT = "holdfast"
AUDIENCE = "holdfast-api"
TENANT = "probes"
ALGORITHM = "ES256"
MAXIMUM_FORM = 65_536


class _Grant(NamedTuple):
    """What a code stands for."""

    challenge: str
    claims: JsonObject


@dataclass
class ScratchProvider:
    """A running provider that an instance knows as `id`."""

    id: str
    issuer: str
    context: ProbeContext
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "probe"}))
    grants: dict[str, _Grant] = field(default_factory=dict)

    def claims(self, subject: str, **others: object) -> JsonObject:
        """The claims of a good access token; `others` replace them, None takes one out."""
        now = int(self.context.clock.now())
        good = {"iss": self.issuer, "aud": AUDIENCE, "sub": subject, "tid": TENANT, "iat": now}
        claims = {**good, "exp": now + 600, "email": f"{subject}@probe.example", "email_verified": True}
        return {name: value for name, value in {**claims, **others}.items() if value is not None}  # type: ignore[misc]  # JSON

    def token(self, subject: str, *, key: ECKey | None = None, **others: object) -> str:
        """A signed token, by this provider's key or by another one that claims to be it."""
        return jwt.encode(
            {"alg": ALGORITHM, "kid": "probe"}, self.claims(subject, **others), key or self.key, [ALGORITHM]
        )

    def unsigned(self, subject: str) -> str:
        """A token that says of itself that it needs no signature (RFC 8725 2.1)."""
        return f"{_compact({'alg': 'none'}, self.claims(subject))}."

    def signed_with_the_public_key(self, subject: str) -> str:
        """A token whose secret is what everybody can read: the confusion of RFC 8725 2.1."""
        text = _compact({"alg": "HS256", "kid": "probe"}, self.claims(subject))
        signature = hmac.digest(self.key.as_pem(private=False), text.encode(), hashlib.sha256)
        return f"{text}.{_base64(signature)}"

    def authorize(self, location: str, subject: str, **others: object) -> str:
        """What the browser comes back to after a person signed in at the address `location`."""
        asked = dict(parse_qsl(urlsplit(location).query))
        code = self.context.randomness.bytes(16).hex()
        claims = self.claims(subject, **{"aud": CLIENT, "nonce": asked["nonce"], **others})
        self.grants[code] = _Grant(asked["code_challenge"], claims)
        answer = urlencode({"code": code, "state": asked["state"]})
        return f"{urlsplit(asked['redirect_uri']).path}?{answer}"

    def document(self, path: str) -> JsonObject | None:
        """What is published at `path`."""
        if path == "/.well-known/openid-configuration":
            addresses = {"authorization_endpoint": "/authorize", "token_endpoint": "/token"}
            found: JsonObject = {n: self.issuer + p for n, p in {**addresses, "jwks_uri": "/keys"}.items()}
            return {"issuer": self.issuer, **found}
        if path == "/keys":
            public = {str(name): str(value) for name, value in self.key.as_dict(private=False).items()}
            return {"keys": [{**public, "use": "sig", "alg": ALGORITHM}]}
        return None

    def redeem(self, form: dict[str, str]) -> JsonObject | None:
        """The answer to a code, once, to whoever knows its verifier."""
        grant = self.grants.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if grant is None or _base64(verifier) != grant.challenge:
            return None
        token = jwt.encode({"alg": ALGORITHM, "kid": "probe"}, grant.claims, self.key, [ALGORITHM])
        return {"id_token": token, "token_type": "Bearer"}


@contextlib.contextmanager
def entered_provider(drill: ProbeContext) -> Iterator[ScratchProvider]:
    """A provider that runs, and that the instance of a drill trusts. RuntimeError when it refuses."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    issuer = f"http://127.0.0.1:{server.server_port}"
    provider = ScratchProvider(f"probe-{drill.randomness.bytes(4).hex()}", issuer, drill)
    _Handler.providers[server.server_port] = provider
    threading.Thread(target=server.serve_forever, name="probe-provider", daemon=True).start()
    body: JsonObject = {
        "displayName": "A provider of the probes",
        "issuer": issuer,
        "clientId": CLIENT,
        "audiences": [AUDIENCE],
        "claims": {"tenant": "tid"},
        "tenants": [TENANT],
        "tenantId": TENANT,
        "trustMethods": True,
    }
    path = f"/api/access/identityProviders/{provider.id}"
    try:
        demand(ask(drill, "PUT", path, Persona.KEEPER, body), "the provider of the probes")
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        del _Handler.providers[server.server_port]


class _Handler(BaseHTTPRequestHandler):
    """HTTP of the providers that run, found by the port that was asked."""

    providers: dict[int, ScratchProvider] = {}  # noqa: RUF012 - one table for all of them is the point

    def do_GET(self) -> None:
        """Discovery and keys."""
        document = self._provider().document(self.path)
        self._answer(200 if document else 404, document or {})

    def do_POST(self) -> None:
        """The token endpoint."""
        length = min(int(self.headers.get("content-length", "0")), MAXIMUM_FORM)
        answer = self._provider().redeem(dict(parse_qsl(self.rfile.read(length).decode())))
        self._answer(200 if answer else 400, answer or {"error": "invalid_grant"})

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: probes tell what they saw."""

    def _provider(self) -> ScratchProvider:
        return self.providers[self.connection.getsockname()[1]]

    def _answer(self, status: int, document: JsonObject) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _compact(header: JsonObject, claims: JsonObject) -> str:
    return ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
