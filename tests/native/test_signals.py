"""Signals: from the request to the verdict, the order and the fill; the same one twice; batches; alerts (OR-1, OR-3)."""

import pytest
import requests

from driver.trading import INFY, Trader, new_id, signal


@pytest.fixture(scope="module")
def trader(gateway):
    return Trader(gateway.native, gateway.admin_token)


def test_a_market_signal_becomes_a_filled_order(trader):
    wanted = signal(quantity=3)
    answer = trader.send(wanted)
    assert answer["id"] == wanted["id"] and answer["verdict"] == "accepted" and answer["reasons"] == [], answer
    assert len(answer["orders"]) == 1 and len(answer["orders"][0]) == 19
    order = trader.order_in(answer["orders"][0], "filled")
    assert (order["signal"], order["filled"], order["side"], order["product"]) == (wanted["id"], 3, "buy", "cnc")
    stored = trader.read(f"/v1/signals/{wanted['id']}")
    assert {name: stored[name] for name in answer} == answer
    assert stored["received"].endswith("+05:30") and stored["signal"]["instrument"] == INFY
    assert [(made["account"], made["verdict"]) for made in stored["decisions"]] == [("paper", "accepted")]


def test_the_same_signal_again_gets_the_same_answer_and_no_second_order(trader):
    wanted = signal()
    first, second = trader.send(wanted), trader.send({**wanted, "wait_ms": 1})
    assert first == second
    for other in ({"quantity": 2}, {"side": "sell"}, {"strategy": "another"}, {"order": {"type": "limit", "price": 1}}):
        error = trader.send({**wanted, **other}, status=409)["error"]
        assert (error["code"], error["field"]) == ("id_taken", "id")
    orders = [order for order in trader.read("/v1/orders", limit=1000)["orders"] if order["signal"] == wanted["id"]]
    assert len(orders) == 1


def test_the_same_price_in_other_words_is_the_same_content(trader):
    wanted = signal(order={"type": "limit", "price": "100.10"})
    first = trader.send(wanted)
    for order in ({"type": "limit", "price": 100.1}, {"price": "100.1", "type": "limit", "validity": "day", "product": "cnc"}):
        assert trader.send({**wanted, "order": order}) == first


def test_explain_shows_the_whole_chain(trader):
    wanted = signal()
    answer = trader.send(wanted)
    trader.order_in(answer["orders"][0], "filled")
    events = trader.read(f"/v1/signals/{wanted['id']}/explain")["events"]
    kinds = [event["kind"] for event in events]
    assert kinds[:3] == ["signal_received", "decided", "intended"] and "trade_reported" in kinds, kinds
    assert [event["sequence"] for event in events] == sorted({event["sequence"] for event in events})
    assert events[0]["sequence"] == answer["sequence"] and events[0]["stream"] == "intake"
    assert events[0]["body"]["signal"]["id"] == wanted["id"]
    of_order = trader.read(f"/v1/orders/{answer['orders'][0]}/events")["events"]
    assert of_order == [event for event in events if event["kind"] not in ("signal_received", "decided")]


def test_a_target_position_trades_the_difference_once(trader):
    instrument = "NSE:RELIANCE"
    held = sum(line["quantity"] for line in trader.read("/v1/positions", account="paper")["positions"]
               if line["instrument"] == instrument)
    wanted = signal(instrument=instrument, side=None, quantity=None, target_position=held + 5)
    answer = trader.send(wanted)
    assert trader.order_in(answer["orders"][0], "filled")["quantity"] == 5
    again = trader.send({**wanted, "id": new_id()})
    assert (again["verdict"], again["orders"]) == ("denied", [])
    assert [reason["code"] for reason in again["reasons"]] == ["nothing_to_do"]
    line = next(line for line in trader.read("/v1/positions")["positions"] if line["instrument"] == instrument)
    assert line["quantity"] == held + 5 and line["last"] and line["unrealised"] and line["profit_today"]


