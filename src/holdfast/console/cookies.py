"""Reads the cookies of a request."""

from holdfast.api.frame import ApiRequest


def cookie(request: ApiRequest, name: str) -> str:
    """The value of a cookie; empty when there is none."""
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), "")
