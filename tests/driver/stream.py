"""A reader of the native WebSocket stream."""

import json
import time
from contextlib import ExitStack
from urllib.parse import urlencode

import msgpack
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from driver.deadline import GENEROUS, Late, left


class Stream:
    """One connection to /v1/stream. Keeps every message it received."""

    def __init__(self, gateway, token, bearer=False, **query):
        if not bearer:
            query["access_token"] = token
        headers = {"Authorization": f"Bearer {token}"} if bearer else {}
        self._open = ExitStack()
        # Without a bound on its queue the client reads on while the test looks at another stream.
        self.socket = self._open.enter_context(connect(
            f"{gateway.native_ws}/v1/stream?{urlencode(query)}", additional_headers=headers, max_size=None,
            max_queue=None, compression=None,
        ))
        self.messages = []

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def subscribe(self, *instruments, mode="full", delivery="latest"):
        self.send(op="subscribe", instruments=list(instruments), mode=mode, delivery=delivery)

    def receive(self, seconds=GENEROUS):
        """The next message. `Late` when none comes, ConnectionClosed when the server has closed."""
        try:
            raw = self.socket.recv(timeout=seconds)
        except TimeoutError:
            raise Late(f"no message within {seconds:g} s") from None
        message = json.loads(raw) if isinstance(raw, str) else msgpack.unpackb(raw)
        self.messages.append(message)
        return message

    def until_message(self, kind, seconds=GENEROUS):
        """Receives until a message of that type arrives."""
        return self.until(lambda: self.messages and self.messages[-1]["type"] == kind, f"message {kind}", seconds)

    def until(self, done, what, seconds=GENEROUS):
        """Receives until `done()`; returns the last message."""
        end = time.monotonic() + seconds
        while not done():
            remaining = end - time.monotonic()
            if remaining <= 0:
                raise Late(f"not within {seconds:g} s: {what}; last: {self.messages[-1:]}")
            self.receive(remaining)
        return self.messages[-1]

    def ticks(self, instrument=None, since=0):
        """Every tick after the first `since` messages, of one instrument if named."""
        return [
            tick for message in self.messages[since:] if message["type"] == "tick" for tick in message["data"]
            if instrument in (None, tick["instrument"])
        ]

    def until_ticks(self, instrument, count=1, since=0):
        """Receives until that many ticks of an instrument are there, and returns them."""
        self.until(lambda: len(self.ticks(instrument, since)) >= count, f"{count} ticks of {instrument}")
        return self.ticks(instrument, since)

    @property
    def position(self):
        """The newest position seen."""
        return next(m["position"] for m in reversed(self.messages) if "position" in m)

    def close_code(self, seconds=GENEROUS):
        """Receives until the server closes; returns (code, reason)."""
        end = time.monotonic() + seconds
        try:
            while True:
                self.receive(left(end, "a close; messages keep coming"))
        except ConnectionClosed as closed:
            return closed.rcvd.code, closed.rcvd.reason

    def close(self):
        self._open.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