def test_what_the_exchange_would_freeze_is_sliced_or_refused_whole(start):
    server = start("--seed", "7")
    trader = Trader(server.native, server.admin_token)
    trader.put("/v1/limits/paper", freeze_quantity=40, orders_per_minute=12)
    wanted = signal(quantity=100)
    answer = trader.send(wanted)
    assert (answer["verdict"], len(set(answer["orders"]))) == ("accepted", 3), answer
    orders = [trader.order_in(order, "filled") for order in answer["orders"]]
    assert [order["quantity"] for order in orders] == [40, 40, 20]
    assert {order["signal"] for order in orders} == {wanted["id"]}
    events = trader.read(f"/v1/signals/{wanted['id']}/explain")["events"]
    assert [event["kind"] for event in events][:5] == ["signal_received", "decided", "intended", "intended", "intended"]
    assert trader.send({**wanted, "wait_ms": 1}) == answer
    below = trader.send(signal(quantity=None, side=None, target_position=170))
    assert [trader.order_in(order, "filled")["quantity"] for order in below["orders"]] == [40, 30]

    # Ten slices at most, and all of them have to fit into the rate: of seven left, none is taken.
    before = len(trader.read("/v1/orders", limit=1000)["orders"])
    for quantity, code, words in ((401, "freeze_quantity", "11 orders"), (320, "order_rate", "this takes 8")):
        denied = trader.send(signal(quantity=quantity))
        assert (denied["verdict"], denied["orders"]) == ("denied", [])
        assert [reason["code"] for reason in denied["reasons"]] == [code] and words in denied["reasons"][0]["message"]
    error = trader.place({"instrument": INFY, "side": "buy", "quantity": 41, "type": "market"}, status=422)["error"]
    assert (error["code"], error["field"]) == ("freeze_quantity", "quantity") and "signal" in error["hint"]
    assert len(trader.read("/v1/orders", limit=1000)["orders"]) == before


def test_a_batch_is_answered_in_its_order(trader):
    batch = [signal(), signal(instrument="NSE:RELIANCE"), signal(quantity=90_000_000)]
    batch.append({**batch[0], "quantity": 7})
    answers = trader.send(batch)
    assert [answer["id"] for answer in answers] == [wanted["id"] for wanted in batch]
    assert [answer.get("verdict") for answer in answers] == ["accepted", "accepted", "denied", None]
    assert answers[2]["reasons"] and answers[3]["error"]["code"] == "id_taken"


def test_nothing_of_a_batch_with_a_malformed_element_is_taken(trader):
    batch = [signal() for _ in range(5)]
    batch[3]["quantity"] = 1.5
    error = trader.send(batch, status=400)["error"]
    assert error["field"] == "[3].quantity"
    for wanted in batch:
        trader.read(f"/v1/signals/{wanted['id']}", status=404)


def test_an_allocation_of_one_account_is_the_whole(trader):
    wanted = signal(account=None, allocation=[{"account": "paper", "weight": 3}], quantity=4)
    answer = trader.send(wanted)
    assert trader.read(f"/v1/orders/{answer['orders'][0]}")["quantity"] == 4


def test_a_thousand_signals_in_one_request(trader):
    answers = trader.send([signal(wait_ms=20_000) for _ in range(1_000)])
    assert {answer["verdict"] for answer in answers} == {"accepted"}
    assert len({order for answer in answers for order in answer["orders"]}) == 1_000


def test_scopes(gateway):
    writer = Trader(gateway.native, gateway.key("signals:write", name="strategy").access_token)
    answer = writer.send(signal())
    assert answer["verdict"] == "accepted"
    writer.read(f"/v1/signals/{answer['id']}", status=403)


