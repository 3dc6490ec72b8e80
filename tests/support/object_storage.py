"""An S3-compatible server on this machine, with a bucket in it; over TLS with an authority of its own."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import trustme
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from holdfast.storage.s3_store import S3Place

BUCKET = "device-files"


class _Plain(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"  # no connection outlives its request, so none outlives the server

    def log(self, type: str, message: str, *args: object) -> None:
        """Requests are nobody's news."""


@contextmanager
def object_storage() -> Iterator[S3Place]:
    """A place in a bucket of a running server."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=_Plain, ssl_context=context
    )
    thread = threading.Thread(target=server.serve_forever, name="object-storage")
    thread.start()
    try:
        port, trusted = server.server_port, authority.cert_pem.bytes()
        prefix = f"plant-{port}"  # the servers of one process share their buckets
        place = S3Place(f"https://127.0.0.1:{port}", BUCKET, prefix, "us-east-1", "key", "secret", trusted)
        make_bucket(place)
        yield place
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_bucket(place: S3Place) -> None:
    """Make the bucket of a place."""
    with _client(place) as client:
        client.put(f"/{place.bucket}").raise_for_status()


def stored(place: S3Place, name: str) -> bytes:
    """What the storage's operator sees under a name."""
    with _client(place) as client:
        return client.get(f"/{place.bucket}/{place.prefix}/{name}").raise_for_status().content


def settings_of(place: S3Place, folder: Path) -> dict[str, str]:
    """The environment of an instance that keeps its files there."""
    secret, authority = folder / "storage-secret", folder / "storage-authority.pem"
    secret.write_text(f"{place.secret_access_key}\n")
    authority.write_bytes(place.authority_pem)
    return {
        "HOLDFAST_OBJECT_STORAGE__ENDPOINT": place.endpoint,
        "HOLDFAST_OBJECT_STORAGE__BUCKET": place.bucket,
        "HOLDFAST_OBJECT_STORAGE__PREFIX": place.prefix,
        "HOLDFAST_OBJECT_STORAGE__ACCESS_KEY_ID": place.access_key_id,
        "HOLDFAST_OBJECT_STORAGE__SECRET_KEY_FILE": str(secret),
        "HOLDFAST_OBJECT_STORAGE__AUTHORITY_FILE": str(authority),
    }


def _client(place: S3Place) -> httpx.Client:
    context = ssl.create_default_context(cadata=place.authority_pem.decode())
    scope = f"Credential={place.access_key_id}/20260101/{place.region}/s3/aws4_request"
    headers = {"authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    return httpx.Client(base_url=place.endpoint, verify=context, headers=headers)
