"""Signing in and out, and setting up what one signs in with."""

import io
from urllib.parse import quote

import segno
from starlette.responses import Response

from holdfast.access.control import AccessControl
from holdfast.access.errors import SignInRefusedError
from holdfast.access.sessions.cookies import KNOWN_BROWSER, SESSION, STEP, set_cookie
from holdfast.access.sessions.kind import KIND as SESSION_KIND
from holdfast.access.sessions.kind import read_session
from holdfast.access.sessions.service import Origin
from holdfast.access.sign_in import KNOWN_BROWSER_SECONDS, Session
from holdfast.api.frame import OPEN, SIGNED_IN, ApiRequest, Route
from holdfast.console.rendering import FORM, page, read_form, read_open_form, redirect
from holdfast.kernel.errors import HoldfastError, InvalidError

STEP_SECONDS = 900.0


def _access(request: ApiRequest) -> AccessControl:
    return request.services.extension(AccessControl)


def _origin(request: ApiRequest) -> Origin:
    return Origin(request.principal.address, request.headers.get("user-agent", "")[:200])


def _cookie(request: ApiRequest, name: str) -> str:
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def _signed_in(session: Session) -> Response:
    response = redirect("/")
    response.headers.append("set-cookie", set_cookie(SESSION, session.cookie, session.lifetime))
    response.headers.append("set-cookie", set_cookie(STEP, "", 0))
    if session.known_browser:
        note = set_cookie(KNOWN_BROWSER, session.known_browser, KNOWN_BROWSER_SECONDS)
        response.headers.append("set-cookie", note)
    return response


def _form(request: ApiRequest, problem: str = "", email: str = "", status: int = 200) -> Response:
    providers = _access(request).directory.current().providers
    names = [(identity, provider.display_name) for identity, provider in providers.items()]
    left = request.query.get("left", "")
    return page(
        request,
        "sign_in.html",
        status=status,
        problem=problem,
        email=email,
        providers=names,
        left=(left, providers[left].display_name) if left in providers else None,
    )


def _with_password(request: ApiRequest) -> Response:
    fields = read_open_form(request)
    email = fields.get("email", "")
    known = _cookie(request, KNOWN_BROWSER)
    try:
        session = _access(request).local.with_password(
            email, fields.get("password", ""), fields.get("code", ""), _origin(request), known
        )
    except HoldfastError as error:
        return _form(request, str(error), email, error.status)
    return _signed_in(session)


def _link_form(request: ApiRequest) -> Response:
    return page(request, "sign_in_link.html", problem="")


def _open_link(request: ApiRequest) -> Response:
    try:
        ticket, _name = _access(request).enrolment.open_link(
            read_open_form(request).get("link", ""), _origin(request)
        )
    except SignInRefusedError as error:
        return page(request, "sign_in_link.html", status=error.status, problem=str(error))
    return _offer(request, ticket, "")


def _offer(request: ApiRequest, ticket: str, problem: str) -> Response:
    offer = _access(request).enrolment.offer_codes(ticket)
    response = page(
        request,
        "set_password.html",
        status=400 if problem else 200,
        problem=problem,
        secret=offer.secret,
        qr=_qr_code(offer.uri),
        offer=offer.ticket,
    )
    response.headers.append("set-cookie", set_cookie(STEP, ticket, STEP_SECONDS))
    return response


def _qr_code(text: str) -> str:
    out = io.BytesIO()
    segno.make(text).save(out, kind="svg", xmldecl=False, svgns=True, scale=4, title="One-time codes")
    return out.getvalue().decode()


def _set_password(request: ApiRequest) -> Response:
    fields = read_open_form(request)
    try:
        if fields.get("password") != fields.get("repeated"):
            raise InvalidError("The two passwords differ.")
        session = _access(request).enrolment.set_password(
            fields.get("offer", ""), fields.get("password", ""), fields.get("code", ""), _origin(request)
        )
    except HoldfastError as error:
        return _offer(request, _cookie(request, STEP), str(error))
    return _signed_in(session)


def _sign_out(request: ApiRequest) -> Response:
    """Ends the session here. Browsers let no form lead to another site, so the next page offers that."""
    read_form(request)
    stored = request.services.store.get(SESSION_KIND, request.principal.session)
    provider = read_session(stored).provider if stored is not None else ""
    _access(request).sessions.end(request.principal, request.principal.session)
    response = redirect(f"/sign-in?left={quote(provider, safe='')}" if provider else "/sign-in")
    response.headers.append("set-cookie", set_cookie(SESSION, "", 0))
    return response


_NOT_YET = "nobody is signed in yet"
ROUTES = [
    Route("GET", "/sign-in", OPEN, _form, f"Sign-in form: {_NOT_YET}", is_page=True),
    Route("POST", "/sign-in", OPEN, _with_password, f"Sign in: {_NOT_YET}", content_types=FORM, is_page=True),
    Route("GET", "/sign-in/link", OPEN, _link_form, f"Sign-in link: {_NOT_YET}", is_page=True),
    Route(
        "POST", "/sign-in/link", OPEN, _open_link, f"Use a link: {_NOT_YET}", content_types=FORM, is_page=True
    ),
    Route(
        "POST",
        "/sign-in/password",
        OPEN,
        _set_password,
        f"Set a password with the ticket of a link: {_NOT_YET}",
        content_types=FORM,
        is_page=True,
    ),
    Route(
        "POST",
        "/sign-out",
        SIGNED_IN,
        _sign_out,
        "Sign out: everybody may end their own session",
        content_types=FORM,
        is_page=True,
    ),
]
