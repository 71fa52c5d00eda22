"""Clients that misbehave: whatever one does, the others and the end of the gateway do not notice (I-6)."""

import json
import os
import signal
import socket
import struct
import time
from urllib.parse import urlsplit

import pytest
import requests

from driver.api import Native
from driver.deadline import until
from driver.frames import FrameSocket
from driver.login import log_in
from driver.stream import Stream

INFY = "NSE:INFY"


def masked(text):
    """One text frame of a client."""
    payload, mask = text.encode(), os.urandom(4)
    head = bytes([0x81, 0x80 | len(payload)]) if len(payload) < 126 else bytes([0x81, 0xFE]) + struct.pack(">H", len(payload))
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


@pytest.mark.parametrize("dialect", ["kite", "predecessor", "native"])
def test_a_flood_of_requests_starves_nobody(start, dialect):
    gateway = start()
    key = gateway.key("market:read")
    address, requests_of_one = {
        "kite": (f"{gateway.kite_ws}/?api_key={key.api_key}&access_token={key.access_token}",
                 ['{"a":"subscribe","v":[408065]}', '{"a":"mode","v":["full",[408065]]}']),
        "predecessor": (f"{gateway.native_ws}/ws/ticks?token={key.access_token}",
                        ['{"action":"subscribe","tokens":[408065]}']),
        "native": (f"{gateway.native_ws}/v1/stream?access_token={key.access_token}",
                   [json.dumps({"op": "subscribe", "instruments": [INFY], "mode": mode}) for mode in ("full", "ltp")]),
    }[dialect]
    burst = b"".join(masked(text) for text in requests_of_one * 4_000)
    sockets = [FrameSocket(address) for _ in range(3)]
    for flooding in sockets:
        flooding._socket.settimeout(0.5)
        try:
            flooding._socket.sendall(burst)
        except TimeoutError:
            pass  # not read any further: that is the point
    with Stream(gateway, key.access_token) as other:
        other.subscribe(INFY)
        other.until_ticks(INFY, count=3)
    assert Native(gateway.native).get("/livez").status_code == 200
    gateway.stop()  # asserts that SIGTERM ends it


def test_made_up_methods_do_not_grow_the_metrics(gateway):
    address = urlsplit(gateway.native)

    def ask(number):
        with socket.create_connection((address.hostname, address.port)) as raw:
            raw.sendall(f"M{number}{'X' * 2_000} /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            while raw.recv(65_536):
                pass

    ask(0)
    before = Native(gateway.native).get("/metrics").text
    for number in range(1, 100):
        ask(number)
    page = Native(gateway.native).get("/metrics").text
    # Figures grow by a digit here and there; a hundred methods would be a hundred sets of lines.
    assert "XXXX" not in page and len(page) < len(before) + 10_000


def test_refusals_of_the_framework_have_our_shape(gateway, reader, kite):
    token = {"Authorization": f"Bearer {reader.access_token}"}
    plain = requests.get(f"{gateway.native}/v1/stream", headers=token, timeout=20)
    assert plain.status_code in (400, 426) and plain.json()["error"]["message"]
    undecodable = requests.delete(f"{gateway.native}/v1/subscriptions/%ff", headers=token, timeout=20)
    assert undecodable.status_code == 400 and undecodable.json()["error"]["message"]
    refused = requests.post(f"{gateway.kite}/session/token", data=b"\xff\xfe", timeout=20)
    assert refused.status_code == 400 and refused.json()["error_type"] == "InputException"
    assert kite.get("/user/margins/%ff").json()["status"] == "error"


def test_a_link_cannot_bring_its_own_request_token(start):
    gateway = start()
    key = gateway.key("market:read", redirect="http://127.0.0.1:9/callback")  # the redirect is not followed
    answer = log_in(gateway.kite, key.api_key, key.access_token, redirect_params="request_token=EVIL&status=fine&mine=1")
    location = answer.headers["Location"]
    assert "EVIL" not in location and location.count("request_token=") == 1 and "mine=1" in location
    assert answer.headers["Cache-Control"] == "no-store"


def test_revocation_closes_open_sockets(start):
    gateway = start()
    key = gateway.key("market:read")
    admin = Native(gateway.native, gateway.admin_token)
    with Stream(gateway, key.access_token) as stream:
        stream.subscribe(INFY)
        stream.until_ticks(INFY)
        assert admin.request("DELETE", f"/v1/keys/{key.api_key}").status_code == 204
        assert stream.close_code()[0] == 1008


def test_guessing_tokens_delays_nobody_else(gateway, reader):
    native = Native(gateway.native, reader.access_token)
    address = urlsplit(gateway.native)
    guesses = [socket.create_connection((address.hostname, address.port)) for _ in range(50)]
    for number, guess in enumerate(guesses):
        guess.sendall(f"GET /v1/quotes?instruments={INFY} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {number:043d}\r\n\r\n"
                      .encode() * 20)
    began = time.monotonic()
    assert native.quotes(INFY)
    print(f"answered in {time.monotonic() - began:.3f} s beside 1,000 guesses")
    for guess in guesses:
        guess.settimeout(20)
        assert b" 401 " in guess.recv(64)
        guess.close()


def test_freezing_and_waking_catches_up(start):
    gateway = start()
    key = gateway.key("market:read")
    with Stream(gateway, key.access_token) as stream:
        stream.subscribe(INFY)
        stream.until_ticks(INFY)
        os.kill(gateway.process.pid, signal.SIGSTOP)
        time.sleep(2)  # frozen for so long, not waited until ready
        os.kill(gateway.process.pid, signal.SIGCONT)
        native = Native(gateway.native, key.access_token)
        until("fresh prices", lambda: native.quotes(INFY)[INFY]["age_ms"] < 1_500)
