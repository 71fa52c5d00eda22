"""HTTP requests to both listeners, with the credentials of a key."""

import requests

TIMEOUT = 20


class Native:
    """The native API with one access token (or none)."""

    def __init__(self, base, token=None):
        self.base = base
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def request(self, method, path, **options):
        headers = {**self.headers, **options.pop("headers", {})}
        return requests.request(method, self.base + path, headers=headers, timeout=TIMEOUT, **options)

    def get(self, path, **query):
        return self.request("GET", path, params=query)

    def quotes(self, *instruments):
        """The current quotes by instrument name."""
        answer = self.get("/v1/quotes", instruments=",".join(instruments))
        assert answer.status_code == 200, answer.text
        return answer.json()["quotes"]


class Kite:
    """The Kite listener with one key; every answer is checked for the demands that hold for all of them."""

    def __init__(self, base, key=None):
        self.base = base
        self.headers = {"X-Kite-Version": "3"}
        if key:
            self.headers["Authorization"] = f"token {key.api_key}:{key.access_token}"

    def request(self, method, path, **options):
        headers = {**self.headers, **options.pop("headers", {})}
        answer = requests.request(method, self.base + path, headers=headers, timeout=TIMEOUT, **options)
        kind = answer.headers.get("Content-Type")
        assert kind, f"{method} {path}: no Content-Type"
        if answer.status_code >= 400:
            assert "application/json" in kind, (path, kind)
            body = answer.json()
            assert body["status"] == "error" and body["message"] and body["error_type"].endswith("Exception"), body
        return answer

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def data(self, path, **options):
        """The `data` of a successful answer."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "success"
        return answer.json()["data"]
