"""Every native route against the OpenAPI document: answers, scopes, error shape (SE-5, I-8)."""

import pytest
from openapi_spec_validator import validate

from driver import ist, openapi
from driver.api import Native
from driver.trading import Trader, far_limit, new_id, signal

SCOPES = {"market:read", "signals:write", "orders:read", "orders:write", "accounts:read", "accounts:admin", "trade:halt",
          "limits:write", "flags:write", "keys:admin", "journal:read", "release:read", "release:sign", "release:run",
          "incidents:write", "metrics:read", "public"}

# What to send so that a route answers 2xx: (method, path) -> path values, query, body. A new route needs a line here.
EXAMPLES = {
    ("get", "/v1/instruments"): {"query": {"query": "nifty", "limit": 5, "exchange": "NFO"}},
    ("get", "/v1/quotes"): {"query": {"instruments": "NSE:INFY,256265,NSE:NO-SUCH"}},
    ("get", "/v1/candles"): {"query": {"instrument": "NSE:INFY", "interval": "minute", "from": ist.days_ago(3, hour=10).isoformat(),
                                       "to": ist.days_ago(3, hour=13).isoformat()}},
    ("post", "/v1/subscriptions"): {"json": {"instruments": ["NSE:INFY"], "mode": "full"}},
    ("delete", "/v1/subscriptions/{instrument}"): {"path": {"instrument": "NSE:INFY"}},
    ("post", "/v1/signals"): {"json": signal()},
    ("get", "/v1/signals/{id}"): {"path": {"id": "made below"}},
    ("get", "/v1/signals/{id}/explain"): {"path": {"id": "made below"}},
    ("post", "/v1/hooks/tradingview/{key}"): {"path": {"key": "made below"},
                                              "json": {"action": "buy", "ticker": "NSE:INFY", "contracts": "1", "id": new_id("tv")}},
    ("post", "/v1/orders"): {"json": far_limit()},
    ("get", "/v1/orders/{id}"): {"path": {"id": "made below"}},
    ("put", "/v1/orders/{id}"): {"path": {"id": "made below"}, "json": {"price": "100.10"}},
    ("delete", "/v1/orders/{id}"): {"path": {"id": "made below"}},
    ("get", "/v1/orders/{id}/events"): {"path": {"id": "made below"}},
    ("get", "/v1/accounts/{name}"): {"path": {"name": "paper"}},
    ("post", "/v1/accounts"): {"json": {"name": new_id("account"), "class": "paper", "funds": "5000"}},
    ("get", "/v1/accounts/{name}/report"): {"path": {"name": "paper"}},
    ("put", "/v1/limits/{account}"): {"path": {"account": "paper"}, "json": {"open_orders": 10_000}},
    ("put", "/v1/flags/{name}"): {"path": {"name": "contract"}, "json": {"on": True, "why": "documented"}},
    # The shared instance is not halted: its other tests trade.
    ("post", "/v1/resume"): {"json": {"why": "documented"}},
    ("post", "/v1/reconcile"): {"json": {"account": "paper"}},
    ("get", "/history"): {"query": {"instrument_token": "408065", "interval": "day", "from_ts": "2026-01-01T00:00:00", "oi": "true"}},
    ("post", "/v1/keys"): {"json": {"name": "by-http", "scopes": ["market:read"]}},
    ("delete", "/v1/keys/{api_key}"): {"path": {"api_key": "made below"}},
}
# Stops the shared instance for everybody: see test_control. Needs a call of unknown fate: see test_orders. Needs an account at a venue: see test_accounts.
APART = {("post", "/v1/halt"), ("post", "/v1/orders/{id}/resolve"), ("put", "/v1/accounts/{name}/token"), ("post", "/postback/{account}")}
STREAMS = {"/v1/stream", "/v1/events", "/ws/ticks"}
# Routes about going live need a release, a run, an incident: tests/release has their answers.
GOING_LIVE = ("/v1/release/", "/v1/runs", "/v1/incidents", "/v1/alerts", "/v1/slos")


@pytest.fixture(scope="module")
def document(native):
    return native.get("/openapi.json").json()


