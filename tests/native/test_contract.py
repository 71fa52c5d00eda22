"""Every native route against the OpenAPI document: answers, scopes, error shape (SE-5, I-8)."""

import pytest
from openapi_spec_validator import validate

from driver import ist, openapi
from driver.api import Native

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
    ("post", "/v1/keys"): {"json": {"name": "by-http", "scopes": ["market:read"]}},
    ("delete", "/v1/keys/{api_key}"): {"path": {"api_key": "made below"}},
}
STREAMS = {"/v1/stream", "/v1/events", "/ws/ticks"}


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
                "/v1/candles", "/v1/subscriptions", "/v1/stream", "/v1/events", "/v1/keys", "/ws/ticks"}
    assert promised <= {path for _, path in routes}, promised - {path for _, path in routes}
    assert {openapi.scope_of(operation) for *_, operation in openapi.operations(document)} <= SCOPES


def test_every_route_answers_as_documented(document, admin):
    made = admin.request("POST", "/v1/keys", json=EXAMPLES["post", "/v1/keys"]["json"]).json()
    for method, path, _ in openapi.operations(document):
        if path in STREAMS:
            continue
        changes = {"path": {"api_key": made["api_key"]}} if "{api_key}" in path else {}
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
                if path not in STREAMS:
                    assert send(client, method, path).status_code < 300, (method, path)
            elif path != "/ws/ticks":  # its dialect accepts the upgrade and closes with 1008
                answer = send(client, method, path)
                assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
                assert "www-authenticate" in answer.headers
                check_shape(answer)


def test_missing_scope_is_403(document, gateway):
    weak = Native(gateway.native, gateway.key("incidents:write", name="weak").access_token)
    for method, path, operation in openapi.operations(document):
        if openapi.scope_of(operation) in ("public", "incidents:write") or path in ("/metrics", "/ws/ticks"):
            continue
        answer = send(weak, method, path)
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
