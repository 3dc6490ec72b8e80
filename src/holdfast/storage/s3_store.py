"""Bytes in a bucket of S3-compatible storage: the byte store of many machines.

What arrives here is sealed already, so the storage's operator reads nothing. Each call is bounded in time, is
tried again a few times, and then ends with an UnavailableError that names the place and the cause.
"""

import contextlib
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import S3Store as Bucket

from holdfast.kernel.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    from obstore.store import ClientConfig

CALL_TIMEOUT = timedelta(seconds=20)
CONNECT_TIMEOUT = timedelta(seconds=5)
RETRIES = 3
RETRY_TIMEOUT = timedelta(seconds=30)
"""From the first try of a call; a device waits for at most this and one call."""
_TRIAL = ".health-check"
"""Written again and again to see whether the storage takes anything; names of blobs begin otherwise."""


class S3Place(NamedTuple):
    """A bucket, and who may write there."""

    endpoint: str
    """`https://host[:port]`, or `http://` on this machine."""
    bucket: str
    prefix: str
    """In front of every name, or empty."""
    region: str
    access_key_id: str
    secret_access_key: str
    authority_pem: bytes = b""
    """The authority behind the endpoint's certificate, beside those that the system trusts."""

    def __repr__(self) -> str:
        """Without the secret."""
        return f"S3Place({self.endpoint}/{self.bucket}/{self.prefix})"


class S3Store:
    """See `ByteStore`. Thread-safe and shared by processes."""

    def __init__(self, place: S3Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._problem = ""
        client: ClientConfig = {
            "allow_http": place.endpoint.startswith("http://"),
            "timeout": CALL_TIMEOUT,
            "connect_timeout": CONNECT_TIMEOUT,
        }
        if place.authority_pem:
            client["root_certificate"] = place.authority_pem
        self._bucket = Bucket(
            place.bucket,
            prefix=place.prefix or None,
            config={
                "endpoint": place.endpoint,
                "region": place.region,
                "access_key_id": place.access_key_id,
                "secret_access_key": place.secret_access_key,
                "virtual_hosted_style_request": False,  # self-hosted storages have one host name
                "conditional_put": "etag",
                "disable_bulk_delete": True,  # not all of them know it, and it needs an MD5
            },
            client_options=client,
            retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_TIMEOUT},
        )

    def put(self, name: str, content: bytes) -> bool:
        """See `ByteStore.put`; a conditional request (`If-None-Match: *`)."""
        with self._calling(name):
            try:
                obstore.put(self._bucket, name, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """See `ByteStore.read`."""
        with self._calling(name):
            if end is None:
                whole = bytes(obstore.get(self._bucket, name).bytes())
                return whole[start:]
            if end <= start:
                return b""
            return bytes(obstore.get_range(self._bucket, name, start=start, end=end))

    def size(self, name: str) -> int:
        """See `ByteStore.size`."""
        with self._calling(name):
            return obstore.head(self._bucket, name)["size"]

    def names(self, prefix: str) -> list[str]:
        """See `ByteStore.names`. The storage lists whole folders, so a part of a name is matched here."""
        folder = prefix.rpartition("/")[0]
        with self._calling(prefix):
            found = [each["path"] for page in obstore.list(self._bucket, folder or None) for each in page]
        return sorted(name for name in found if name.startswith(prefix) and name != _TRIAL)

    def delete(self, name: str) -> bool:
        """See `ByteStore.delete`. The storage does not tell whether there was anything, so it is asked."""
        try:
            self.size(name)
        except NotFoundError:
            return False
        with self._calling(name):
            obstore.delete(self._bucket, name)
        return True

    def check(self) -> str:
        """Write something small; empty, or what is wrong, in a sentence. Never raises. Blocking."""
        with contextlib.suppress(UnavailableError), self._calling(_TRIAL):
            obstore.put(self._bucket, _TRIAL, b"", use_multipart=False)
        return self.problem()

    def problem(self) -> str:
        """What was wrong with the last call, or empty. Does not block."""
        with self._lock:
            return self._problem

    @contextlib.contextmanager
    def _calling(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise self._failed("There is no such bucket; make it.") from None
            self._note("")
            raise NotFoundError(f"There is no blob “{name}”.") from None
        except (PermissionDeniedError, UnauthenticatedError):
            raise self._failed("It refuses the access key; check key, secret and bucket policy.") from None
        except BaseError as error:
            raise self._failed(f"{_first_line(error)}.") from None
        self._note("")

    def _failed(self, reason: str) -> UnavailableError:
        place = f"{self._place.endpoint}/{self._place.bucket}"
        message = f"The object storage {place} does not do what is asked. {reason}"
        self._note(message)
        return UnavailableError(message)

    def _note(self, problem: str) -> None:
        with self._lock:
            self._problem = problem


def _first_line(error: BaseError) -> str:
    """What the library says before it lists its inner state."""
    return str(error).partition("\n")[0].strip().rstrip(".")[:300]
