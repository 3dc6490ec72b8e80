"""Identity on the wire: providers and passkeys at the sign-in, logout from outside, our own issuer.

These are called by browsers' scripts, by identity providers and by services that verify our tokens; the pages
around them are the console's.
"""

from urllib.parse import parse_qsl

from starlette.responses import RedirectResponse, Response

from holdfast.access.errors import SignInRefusedError
from holdfast.access.issuer.identities import KIND
from holdfast.access.issuer.tokens import DISCOVERY_PATH, KEYS_PATH
from holdfast.access.oidc.flow import CALLBACK, SIGNED_OUT, STEP_SECONDS
from holdfast.access.sessions.cookies import KNOWN_BROWSER, SESSION, STEP, set_cookie
from holdfast.access.sign_in import KNOWN_BROWSER_SECONDS, Session
from holdfast.api.access.common import access, cookie, origin, text
from holdfast.api.application import respond
from holdfast.api.central.common import visible
from holdfast.api.frame import OPEN, ApiRequest, Reply, Route
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission

FORM = ("application/x-www-form-urlencoded",)
PASSKEY_SECONDS = 300.0


def session_cookies(session: Session) -> list[str]:
    """The `Set-Cookie` headers after a sign-in."""
    cookies = [set_cookie(SESSION, session.cookie, session.lifetime), set_cookie(STEP, "", 0)]
    if session.known_browser:
        cookies.append(set_cookie(KNOWN_BROWSER, session.known_browser, KNOWN_BROWSER_SECONDS))
    return cookies


def with_cookies(response: Response, cookies: list[str]) -> Response:
    """The response, with these `Set-Cookie` headers."""
    for value in cookies:
        response.headers.append("set-cookie", value)
    return response


def _providers(request: ApiRequest) -> Reply:
    providers = access(request).directory.current().providers
    value: list[JsonObject] = [
        {"id": identity, "displayName": provider.display_name} for identity, provider in providers.items()
    ]
    return Reply(200, {"value": [*value]})


def _to_provider(request: ApiRequest) -> Response:
    address, ticket = access(request).provider.start(
        request.path["provider"],
        fresh=request.query.get("fresh") == "true",
        back=request.query.get("back", "/"),
    )
    return with_cookies(RedirectResponse(address, 303), [set_cookie(STEP, ticket, STEP_SECONDS)])


def _from_provider(request: ApiRequest) -> Response:
    session, back = access(request).provider.finish(
        cookie(request, STEP), dict(request.query), origin(request)
    )
    return with_cookies(RedirectResponse(back, 303), session_cookies(session))


def _leave_provider(request: ApiRequest) -> Response:
    address = access(request).provider.leave(request.path["provider"], cookie(request, STEP))
    return with_cookies(RedirectResponse(address or SIGNED_OUT, 303), [set_cookie(STEP, "", 0)])


def _back_channel_logout(request: ApiRequest) -> Reply:
    fields = dict(parse_qsl(request.raw.decode("utf-8", "replace"), max_num_fields=10))
    try:
        access(request).back_channel_logout(fields.get("logout_token", ""))
    except SignInRefusedError as error:
        access(request).sign_in.refused(error, origin(request))
        raise InvalidError("The logout token was not accepted.", "logout_token") from error
    return Reply(200, None, {"cache-control": "no-store"})


def _passkey_options(request: ApiRequest) -> Response:
    options, ticket = access(request).local.passkey_options()
    return with_cookies(respond(Reply(200, options)), [set_cookie(STEP, ticket, PASSKEY_SECONDS)])


def _passkey(request: ApiRequest) -> Response:
    response = request.raw.decode("utf-8", "replace")
    session = access(request).local.with_passkey(cookie(request, STEP), response, origin(request))
    return with_cookies(respond(Reply(200, {"id": session.principal.id})), session_cookies(session))


def _new_passkey_options(request: ApiRequest) -> Response:
    """For whoever holds an enrolment ticket after a sign-in link, or is freshly signed in."""
    enrolment = access(request).enrolment
    signed_in = bool(request.principal.session)
    ticket = enrolment.begin(request.principal) if signed_in else cookie(request, STEP)
    offer = enrolment.offer_passkey(ticket)
    return with_cookies(respond(Reply(200, offer.options)), [set_cookie(STEP, offer.ticket, PASSKEY_SECONDS)])


