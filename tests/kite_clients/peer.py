"""The official Python client, driven by JSON lines on stdin; replies and events are JSON lines on stdout."""

import datetime
import json
import sys
import threading

from kiteconnect import KiteConnect, KiteTicker
from twisted.internet import reactor

_output = threading.Lock()


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone().isoformat()
    return str(value)


def emit(**message):
    with _output:
        print(json.dumps(message, default=plain), flush=True)


class Session:
    """At most one REST client and one ticker."""

    def __init__(self):
        self.rest = None
        self.ticker = None

    def connect(self, api_key, root, access_token=None):
        self.rest = KiteConnect(api_key, access_token=access_token, root=root)
        self.rest.set_session_expiry_hook(lambda: emit(event="session_expired"))

    def call(self, name, arguments):
        named = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
        return getattr(self.rest, name)(*arguments, **named)

    def use_token(self, access_token):
        self.rest.set_access_token(access_token)

    def ticker_connect(self, api_key, access_token, root):
        self.ticker = ticker = KiteTicker(api_key, access_token, root=root)
        ticker.on_connect = lambda ws, response: emit(event="connect")
        ticker.on_open = lambda ws: emit(event="open")
        ticker.on_ticks = lambda ws, ticks: emit(event="ticks", ticks=ticks)
        ticker.on_message = lambda ws, payload, binary: emit(event="message", bytes=len(payload), binary=binary)
        ticker.on_close = lambda ws, code, reason: emit(event="close", code=code, reason=reason)
        ticker.on_error = lambda ws, code, reason: emit(event="error", code=code, reason=reason)
        ticker.on_order_update = lambda ws, order: emit(event="order_update", order=order)
        ticker.on_reconnect = lambda ws, attempt: emit(event="reconnect", attempt=attempt)
        ticker.connect(threaded=True)

    # Twisted is not thread-safe: what touches the socket runs on its thread.
    def subscribe(self, tokens):
        reactor.callFromThread(self.ticker.subscribe, tokens)

    def unsubscribe(self, tokens):
        reactor.callFromThread(self.ticker.unsubscribe, tokens)

    def mode(self, mode, tokens):
        reactor.callFromThread(self.ticker.set_mode, mode, tokens)


def main():
    session = Session()
    for line in sys.stdin:
        command = json.loads(line)
        try:
            emit(reply=getattr(session, command.pop("do"))(**command))
        except Exception as error:  # every failure of the client is an answer to the test
            emit(failed={"type": type(error).__name__, "message": str(error), "code": getattr(error, "code", None)})


main()
