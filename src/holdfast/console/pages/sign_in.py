"""Signing in and out, and setting up what one signs in with."""

from urllib.parse import quote

from starlette.responses import Response

from holdfast.access.errors import SignInRefusedError
from holdfast.access.sessions.cookies import KNOWN_BROWSER, SESSION, STEP, set_cookie
from holdfast.access.sessions.kind import KIND as SESSION_KIND
from holdfast.access.sessions.kind import read_session
from holdfast.access.sign_in import Session
from holdfast.api.access.common import access, cookie, origin
from holdfast.api.access.identity import session_cookies, with_cookies
from holdfast.api.frame import OPEN, SIGNED_IN, ApiRequest, Route
from holdfast.console.qr import qr_code
from holdfast.console.rendering import FORM, page, read_form, read_open_form, redirect
from holdfast.kernel.errors import HoldfastError, InvalidError

STEP_SECONDS = 900.0


def _signed_in(session: Session) -> Response:
    return with_cookies(redirect("/"), session_cookies(session))


def _form(request: ApiRequest, problem: str = "", email: str = "", status: int = 200) -> Response:
    providers = access(request).directory.current().providers
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
    known = cookie(request, KNOWN_BROWSER)
    try:
        session = access(request).local.with_password(
            email, fields.get("password", ""), fields.get("code", ""), origin(request), known
        )
    except HoldfastError as error:
        return _form(request, str(error), email, error.status)
    return _signed_in(session)


def _link_form(request: ApiRequest) -> Response:
    return page(request, "sign_in_link.html", problem="")


def _open_link(request: ApiRequest) -> Response:
    try:
        ticket, _name = access(request).enrolment.open_link(
            read_open_form(request).get("link", ""), origin(request)
        )
    except SignInRefusedError as error:
        return page(request, "sign_in_link.html", status=error.status, problem=str(error))
    return _offer(request, ticket, "")


def _offer(request: ApiRequest, ticket: str, problem: str) -> Response:
    offer = access(request).enrolment.offer_codes(ticket)
    shown = page(
        request,
        "set_password.html",
        status=400 if problem else 200,
        problem=problem,
        secret=offer.secret,
        qr=qr_code(offer.uri, "One-time codes"),
        offer=offer.ticket,
    )
    return with_cookies(shown, [set_cookie(STEP, ticket, STEP_SECONDS)])


def _set_password(request: ApiRequest) -> Response:
    fields = read_open_form(request)
    try:
        if fields.get("password") != fields.get("repeated"):
            raise InvalidError("The two passwords differ.")
        session = access(request).enrolment.set_password(
            fields.get("offer", ""), fields.get("password", ""), fields.get("code", ""), origin(request)
        )
    except HoldfastError as error:
        return _offer(request, cookie(request, STEP), str(error))
    return _signed_in(session)


def _sign_out(request: ApiRequest) -> Response:
    """Ends the session here. Browsers let no form lead to another site, so the next page offers that."""
    read_form(request)
    stored = request.services.store.get(SESSION_KIND, request.principal.session)
    session = read_session(stored) if stored is not None else None
    access(request).sessions.end(request.principal, request.principal.session)
    cookies = [set_cookie(SESSION, "", 0)]
    if session is None or not session.provider:
        return with_cookies(redirect("/sign-in"), cookies)
    farewell = access(request).provider.farewell(session)
    cookies.append(set_cookie(STEP, farewell, STEP_SECONDS))
    return with_cookies(redirect(f"/sign-in?left={quote(session.provider, safe='')}"), cookies)


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
