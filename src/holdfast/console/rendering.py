"""From a template and its values to a page: the frame around it, the headers that protect it, its forms."""

import hashlib
import hmac
import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from holdfast.access.application import APPLICATION
from holdfast.api.application import EFFECTS_COOKIE
from holdfast.api.frame import ApiRequest
from holdfast.console import navigation
from holdfast.console.cookies import cookie
from holdfast.console.filters import FILTERS
from holdfast.console.multipart import MULTIPART, MultipartForm, UploadedFile, parse_multipart
from holdfast.console.organization import chosen
from holdfast.console.refill import refilled
from holdfast.kernel import organizations
from holdfast.kernel.errors import ForbiddenError, HoldfastError, InvalidError, UnauthenticatedError
from holdfast.kernel.principal import PrincipalKind

FOLDER = Path(__file__).parent
FORM = ("application/x-www-form-urlencoded",)
FORM_WITH_FILES = (*FORM, MULTIPART)
MAXIMUM_FIELDS = 200

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "cache-control": "no-store",
}
"""No inline script or style anywhere, and nothing from any other host (OWASP ASVS 5.0 V3.4)."""


class _StaticFiles(StaticFiles):
    """Files whose address carries a digest of their content: browsers keep them."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:  # passed through unchanged
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        response.headers["x-content-type-options"] = "nosniff"
        return response


STATIC_FILES = Mount("/static", _StaticFiles(directory=FOLDER / "static"))
"""Open to everybody: styles, scripts and the icon hold nothing of anybody."""


@cache
def static_versions() -> dict[str, str]:
    """File below `static/` → a short digest of it, so that browsers may keep files forever."""
    files = (path for path in (FOLDER / "static").rglob("*") if path.is_file())
    return {
        path.relative_to(FOLDER / "static").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in files
    }


def _static(name: str) -> str:
    return f"/static/{name}?v={static_versions().get(name, '')}"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.globals["static"] = _static
    return environment


def form_token(request: ApiRequest) -> str:
    """What every form of this session carries: a stranger's form cannot know it."""
    key = request.services.form_key
    return hmac.new(key, request.principal.session.encode(), hashlib.sha256).hexdigest()[:32]


def read_form(request: ApiRequest) -> dict[str, str]:
    """The submitted fields; of several with one name the last.

    ForbiddenError for a form of another session.
    """
    fields = read_open_form(request)
    if not hmac.compare_digest(fields.pop("form_token", ""), form_token(request)):
        raise ForbiddenError("This form is from another session; load the page again and repeat it.")
    return fields


def read_many(request: ApiRequest, name: str) -> list[str]:
    """Every value of a field that a form has several times; `read_form` has checked the form's token."""
    return [value for key, value in _sent(request) if key == name and value]


def read_file(request: ApiRequest, name: str) -> UploadedFile | None:
    """The file that was chosen in a field; None where there was none. `read_form` has checked the form."""
    return _multipart(request).files.get(name) if _is_multipart(request) else None


def read_open_form(request: ApiRequest) -> dict[str, str]:
    """The fields of a form that needs no session (signing in); protected by the check of its origin alone."""
    return dict(_sent(request))


def _sent(request: ApiRequest) -> list[tuple[str, str]]:
    """The fields as they were sent, also empty ones."""
    if _is_multipart(request):
        return _multipart(request).fields
    text = request.raw.decode("utf-8", errors="replace")
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAXIMUM_FIELDS)
    except ValueError:
        raise InvalidError(f"A form has at most {MAXIMUM_FIELDS} fields.") from None


def _is_multipart(request: ApiRequest) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MULTIPART


def _multipart(request: ApiRequest) -> MultipartForm:
    return parse_multipart(request.headers["content-type"], request.raw)


def page(request: ApiRequest, template: str, *, status: int = 200, **values: object) -> Response:
    """A whole page: the frame with navigation, and the template in it; a refused form as it was filled in."""
    application = request.services.store.get(APPLICATION, APPLICATION)
    signed_in = request.principal.kind is not PrincipalKind.ANONYMOUS
    frame = {
        "application_name": application.body["displayName"] if application else "Holdfast",
        "principal": request.principal,
        "signed_in": signed_in,
        "navigation": navigation.visible(request.principal) if signed_in else (),
        "here": request.here,
        "location": f"{request.here}?{request.url.partition('?')[2]}",
        "current": navigation.current(request.here),
        "organization": organizations.name(chosen(request)) or "All organizations",
        "form_token": form_token(request) if signed_in else "",
        "now": request.services.clock.now(),
        "policy_effects": _policy_effects(request),
    }
    response = fragment(template, status=status, **frame, **values)
    if request.method == "POST" and status >= 400:
        shown = refilled(bytes(response.body).decode(), urlsplit(request.url).path, _sent(request))
        response = HTMLResponse(shown, status, SECURITY_HEADERS)
    if frame["policy_effects"]:
        response.delete_cookie(EFFECTS_COOKIE, secure=True, httponly=True, samesite="strict")
    return response


def _policy_effects(request: ApiRequest) -> list[str]:
    """What policies changed in the form that led here."""
    try:
        effects = json.loads(unquote(cookie(request, EFFECTS_COOKIE)) or "[]")
    except ValueError:
        return []
    return [str(effect) for effect in effects] if isinstance(effects, list) else []


def fragment(template: str, *, status: int = 200, **values: object) -> Response:
    """A part of a page, for htmx; or a whole one whose values are complete."""
    return HTMLResponse(_environment().get_template(template).render(values), status, SECURITY_HEADERS)


def redirect(address: str) -> Response:
    """Lead the browser on after a form, so that reloading does not repeat it."""
    return RedirectResponse(address, 303, SECURITY_HEADERS)


def error_page(error: HoldfastError, request_id: str, request: Request) -> Response:
    """An error as people see it; who is not signed in is led to signing in, and told there what failed."""
    signing_in = request.url.path.startswith("/sign-in")
    if isinstance(error, UnauthenticatedError) and request.method == "GET" and not signing_in:
        return redirect("/sign-in")
    return fragment("error.html", status=error.status, error=error, request_id=request_id, here="")


def csv_safe(value: object) -> str:
    """A cell for CSV that no spreadsheet takes for a formula (OWASP, CSV Injection)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
