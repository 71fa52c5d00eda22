"""Orders on the wire: what is ignored, what is refused and how (protocol reference, sections 1.2 and 3)."""

import pytest

from driver.api import Kite
from driver.deadline import until
from driver.gateway import Gateway

INFY = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "quantity": "1", "product": "MIS",
        "order_type": "MARKET"}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """A gateway of this module's own: its tests trade."""
    server = Gateway(tmp_path_factory.mktemp("wire") / "data", "--seed", "7").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def desk(exchange):
    return Kite(exchange.kite, exchange.key("market:read", "orders:read", "orders:write", name="desk"))


def place(desk, variety="regular", **changes):
    form = {name: value for name, value in {**INFY, **changes}.items() if value is not None}
    return desk.request("POST", f"/orders/{variety}", data=form)


def placed(desk, **changes):
    answer = place(desk, **changes)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["order_id"]


def status(desk, order_id):
    return next(row["status"] for row in desk.data("/orders") if row["order_id"] == order_id)


def resting(desk):
    price = round(desk.data("/quote/ltp?i=NSE:INFY")["NSE:INFY"]["last_price"] * 0.97)
    order_id = placed(desk, order_type="LIMIT", price=str(price))
    until("the order rests", lambda: status(desk, order_id) == "OPEN")
    return order_id


def test_repeated_path_variables_and_unknown_fields_are_ignored(desk):
    order_id = placed(desk, variety="regular", price="0", trigger_price="0", squareoff="", unheard_of="1", autoslice="true")
    until("it fills", lambda: status(desk, order_id) == "COMPLETE")
    waiting = resting(desk)
    form = {"variety": "regular", "order_id": waiting, "quantity": "2", "unheard_of": "1"}
    assert desk.request("PUT", f"/orders/regular/{waiting}", data=form).json()["data"] == {"order_id": waiting}
    query = f"?variety=regular&order_id={waiting}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = desk.request("DELETE", f"/orders/regular/{waiting}{query}", headers=headers)
    assert answer.json()["data"] == {"order_id": waiting}
    until("it is cancelled", lambda: status(desk, waiting) == "CANCELLED")


@pytest.mark.parametrize("field, value", [
    ("exchange", None), ("exchange", "NOWHERE"), ("tradingsymbol", ""), ("tradingsymbol", "NO-SUCH"),
    ("transaction_type", "HOLD"), ("quantity", None), ("quantity", "0"), ("quantity", "-1"), ("quantity", "1.5"),
    ("quantity", "1e3"), ("quantity", "99999999999999999999"), ("product", "XYZ"), ("order_type", "limit"),
    ("validity", "TTL"), ("validity", "GTC"), ("tag", "a" * 21), ("tag", "a-b"), ("market_protection", "101"),
])
def test_shape_errors_are_400_and_leave_no_order(desk, field, value):
    before = len(desk.data("/orders"))
    answer = place(desk, **{field: value})
    assert (answer.status_code, answer.json()["error_type"]) == (400, "InputException"), answer.text
    assert len(desk.data("/orders")) == before


@pytest.mark.parametrize("variety", ["amo", "co", "iceberg", "auction", "bo", "odd"])
def test_other_varieties_say_what_is_served(desk, variety):
    answer = place(desk, variety, trigger_price="1", iceberg_legs="2", iceberg_quantity="1", quantity="2", auction_number="1")
    assert (answer.status_code, answer.json()["error_type"]) == (400, "InputException"), answer.text
    assert "regular" in answer.json()["message"]


def test_a_body_that_is_no_form_is_refused(desk):
    for body in (b"\xff\xfe", b"quantity=%zz", b"a=1&" * 5000):
        assert desk.request("POST", "/orders/regular", data=body).status_code == 400


@pytest.mark.parametrize("changes, kind", [
    ({"order_type": "LIMIT", "price": "1000.001"}, "InputException"),
    ({"order_type": "LIMIT", "price": "1000.01"}, "InputException"),
    ({"product": "CNC", "transaction_type": "SELL"}, None),
])
def test_denials_have_the_brokers_types(desk, changes, kind):
    answer = place(desk, **changes)
    if kind is None:  # whether it is refused is up to the account's limits
        assert answer.status_code in (200, 400)
        return
    assert (answer.status_code, answer.json()["error_type"]) == (400, kind), answer.text


