"""A real OpenID provider (Canaille, in memory) in its own process, and the browser that signs in there.

`python -m tests.support.openid_provider REDIRECT_URI` serves it on a free loopback port and writes its issuer
to standard output.
"""

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

CLIENT = "holdfast"
CLIENT_SECRET = "only for tests"
AUDIENCE = "holdfast-api"
PASSWORD = "correct horse battery staple"
PEOPLE = {"ada": ["engineers"], "bob": []}
"""User names with their groups; the address is `<name>@example.org`."""


@contextmanager
def run_provider(redirect_uri: str) -> Iterator[str]:
    """A running provider; its issuer."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.openid_provider", redirect_uri],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["issuer"]
    finally:
        process.kill()
        process.wait()


def sign_in(address: str, user: str, redirect_uri: str) -> dict[str, str]:
    """Go to `address` as a browser does, sign in, and come back with the query of the redirection."""
    with httpx.Client(follow_redirects=False, timeout=60) as browser:
        answer = browser.get(address)
        for _ in range(12):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(redirect_uri):
                    return dict(parse_qsl(urlsplit(target).query))
                answer = browser.get(target)
            else:
                answer = _submit(browser, answer, {"login": user, "password": PASSWORD})
    raise AssertionError(f"the provider never sends the browser back; the last page: {answer.url}")


def _submit(browser: httpx.Client, page: httpx.Response, values: dict[str, str]) -> httpx.Response:
    fields = {}
    for tag in re.findall(r"<(?:input|button)[^>]*>", page.text):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        name = attributes.get("name", "")
        if name and attributes.get("type") != "submit":
            fields[name] = values.get(name, html.unescape(attributes.get("value", "")))
    fields["answer"] = "accept"
    return browser.post(str(page.url), data=fields)


def _serve(redirect_uri: str) -> None:
    from canaille import create_app  # imported here: slow, and needed in the provider's process only
    from canaille.app import models
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    issuer = f"127.0.0.1:{server.server_port}"
    app = create_app(
        {
            "SECRET_KEY": "a key for tests only, of enough length",
            "SERVER_NAME": issuer,
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False},
            "CANAILLE_OIDC": {"TRUSTED_DOMAINS": ["127.0.0.1"]},
        }
    )
    with app.app_context():
        api = models.Client(client_id=AUDIENCE, client_name="API")
        client = models.Client(
            client_id=CLIENT,
            client_secret=CLIENT_SECRET,
            client_name="Holdfast",
            client_uri="http://127.0.0.1",
            redirect_uris=[redirect_uri],
            grant_types=["authorization_code", "refresh_token"],
            response_types=["code"],
            scope=["openid", "profile", "email", "groups"],
            token_endpoint_auth_method="client_secret_basic",
        )
        app.backend.save(api)
        app.backend.save(client)
        client.audience = [client, api]
        app.backend.save(client)
        groups: dict[str, list[object]] = {}
        for name, belongs in PEOPLE.items():
            person = models.User(
                user_name=name,
                formatted_name=name.title(),
                family_name=name.title(),
                emails=[f"{name}@example.org"],
                password=PASSWORD,
            )
            app.backend.save(person)
            for group in belongs:
                groups.setdefault(group, []).append(person)
        for group, members in groups.items():
            app.backend.save(models.Group(display_name=group, members=members))
    server.app = app
    sys.stdout.write(json.dumps({"issuer": f"http://{issuer}"}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    _serve(sys.argv[1])
