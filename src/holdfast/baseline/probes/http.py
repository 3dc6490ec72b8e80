"""Requests of probes: as a persona, from the probes' address, with the certificate verified."""

import ssl
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
) -> Answer:
    """One request to the console and API; as nobody without a persona.

    `authorization` replaces the persona's credential. Raises httpx.HTTPError when there is no answer.
    """
    endpoint = context.endpoints[Surface.PEOPLE]
    headers = {"host": endpoint.server_name}
    credential = authorization or (context.tokens[persona] if persona else "")
    if credential:
        headers["authorization"] = credential
    trust = ssl.create_default_context(cafile=str(context.authority) if context.authority else None)
    transport = httpx.HTTPTransport(verify=trust, local_address=context.source)
    with httpx.Client(transport=transport, timeout=context.seconds) as client:
        response = client.request(
            method,
            f"https://{endpoint.address}:{endpoint.port}{path}",
            headers=headers,
            json=body,
            extensions={"sni_hostname": endpoint.server_name},
        )
    return Answer(response.status_code, response.text, response.headers.get("location", ""))
