"""A person who logs in with a browser: opens the page, fills the form, follows the redirect to the application."""

import threading
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests


class _Form(HTMLParser):
    """The first form of a page: where it goes, its preset fields, and the one field a person fills."""

    def __init__(self, page):
        super().__init__()
        self.action, self.preset, self.blank = None, {}, None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        field = dict(attributes)
        if tag == "form" and self.action is None:
            assert field.get("method", "get").lower() == "post", "credentials must not travel in an address"
            self.action = field.get("action", "")
        elif tag == "input" and "name" in field:
            if field.get("type") == "hidden":
                self.preset[field["name"]] = field.get("value", "")
            else:
                self.blank = field["name"]


def log_in(kite_root, api_key, access_token, **query):
    """Opens the login page and submits the access token; returns the answer without following redirects."""
    page = requests.get(f"{kite_root}/connect/login", params={"v": "3", "api_key": api_key, **query}, timeout=20)
    assert page.status_code == 200, page.text
    assert page.headers["Content-Type"].startswith("text/html")
    assert access_token not in page.text
    form = _Form(page.text)
    assert form.action is not None and form.blank, "the page has no form with a field to fill"
    return requests.post(
        urljoin(page.url, form.action), data={**form.preset, form.blank: access_token}, allow_redirects=False, timeout=20
    )


class Application:
    """The redirect address of an application: remembers what it was called with."""

    def __init__(self):
        calls = self.calls = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                calls.append(dict(parse_qsl(urlsplit(self.path).query)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/callback"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def follow(self, answer):
        """Follows the redirect of `answer` and returns the parameters that arrived."""
        assert answer.status_code in (302, 303), (answer.status_code, answer.text)
        assert answer.headers["Location"].startswith(self.address), answer.headers["Location"]
        requests.get(answer.headers["Location"], timeout=20)
        return self.calls[-1]

    def close(self):
        self._server.shutdown()
