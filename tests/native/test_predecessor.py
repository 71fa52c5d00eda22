"""The predecessor's own addresses (MD-10)."""

import json
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from driver.deadline import GENEROUS, left

NIFTY, BANKNIFTY = 256265, 260105


class Ticks:
    """One connection to /ws/ticks."""

    def __init__(self, socket):
        self.socket = socket

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def until(self, kind, matches=lambda _: True):
        end = time.monotonic() + GENEROUS
        while True:
            message = json.loads(self.socket.recv(timeout=left(end, f"{kind}; other messages keep coming")))
            if message["type"] == kind and matches(message):
                return message


@pytest.fixture
def ticks(gateway, reader):
    with connect(f"{gateway.native_ws}/ws/ticks?token={reader.access_token}", compression=None) as socket:
        yield Ticks(socket)


def test_whole_dialect(ticks):
    connected = ticks.until("connected")
    assert connected["connection_id"] and connected["timestamp"] and isinstance(connected["user"], dict)
    ticks.send(action="subscribe", tokens=[NIFTY, BANKNIFTY])
    subscribed = ticks.until("subscribed")
    assert subscribed["tokens"] == [NIFTY, BANKNIFTY] and subscribed["total"] == 2
    for token in (NIFTY, BANKNIFTY):
        data = ticks.until("tick", lambda message, token=token: message["data"]["instrument_token"] == token)["data"]
        assert data["last_price"] > 0 and data["tradingsymbol"] and "change" in data and data["source"] == "sim"
    ticks.send(action="ping")
    ticks.until("pong")
    ticks.send(action="unsubscribe", tokens=[NIFTY])
    assert ticks.until("unsubscribed")["tokens"] == [NIFTY]
    for _ in range(3):
        assert ticks.until("tick")["data"]["instrument_token"] == BANKNIFTY


@pytest.mark.parametrize("message", [{}, {"action": "dance"}, {"action": "subscribe"}, {"action": "subscribe", "tokens": "all"}])
def test_errors_are_told_and_the_connection_lives(ticks, message):
    ticks.send(**message)
    assert ticks.until("error")["message"]
    ticks.send(action="ping")
    ticks.until("pong")


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong"])
def test_bad_token_closes_with_1008(gateway, query):
    with connect(f"{gateway.native_ws}/ws/ticks{query}", compression=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=GENEROUS)
    assert closed.value.rcvd.code == 1008 and closed.value.rcvd.reason
