"""Asking an identity provider: bounded in time and size, and never following it elsewhere."""

import json
import ssl
from collections.abc import Mapping

import httpx

from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject

MAXIMUM_BYTES = 512 * 1024
"""A key set of fifty RSA keys with their certificates has about 200 kB."""
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
"""Seconds without a byte."""
MAXIMUM_SECONDS = 10.0
"""For a whole answer, however slowly it drips."""


class Fetcher:
    """An HTTP client for identity providers. Thread-safe; blocking."""

    def __init__(self, clock: Clock, context: ssl.SSLContext | None = None) -> None:
        self._clock = clock
        self._client = httpx.Client(
            # The machine's trust store: providers on the premises have a CA of their own.
            verify=context or ssl.create_default_context(),
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            headers={"accept": "application/json"},
        )

    def get(self, url: str, token: str = "") -> JsonObject:
        """The JSON object at `url`, asked for with a bearer token if there is one."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        status, answer = self._exchange("GET", url, headers)
        if status != 200:
            raise UnavailableError(f"The identity provider answered {status} at {url}.")
        return answer

    def post(
        self, url: str, form: Mapping[str, str], basic: tuple[str, str] | None = None
    ) -> tuple[int, JsonObject]:
        """The status and JSON object of a form's answer; `basic` is a client id and secret."""
        return self._exchange("POST", url, {}, dict(form), basic)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: dict[str, str] | None = None,
        basic: tuple[str, str] | None = None,
    ) -> tuple[int, JsonObject]:
        """UnavailableError when there is no usable answer in time."""
        started = self._clock.monotonic()
        content = b""
        try:
            with self._client.stream(method, url, headers=headers, data=form, auth=basic) as response:
                for part in response.iter_bytes():
                    content += part
                    if len(content) > MAXIMUM_BYTES or self._clock.monotonic() - started > MAXIMUM_SECONDS:
                        raise UnavailableError(f"The identity provider's answer at {url} is too long.")
                answer = json.loads(content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(
                f"The identity provider does not answer at {url} ({type(error).__name__})."
            ) from error
        except (ValueError, RecursionError) as error:
            raise UnavailableError(f"The identity provider's answer at {url} is not JSON.") from error
        if not isinstance(answer, dict):
            raise UnavailableError(f"The identity provider's answer at {url} is not a JSON object.")
        return response.status_code, answer