@pytest.mark.parametrize("order_id", ["1", "1000000000000000001", "abc", "9" * 19])
def test_an_unknown_order_is_404(desk, order_id):
    for method, path in (("GET", f"/orders/{order_id}"), ("GET", f"/orders/{order_id}/trades"),
                         ("PUT", f"/orders/regular/{order_id}"), ("DELETE", f"/orders/regular/{order_id}")):
        answer = desk.request(method, path, data={"quantity": "2"} if method == "PUT" else None)
        assert (answer.status_code, answer.json()["error_type"]) == (404, "InputException"), (method, answer.text)


def test_a_modification_must_change_something(desk):
    waiting = resting(desk)
    for form in ({}, {"quantity": "1"}, {"variety": "regular"}):
        answer = desk.request("PUT", f"/orders/regular/{waiting}", data=form)
        assert (answer.status_code, answer.json()["error_type"]) == (400, "InputException"), answer.text
    assert desk.request("PUT", f"/orders/amo/{waiting}", data={"quantity": "2"}).status_code == 400
    assert status(desk, waiting) == "OPEN"
    desk.request("DELETE", f"/orders/regular/{waiting}")


def test_the_rows_have_every_field_of_the_broker(desk):
    order_id = placed(desk)
    until("it fills", lambda: status(desk, order_id) == "COMPLETE")
    order = next(row for row in desk.data("/orders") if row["order_id"] == order_id)
    fields = ("order_id exchange_order_id parent_order_id placed_by variety status status_message status_message_raw "
              "order_timestamp exchange_update_timestamp exchange_timestamp exchange tradingsymbol instrument_token "
              "order_type transaction_type validity validity_ttl product quantity disclosed_quantity price trigger_price "
              "average_price filled_quantity pending_quantity cancelled_quantity market_protection meta modified tag guid")
    assert set(fields.split()) <= order.keys()
    assert len(order["order_timestamp"]) == 19 and order["tag"] is None
    (fill, *_) = desk.data(f"/orders/{order_id}/trades")
    assert len(fill["order_timestamp"]) == 8 and len(fill["fill_timestamp"]) == 19


@pytest.mark.parametrize("method, path, code", [
    ("POST", "/margins/orders", 501), ("POST", "/margins/basket", 501), ("POST", "/charges/orders", 501),
    ("PUT", "/portfolio/positions", 400), ("PATCH", "/orders/regular", 405),
])
def test_what_is_not_served_says_so(desk, method, path, code):
    assert desk.request(method, path).status_code == code


def test_figures_are_hidden_without_orders_read(exchange, desk):
    placed(desk)
    masked = Kite(exchange.kite, exchange.key("market:read", name="masked"))
    assert masked.data("/portfolio/positions") == {"net": [], "day": []}
    assert masked.data("/portfolio/holdings") == []
    assert masked.data("/user/margins/equity")["available"]["cash"] == 0
    assert masked.data("/user/profile")["email"] == "***"
    assert masked.get("/orders").status_code == 403


def test_market_protection_is_demanded_only_to_emulate_the_broker(start, desk):
    assert place(desk).status_code == 200
    strict = start("--seed", "7", "--emulate-broker-limits")
    limited = Kite(strict.kite, strict.key("market:read", "orders:read", "orders:write", name="limited"))
    refused = place(limited)
    assert (refused.status_code, refused.json()["error_type"]) == (400, "InputException")
    assert "market_protection" in refused.json()["message"]
    assert place(limited, market_protection="-1").status_code == 200


def test_orders_are_there_after_a_restart(start):
    server = start()
    trader = server.key("market:read", "orders:read", "orders:write", name="restarts")
    order_id = placed(Kite(server.kite, trader), tag="kept")
    refused = place(Kite(server.kite, trader), order_type="LIMIT", price="1000.01")
    assert refused.status_code == 400
    until("it fills", lambda: status(Kite(server.kite, trader), order_id) == "COMPLETE")
    before = Kite(server.kite, trader).data("/orders")
    server.restart()
    assert Kite(server.kite, trader).data("/orders") == before
    assert {row["status"] for row in before} == {"COMPLETE", "REJECTED"}
