"""Orders of people: placed, changed, cancelled; denied ones are on record; lists and positions (OR-2, OR-5)."""

import pytest

from driver import market
from driver.deadline import until
from driver.trading import INFY, Trader, far_limit, new_id, signal


@pytest.fixture(scope="module")
def trader(gateway):
    return Trader(gateway.native, gateway.admin_token)


@pytest.fixture(scope="module")
def future(gateway):
    """A contract whose lot is more than one."""
    return next(row["instrument"] for row in market.listed(gateway) if row["lot_size"] > 1)


def test_an_order_from_placing_to_cancelling(trader):
    placed = trader.place(far_limit())
    order = trader.order_in(placed["order_id"], "open")
    assert (order["price"], order["remaining"], order["average_price"], order["signal"]) == ("100.00", 1, None, None)
    changed = trader.put(f"/v1/orders/{placed['order_id']}", price="100.10", quantity=2)
    assert changed["order_id"] == placed["order_id"] and changed["sequence"] > placed["sequence"]
    trader.order_in(placed["order_id"], "open")
    order = until("the new terms hold", lambda: (order := trader.read(f"/v1/orders/{placed['order_id']}"))["price"] == "100.10"
                         and order)
    assert order["quantity"] == 2
    trader.delete(f"/v1/orders/{placed['order_id']}")
    trader.order_in(placed["order_id"], "cancelled")
    denied = trader.delete(f"/v1/orders/{placed['order_id']}", status=422)
    assert denied["error"]["code"] == "not_open" and denied["order_id"] == placed["order_id"]


def test_the_same_client_id_is_the_same_order(trader):
    wanted = far_limit()
    first, second = trader.place(wanted), trader.place(wanted)
    assert (first["order_id"], first["sequence"]) == (second["order_id"], second["sequence"])
    error = trader.place({**wanted, "quantity": 2}, status=409)["error"]
    assert (error["code"], error["field"]) == ("id_taken", "client_id")
    unnamed = {name: value for name, value in wanted.items() if name != "client_id"}
    assert trader.place(unnamed)["order_id"] != trader.place(unnamed)["order_id"]


def test_a_denied_order_is_on_record(trader, future):
    wanted = {"client_id": new_id("c"), "instrument": future, "side": "buy", "quantity": 1, "type": "market"}
    denied = trader.place(wanted, status=422)
    assert (denied["error"]["code"], denied["error"]["field"]) == ("lot_size", "quantity") and denied["error"]["hint"]
    assert "lot_size" in [reason["code"] for reason in denied["reasons"]]
    assert trader.place(wanted, status=422) == denied
    order = trader.read(f"/v1/orders/{denied['order_id']}")
    assert (order["state"], order["filled"], order["quantity"]) == ("denied", 0, 1) and order["message"]
    kinds = [event["kind"] for event in trader.read(f"/v1/orders/{denied['order_id']}/events")["events"]]
    assert kinds == ["order_commanded", "decided"]
    assert denied["order_id"] not in [order["order_id"] for order in trader.read("/v1/orders", limit=1000)["orders"]]


@pytest.mark.parametrize("changes, field", [
    ({"price": None}, "price"), ({"type": "market"}, "price"), ({"type": None}, "type"), ({"price": "1.001"}, "price"),
    ({"price": "0"}, "price"), ({"price": "-5"}, "price"), ({"trigger_price": "5"}, "trigger_price"), ({"quantity": "1"}, "quantity"),
    ({"quantity": 0}, "quantity"), ({"side": "hold"}, "side"), ({"instrument": "NSE:NIFTY 50"}, "instrument"),
    ({"instrument": "NSE:NO-SUCH"}, "instrument"), ({"account": "nobody"}, "account"), ({"client_id": "a b"}, "client_id"),
    ({"qty": 1}, "qty"), ({"product": "CNC"}, "product"), ({"validity": "gtc"}, "validity"),
])
def test_malformed_orders_name_their_field(trader, changes, field):
    wanted = {name: value for name, value in far_limit(**changes).items() if value is not None}
    answer = trader.request("POST", "/v1/orders", json=wanted)
    assert answer.status_code in (400, 404) and answer.json()["error"]["field"] == field, answer.text


