"""Adding accounts, their secrets, the broker's web hooks (OR-7, SE-3)."""

import hashlib
import json
from pathlib import Path

import pytest

from driver import openapi
from driver.api import Native
from driver.deadline import until
from driver.gateway import Gateway
from driver.trading import Trader, new_id, signal

VENUE = {"class": "venue", "url": "http://127.0.0.1:9", "api_key": "demo"}
SECRET = "s3cret-of-the-app"
TIME = "2026-11-20 09:30:00"


@pytest.fixture
def gateway(start):
    """An instance of its own: accounts cannot be taken away again."""
    return start()


@pytest.fixture
def trader(gateway):
    return Trader(gateway.native, gateway.admin_token)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """An instance of which these tests change nothing."""
    server = Gateway(tmp_path_factory.mktemp("accounts") / "data", "--seed", "7").start()
    yield Trader(server.native, server.admin_token)
    server.stop()


def posted(order_id, secret=SECRET, **changes):
    """What the broker posts about an order."""
    checksum = hashlib.sha256(f"{order_id}{TIME}{secret}".encode()).hexdigest()
    return {"order_id": order_id, "variety": "regular", "status": "COMPLETE", "order_timestamp": TIME, "exchange": "NSE",
            "tradingsymbol": "INFY", "instrument_token": 408065, "order_type": "LIMIT", "transaction_type": "BUY",
            "validity": "DAY", "product": "CNC", "quantity": 1, "disclosed_quantity": 0, "price": 1, "trigger_price": 0,
            "average_price": 1, "filled_quantity": 1, "pending_quantity": 0, "cancelled_quantity": 0, "checksum": checksum,
            **changes}


def test_a_second_paper_account_trades_with_its_own_money(trader):
    added = trader.post("/v1/accounts", status=201, name="second", **{"class": "paper"}, funds="50000", limits={"order_quantity": 5})
    assert added["reached"] and added["class"] == "paper"
    until("somebody decides for it", lambda: trader.read("/v1/accounts/second")["here"])
    assert trader.send(signal(account="second", quantity=2))["verdict"] == "accepted"
    denied = trader.send(signal(account="second", quantity=6))
    assert denied["verdict"] == "denied" and denied["reasons"][0]["code"] == "order_quantity"
    until("it has bought", lambda: trader.read("/v1/positions", account="second")["positions"])
    assert trader.read("/v1/positions", account="paper")["positions"] == []
    assert float(trader.read("/v1/accounts/second")["cash"]) < 50_000 < float(trader.read("/v1/accounts/paper")["cash"])


@pytest.mark.parametrize("body, field", [
    ({"class": "paper"}, "name"), ({"name": "A", "class": "paper"}, "name"), ({"name": "a"}, "class"), ({"name": "a", "class": "real"}, "class"),
    ({"name": "a", "class": "paper", "url": "unix:/x"}, "url"), ({"name": "a", "class": "paper", "funds": "-1"}, "funds"),
    ({"name": "a", "class": "paper", "limits": {"order_quantity": -1}}, "limits.order_quantity"),
    ({"name": "a", "class": "paper", "limits": {"order_quantty": 1}}, "limits.order_quantty"),
    ({"name": "a", **VENUE, "url": "http://10.0.0.1:7501"}, "url"), ({"name": "a", **VENUE, "url": "https://api.kite.trade"}, "url"),
    ({"name": "a", **VENUE, "url": "127.0.0.1"}, "url"), ({"name": "a", "class": "venue", "api_key": "k"}, "url"),
    ({"name": "a", **VENUE, "api_key": "a b"}, "api_key"), ({"name": "a", **VENUE, "access_token": "a\r\nX: y"}, "access_token"),
    ({"name": "a", **VENUE, "funds": "1"}, "funds"), ({"name": "a", "class": "kite", "api_key": "k"}, "class"),
])
def test_malformed_accounts_name_their_field(quiet, body, field):
    before = quiet.read("/v1/orders")["sequence"]
    error = quiet.post("/v1/accounts", status=400, **body)["error"]
    assert error["field"] == field, error
    assert "a\\r\\nX" not in json.dumps(error) and [account["name"] for account in quiet.read("/v1/accounts")["accounts"]] == ["paper"]
    assert quiet.read("/v1/orders")["sequence"] == before


def test_a_live_account_is_refused_with_the_reason(quiet):
    error = quiet.post("/v1/accounts", status=400, name="live", api_key="k", access_token="t", **{"class": "kite"})["error"]
    assert error["code"] == "not_reached" and error["field"] == "class"


def test_class_and_paper_money_never_change(trader):
    assert trader.post("/v1/accounts", status=409, name="paper", **VENUE)["error"]["code"] == "account_exists"
    assert trader.post("/v1/accounts", status=409, name="paper", **{"class": "paper"})["error"]["field"] == "name"
    trader.post("/v1/accounts", status=201, name="v1", **VENUE)
    trader.post("/v1/accounts", status=409, name="v1", **{"class": "paper"})
    trader.post("/v1/accounts", status=200, name="v1", **{**VENUE, "url": "unix:/tmp/none.sock"})
    assert trader.read("/v1/accounts/v1")["url"] == "unix:/tmp/none.sock"


