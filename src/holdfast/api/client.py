"""A small client of the REST API, for the command line and the demo."""

import asyncio
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from holdfast.kernel.errors import (
    ConflictError,
    ForbiddenError,
    HoldfastError,
    InvalidError,
    NotFoundError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)

VERSION = "2022-07-31"
POLICY_EFFECTS = "x-holdfast-policy-effects"
"""Header of answers to changes that policies changed: a JSON list of sentences, as in the audit log."""
TIMEOUT = 40.0
"""Seconds; a command waits up to 30 for its device."""


class ApiClient:
    """Calls one instance with an API token."""

    def __init__(self, address: str, root_ca: Path | None, token: str) -> None:
        try:
            context = ssl.create_default_context(cafile=str(root_ca) if root_ca else None)
        except OSError as error:
            raise UnavailableError(f"The root certificate {root_ca} cannot be read: {error}.") from error
        headers = {"authorization": token} if token else {}
        self._client = httpx.AsyncClient(base_url=address, verify=context, headers=headers, timeout=TIMEOUT)
        self.on_effect: Callable[[str], None] = lambda effect: None
        """Told in a sentence what a policy changed in a request of ours."""

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ready(self) -> None:
        """UnavailableError with the problems unless every process is ready now."""
        try:
            response = await self._client.get("/readyz")
        except httpx.TransportError as error:
            raise UnavailableError(f"{self._client.base_url} does not answer: {error}.") from error
        if response.status_code != 200:
            raise UnavailableError("; ".join(response.json().get("problems", [])))

    async def pages(self, path: str) -> list[Any]:  # any JSON
        """GET a list and every page after the first; all items."""
        answer = await self.get(path)
        items = list(answer["value"])
        while link := answer.get("nextLink"):
            answer = await self.get(link)
            items += answer["value"]
        return items

    async def wait_until_ready(self, seconds: float) -> None:
        """Return when every process is ready. UnavailableError with the problems when that takes too long."""
        problem = "nothing listens yet"
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        await self.ready()
                    except UnavailableError as error:
                        problem = str(error)
                        await asyncio.sleep(0.1)
                    else:
                        return
        except TimeoutError:
            raise UnavailableError(
                f"The instance is not ready after {seconds:g} seconds: {problem}"
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

    async def post(self, path: str, body: Any = None, seconds: float = TIMEOUT) -> Any:  # any JSON
        """POST; the decoded body. `seconds` for what takes longer than usual."""
        return await self._call("POST", path, body, seconds)

    async def delete(self, path: str) -> None:
        """DELETE."""
        await self._call("DELETE", path)

    async def upload(
        self, path: str, content: bytes, content_type: str, method: str = "POST"
    ) -> Any:  # any JSON
        """POST (or PUT) a file; the decoded body."""
        headers = {"content-type": content_type}
        try:
            response = await self._client.request(
                method, _versioned(path), content=content, headers=headers, timeout=600
            )
        except httpx.TransportError as error:
            raise UnavailableError(f"{self._client.base_url} does not answer: {error}.") from error
        if not response.is_success:
            raise _error(response, f"{method} {path}")
        return response.json()

    async def download(self, path: str) -> bytes:
        """GET; the body as it is."""
        return (await self._send("GET", path)).content

    async def lines(self, path: str, tell: Callable[[Any], None]) -> None:  # any JSON
        """GET of JSON lines: each is told as it comes, until the other side ends them.

        ForbiddenError when it says that they may not be read any more.
        """
        try:
            async with self._client.stream("GET", _versioned(path), timeout=TIMEOUT) as response:
                if not response.is_success:
                    await response.aread()
                    raise _error(response, f"GET {path}")
                async for line in response.aiter_lines():
                    _tell(line, tell)
        except httpx.TransportError as error:
            raise UnavailableError(f"{self._client.base_url} does not answer: {error}.") from error

    async def _call(self, method: str, path: str, body: Any = None, seconds: float = TIMEOUT) -> Any:  # JSON
        response = await self._send(method, path, body, seconds)
        return response.json() if response.content else None

    async def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        seconds: float = TIMEOUT,  # any JSON
    ) -> httpx.Response:
        try:
            response = await self._client.request(method, _versioned(path), json=body, timeout=seconds)
        except httpx.TransportError as error:
            raise UnavailableError(f"{self._client.base_url} does not answer: {error}.") from error
        if response.is_success:
            for effect in effects_of(response):
                self.on_effect(effect)
            return response
        raise _error(response, f"{method} {path}")


