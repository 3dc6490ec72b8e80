"""Requests of probes: as a persona, from the probes' address, with the certificate verified."""

import ssl
from collections.abc import Mapping
from typing import NamedTuple

import httpx

from holdfast.baseline.probes.context import Persona, ProbeContext, Surface
from holdfast.kernel.json import JsonObject, JsonValue


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    """The body as text."""
    location: str = ""
    """Where a redirection leads."""
    cookies: Mapping[str, str] = {}
    """What a browser would keep."""


def in_place(context: ProbeContext, body: JsonObject) -> JsonObject:
    """The body of something that probes make, where they make things."""
    return {**body, "organizations": [context.organization]} if context.organization else body


def ask(
    context: ProbeContext,
    method: str,
    path: str,
    persona: Persona | None = None,
    body: JsonValue = None,
    *,
    authorization: str = "",
    cookies: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    content: bytes | None = None,
    content_type: str = "",
) -> Answer:
    """One request to the console and API; as nobody without a persona.

    `authorization` replaces the persona's credential; with `cookies` or a `form` it is a browser that asks;
    `content` of a `content_type` stands where a JSON body would.
    Raises httpx.HTTPError when there is no answer.
    """
    endpoint = context.endpoints[Surface.PEOPLE]
    headers = {"host": endpoint.server_name}
    credential = authorization or (context.tokens[persona] if persona else "")
    if credential:
        headers["authorization"] = credential
    if content_type:
        headers["content-type"] = content_type
    if cookies is not None or form is not None:
        headers["sec-fetch-site"] = "same-origin"
    trust = ssl.create_default_context(cafile=str(context.authority) if context.authority else None)
    transport = httpx.HTTPTransport(verify=trust, local_address=context.source)
    with httpx.Client(transport=transport, timeout=context.seconds, cookies=dict(cookies or {})) as client:
        response = client.request(
            method,
            f"https://{endpoint.address}:{endpoint.port}{path}",
            headers=headers,
            json=body,
            data=dict(form) if form else None,
            content=content,
            extensions={"sni_hostname": endpoint.server_name},
        )
    kept = {cookie.name: cookie.value or "" for cookie in response.cookies.jar}
    return Answer(response.status_code, response.text, response.headers.get("location", ""), kept)
