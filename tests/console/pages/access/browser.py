"""A person at the console, without a browser: reads pages, fills in their forms."""

import html
import re
from typing import Any
from urllib.parse import urlencode

from holdfast.access.sessions.cookies import SESSION
from tests.api.access.http import Http

Answer = Any  # an httpx response
FORM = "application/x-www-form-urlencoded"


class Browser:
    """Somebody with a session."""

    def __init__(
        self, http: Http, user: str, methods: frozenset[str] = frozenset({"pwd", "otp"}), provider: str = ""
    ) -> None:
        self._http = http
        self._cookie = f"{SESSION}={http.here.cookie(user, methods, provider=provider)}"

    def get(self, path: str) -> str:
        """The text of a page as people read it. AssertionError unless it is there."""
        answer = self.request("GET", path)
        assert answer.status_code == 200, (answer.status_code, answer.text[:500])
        return _read(answer)

    def post(self, path: str, **fields: str) -> str:
        """Submit a form, go where it leads, and read that page."""
        answer = self.submit(path, fields)
        assert answer.status_code == 303, _alert(answer)
        return self.get(answer.headers["location"])

    def refused(self, path: str, **fields: str) -> str:
        """Submit a form that is refused; the sentence that the page shows."""
        answer = self.submit(path, fields)
        assert answer.status_code >= 400, answer.status_code
        return _alert(answer)

    def submit(self, path: str, fields: dict[str, str]) -> Answer:
        """The answer to a form."""
        form = re.search(r'name="form_token" value="([^"]+)"', self.request("GET", "/access/sessions").text)
        assert form is not None
        return self.request("POST", path, urlencode({"form_token": form[1], **fields}))

    def request(self, method: str, path: str, body: str | None = None) -> Answer:
        """Any request of the browser."""
        self._http.client.cookies.clear()
        headers = {"cookie": self._cookie, "sec-fetch-site": "same-origin", "content-type": FORM}
        return self._http.client.request(method, path, headers=headers, content=body, follow_redirects=False)


def _read(answer: Answer) -> str:
    main = answer.text.partition('<main id="content"')[2]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)))


def _alert(answer: Answer) -> str:
    found = re.search(r'role="alert"[^>]*>(.*?)</p>', answer.text, re.DOTALL)
    return html.unescape(found[1]) if found else f"{answer.status_code} without a sentence"