def _tell(line: str, tell: Callable[[Any], None]) -> None:  # any JSON
    """Tell of one line; empty ones only keep the connection."""
    if not line.strip():
        return
    item = json.loads(line)
    if set(item) == {"error"}:
        raise ForbiddenError(f"The stream was ended: {item['error']['message']}")
    tell(item)


def effects_of(response: httpx.Response) -> list[str]:
    """What policies changed in a request, in words."""
    try:
        effects = json.loads(response.headers.get(POLICY_EFFECTS, "[]"))
    except ValueError:
        return []
    return [str(effect) for effect in effects] if isinstance(effects, list) else []


def _versioned(path: str) -> httpx.URL:
    """With the version, unless the path carries one already (a `nextLink`)."""
    url = httpx.URL(path)
    return url if "api-version" in url.params else url.copy_merge_params({"api-version": VERSION})


def _error(response: httpx.Response, what: str) -> HoldfastError:
    try:
        message = str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = response.text[:200]
    text = f"{what} was refused ({response.status_code}): {message}"
    if response.status_code == TooManyRequestsError.status:
        seconds = response.headers.get("retry-after", "")
        return TooManyRequestsError(text, float(seconds) if seconds.isdigit() else 1.0)
    return _ERRORS.get(response.status_code, HoldfastError)(text)


_ERRORS: dict[int, type[HoldfastError]] = {
    error.status: error
    for error in (
        InvalidError,
        UnauthenticatedError,
        ForbiddenError,
        NotFoundError,
        ConflictError,
        UnavailableError,
    )
}
"""Status → error; the others are a plain HoldfastError."""


class Remote:
    """The same for code that is not asynchronous. Use it in a `with` block."""

    def __init__(self, address: str, root_ca: Path | None, token: str) -> None:
        self._runner = asyncio.Runner()
        self._client = self._runner.run(_make(address, root_ca, token))

    def on_effect(self, tell: Callable[[str], None]) -> None:
        """See `ApiClient.on_effect`."""
        self._client.on_effect = tell

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._client.close())
        self._runner.close()

    def ready(self) -> None:
        """See `ApiClient.ready`."""
        self._runner.run(self._client.ready())

    def wait_until_ready(self, seconds: float) -> None:
        """See `ApiClient.wait_until_ready`."""
        self._runner.run(self._client.wait_until_ready(seconds))

    def get(self, path: str) -> Any:  # any JSON
        """See `ApiClient.get`."""
        return self._runner.run(self._client.get(path))

    def pages(self, path: str) -> list[Any]:  # any JSON
        """See `ApiClient.pages`."""
        return self._runner.run(self._client.pages(path))

    def put(self, path: str, body: Any) -> Any:  # any JSON
        """See `ApiClient.put`."""
        return self._runner.run(self._client.put(path, body))

    def patch(self, path: str, body: Any) -> Any:  # any JSON
        """See `ApiClient.patch`."""
        return self._runner.run(self._client.patch(path, body))

    def post(self, path: str, body: Any = None, seconds: float = TIMEOUT) -> Any:  # any JSON
        """See `ApiClient.post`."""
        return self._runner.run(self._client.post(path, body, seconds))

    def upload(self, path: str, content: bytes, content_type: str, method: str = "POST") -> Any:  # any JSON
        """See `ApiClient.upload`."""
        return self._runner.run(self._client.upload(path, content, content_type, method))

    def pause(self, seconds: float) -> None:
        """Wait before asking again."""
        self._runner.run(asyncio.sleep(seconds))

    def download(self, path: str) -> bytes:
        """See `ApiClient.download`."""
        return self._runner.run(self._client.download(path))

    def lines(self, path: str, tell: Callable[[Any], None]) -> None:  # any JSON
        """See `ApiClient.lines`."""
        self._runner.run(self._client.lines(path, tell))

    def delete(self, path: str) -> None:
        """See `ApiClient.delete`."""
        self._runner.run(self._client.delete(path))


async def _make(address: str, root_ca: Path | None, token: str) -> ApiClient:
    return ApiClient(address, root_ca, token)
