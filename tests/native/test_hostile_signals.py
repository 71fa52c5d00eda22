"""Signals that nobody should send: each is refused with the field and the reason, and leaves no trace (OR-9, SE-4)."""

import json

import pytest

from driver.gateway import Gateway
from driver.trading import Trader, new_id, signal

HUGE = 10**30


@pytest.fixture(scope="module")
def trader(tmp_path_factory):
    """An instance on which nothing else happens, so that its newest row tells."""
    gateway = Gateway(tmp_path_factory.mktemp("hostile") / "data", "--seed", "7").start()
    trader = Trader(gateway.native, gateway.admin_token)
    yield trader
    gateway.stop()


def head(trader):
    """The newest row that is folded."""
    return trader.read("/v1/orders", limit=1)["sequence"]


def refused(trader, body, field, statuses=(400,)):
    """`body` is refused because of `field`, and no row is written."""
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    before = head(trader)
    answer = trader.request("POST", "/v1/signals", data=text, headers={"Content-Type": "application/json"})
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:300]}"
    error = answer.json()["error"]
    assert error["code"] and error["message"] and error["field"] == field, error
    assert len(answer.text) < 2_000, "a client's own words do not come back at any length"
    assert head(trader) == before


FIELDS = [
    ("id", [None, 5, "", "a" * 65, "a b", "ä", "a/b", ["s"], {}, True, "s\n"]),
    ("strategy", [5, "", "x" * 65, "a b", []]),
    ("instrument", [None, "", "NSE:NO-SUCH", "INFY", 1, -1, 1.5, [], {}, True, "NSE:NIFTY 50", 256265, "x" * 100_000]),
    ("side", [None, "BUY", "hold", 1, "", [], True]),
    ("quantity", [None, 0, -1, 1.5, 1.0, "1", "ten", 1_000_000_001, HUGE, True, [], {}, 1e3]),
    ("order", ["market", 5, [], True]),
    ("account", ["nobody", "Paper", "", 5, [], "x" * 100]),
    ("ttl_ms", [0, -1, 1.5, "1000", 86_400_001, HUGE, True]),
    ("wait_ms", [-1, 30_001, 1.5, "1", HUGE, []]),
]


@pytest.mark.parametrize("field, value", [(field, value) for field, values in FIELDS for value in values],
                         ids=lambda value: str(value)[:20])
def test_wrong_values_name_their_field(trader, field, value):
    wanted = {**signal(), field: value}
    if value is None:
        del wanted[field]
    refused(trader, wanted, field, statuses=(400, 404))


ORDERS = [
    ({"type": "limit"}, "order.price"), ({"type": "limit", "price": "1.001"}, "order.price"), ({"type": "limit", "price": 0}, "order.price"),
    ({"type": "limit", "price": -1}, "order.price"), ({"type": "limit", "price": "NaN"}, "order.price"),
    ({"type": "limit", "price": "1e3"}, "order.price"), ({"type": "limit", "price": HUGE}, "order.price"),
    ({"type": "limit", "price": "1" * 400}, "order.price"), ({"type": "limit", "price": [1]}, "order.price"),
    ({"type": "limit", "price": True}, "order.price"), ({"type": "market", "price": 1}, "order.price"),
    ({"type": "stop_limit", "price": 1}, "order.trigger_price"), ({"type": "limit", "price": 1, "trigger_price": 1}, "order.trigger_price"),
    ({"type": "LIMIT", "price": 1}, "order.type"), ({"type": 7}, "order.type"), ({"validity": "gtc"}, "order.validity"),
    ({"product": "CNC"}, "order.product"), ({"prize": 1}, "order.prize"), ({"type": "stop_market"}, "order.trigger_price"),
]


@pytest.mark.parametrize("order, field", ORDERS, ids=lambda value: str(value)[:30])
def test_wrong_orders_name_their_field(trader, order, field):
    refused(trader, signal(order=order), field)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "0x10", "01", "1.", ".5", "+1", "1_000"])
@pytest.mark.parametrize("place", ["quantity", "order.price"])
def test_what_is_no_number_names_its_field(trader, place, number):
    text = json.dumps(signal(quantity="QUANTITY", order={"type": "limit", "price": "PRICE"}))
    quantity, price = (number, "1.00") if place == "quantity" else ("1", number)
    refused(trader, text.replace('"QUANTITY"', quantity).replace('"PRICE"', price), place)


