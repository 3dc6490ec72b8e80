"""Access control on a running instance: the command line, a first sign-in, revocation, our own issuer."""

import base64
import http.server
import json
import os
import queue
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from holdfast.access.roles.builtin import (
    ADMINISTRATOR,
    OPERATOR,
    ORGANIZATION_ADMINISTRATOR,
    ORGANIZATION_VIEWER,
)
from holdfast.kernel.clock import SystemClock, isoformat
from tests.support.receiving import Lines, Mail, listening
from tests.support.running import RunningInstance, running
from tests.support.waiting import until


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("access") / "data") as instance:
        yield instance


@pytest.fixture(scope="module", autouse=True)
def mails(instance: RunningInstance) -> Iterator[Lines]:
    """What is mailed of a review that is nearly due: begun first, because reminders come once a minute."""
    with listening(Mail) as lines:
        server = {"host": "127.0.0.1", "port": lines.port, "encrypted": False}
        people = {"sender": "holdfast@plant.example", "recipients": ["reviewers@plant.example"]}
        connection = {"type": "email", **server, **people}
        mail = {"displayName": "Mail", "connection": connection, "alerts": {"types": ["access-review-due"]}}
        answer(instance, "alert", "destination", "set", "reviewers", json.dumps(mail))
        soon = isoformat(SystemClock().now() + 3600)
        scope = ("--role", ADMINISTRATOR.id, "--reviewer", "administrator")
        answer(instance, "review", "begin", "Quarterly", "--due", soon, *scope)
        yield lines