def _new_passkey(request: ApiRequest) -> Response:
    name = request.query.get("name", "Passkey")
    answer = request.raw.decode("utf-8", "replace")
    session = access(request).enrolment.add_passkey(cookie(request, STEP), answer, name, origin(request))
    return with_cookies(respond(Reply(201, {"id": session.principal.id})), session_cookies(session))


def _remove_passkey(request: ApiRequest) -> Reply:
    access(request).enrolment.remove_passkey(request.principal, text(request.object(), "id"))
    return Reply(204)


def _discovery(request: ApiRequest) -> Reply:
    return Reply(200, access(request).issuer.discovery(), {"cache-control": "public, max-age=3600"})


def _keys(request: ApiRequest) -> Reply:
    return Reply(200, access(request).issuer.keys(), {"cache-control": "public, max-age=3600"})


def _token_of(request: ApiRequest) -> Reply:
    """Whoever may change trust may also try it: set up a federation here, and show the other side a token."""
    identity = visible(request, KIND, request.path["id"], Permission.ACCESS_MANAGE)
    audience = text(request.object(), "audience")
    token = access(request).issuer.token(identity.id, audience)
    request.services.changes.record(
        request.principal, "managedIdentity.token-issued", resource=identity.id, data={"audience": audience}
    )
    return Reply(201, {"token": token.text, "expires": isoformat(token.expires)})


def _replace_keys(request: ApiRequest) -> Reply:
    access(request).issuer_keys.replace_all(request.principal)
    return Reply(204)


_NOT_YET = "nobody is signed in yet"
_PUBLIC = "verifiers of our tokens have no account here"

ROUTES = [
    Route("GET", "/sign-in/providers", OPEN, _providers, f"The identity providers: {_NOT_YET}"),
    Route(
        "GET",
        "/sign-in/provider/{provider}",
        OPEN,
        _to_provider,
        f"Go to a provider: {_NOT_YET}",
        is_page=True,
    ),
    Route(
        "GET",
        "/sign-in/provider/{provider}/leave",
        OPEN,
        _leave_provider,
        "Sign out at a provider too: nobody is signed in any more",
        is_page=True,
    ),
    Route("GET", CALLBACK, OPEN, _from_provider, f"Come back from a provider: {_NOT_YET}", is_page=True),
    Route(
        "POST",
        "/sign-in/back-channel-logout",
        OPEN,
        _back_channel_logout,
        "A provider ends sessions: its signed token is the credential",
        content_types=FORM,
    ),
    Route("POST", "/sign-in/passkey/options", OPEN, _passkey_options, f"Ask for a passkey: {_NOT_YET}"),
    Route("POST", "/sign-in/passkey", OPEN, _passkey, f"Sign in with a passkey: {_NOT_YET}"),
    Route(
        "POST",
        "/sign-in/passkey/new/options",
        OPEN,
        _new_passkey_options,
        "Offer a new passkey: the ticket of a sign-in link is the credential",
    ),
    Route(
        "POST",
        "/sign-in/passkey/new",
        OPEN,
        _new_passkey,
        "Keep a new passkey: the ticket of the offer is the credential",
    ),
    Route(
        "DELETE",
        "/api/access/me/passkey",
        Permission.PROFILE_MANAGE,
        _remove_passkey,
        "Remove one of one's own passkeys",
    ),
    Route("GET", DISCOVERY_PATH, OPEN, _discovery, f"Our issuer's document: {_PUBLIC}"),
    Route("GET", KEYS_PATH, OPEN, _keys, f"Our issuer's keys: {_PUBLIC}"),
    Route(
        "POST",
        "/api/access/managedIdentities/{id}/token",
        Permission.ACCESS_MANAGE,
        _token_of,
        "Make a token of a user-assigned managed identity",
    ),
    Route(
        "POST",
        "/api/access/issuer/replaceKeys",
        Permission.KEY_MANAGE,
        _replace_keys,
        "Withdraw every signing key of managed identities and make a new one",
    ),
]
