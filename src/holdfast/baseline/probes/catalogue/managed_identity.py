"""Managed identities: the product proves who it is to other services, and nobody stores a secret for it."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import demand
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.people import DEVICES, listed, status_sight
from holdfast.kernel.json import JsonObject

AUDIENCE = "api://probe-federation"
LONGEST_SECONDS = 3_600
"""Federations exchange a token at once; one that lives longer is a stored secret by another name."""
_IDENTITIES = "/api/access/managedIdentities"
_DISCOVERY = "/.well-known/openid-configuration"


def has_no_secret(context: ProbeContext) -> Iterator[Sight]:
    """Verify a token as another service does: by the issuer's address, and by nothing else."""
    in_force = bool(listed(context, _IDENTITIES))
    status = ask(context, "GET", _DISCOVERY).status
    yield status_sight("the issuer's document, asked for by nobody", 200, status)._replace(in_force=in_force)
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill:
        id_ = f"probe-{drill.randomness.bytes(4).hex()}"
        body: JsonObject = {"displayName": "A probe's", "audiences": [AUDIENCE]}
        kept = demand(ask(drill, "PUT", f"{_IDENTITIES}/{id_}", Persona.KEEPER, body), "a managed identity")
        others = sorted(set(kept) - {"id", "etag", "organizationPath", "type", "enabled", "owner", *body})
        seen = ", ".join(others) or "its name and for whom it is"
        yield Sight("what is stored of it", "nothing that opens anything", seen, passed=not others)
        yield from _tokens(drill, id_)
        yield from _called(drill, id_)


def _tokens(drill: ProbeContext, id_: str) -> Iterator[Sight]:
    path = f"{_IDENTITIES}/{id_}/token"
    text = str(demand(ask(drill, "POST", path, Persona.KEEPER, {"audience": AUDIENCE}), "its token")["token"])
    issuer = str(_unverified(text)["iss"])
    claims = _verified(drill, text, issuer)
    yield Sight("its token, at a verifier", "a good signature", "good" if claims else "bad", bool(claims))
    named = {name: claims.get(name) for name in ("iss", "sub", "aud")}
    wanted = {"iss": issuer, "sub": f"identity:{id_}", "aud": AUDIENCE}
    yield Sight("who and for whom", json.dumps(wanted), json.dumps(named), named == wanted)
    life = int(str(claims.get("exp", 0))) - int(str(claims.get("iat", 0)))
    expected = f"at most {LONGEST_SECONDS} s"
    yield Sight("how long it lives", expected, f"{life} s", passed=0 < life <= LONGEST_SECONDS)
    other = ask(drill, "POST", path, Persona.KEEPER, {"audience": "api://somebody-else"})
    yield status_sight("a token for an audience that it does not name", 403, other.status)
    at_home = ask(drill, "GET", DEVICES, authorization=f"Bearer {text}")
    yield status_sight("API, its token", 401, at_home.status)


def _called(drill: ProbeContext, id_: str) -> Iterator[Sight]:
    """Be a service that the product calls: who called is in the token, and nothing else lets it in."""
    path = f"/api/alerts/destinations/{id_}"
    with _receiver() as receiver:
        for identity, subject in (("", ""), ("system", f"resource:alertDestination/{id_}")):
            hook: JsonObject = {"type": "webhook", "url": receiver.address, "identity": identity}
            body: JsonObject = {"displayName": "A probe's", "alerts": {}, "connection": hook}
            demand(ask(drill, "PUT", path, Persona.KEEPER, body), "a destination")
            ask(drill, "POST", f"{path}/test", Persona.KEEPER)
            seen = _caller(drill, receiver)
            what = "a webhook called with an identity" if identity else "a webhook called without one"
            yield Sight(what, subject or "nobody", seen or "nobody", seen == subject)
        ask(drill, "DELETE", path, Persona.KEEPER)


class _Receiver(ThreadingHTTPServer):
    """A service that is called; it keeps what came as `Authorization`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Calls)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.authorization = ""


class _Calls(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take a message."""
        assert isinstance(self.server, _Receiver)
        self.rfile.read(min(int(self.headers.get("content-length", "0")), 65_536))
        self.server.authorization = self.headers.get("authorization", "")
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: probes tell what they saw."""


@contextlib.contextmanager
def _receiver() -> Iterator[_Receiver]:
    with _Receiver() as server:
        threading.Thread(target=server.serve_forever, name="probe-receiver", daemon=True).start()
        yield server
        server.shutdown()


def _caller(drill: ProbeContext, receiver: _Receiver) -> str:
    """Who called last, by a token that is good and for this receiver; empty for nobody."""
    text = receiver.authorization.removeprefix("Bearer ")
    if not text:
        return ""
    claims = _verified(drill, text, str(_unverified(text)["iss"]))
    return str(claims.get("sub", "")) if claims.get("aud") == receiver.address else ""


def _unverified(token: str) -> JsonObject:
    part = token.split(".")[1]
    claims: JsonObject = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def _verified(drill: ProbeContext, token: str, issuer: str) -> JsonObject:
    """The claims by the published keys; nothing when the signature is not by one of them."""
    document = demand(ask(drill, "GET", _DISCOVERY), "the issuer's document")
    if document["issuer"] != issuer:
        return {}
    keys = demand(ask(drill, "GET", str(document["jwks_uri"]).removeprefix(issuer)), "the issuer's keys")
    try:
        verified = jwt.decode(token, KeySet.import_key_set(keys), ["RS256", "ES256"])  # type: ignore[arg-type]  # JSON
    except (JoseError, ValueError):
        return {}
    return dict(verified.claims)