def test_unknown_orders_are_404(trader):
    for order in ("1" * 19, "abc", "0", "9" * 19):
        for call in (trader.read, trader.delete):
            assert call(f"/v1/orders/{order}", status=404)["error"]["code"] == "unknown_order"
        trader.put(f"/v1/orders/{order}", status=404, price="1")


def test_changes_that_cannot_be_meant(trader):
    order = trader.place(far_limit())["order_id"]
    for body, field in (({}, "body"), ({"trigger_price": "5"}, "trigger_price"), ({"side": "sell"}, "side"), ({"price": "x"}, "price")):
        assert trader.put(f"/v1/orders/{order}", status=400, **body)["error"]["field"] == field
    trader.delete(f"/v1/orders/{order}")


def test_lists_are_paged_and_filtered(trader):
    placed = [trader.place(far_limit())["order_id"] for _ in range(5)]
    newest = [order["order_id"] for order in trader.read("/v1/orders", limit=5)["orders"]]
    assert newest == placed
    page = trader.read("/v1/orders", after=placed[0], limit=2)
    assert [order["order_id"] for order in page["orders"]] == placed[1:3] and page["more"]
    assert not trader.read("/v1/orders", after=placed[3], limit=2)["more"]
    first = trader.read("/v1/orders", after="0", limit=1)["orders"][0]
    assert first["created"] <= page["orders"][0]["created"]
    trader.delete(f"/v1/orders/{placed[0]}")
    trader.order_in(placed[0], "cancelled")
    open_ones = [order["order_id"] for order in trader.read("/v1/orders", state="open", account="paper", limit=1000)["orders"]]
    assert placed[0] not in open_ones and set(placed[1:]) <= set(open_ones)
    assert trader.read("/v1/orders", status=400, state="sleeping")["error"]["field"] == "state"
    assert trader.read("/v1/orders", status=400, limit=0)["error"]["field"] == "limit"


def test_fills_are_trades_and_positions(trader):
    placed = trader.place({"instrument": INFY, "side": "buy", "quantity": 2, "type": "market"})
    order = trader.order_in(placed["order_id"], "filled")
    trades = [trade for trade in trader.read("/v1/trades", limit=1000)["trades"] if trade["order_id"] == placed["order_id"]]
    assert sum(trade["quantity"] for trade in trades) == 2 and {trade["side"] for trade in trades} == {"buy"}
    assert order["average_price"] and trades[0]["instrument"] == INFY
    line = next(line for line in trader.read("/v1/positions", account="paper")["positions"] if line["instrument"] == INFY)
    assert line["quantity"] >= 2 and line["last"]


def test_the_predecessors_addresses(trader):
    answer = trader.send(signal())
    order = next(order for order in trader.read("/orders") if order["order_id"] == answer["orders"][0])
    assert (order["tradingsymbol"], order["transaction_type"], order["account_id"]) == ("INFY", "BUY", "paper")
    candles = trader.read("/history", instrument_token=408065, interval="minute", oi="true")
    assert candles["instrument"] == INFY and candles["candles"]
    assert "paper" in trader.read("/health")["accounts"]


def test_orders_survive_a_restart(start):
    gateway = start()
    trader = Trader(gateway.native, gateway.admin_token)
    wanted, resting = signal(), far_limit()
    answer, placed = trader.send(wanted), trader.place(resting)
    trader.order_in(answer["orders"][0], "filled")
    before = trader.read("/v1/positions")["positions"][0]
    gateway.restart()
    assert trader.send(wanted) == answer
    assert trader.place(resting)["order_id"] == placed["order_id"]
    assert trader.read("/v1/positions")["positions"][0]["average_price"] == before["average_price"]
    trader.delete(f"/v1/orders/{placed['order_id']}")
    trader.order_in(placed["order_id"], "cancelled")


def test_a_person_ends_only_doubts_that_there_are(trader):
    order = trader.send(signal())["orders"][0]
    said = {"found": "absent", "why": "the desk says so"}
    assert trader.post(f"/v1/orders/{order}/resolve", status=409, **said)["error"]["code"] == "nothing_unknown"
    assert trader.post("/v1/orders/1/resolve", status=404, **said)["error"]["code"] == "unknown_order"
    assert trader.post(f"/v1/orders/{order}/resolve", status=400, found="lost", why="x")["error"]["field"] == "found"
    assert trader.post(f"/v1/orders/{order}/resolve", status=400, found="reached", why="x")["error"]["field"] == "venue_order_id"
