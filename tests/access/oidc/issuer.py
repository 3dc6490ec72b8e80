"""An issuer over real HTTP that does as it is told: rotates keys, lies, fails, answers slowly."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

Answer = tuple[int, dict[str, Any]]  # status and JSON


class TestIssuer:
    """Its published documents are attributes; each request is counted by path."""

    __test__ = False

    def __init__(self) -> None:
        self.keys: list[Key] = [RSAKey.generate_key(2048, {"kid": "first"})]
        self.answers: dict[str, Callable[[], Answer]] = {
            "/.well-known/openid-configuration": lambda: (200, self.metadata()),
            "/keys": lambda: (200, {"keys": [key.as_dict(private=False) for key in self.keys]}),
        }
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        """What was posted to it."""
        self.issuer = ""

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def answer(self, path: str, status: int, body: dict[str, Any]) -> None:
        """Answer a path with this from now on."""
        self.answers[path] = lambda: (status, body)

    def token(self, claims: dict[str, Any], *, key: Key | None = None, **header: Any) -> str:
        """A token signed by the newest key, or another."""
        key = key or self.keys[-1]
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        made = {"alg": algorithm, "kid": key.kid, **header}
        return jwt.encode(made, claims, key, algorithms=[made["alg"]])


@contextmanager
def run_issuer() -> Iterator[TestIssuer]:
    """The issuer, served on loopback by a thread."""
    issuer = TestIssuer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            issuer.asked.append(path)
            status, body = issuer.answers.get(path, lambda: (404, {}))()
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", "0")))
            issuer.forms.append(dict(parse_qsl(content.decode())))
            self.do_GET()

        def log_message(self, *_args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
