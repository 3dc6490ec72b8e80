"""Local methods: they are counted, have no default password, and every kind can be switched off."""

import base64
import hmac
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

from holdfast.baseline.probes.context import Persona, ProbeContext, Surface
from holdfast.baseline.probes.devices import VERSION, demand, probe_device
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.mqtt import Login, log_in
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.people import (
    ADMINISTRATOR,
    DEVICES,
    Browser,
    bites,
    listed,
    next_request,
    status_sight,
)
from holdfast.kernel.json import JsonObject

_USAGE = "/api/access/localMethods/localAccounts/usage"
RELAYED_SECONDS = 10.0
"""Gateways are processes of their own, which hear of a change a moment later."""
_GUESSES = ("admin", "password", "holdfast", "administrator", "changeme")
_VIEWER = "84cc62c1-dabe-49d3-b16e-8b291232b285"


def methods_switched_off(context: ProbeContext) -> Iterator[Sight]:
    """Switch every local method off for an organization of its own, and go on using them."""
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill:
        place = f"probe-{drill.randomness.bytes(4).hex()}"
        made = ask(
            drill, "PUT", f"/api/organizations/{place}?{VERSION}", Persona.KEEPER, {"displayName": place}
        )
        demand(made, "an organization of the probes")
        token, browser = _token(drill, place), _local_person(drill, place, _VIEWER)
        with probe_device(replace(drill, organization=place)) as device:
            host = drill.endpoints[Surface.DEVICE_MQTT].server_name
            target = f"{host}/devices/{device.id}"
            login = Login(device.id, device.signature(target, drill.clock.now() + 600))
            looks: dict[str, Callable[[], int]] = {
                "API, a token": lambda: ask(drill, "GET", DEVICES, authorization=token).status,
                "console, a local account": browser.status,
                "device MQTT, a symmetric key": lambda: _mqtt(drill, login),
            }
            for what, look in looks.items():
                yield status_sight(f"{what}, switched on", 200, look())
            body: JsonObject = {
                "localMethods": {"apiTokens": False, "localAccounts": False, "deviceSas": False}
            }
            off = ask(drill, "PUT", f"/api/access/settings/{place}", Persona.KEEPER, body)
            demand(off, "switching local methods off")
            for what, look in looks.items():
                subject = f"{what}, switched off"
                if "MQTT" in what:
                    yield bites(context, subject, look, 401, RELAYED_SECONDS)
                else:
                    yield next_request(context, subject, look, 401)


def shared_access_policies_judged(context: ProbeContext) -> Iterator[Sight]:
    """Sign for a device with a policy's key while the policy is enabled, disabled and gone."""
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill, probe_device(drill) as device:
        name = f"probe-{drill.randomness.bytes(4).hex()}"
        path = f"/api/sharedAccessPolicies/{name}"
        made = demand(ask(drill, "PUT", path, Persona.KEEPER, {}), "a shared access policy of the probes")
        key = base64.b64decode(str(made["primaryKey"]))
        target = f"{drill.endpoints[Surface.DEVICE_MQTT].server_name}/devices/{device.id}"

        def status(signing: bytes = key) -> int:
            signature = device.signature(target, drill.clock.now() + 600, signing)
            return _mqtt(drill, Login(device.id, f"{signature}&skn={name}"))

        yield bites(context, "device MQTT, a policy's key", status, 200, RELAYED_SECONDS)
        forged = status(drill.randomness.bytes(32))
        yield status_sight("device MQTT, a made-up key in the policy's name", 401, forged)
        yield status_sight("device MQTT, the device's own key in the policy's name", 401, status(device.key))
        off = ask(drill, "PUT", path, Persona.KEEPER, {"enabled": False})
        demand(off, "disabling the shared access policy")
        yield bites(context, "device MQTT, a disabled policy's key", status, 401, RELAYED_SECONDS)
        demand(ask(drill, "PUT", path, Persona.KEEPER, {"enabled": True}), "enabling it again")
        yield bites(context, "device MQTT, the key once it is enabled again", status, 200, RELAYED_SECONDS)
        ask(drill, "DELETE", path, Persona.KEEPER)
        yield bites(context, "device MQTT, a deleted policy's key", status, 401, RELAYED_SECONDS)


def _mqtt(drill: ProbeContext, login: Login) -> int:
    return 200 if log_in(drill, Surface.DEVICE_MQTT, login) == 0 else 401


def _token(drill: ProbeContext, place: str) -> str:
    body: JsonObject = {"roles": [{"role": _VIEWER, "organization": place}]}
    made = ask(drill, "PUT", f"/api/apiTokens/{place}?{VERSION}", Persona.KEEPER, body)
    return str(demand(made, "an API token of the probes")["token"])


def local_administrators_counted(context: ProbeContext) -> Iterator[Sight]:
    """Find the local accounts of this instance; make, count and block one on an instance of its own."""
    accounts = listed(context, _USAGE)
    seen = f"{len(accounts)} local accounts are listed"
    yield Sight("local accounts of this instance", "a list", seen, passed=True, in_force=bool(accounts))
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill:
        for guess in _GUESSES:
            form = {"email": "administrator@localhost", "password": guess, "code": "000000"}
            answer = ask(drill, "POST", "/sign-in", form=form)
            seen = "let in" if answer.cookies else f"status {answer.status}"
            yield Sight(f"the password “{guess}”", "not let in", seen, passed=not answer.cookies)
        browser = _local_person(drill, "", ADMINISTRATOR)
        me = str(demand(browser.ask("GET", "/api/access/me"), "the local administrator")["id"])
        ids = [account["id"] for account in listed(drill, _USAGE)]
        seen = "listed" if me in ids else "not listed"
        yield Sight("a new local administrator", "listed among the local accounts", seen, me in ids)
        blocked = ask(drill, "PATCH", f"/api/access/users/{me}", Persona.KEEPER, {"enabled": False})
        demand(blocked, "blocking the local administrator")
        yield next_request(context, "after it was blocked", lambda: browser.status("/api/access/me"), 401)


def _local_person(drill: ProbeContext, organization: str, role: str) -> Browser:
    """Somebody who set up a password and one-time codes with a sign-in link."""
    id_ = f"probe-{drill.randomness.bytes(4).hex()}"
    assignment: JsonObject = {"role": role, "organization": organization}
    body: JsonObject = {"type": "email", "email": f"{id_}@probe.example", "roles": [assignment]}
    path = f"/api/access/users/{id_}"
    demand(ask(drill, "PUT", path, Persona.KEEPER, body), "a person of the probes")
    link = str(demand(ask(drill, "POST", f"{path}/signInLink", Persona.KEEPER), "a sign-in link")["link"])
    page = ask(drill, "POST", "/sign-in/link", form={"link": link.partition("#")[2]})
    offer = re.search(r'name="offer" value="([^"]+)"', page.text)
    secret = re.search(r'class="secret">([A-Z2-7]+)<', page.text)
    if offer is None or secret is None:
        raise RuntimeError(f"the sign-in link opens nothing: status {page.status}")
    password = drill.randomness.bytes(16).hex()
    form = {"offer": offer[1], "password": password, "repeated": password}
    form["code"] = _one_time_code(secret[1], drill.clock.now())
    answer = ask(drill, "POST", "/sign-in/password", form=form, cookies=page.cookies)
    if answer.status != 303:
        raise RuntimeError(f"a local account could not be set up: status {answer.status}")
    return Browser(drill, answer.cookies)


def _one_time_code(secret: str, now: float) -> str:
    """RFC 6238 with its defaults: what an app for codes shows now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(now) // 30), "sha1")
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"
