"""Signals over one kept-alive connection per caller: what a strategy's client does."""

import http.client
import json
from urllib.parse import urlsplit

SCOPES = ("signals:write", "orders:read", "accounts:read")


def market_order(identifier, account="paper", side="buy", instrument="NSE:INFY", quantity=1, **more):
    """The body of a signal that wants one order at the market."""
    return {"id": identifier, "strategy": "test", "instrument": instrument, "side": side, "quantity": quantity,
            "account": account, **more}


class Sender:
    """Posts JSON to one instance. Not for several threads at once."""

    def __init__(self, base, token, timeout=20.0):
        self._address = urlsplit(base).netloc
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._timeout = timeout
        self._connection = None

    def request(self, method, path, body=None):
        """(status, decoded answer). OSError or HTTPException when no whole answer came: nobody knows then."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._address, timeout=self._timeout)
        try:
            content = None if body is None else json.dumps(body)
            self._connection.request(method, path, content, self._headers)
            response = self._connection.getresponse()
            return response.status, json.loads(response.read())
        except BaseException:
            self.close()
            raise

    def signal(self, body):
        return self.request("POST", "/v1/signals", body)

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None