def test_secrets_are_sealed_and_never_shown(gateway, trader):
    token = "token-that-nobody-may-see"
    added = trader.post("/v1/accounts", status=201, name="v1", **VENUE, access_token=token)
    # This start trades on paper only: it says so.
    assert added["reached"] is False
    document = trader.read("/openapi.json")
    answer = trader.request("PUT", "/v1/accounts/v1/token", json={"access_token": token, "api_secret": SECRET})
    openapi.check_answer(document, "put", "/v1/accounts/{name}/token", answer)
    assert answer.status_code == 200 and token not in answer.text and SECRET not in answer.text
    assert trader.put("/v1/accounts/v1/token", status=400)["error"]["field"] == "access_token"
    shown = trader.request("GET", "/v1/accounts/v1").text
    gateway.stop()
    kept = [path.read_bytes() for path in [*Path(gateway.data).rglob("*"), gateway.stderr] if path.is_file()]
    assert token not in shown and not any(token.encode() in text or SECRET.encode() in text for text in kept)


def test_a_bound_key_manages_no_other_account(gateway, trader):
    trader.post("/v1/accounts", status=201, name="v1", **VENUE)
    bound = Trader(gateway.native, gateway.key("accounts:admin", "accounts:read", account="paper").access_token)
    assert bound.post("/v1/accounts", status=403, name=new_id("a"), **{"class": "paper"})["error"]["code"] == "wrong_account"
    bound.put("/v1/accounts/v1/token", status=403, access_token="t")
    bound.read("/v1/accounts/v1/report", status=403)
    assert bound.read("/v1/accounts/paper/report")["account"] == "paper"


def test_only_the_broker_can_post_updates(trader):
    trader.post("/v1/accounts", status=201, name="v1", **VENUE)
    anybody = Native(trader.base)
    # Without a secret nothing can be checked: nothing is taken.
    assert anybody.request("POST", "/postback/v1", json=posted("1")).status_code == 403
    trader.put("/v1/accounts/v1/token", api_secret=SECRET)
    document = trader.read("/openapi.json")
    good = anybody.request("POST", "/postback/v1", json=posted("1"))
    openapi.check_answer(document, "post", "/postback/{account}", good)
    assert good.status_code == 200 and good.json() == {"taken": False}
    for account, body, status in [("v1", posted("1", secret="guess"), 403), ("v1", posted("1", checksum=""), 403),
                                  ("v1", posted("1", order_timestamp="2026-11-20 09:30:01"), 403), ("paper", posted("1"), 403),
                                  ("nobody", posted("1"), 403), ("v1", {}, 400), ("v1", posted("1", status_message="x" * 70_000), 413)]:
        answer = anybody.request("POST", f"/postback/{account}", json=body)
        assert (answer.status_code, answer.json()["error"]["field"]) == (status, "body"), (account, answer.text)
        openapi.check_answer(document, "post", "/postback/{account}", answer)


def test_an_order_of_another_account_is_not_touched(trader):
    trader.post("/v1/accounts", status=201, name="v1", **VENUE)
    trader.put("/v1/accounts/v1/token", api_secret=SECRET)
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    tag, rest = "", int(trader.send(signal())["orders"][0])
    for _ in range(13):
        rest, digit = divmod(rest, 36)
        tag = digits[digit] + tag
    assert trader.request("POST", "/postback/v1", json=posted("1", tag=f"M{tag}")).json() == {"taken": False}


def test_a_report_tells_the_day(trader):
    trader.send(signal(quantity=3))
    until("it has bought", lambda: trader.read("/v1/trades")["trades"])
    compared = trader.post("/v1/reconcile", account="paper")
    document = trader.read("/openapi.json")
    answer = trader.request("GET", "/v1/accounts/paper/report", params={"reconciliation": compared["sequence"]})
    openapi.check_answer(document, "get", "/v1/accounts/{name}/report", answer)
    report = answer.json()
    assert report["compared"]["sequence"] == compared["sequence"] and report["differences"] == compared["differences"] == []
    assert sum(trade["quantity"] for trade in report["trades"]) == 3 == report["positions"][0]["quantity"]
    assert [order["filled"] for order in report["orders"]] == [3] and not report["closed"]
    assert report["funds"]["cash"] == trader.read("/v1/accounts/paper")["cash"]


def test_a_day_that_has_ended_is_reported(start):
    # A market day is nine seconds.
    gateway = start("--seed", "7", "--speed", "10000")
    trader = Trader(gateway.native, gateway.admin_token)
    # Prices age as fast as the market runs.
    trader.put("/v1/limits/paper", price_age_ms=86_400_000)
    first = trader.send(signal(quantity=3))
    assert first["verdict"] == "accepted", first
    day = trader.read("/v1/accounts/paper")["day"]
    # The next day begins with the first decision in it.
    until("the next day", lambda: trader.send(signal(quantity=5)) and trader.read("/v1/accounts/paper")["day"] != day, seconds=60)
    file = Path(gateway.data) / "reports" / f"reconciliation-{day}-paper.json"
    until("the report is written", file.exists)
    report = json.loads(file.read_text())
    assert report["closed"] and report["day"] == day and report["differences"] == []
    assert report["orders"][0]["order_id"] == first["orders"][0] and report["compared"]["cause"]
    assert file.with_suffix(".md").read_text().startswith(f"# Reconciliation of paper, {day}\n\nNo differences")
