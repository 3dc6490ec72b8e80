"""Reading the source: at the pace that the hosted service allows, again when it asks to wait."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from holdfast.kernel.errors import (
    ForbiddenError,
    HoldfastError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
)
from holdfast.operations.iot_central.model import Api, Note

PREVIEW = "2022-10-31-preview"
REQUESTS_PER_SECOND = 15.0
"""The hosted service allows 20 a second to everybody together."""
TRIES = 6
LONGEST_WAIT = 60.0

Sleep = Callable[[float], None]
Monotonic = Callable[[], float]


class Source:
    """The application that is left. Only read."""

    def __init__(
        self,
        api: Api,
        rate: float = REQUESTS_PER_SECOND,
        sleep: Sleep = time.sleep,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._api = api
        self._interval = 1 / rate
        self._sleep = sleep
        self._monotonic = monotonic
        self._next = 0.0
        self.notes: list[Note] = []
        """What could not be read, so far."""

    def note(self, kind: str, identifier: str, text: str) -> None:
        """Remember something for a person to do."""
        self.notes.append(Note(kind, identifier, text))

    def get(self, path: str) -> Any:  # any JSON
        """One answer. UnavailableError when the service does not recover in some minutes."""
        for attempt in range(TRIES):
            self._pace()
            try:
                return self._api.get(path)
            except TooManyRequestsError as error:
                self._sleep(min(max(error.retry_after, 2.0**attempt), LONGEST_WAIT))
            except UnavailableError:
                if attempt == TRIES - 1:
                    raise
                self._sleep(2.0**attempt)
        raise UnavailableError(f"The source still refuses {path} for the number of requests; try later.")

    def _pace(self) -> None:
        now = self._monotonic()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._interval

    def optional(self, path: str) -> Any:  # any JSON
        """One answer, or None where there is nothing."""
        try:
            return self.get(path)
        except NotFoundError:
            return None

    def items(self, collection: str, version: str = "", **query: str) -> Iterator[Any]:  # any JSON
        """Every item of a collection, page by page; a note and nothing when it cannot be read."""
        asked = query | ({"api-version": version} if version else {})
        path = f"/api/{collection}" + (f"?{urlencode(asked)}" if asked else "")
        try:
            while path:
                page = self.get(path)
                yield from page["value"]
                path = _own(page.get("nextLink") or "")
        except (NotFoundError, ForbiddenError) as error:
            self.note(collection, "", f"could not be read: {error}")
        except (KeyError, TypeError, AttributeError):
            raise HoldfastError(f"The source's answer to {path} is no list of the published form.") from None


def _own(link: str) -> str:
    """The link without its host: the token goes to nobody but the source."""
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}" if link else ""
