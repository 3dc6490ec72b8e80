"""A small client of the REST API, for the demo and the command line."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import httpx

from holdfast.kernel.errors import ForbiddenError, HoldfastError, NotFoundError, UnavailableError

VERSION = "2022-07-31"
TIMEOUT = 40.0
"""Seconds; a command waits up to 30 for its device."""


class ApiClient:
    """Calls one instance with an API token."""

    def __init__(self, address: str, root_ca: Path, token: str) -> None:
        context = ssl.create_default_context(cafile=str(root_ca))
        headers = {"authorization": token} if token else {}
        self._client = httpx.AsyncClient(base_url=address, verify=context, headers=headers, timeout=TIMEOUT)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def wait_until_ready(self, seconds: float) -> None:
        """Return when every process is ready. UnavailableError with the problems when that takes too long."""
        problems = "nothing listens yet"
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        response = await self._client.get("/readyz")
                    except httpx.TransportError:
                        await asyncio.sleep(0.1)
                        continue
                    if response.status_code == 200:
                        return
                    problems = "; ".join(response.json().get("problems", []))
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise UnavailableError(
                f"The instance is not ready after {seconds:g} seconds: {problems}."
            ) from None

    async def get(self, path: str) -> Any:  # any JSON
        """GET; the decoded body."""
        return await self._call("GET", path)

    async def put(self, path: str, body: Any) -> Any:  # any JSON
        """PUT; the decoded body."""
        return await self._call("PUT", path, body)

    async def patch(self, path: str, body: Any) -> Any:  # any JSON
        """PATCH; the decoded body."""
        return await self._call("PATCH", path, body)

    async def post(self, path: str, body: Any = None) -> Any:  # any JSON
        """POST; the decoded body."""
        return await self._call("POST", path, body)

    async def delete(self, path: str) -> None:
        """DELETE."""
        await self._call("DELETE", path)

    async def _call(self, method: str, path: str, body: Any = None) -> Any:  # any JSON
        try:
            response = await self._client.request(method, path, json=body, params={"api-version": VERSION})
        except httpx.TransportError as error:
            raise UnavailableError(f"{self._client.base_url} does not answer: {error}.") from error
        if response.is_success:
            return response.json() if response.content else None
        raise _error(response, f"{method} {path}")


def _error(response: httpx.Response, what: str) -> HoldfastError:
    try:
        message = str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = response.text[:200]
    kind = {403: ForbiddenError, 404: NotFoundError}.get(response.status_code, HoldfastError)
    return kind(f"{what} was refused ({response.status_code}): {message}")
