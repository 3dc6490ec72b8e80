"""Signing in at an identity provider: the authorization code flow with PKCE.

OpenID Connect Core 3.1 and RFC 7636. State, nonce and code verifier are bound to the browser by a sealed
ticket in a cookie; it is redeemed once, so neither a code nor an answer can be used again or in another
browser (RFC 9700 4.5, 4.7).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

from holdfast.access.directory import Directory
from holdfast.access.errors import SignInRefusedError
from holdfast.access.issuer.tokens import Issuer
from holdfast.access.oidc.bearer import acr_of, methods_of, signed_in_at
from holdfast.access.oidc.fetch import Fetcher
from holdfast.access.oidc.metadata import Published
from holdfast.access.oidc.people import People, person_from
from holdfast.access.oidc.providers import KIND, Provider, client_token_audience
from holdfast.access.oidc.tokens import Expected, refused
from holdfast.access.ports import Ports
from holdfast.access.sessions.kind import Session
from holdfast.access.sessions.service import Origin, SignedIn
from holdfast.access.sign_in import Session as Begun
from holdfast.access.sign_in import SignIn
from holdfast.access.tickets import Tickets
from holdfast.kernel.errors import HoldfastError, NotFoundError, UnavailableError
from holdfast.kernel.json import JsonObject

PURPOSE = "oidc-sign-in"
LEAVING = "oidc-sign-out"
MAXIMUM_HINT = 2500
"""Characters of an ID token that is kept for the sign-out: its ticket has to fit into a cookie."""
STEP_SECONDS = 600.0
CALLBACK = "/sign-in/callback"
"""Where providers send the browser back to; registered there as `<origin>/sign-in/callback`."""

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SIGNED_OUT = "/sign-in"
"""Where providers send the browser after signing out there; registered like the callback."""


class ProviderSignIn:
    """Blocking: asks the provider."""

    def __init__(
        self,
        ports: Ports,
        directory: Directory,
        tickets: Tickets,
        published: Published,
        fetcher: Fetcher,
        sign_in: SignIn,
        issuer: Issuer,
        origin: str,
    ) -> None:
        self._ports = ports
        self._directory = directory
        self._tickets = tickets
        self._published = published
        self._fetcher = fetcher
        self._sign_in = sign_in
        self._issuer = issuer
        self._people = People(ports)
        self._redirect = origin + CALLBACK
        self._signed_out = origin + SIGNED_OUT

    def start(self, provider_id: str, *, fresh: bool = False, back: str = "/") -> tuple[str, str]:
        """Where to send the browser, and the ticket for its cookie.

        `fresh` asks the provider to have the person sign in again; `back` is a path of ours to return to.
        """
        provider = self._provider(provider_id)
        state, nonce, verifier = (self._random() for _ in range(3))
        data: JsonObject = {
            "provider": provider_id,
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "fresh": fresh,
            "back": back if _is_path(back) else "/",
        }
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": self._redirect,
            "scope": " ".join(provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if fresh else {}),
        }
        address = self._published.metadata(provider).authorization
        if not address:
            raise UnavailableError("This identity provider has no page to sign in at.")
        joined = f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
        return joined, self._tickets.write(PURPOSE, data, STEP_SECONDS)

    def farewell(self, session: Session) -> str:
        """The ticket with which the browser of a session that ends may end the provider's too."""
        data: JsonObject = {"provider": session.provider, "idToken": session.id_token}
        return self._tickets.write(LEAVING, data, STEP_SECONDS)

    def leave(self, provider_id: str, ticket: str = "") -> str:
        """Where a browser ends its session at the provider too (OpenID Connect RP-Initiated Logout 1.0).

        Without the `farewell` of a session that ended the provider asks the person. Empty when it has no such
        page; raises NotFoundError, UnavailableError.
        """
        provider = self._provider(provider_id)
        address = self._published.metadata(provider).end_session
        if not address:
            return ""
        query = {"client_id": provider.client_id, "post_logout_redirect_uri": self._signed_out}
        hint = self._hint(provider_id, ticket)
        if hint:
            query["id_token_hint"] = hint
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    def _hint(self, provider_id: str, ticket: str) -> str:
        try:
            data = self._tickets.redeem(LEAVING, ticket)
        except SignInRefusedError:  # none, or an old one: then the provider asks
            return ""
        return str(data["idToken"]) if data["provider"] == provider_id else ""

    def finish(self, ticket: str, answer: Mapping[str, str], origin: Origin) -> tuple[Begun, str]:
        """The session of whoever came back with the provider's `answer`, and the path to return to.

        Raises SignInRefusedError, ConditionsError, UnavailableError.
        """
        try:
            return self._finish(ticket, answer, origin)
        except SignInRefusedError as error:
            self._sign_in.refused(error, origin)
            raise

    def _finish(self, ticket: str, answer: Mapping[str, str], origin: Origin) -> tuple[Begun, str]:
        step = self._tickets.redeem(PURPOSE, ticket)
        provider_id = str(step["provider"])
        provider = self._provider(provider_id)
        code = _code(answer, str(step["state"]), provider.issuer)
        claims, id_token = self._claims(provider, code, step)
        person = person_from(claims, provider_id, provider)
        user, groups = self._people.user_for(person, provider_id, provider, self._directory.current())
        now = self._ports.clock.now()
        # Without `auth_time` only a sign-in that we asked to be made anew is known to be fresh.
        authenticated_at = signed_in_at(claims, now) or (now if step["fresh"] is True else 0.0)
        sid = claims.get("sid")
        signed_in = SignedIn(
            methods=methods_of(claims, provider),
            authenticated_at=authenticated_at,
            acr=acr_of(claims, provider),
            provider=provider_id,
            subject=person.subject,
            provider_session=sid[:255] if isinstance(sid, str) else "",
            id_token=id_token if len(id_token) <= MAXIMUM_HINT else "",
            groups=groups,
        )
        return self._sign_in.complete(user, signed_in, origin), str(step["back"])

    def _claims(self, provider: Provider, code: str, step: JsonObject) -> tuple[JsonObject, str]:
        """The verified claims of the ID token, completed by what the userinfo endpoint says; the token."""
        answer = self._redeem(provider, code, step)
        expected = Expected(
            provider.issuer,
            frozenset({provider.client_id}),
            frozenset(provider.algorithms),
            provider.clock_skew_seconds,
        )
        id_token = str(answer.get("id_token", ""))
        claims = self._published.verify(id_token, provider, expected)
        if not hmac.compare_digest(str(claims.get("nonce", "")), str(step["nonce"])):
            raise refused("another nonce")
        if (
            isinstance(claims.get("aud"), list)
            and claims.get("azp", provider.client_id) != provider.client_id
        ):
            raise refused("another authorized party")
        wanted = {provider.claims.email, provider.claims.groups}
        access_token = answer.get("access_token")
        if wanted - set(claims) and isinstance(access_token, str):
            claims = {**self._userinfo(provider, access_token, claims.get("sub")), **claims}
        return claims, id_token

    def _redeem(self, provider: Provider, code: str, step: JsonObject) -> JsonObject:
        metadata = self._published.metadata(provider)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": str(step["verifier"]),
            "client_id": provider.client_id,
        }
        basic = None
        if provider.client_identity:
            form |= self._assertion(provider, str(step["provider"]))
        elif provider.client_secret and metadata.post_secret:
            form["client_secret"] = provider.client_secret
        elif provider.client_secret:
            basic = (provider.client_id, provider.client_secret)
        status, answer = self._fetcher.post(metadata.token, form, basic)
        if status != 200:
            raise refused(f"the provider answered {status} {str(answer.get('error'))[:100]} to the code")
        return answer

    def _assertion(self, provider: Provider, provider_id: str) -> dict[str, str]:
        """Who this client is, by a token that the provider trusts by federation (RFC 7521 4.2, 7523 2.2)."""
        audience = client_token_audience(provider)
        try:
            # A fresh one each time: providers may refuse an assertion that they saw before (RFC 7523 3).
            token = self._issuer.token(provider.client_identity, audience, f"{KIND}/{provider_id}").text
        except HoldfastError as error:
            raise SignInRefusedError(
                "The managed identity of this provider cannot be used now; tell who administers it.",
                f"provider: {error}",
            ) from error
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}

    def _userinfo(self, provider: Provider, access_token: str, subject: object) -> JsonObject:
        address = self._published.metadata(provider).userinfo
        if not address:
            return {}
        try:
            found = self._fetcher.get(address, access_token)
        except UnavailableError:
            return {}
        if found.get("sub") != subject:  # OpenID Connect Core 5.3.2: then none of it may be used
            raise refused("userinfo of another subject")
        names = provider.claims
        taken = {names.email, "email_verified", names.groups, names.name}
        return {name: value for name, value in found.items() if name in taken}

    def _provider(self, provider_id: str) -> Provider:
        provider = self._directory.current().providers.get(provider_id)
        if provider is None:
            raise NotFoundError(f"There is no identity provider “{provider_id}” here.")
        return provider

    def _random(self) -> str:
        return base64.urlsafe_b64encode(self._ports.randomness.bytes(32)).decode().rstrip("=")


def _code(answer: Mapping[str, str], state: str, issuer: str) -> str:
    """The code in the provider's answer, which has to be the answer to our question."""
    if not hmac.compare_digest(answer.get("state", "").encode(), state.encode()):
        raise refused("another state")
    if answer.get("iss", issuer) != issuer:  # RFC 9207 2.4: a mix-up of providers
        raise refused("the answer of another issuer")
    if "error" in answer:
        raise SignInRefusedError(
            "The identity provider did not let you in; try again, or ask who administers it.",
            f"provider: {answer['error'][:100]}",
        )
    code = answer.get("code", "")
    if not code or len(code) > 4096:
        raise refused("no code")
    return code


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _is_path(text: str) -> bool:
    """Whether it leads to a page of ours and nowhere else (`//host` and `/\\host` lead elsewhere)."""
    return text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
