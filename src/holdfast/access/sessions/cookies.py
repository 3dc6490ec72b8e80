"""The cookies of signing in.

Their names' prefix makes browsers insist that they came from this host over HTTPS and hold for all of it (RFC
6265bis 4.1.3.2), so no neighbour can plant one. A session's secret is new at every sign-in: a cookie that was
there before never becomes a session (session fixation).
"""

SESSION = "__Host-holdfast"
STEP = "__Host-holdfast-step"
"""The ticket from one step of a sign-in to the next."""
KNOWN_BROWSER = "__Host-holdfast-known"
"""Says which account signed in here before; see `attempts`."""

_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
"""Lax, not Strict: coming back from the identity provider is a navigation from another site. Changes are
protected by the check of the request's origin."""


def set_cookie(name: str, value: str, seconds: float) -> str:
    """The `Set-Cookie` header for a cookie that lives for `seconds`; 0 removes it."""
    return f"{name}={value}; Max-Age={int(seconds)}; {_ATTRIBUTES}"