def test_a_bound_key_names_its_own_account_only(gateway):
    bound = gateway.key("signals:write", "orders:read", "orders:write", "trade:halt", "flags:write", name="bound", account="paper")
    trader = Trader(gateway.native, bound.access_token)
    assert trader.send(signal(account=None))["verdict"] == "accepted"
    for refused in (trader.send(signal(account="other"), status=403),
                    trader.send(signal(account=None, allocation=[{"account": "other", "weight": 1}]), status=403),
                    trader.read("/v1/orders", status=403, account="other"),
                    trader.post("/v1/halt", status=403, why="all of them"),
                    trader.put("/v1/flags/anything", status=403, on=True)):
        assert refused["error"]["code"] == "wrong_account"


class Hook:
    """The address that TradingView is given."""

    def __init__(self, gateway, key):
        self.url = f"{gateway.native}/v1/hooks/tradingview/{key.access_token}"

    def alert(self, body):
        kind = "application/json" if body.startswith("{") else "text/plain"
        return requests.post(self.url, data=body, headers={"Content-Type": f"{kind}; charset=utf-8"}, timeout=20)


@pytest.fixture(scope="module")
def hook(gateway):
    return Hook(gateway, gateway.key("signals:write", name="charts"))


@pytest.mark.parametrize("body", [
    '{"action":"buy","ticker":"INFY","exchange":"NSE","contracts":"2","price":"1.00","comment":"long"}',
    '{"strategy":"charts","side":"BUY","instrument":"NSE:INFY","quantity":2}', "buy 2 NSE:INFY @ market", "INFY buy 2",
])
def test_alerts_are_signals(trader, hook, body):
    answer = hook.alert(body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["verdict"] == "accepted" and answer.json()["id"].startswith("tv-")
    order = trader.read(f"/v1/orders/{answer.json()['orders'][0]}")
    assert (order["instrument"], order["quantity"], order["type"]) == (INFY, 2, "market")


def test_an_alert_sent_twice_is_one_signal(hook):
    body = '{"action":"sell","ticker":"NSE:INFY","contracts":1,"comment":"twice"}'
    first, second = hook.alert(body).json(), hook.alert(body).json()
    assert first["id"] == second["id"] and first["orders"] == second["orders"]
    assert hook.alert(body.replace("twice", "thrice")).json()["id"] != first["id"]


def test_an_alert_with_a_limit(trader, hook):
    answer = hook.alert("NSE:INFY buy 1 limit 100.10").json()
    order = trader.read(f"/v1/orders/{answer['orders'][0]}")
    assert (order["type"], order["price"], order["state"] != "denied") == ("limit", "100.10", True)


@pytest.mark.parametrize("body, field", [
    ("", "action"), ("buy NSE:INFY", "quantity"), ("buy 1 NSE:NO-SUCH", "instrument"), ("buy 1 NSE:INFY limit 1.001", "price"),
    ("{}", "ticker"), ('{"ticker":"{{ticker}}"}', "body"), ('{"ticker":"INFY","action":"buy"}', "contracts"),
    ('{"ticker":"INFY","action":"buy","contracts":1,"stop_loss":5}', "stop_loss"), ("{", "body"),
])
def test_odd_alerts_name_their_field(hook, body, field):
    answer = hook.alert(body)
    assert answer.status_code in (400, 404) and answer.json()["error"]["field"] == field, answer.text


def test_the_address_of_a_hook_is_a_secret(gateway, hook, trader):
    assert requests.post(f"{gateway.native}/v1/hooks/tradingview/wrong", data="buy 1 INFY", timeout=20).status_code == 401
    reader = gateway.key("orders:read", name="no-strategy")
    assert Hook(gateway, reader).alert("buy 1 INFY").status_code == 403
    token = hook.url.rsplit("/", 1)[1]
    hook.alert("buy 1 NSE:INFY")
    assert token not in trader.get("/metrics").text and token not in gateway.stderr.read_text()
    assert "/v1/hooks/tradingview/{key}" in trader.get("/metrics").text