@pytest.fixture(scope="module")
def admin(gateway):
    return Native(gateway.native, gateway.admin_token)


def fill(path, values):
    for name, value in values.items():
        path = path.replace("{" + name + "}", value)
    return path


def send(client, method, path, changes=()):
    example = {**EXAMPLES.get((method, path), {}), **dict(changes)}
    return client.request(method.upper(), fill(path, example.get("path", {})), params=example.get("query"),
                          json=example.get("json"))


def test_document_is_valid_and_complete(document):
    validate(document)
    routes = {(method, path) for method, path, _ in openapi.operations(document)}
    promised = {"/", "/livez", "/readyz", "/version", "/health", "/openapi.json", "/metrics", "/v1/instruments", "/v1/quotes",
                "/v1/candles", "/v1/subscriptions", "/v1/stream", "/v1/events", "/v1/keys", "/ws/ticks", "/v1/signals", "/v1/orders",
                "/v1/trades", "/v1/positions", "/v1/accounts", "/v1/limits", "/v1/flags", "/v1/leases", "/v1/halt", "/v1/resume",
                "/v1/hooks/tradingview/{key}", "/orders", "/history"}
    assert promised <= {path for _, path in routes}, promised - {path for _, path in routes}
    assert {openapi.scope_of(operation) for *_, operation in openapi.operations(document)} <= SCOPES


def test_every_route_answers_as_documented(document, admin, gateway):
    made_key = gateway.key("signals:write", "orders:read", "orders:write", name="contract")
    made = admin.request("POST", "/v1/keys", json=EXAMPLES["post", "/v1/keys"]["json"]).json()
    trader = Trader(admin.base, made_key.access_token)
    # What a path names, made when it is needed: some routes use it up.
    makers = {
        "{api_key}": lambda: {"api_key": made["api_key"]},
        "{key}": lambda: {"key": made_key.access_token},
        "/signals/{id}": lambda: {"id": trader.send(signal())["id"]},
        "/orders/{id}": lambda: {"id": trader.order_in(trader.place(far_limit())["order_id"], "open")["order_id"]},
    }
    for method, path, _ in openapi.operations(document):
        if path in STREAMS or (method, path) in APART or path.startswith(GOING_LIVE):
            continue
        changes = next(({"path": make()} for mark, make in makers.items() if mark in path), {})
        answer = send(admin, method, path, changes)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        openapi.check_answer(document, method, path, answer)


def test_errors_are_documented_and_have_the_shape(document, admin):
    cases = [
        ("get", "/v1/quotes", {"query": {}}, 400), ("get", "/v1/candles", {"query": {"instrument": "NSE:INFY"}}, 400),
        ("get", "/v1/candles", {"query": {**EXAMPLES["get", "/v1/candles"]["query"], "interval": "2minute"}}, 400),
        ("get", "/v1/candles", {"query": {**EXAMPLES["get", "/v1/candles"]["query"], "instrument": "NSE:NO"}}, 404),
        ("get", "/v1/instruments", {"query": {"limit": "many"}}, 400),
        ("post", "/v1/subscriptions", {"json": {"instruments": []}}, 400),
        ("post", "/v1/subscriptions", {"json": {"instruments": ["NSE:NO"], "mode": "full"}}, 404),
        ("post", "/v1/subscriptions", {"json": {"instruments": ["NSE:INFY"], "mode": "best"}}, 400),
        ("post", "/v1/keys", {"json": {"name": "x", "scopes": ["world:rule"]}}, 400),
        ("delete", "/v1/keys/{api_key}", {"path": {"api_key": "nobody"}}, 404),
        ("post", "/v1/signals", {"json": signal(quantity=0)}, 400),
        ("get", "/v1/signals/{id}", {"path": {"id": "no-such"}}, 404), ("get", "/v1/signals/{id}/explain", {"path": {"id": "no-such"}}, 404),
        ("post", "/v1/orders", {"json": far_limit(price="x")}, 400), ("delete", "/v1/orders/{id}", {"path": {"id": "1"}}, 404),
        ("get", "/v1/orders", {"query": {"state": "asleep"}}, 400), ("get", "/v1/positions", {"query": {"account": "nobody"}}, 400),
        ("get", "/v1/accounts/{name}", {"path": {"name": "nobody"}}, 404), ("put", "/v1/limits/{account}", {"json": {"open_orders": -1}}, 400),
        ("post", "/v1/halt", {"json": {}}, 400), ("post", "/v1/reconcile", {"json": {"account": "nobody"}}, 400),
        ("get", "/history", {"query": {"instrument_token": "1"}}, 404),
        ("post", "/v1/accounts", {"json": {"name": "paper", "class": "venue", "url": "unix:/v.sock", "api_key": "k"}}, 409),
        ("post", "/v1/accounts", {"json": {"name": "live", "class": "kite", "api_key": "k"}}, 400),
        ("put", "/v1/accounts/{name}/token", {"path": {"name": "nobody"}, "json": {"access_token": "t"}}, 404),
        ("put", "/v1/accounts/{name}/token", {"path": {"name": "paper"}, "json": {"access_token": "t"}}, 400),
        ("get", "/v1/accounts/{name}/report", {"path": {"name": "paper"}, "query": {"reconciliation": 1}}, 400),
        ("post", "/postback/{account}", {"path": {"account": "nobody"}, "json": {}}, 403),
    ]
    for method, path, changes, status in cases:
        answer = send(admin, method, path, changes)
        assert answer.status_code == status, f"{method} {path} {changes}: {answer.status_code} {answer.text}"
        check_shape(answer)
        openapi.check_answer(document, method, path, answer)


