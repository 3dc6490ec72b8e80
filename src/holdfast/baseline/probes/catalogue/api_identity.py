"""Scripts prove who they are at the API: by a token of this instance that has not ended."""

import base64
import json
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import VERSION
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.observation import Sight

DEVICES = f"/api/devices?{VERSION}"
"""What the reader may list."""

_PAGES = (DEVICES, "/api/enrollmentGroups?" + VERSION, "/audit", "/api/baseline/assessment")
"""Operations of the API and pages of the console that nobody gets without a credential."""


def _refused(subject: str, context: ProbeContext, path: str, credential: str) -> Sight:
    status = ask(context, "GET", path, authorization=credential).status
    return Sight(subject, "status 401", f"status {status}", status == 401)


def good_token_accepted(context: ProbeContext) -> Iterator[Sight]:
    """API tokens, a local method, are in use here when a good one is accepted."""
    status = ask(context, "GET", DEVICES, Persona.READER).status
    yield Sight("API, a token", "status 200", f"status {status}", status == 200, in_force=status == 200)


def expired_token_refused(context: ProbeContext) -> Iterator[Sight]:
    """Use a token after its end."""
    token = context.tokens[Persona.EXPIRED]
    end = int(dict(parse_qsl(token.rpartition(" ")[2]))["se"]) / 1000
    time.sleep(max(0.0, end - context.clock.now() + 0.01))
    yield _refused("API, an expired token", context, DEVICES, token)


def foreign_token_refused(context: ProbeContext) -> Iterator[Sight]:
    """Use credentials that this instance did not make, and none at all."""
    yield _refused("API, a token that was made up", context, DEVICES, context.tokens[Persona.FOREIGN])
    later = context.clock.now() + 3_600
    for algorithm in ("none", "HS256", "RS256"):
        token = _web_token(context, algorithm, later)
        yield _refused(f"API, an identity token by {algorithm}", context, DEVICES, f"Bearer {token}")
    for path in _PAGES:
        answer = ask(context, "GET", path)
        good = answer.status == 401 or (answer.status == 303 and "/sign-in" in answer.location)
        seen = f"status {answer.status}"
        yield Sight(f"{path.partition('?')[0]}, nobody", "401, or the way to the sign-in", seen, good)


def _web_token(context: ProbeContext, algorithm: str, end: float) -> str:
    """A JSON Web Token for this instance that nobody whom it trusts has signed (RFC 7519)."""
    claims = {"iss": "https://login.example", "aud": "holdfast", "sub": "probe", "exp": int(end)}
    parts = [json.dumps({"alg": algorithm, "typ": "JWT"}).encode(), json.dumps(claims).encode()]
    signature = b"" if algorithm == "none" else context.randomness.bytes(32)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, signature))
