"""Signals and orders as a client of the native API sends them."""

import itertools
import os

from driver.api import Native
from driver.deadline import until

INFY = "NSE:INFY"
_numbers = itertools.count()


def new_id(word="s"):
    """An id that no other test uses."""
    return f"{word}-{os.getpid()}-{next(_numbers)}"


def signal(**changes):
    """A signal that the paper account of a fresh instance accepts."""
    wanted = {"id": new_id(), "strategy": "test", "instrument": INFY, "side": "buy", "quantity": 1, "account": "paper",
              "wait_ms": 10_000, **changes}
    return {name: value for name, value in wanted.items() if value is not None}


def far_limit(**changes):
    """An order that rests: its limit is a tenth of the price."""
    return {"client_id": new_id("c"), "account": "paper", "instrument": INFY, "side": "buy", "quantity": 1, "type": "limit",
            "price": "100.00", "validity": "day", **changes}


class Trader(Native):
    """The native API with what the tests of trading ask for again and again."""

    def send(self, wanted, status=200):
        return self._json("POST", "/v1/signals", status, json=wanted)

    def place(self, wanted, status=200):
        return self._json("POST", "/v1/orders", status, json=wanted)

    def post(self, path, status=200, **body):
        return self._json("POST", path, status, json=body)

    def put(self, path, status=200, **body):
        return self._json("PUT", path, status, json=body)

    def delete(self, path, status=200):
        return self._json("DELETE", path, status)

    def read(self, path, status=200, **query):
        return self._json("GET", path, status, params=query)

    def _json(self, method, path, status, **options):
        answer = self.request(method, path, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def order_in(self, order_id, *states):
        """The order once it is in one of `states`."""
        return until(f"order {order_id} is {' or '.join(states)}",
                     lambda: (order := self.read(f"/v1/orders/{order_id}"))["state"] in states and order)