def check_shape(answer):
    error = answer.json()["error"]
    assert set(error) <= {"code", "message", "field", "hint"} and error["code"] and error["message"], error


@pytest.mark.parametrize("path, status", [("/nowhere", 404), ("/v1/nowhere", 404)])
def test_unknown_routes_have_the_shape(admin, path, status):
    answer = admin.get(path)
    assert answer.status_code == status
    check_shape(answer)


def test_wrong_method_is_405(admin):
    answer = admin.request("PUT", "/v1/quotes")
    assert answer.status_code == 405
    check_shape(answer)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"instruments":"NSE:INFY"}', b"\xff\xfe", b'{"instruments":[{}]}'])
def test_malformed_bodies_are_4xx(admin, body):
    answer = admin.request("POST", "/v1/subscriptions", data=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500
    check_shape(answer)


def test_no_token_no_route(document, gateway):
    nobody, stranger = Native(gateway.native), Native(gateway.native, "wrong-token")
    for method, path, operation in openapi.operations(document):
        public = openapi.scope_of(operation) == "public" or path == "/metrics"
        for client in (nobody, stranger):
            if public:
                if path not in STREAMS and (method, path) not in APART:
                    assert send(client, method, path).status_code < 300, (method, path)
            elif path != "/ws/ticks":  # its dialect accepts the upgrade and closes with 1008
                answer = send(client, method, path)
                assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
                assert "www-authenticate" in answer.headers
                check_shape(answer)


def test_missing_scope_is_403(document, gateway):
    key = gateway.key("incidents:write", name="weak").access_token
    weak = Native(gateway.native, key)
    for method, path, operation in openapi.operations(document):
        if openapi.scope_of(operation) in ("public", "incidents:write") or path in ("/metrics", "/ws/ticks"):
            continue
        answer = send(weak, method, path, {"path": {"key": key}} if "{key}" in path else {})
        assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"
        check_shape(answer)


def test_market_reader_may_not_make_keys(gateway, reader):
    assert send(Native(gateway.native, reader.access_token), "post", "/v1/keys").status_code == 403


def test_index_page_lists_working_links(gateway):
    page = Native(gateway.native).get("/")
    assert page.headers["Content-Type"].startswith("text/html") and "/openapi.json" in page.text


def test_version_and_health(gateway):
    nobody = Native(gateway.native)
    assert nobody.get("/livez").status_code == nobody.get("/readyz").status_code == 200
    health = nobody.get("/health").json()
    assert health["status"] == "ok" and health["version"] == nobody.get("/version").json()["version"]
