"""Passkeys in a real browser: set up from the first sign-in link, and enough to sign in again."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.support.running import RunningInstance, own_address

HOST = "app.test"
"""Browsers bind passkeys to host names, never to addresses."""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    address = own_address()
    instance = RunningInstance(
        tmp_path_factory.mktemp("passkeys") / "data",
        address,
        HOLDFAST_HOST_NAMES=json.dumps([HOST, address]),
    )
    try:
        instance.start()
        with instance.remote() as remote:
            provider = {"displayName": "Plant ID", "issuer": "https://id.example.org", "clientId": "c"}
            remote.put("/api/access/identityProviders/plant", provider)
        yield instance
    finally:
        instance.kill()


@pytest.fixture
def page(instance: RunningInstance) -> Iterator[Page]:
    """A page of a browser that has an authenticator, and knows where the host is."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--ignore-certificate-errors",
                f"--host-resolver-rules=MAP {HOST} {instance.address}",
            ],
        )
        page = browser.new_context(ignore_https_errors=True).new_page()
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        authenticator = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        session.send("WebAuthn.addVirtualAuthenticator", {"options": authenticator})
        yield page
        browser.close()


def test_a_passkey_is_set_up_from_the_link_and_signs_in_without_a_name(
    instance: RunningInstance, page: Page
) -> None:
    home = f"https://{HOST}:9443/"
    page.goto(instance.link.replace(instance.address, HOST))
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url(home)
    page.context.clear_cookies()
    page.goto(f"{home}sign-in")
    assert page.get_by_role("link", name="Sign in with Plant ID").is_visible()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(home)
    page.goto(f"{home}api/access/me")
    me = json.loads(page.locator("body").inner_text())
    assert (me["id"], me["methods"]) == ("administrator", ["hwk", "passkey", "pin"])