@pytest.mark.parametrize("changes, field", [
    ({"quantitty": 1}, "quantitty"), ({"Quantity": 1}, "Quantity"), ({"a" * 5_000: 1}, None), ({"target_position": 5}, "side"),
    ({"side": None, "target_position": 5}, "quantity"), ({"side": None, "quantity": None, "target_position": 1.5}, "target_position"),
    ({"side": None, "quantity": None, "target_position": -HUGE}, "target_position"), ({"allocation": []}, "account"),
    ({"account": None, "allocation": []}, "allocation"), ({"account": None, "allocation": {}}, "allocation"),
    ({"account": None, "allocation": [5]}, "allocation[0]"), ({"account": None, "allocation": [{"account": "paper"}]}, "allocation[0].weight"),
    ({"account": None, "allocation": [{"account": "paper", "weight": 0}]}, "allocation[0].weight"),
    ({"account": None, "allocation": [{"account": "nobody", "weight": 1}]}, "allocation[0].account"),
    ({"account": None, "allocation": [{"account": "paper", "weight": 1}] * 2}, "allocation"),
    ({"account": None, "allocation": [{"account": "paper", "weight": 1}] * 65}, "allocation"),
], ids=lambda value: str(value)[:40])
def test_fields_that_do_not_belong(trader, changes, field):
    refused(trader, signal(**changes), field or "a" * 40 + "...")


def test_an_unknown_field_is_answered_with_the_nearest_known_one(trader):
    answer = trader.send({**signal(), "quantitty": 1}, status=400)
    assert answer["error"]["hint"] == "did you mean quantity?"


@pytest.mark.parametrize("body", [
    b"", b"{", b"[", b"null", b"5", b'"x"', b"[]", b"\xff\xfe", b"{}{}", b'{"id":"\xff"}', b"[" * 100_000, b'{"a":' * 50_000,
    b"[5]", b"[null]", b"[[]]",
], ids=lambda body: repr(body[:12]))
def test_bodies_that_are_no_signals(trader, body):
    before = head(trader)
    answer = trader.request("POST", "/v1/signals", data=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text[:200]
    error = answer.json()["error"]
    assert error["code"] and error["message"] and error["field"] and len(answer.text) < 2_000
    assert head(trader) == before


def test_a_field_that_is_there_twice(trader):
    text = json.dumps(signal()).replace('"quantity": 1', '"quantity": 1, "quantity": 1000')
    refused(trader, text, "quantity")


def test_too_much_at_once(trader):
    refused(trader, [signal() for _ in range(1_001)], "body")
    refused(trader, b'{"id":"' + b"x" * (10 << 20) + b'"}', "body", statuses=(413,))


def test_a_body_that_is_not_said_to_be_json(trader):
    before = head(trader)
    answer = trader.request("POST", "/v1/signals", data=json.dumps(signal()), headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415 and answer.json()["error"]["field"] == "body"
    assert head(trader) == before


def test_ids_with_other_content_leave_no_trace(trader):
    wanted = signal(id=new_id(), order={"type": "limit", "price": "1.00"})
    order = trader.send(wanted)["orders"][0]
    trader.order_in(order, "open")
    trader.delete(f"/v1/orders/{order}")
    trader.order_in(order, "cancelled")
    for changes in ({"quantity": 2}, {"order": {"type": "limit", "price": "1.05"}}, {"ttl_ms": 5}, {"instrument": "NSE:RELIANCE"}):
        refused(trader, {**wanted, **changes}, "id", statuses=(409,))


def test_what_is_well_formed_and_senseless_is_one_denial(trader):
    before = len(trader.read("/v1/orders", limit=1000)["orders"])
    answer = trader.send(signal(quantity=1_000_000_000))
    assert answer["verdict"] == "denied" and answer["orders"] == [] and answer["reasons"]
    kinds = [event["kind"] for event in trader.read(f"/v1/signals/{answer['id']}/explain")["events"]]
    assert kinds == ["signal_received", "decided"]
    assert len(trader.read("/v1/orders", limit=1000)["orders"]) == before
