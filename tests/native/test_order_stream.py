"""Orders on /v1/stream: changes as they happen, and everything that was missed after a resume (OR-5)."""

import pytest

from driver.api import Kite
from driver.deadline import until
from driver.gateway import Gateway
from driver.stream import Stream

INFY = "NSE:INFY"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """A gateway of this module's own: its tests trade."""
    server = Gateway(tmp_path_factory.mktemp("updates") / "data", "--seed", "7").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def trader(exchange):
    return exchange.key("market:read", "orders:read", "orders:write", name="trader")


@pytest.fixture(scope="module")
def desk(exchange, trader):
    return Kite(exchange.kite, trader)


def place(desk, **changes):
    form = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "quantity": 1, "product": "MIS",
            "order_type": "MARKET", **changes}
    answer = desk.request("POST", "/orders/regular", data=form)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["order_id"]


def resting(desk):
    price = round(desk.data("/quote/ltp?i=NSE:INFY")["NSE:INFY"]["last_price"] * 0.97)
    return place(desk, order_type="LIMIT", price=price)


def told(stream, order_id, state=None):
    return [m["data"] for m in stream.messages if m["type"] == "order" and m["data"]["order_id"] == order_id
            and state in (None, m["data"]["state"])]


def until_told(stream, order_id, state):
    stream.until(lambda: told(stream, order_id, state), f"order {order_id} is {state}")
    return told(stream, order_id, state)[-1]


@pytest.mark.parametrize("format", ["json", "msgpack"])
def test_changes_come_as_the_native_order(exchange, trader, desk, format):
    with Stream(exchange, trader.access_token, format=format) as stream:
        stream.send(op="subscribe", mode="orders")
        assert stream.until_message("subscribed")["mode"] == "orders"
        order_id = place(desk, tag="native1")
        order = until_told(stream, order_id, "filled")
        assert (order["filled"], order["remaining"], order["side"], order["instrument"]) == (1, 0, "buy", INFY)
        assert order["tag"] == "native1" and order["account"] == "paper" and float(order["average_price"]) > 0
        sequences = [change["sequence"] for change in told(stream, order_id)]
        assert sequences == sorted(set(sequences))


def test_open_orders_come_first_and_unsubscribing_ends_it(exchange, trader, desk):
    waiting = resting(desk)
    until("it rests", lambda: any(r["order_id"] == waiting and r["status"] == "OPEN" for r in desk.data("/orders")))
    with Stream(exchange, trader.access_token) as stream:
        stream.send(op="subscribe", mode="orders")
        assert until_told(stream, waiting, "open")["quantity"] == 1
        stream.send(op="unsubscribe", mode="orders")
        stream.until_message("unsubscribed")
        desk.request("DELETE", f"/orders/regular/{waiting}")
        stream.send(op="ping")
        stream.until_message("pong")
        assert not told(stream, waiting, "cancelled")


def test_a_resume_tells_what_was_missed(exchange, trader, desk):
    with Stream(exchange, trader.access_token) as stream:
        stream.subscribe(INFY)
        stream.until_ticks(INFY)
        stream.send(op="subscribe", mode="orders")
        first = place(desk)
        seen = until_told(stream, first, "filled")["sequence"]
        position = next(m["position"] for m in reversed(stream.messages) if m["type"] == "order")
    missed = place(desk)
    until("it fills", lambda: any(r["order_id"] == missed and r["status"] == "COMPLETE" for r in desk.data("/orders")))
    with Stream(exchange, trader.access_token) as stream:
        stream.subscribe(INFY)
        stream.send(op="resume", position=position)
        assert until_told(stream, missed, "filled")
        assert all(change["sequence"] > seen for change in told(stream, first)), "nothing is told twice"
        stream.until(lambda: any(m["type"] in ("resumed", "gap") for m in stream.messages), "ticks go on as well")
        after = place(desk)
        until_told(stream, after, "filled")


def test_orders_need_their_scope(exchange):
    key = exchange.key("market:read", name="market-only")
    with Stream(exchange, key.access_token) as stream:
        stream.send(op="subscribe", mode="orders")
        error = stream.until_message("error")
        assert error["field"] == "mode" and "orders:read" in error["message"]
