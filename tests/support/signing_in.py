"""The first administrator comes in by the sign-in link, in a real browser."""

import base64
import hmac
import struct
import time

from playwright.sync_api import Page

from tests.support.running import RunningInstance

PASSWORD = "a long enough sentence 7"  # of a test instance


def one_time_code(secret: str) -> str:
    """RFC 6238 with the defaults of every app."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), "sha1").digest()
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def sign_in(page: Page, instance: RunningInstance) -> None:
    """Come in as the first administrator."""
    sign_in_by(page, instance.url, instance.link)


def sign_in_by(page: Page, address: str, link: str) -> None:
    """Use a link, connect an app for one-time codes, set a password."""
    page.goto(link)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("code").fill(one_time_code(page.locator("p.secret").inner_text()))
    page.get_by_label("3. A password").fill(PASSWORD)
    page.get_by_label("The password again").fill(PASSWORD)
    page.get_by_role("button", name="Keep and sign in").click()
    page.wait_for_url(f"{address}/")
