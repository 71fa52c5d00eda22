"""The edges of the native listener: CORS, limits on body, headers, time and connections (SE-4, SE-6)."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from driver.api import Native
from driver.deadline import until

DASHBOARD, STRANGER = "http://dashboard.example", "http://stranger.example"


def open_socket(base):
    parts = urlsplit(base)
    opened = socket.create_connection((parts.hostname, parts.port), timeout=60)
    return opened


def status_of(opened):
    """The status of the answer; None when the server closed without one."""
    head = b""
    while b"\r\n" not in head:
        part = opened.recv(4096)
        if not part:
            return None
        head += part
    return int(head.split(b" ", 2)[1])


def test_no_origin_unless_listed(start):
    gateway = start("--seed", "7", "--cors-origin", DASHBOARD)
    native = Native(gateway.native, gateway.admin_token)
    preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for method, path, extra in (("GET", "/v1/instruments", {}), ("OPTIONS", "/v1/instruments", preflight), ("GET", "/health", {})):
        allowed = native.request(method, path, headers={"Origin": DASHBOARD, **extra})
        refused = native.request(method, path, headers={"Origin": STRANGER, **extra})
        assert allowed.headers.get("Access-Control-Allow-Origin") == DASHBOARD, (method, path)
        assert "Access-Control-Allow-Origin" not in refused.headers
        assert "origin" in allowed.headers.get("Vary", "").lower()


def test_default_allows_no_origin(native):
    for origin in (DASHBOARD, "null", native.base):
        answer = native.request("GET", "/v1/instruments", headers={"Origin": origin})
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_security_headers(native):
    assert native.get("/v1/instruments").headers["X-Content-Type-Options"] == "nosniff"


def test_body_too_large_is_413(native):
    answer = native.request("POST", "/v1/subscriptions", json={"instruments": ["x" * (8 << 20)]})
    assert answer.status_code == 413 and json.loads(answer.text)["error"]["code"]


@pytest.mark.parametrize("listener", ["native", "kite"])
def test_headers_too_large_are_431(gateway, listener):
    with open_socket(getattr(gateway, listener)) as opened:
        try:
            opened.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * (1 << 20) + b"\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server need not read to the end
        try:
            assert status_of(opened) == 431
        except ConnectionResetError:
            pytest.fail("the server reset the connection before its answer could be read")


@pytest.mark.parametrize("listener", ["native", "kite"])
def test_unfinished_headers_are_cut_off(gateway, listener):
    with open_socket(getattr(gateway, listener)) as opened:
        opened.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        assert status_of(opened) in (None, 408)


@pytest.mark.parametrize("listener", ["native", "kite"])
def test_not_http_is_refused(gateway, listener):
    with open_socket(getattr(gateway, listener)) as opened:
        opened.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert status_of(opened) in (None, 400)


def test_many_idle_connections_do_not_stop_others(gateway, native):
    idle = [open_socket(gateway.native) for _ in range(600)]
    try:
        until("an answer beside 600 idle connections", lambda: native.get("/v1/quotes", instruments="NSE:INFY").status_code == 200)
    finally:
        for opened in idle:
            opened.close()


def test_long_query_and_many_instruments(native):
    many = ",".join(f"NSE:X{i}" for i in range(400))
    assert len(native.get("/v1/quotes", instruments=many).json()["missing"]) == 400
    assert 400 <= native.get("/v1/quotes", instruments="x" * 60000).status_code < 500