def run(instance: RunningInstance, *words: str, token: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HOLDFAST_URL": instance.url,
        "HOLDFAST_CA": str(instance.root_ca),
        "HOLDFAST_TOKEN": token or instance.token,
    }
    command = [sys.executable, "-m", "holdfast.cli.main", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def answer(instance: RunningInstance, *words: str, token: str = "") -> Any:
    done = run(instance, *words, token=token)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def browser(instance: RunningInstance) -> httpx.Client:
    context = ssl.create_default_context(cafile=str(instance.root_ca))
    headers = {"sec-fetch-site": "same-origin"}
    return httpx.Client(base_url=instance.url, verify=context, headers=headers, timeout=60)


def test_people_roles_and_organizations_from_the_command_line(instance: RunningInstance) -> None:
    answer(instance, "organization", "add", "north", "--name", "North")
    answer(instance, "organization", "add", "plant", "--name", "Plant", "--parent", "north")
    assert [o["id"] for o in answer(instance, "organization", "list", "--json")] == ["north", "plant"]
    role = f"{ORGANIZATION_VIEWER.id}@plant"
    made = answer(instance, "user", "add", "ada", "--email", "ada@example.org", "--role", role)
    assert made["organizationPath"] == "/north/plant/"
    answer(
        instance,
        "role",
        "create",
        "fitter",
        "--name",
        "Fitter",
        "--permission",
        "organization:device:command",
    )
    answer(instance, "user", "roles", "ada", "--role", role, "--role", "fitter")
    why = run(instance, "access", "why", "ada", "organization:device:command")
    assert (why.returncode, "Fitter at /" in why.stdout) == (0, True)
    assert run(instance, "role", "delete", "fitter").returncode == 1
    denied = run(instance, "access", "why", "ada", "application:key:manage")
    assert denied.returncode == 1
    assert answer(instance, "user", "disable", "ada")["enabled"] is False
    assert run(instance, "user", "remove", "ada").returncode == 0
    assert run(instance, "organization", "remove", "north").returncode == 1


def test_a_token_made_on_the_command_line_works_until_it_is_deleted(instance: RunningInstance) -> None:
    token = run(instance, "token", "create", "ci", "--role", OPERATOR.id).stdout.strip()
    assert answer(instance, "access", "me", token=token)["id"] == "ci"
    listed = run(instance, "token", "list").stdout
    assert ("ci" in listed, "Operator" in listed, "last used" in listed) == (True, True, True)
    answer(instance, "organization", "add", "yard", "--name", "Yard")
    role = f"{ORGANIZATION_ADMINISTRATOR.id}@yard"
    below = run(instance, "token", "create", "below", "--role", role).stdout.strip()
    assert "Org" in run(instance, "token", "list", token=below).stdout
    assert run(instance, "token", "delete", "ci").returncode == 0
    refused = run(instance, "access", "me", token=token)
    assert (refused.returncode, "unknown, deleted or expired" in refused.stderr) == (1, True)


def test_the_first_link_sets_up_an_administrator_once_and_a_session_ends_when_revoked(
    instance: RunningInstance,
) -> None:
    secret = instance.link.partition("#")[2]
    with browser(instance) as first:
        page = first.post("/sign-in/link", data={"link": secret})
        offer = re.search(r'name="offer"[^>]*value="([^"]+)"', page.text)
        key = re.search(r"\b([A-Z2-7]{32})\b", page.text)
        assert offer is not None
        assert key is not None
        code = TOTP(base64.b32decode(key[1]), 6, SHA1(), 30).generate(SystemClock().now()).decode()
        password = "nine quiet rivers"
        fields = {"offer": offer[1], "password": password, "repeated": password, "code": code}
        assert first.post("/sign-in/password", data=fields).status_code == 303
        me = first.get("/api/access/me").json()
        assert (me["id"], me["methods"]) == ("administrator", ["otp", "pwd"])
        assert first.post("/sign-in/link", data={"link": secret}).status_code == 401
        assert run(instance, "session", "end", me["session"]).returncode == 0
        assert first.get("/api/access/me").status_code == 401


def test_a_policy_on_the_command_line_bites_at_the_next_request(instance: RunningInstance) -> None:
    token = run(instance, "token", "create", "far", "--role", OPERATOR.id).stdout.strip()
    policy = {
        "displayName": "Not from this machine",
        "state": "enabled",
        "conditions": {"principals": {"include": ["far"]}, "networks": {"include": ["127.0.0.0/8"]}},
        "control": {"action": "block"},
    }
    assert answer(instance, "access", "me", token=token)["id"] == "far"
    asked = run(instance, "access", "what-if", "far", "127.0.0.1", "--client", "apiToken")
    assert asked.returncode == 0
    answer(instance, "access", "put", "conditionalAccessPolicies", "far", json.dumps(policy))
    assert "Not from this machine" in run(instance, "access", "me", token=token).stderr
    assert run(instance, "access", "what-if", "far", "127.0.0.1", "--client", "apiToken").returncode == 1


def test_switching_a_local_method_off_first_lists_what_uses_it(instance: RunningInstance) -> None:
    refused = run(instance, "access", "switch-off", "apiTokens")
    assert (refused.returncode, "still use it" in refused.stderr) == (1, True)
    assert "first-start" in run(instance, "access", "usage", "apiTokens").stdout
    with instance.remote() as remote:
        remote.put("/api/sharedAccessPolicies/balancer", {})
    listed = run(instance, "access", "usage", "deviceSas").stdout
    assert ("SAS-IoT-Devices" in listed, "balancer" in listed) == (True, True)


def test_our_issuer_is_published_from_the_first_minute(instance: RunningInstance) -> None:
    with browser(instance) as client:
        document = client.get("/.well-known/openid-configuration").json()
        assert document["issuer"] == instance.url
        assert len(client.get(document["jwks_uri"]).json()["keys"]) == 1


def test_a_stream_is_ended_when_its_token_is_deleted(instance: RunningInstance) -> None:
    token = run(instance, "token", "create", "watch", "--role", "auditor").stdout.strip()
    with browser(instance) as client:
        headers = {"authorization": token}
        with client.stream("GET", "/api/audit/live", headers=headers) as stream:
            lines = (json.loads(line) for line in stream.iter_lines() if line)
            answer(instance, "organization", "add", "seen", "--name", "Seen")
            assert next(lines)["resource"] == "seen"
            assert run(instance, "token", "delete", "watch").returncode == 0
            *_, last = lines
    assert last["error"]["code"] == "Unauthorized"


def test_a_verifier_that_knows_only_the_issuers_address_trusts_a_managed_identity(
    instance: RunningInstance,
) -> None:
    body = {"displayName": "Export", "audiences": ["api://storage"]}
    answer(instance, "access", "put", "managedIdentities", "export", json.dumps(body))
    token = run(instance, "access", "identity-token", "export", "api://storage").stdout.strip()
    with browser(instance) as verifier:
        document = verifier.get(f"{instance.url}/.well-known/openid-configuration").json()
        keys = KeySet.import_key_set(verifier.get(document["jwks_uri"]).json())
    claims = jwt.decode(token, keys, ["RS256"]).claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == (instance.url, "identity:export", "api://storage")
    refused = run(instance, "access", "identity-token", "export", "api://other")
    assert (refused.returncode, "not for the audience" in refused.stderr) == (1, True)


class Receiver(http.server.ThreadingHTTPServer):
    """A service elsewhere: it knows the address of the issuer, and lets those in whom that vouches for."""

    def __init__(self, instance: RunningInstance) -> None:
        super().__init__(("127.0.0.1", 0), Calls)
        self.instance = instance
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.calls: queue.SimpleQueue[tuple[str, bool]] = queue.SimpleQueue()
        """Subject, and whether it was a test message: control sends those, a worker all others."""

    def subject(self, authorization: str) -> str:
        """Who calls. JoseError for whoever brings no token for this address."""
        with browser(self.instance) as client:
            document = client.get("/.well-known/openid-configuration").json()
            keys = KeySet.import_key_set(client.get(document["jwks_uri"]).json())
        decoded = jwt.decode(authorization.removeprefix("Bearer "), keys, ["RS256"])
        wanted = {name: {"essential": True, "value": v} for name, v in self.expected().items()}
        JWTClaimsRegistry(**wanted, exp={"essential": True}).validate(decoded.claims)  # type: ignore[arg-type]  # its TypedDict
        return str(decoded.claims["sub"])

    def expected(self) -> dict[str, str]:
        return {"iss": self.instance.url, "aud": self.address}


class Calls(http.server.BaseHTTPRequestHandler):
    """Answers 204 to whom it trusts, 401 to everybody else."""

    server: Receiver

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            subject = self.server.subject(self.headers.get("authorization", ""))
            self.server.calls.put((subject, message.get("title") == "Test message"))
            self.send_response(204)
        except (JoseError, ValueError):
            self.send_response(401)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def receiver(instance: RunningInstance) -> Iterator[Receiver]:
    with Receiver(instance) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_webhook_lets_the_instance_in_by_federation_and_stores_no_secret(
    instance: RunningInstance, receiver: Receiver
) -> None:
    def destination(**connection: str) -> str:
        hook = {"type": "webhook", "url": f"{receiver.address}/hook", **connection}
        return json.dumps({"displayName": "SIEM", "connection": hook, "audit": True})

    identity = {"displayName": "SIEM", "audiences": [receiver.address]}
    answer(instance, "access", "put", "managedIdentities", "siem", json.dumps(identity))
    words = ("alert", "destination", "set", "siem")
    answer(instance, *words, destination())
    assert "401" in run(instance, "alert", "destination", "test", "siem").stderr
    for name, subject in (("system", "resource:alertDestination/siem"), ("siem", "identity:siem")):
        answer(instance, *words, destination(identity=name))
        assert run(instance, "alert", "destination", "test", "siem").returncode == 0
        seen: set[tuple[str, bool]] = set()
        while not {(subject, True), (subject, False)} <= seen:
            seen.add(receiver.calls.get(timeout=60))
    answer(instance, *words, destination(identity="siem", audience=receiver.address))
    answer(instance, "access", "put", "managedIdentities", "siem", json.dumps({**identity, "enabled": False}))
    refused = run(instance, "alert", "destination", "test", "siem")
    assert (refused.returncode, "is disabled" in refused.stderr) == (1, True)
    assert run(instance, "alert", "destination", "remove", "siem").returncode == 0


def test_a_review_on_the_command_line_takes_away_what_nobody_kept(instance: RunningInstance) -> None:
    answer(instance, "user", "add", "leo", "--email", "leo@example.org", "--role", OPERATOR.id)
    due = "2099-12-31T00:00:00Z"
    role = ("--role", OPERATOR.id, "--reviewer", "administrator")
    review = answer(instance, "review", "begin", "Yearly", "--due", due, *role)["id"]
    assert "leo" in run(instance, "review", "show", review).stdout
    assert run(instance, "review", "answer", review, "0", "keep").returncode == 1, "a token is no person"
    assert run(instance, "review", "close", review).returncode == 0
    assert answer(instance, "user", "show", "leo")["roles"] == []


def test_reviewers_are_reminded_by_mail(mails: Lines) -> None:
    until(lambda: "are not answered" in mails.text, 180)
    assert "To: reviewers@plant.example" in mails.text
    assert "Quarterly" in mails.text


def test_the_audit_log_is_exported_by_event_and_time(instance: RunningInstance) -> None:
    answer(instance, "organization", "add", "late", "--name", "Late")
    words = ("access", "audit", "--event", "organization.created", "--json")
    records = [json.loads(line) for line in run(instance, *words).stdout.splitlines()]
    assert records[0]["resource"] == "late"
    assert records[0]["afterDigest"]
    assert run(instance, *words, "--until", "1990-01-01T00:00:00Z").stdout == ""
