"""Orders through the official clients: placed, changed, cancelled, refused, and told over the ticker (MD-9, OR-5)."""

import shutil

import pytest

from driver.deadline import until
from driver.gateway import Gateway
from driver.peer import PeerError
from driver.trading import Trader

INFY = 408065
PLACED = ["PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING"]


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """A gateway of this module's own: its tests trade."""
    server = Gateway(tmp_path_factory.mktemp("orders") / "data", "--seed", "7").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def trader(exchange):
    return exchange.key("market:read", "orders:read", "orders:write", name="trader")


@pytest.fixture
def client(exchange, trader, peer):
    peer.tell("connect", api_key=trader.api_key, root=exchange.kite, access_token=trader.access_token)
    return peer


def last(client):
    return client.call("ltp", ["NSE:INFY"])["NSE:INFY"]["last_price"]


def place(client, side="BUY", quantity=10, kind="MARKET", product="MIS", **more):
    return client.call("place_order", "regular", "NSE", "INFY", side, quantity, product, kind, more)


def resting_price(client, share=0.97):
    """Far enough below the market not to fill."""
    return round(last(client) * share, 0)


def row(client, order_id):
    return next((row for row in client.call("orders") if row["order_id"] == order_id), None)


def until_status(client, order_id, status):
    def reached():
        found = row(client, order_id)
        return found if found and found["status"] == status else None

    return until(f"order {order_id} is {status}", reached)


def test_a_market_order_fills_and_is_seen_everywhere(client):
    before = {p["product"]: p["quantity"] for p in client.call("positions")["net"]}
    order_id = place(client, tag="first1")
    assert isinstance(order_id, str) and len(order_id) == 19 and order_id.isdigit()
    order = until_status(client, order_id, "COMPLETE")
    assert order["tag"] == "first1" and order["tags"] == ["first1"] and order["variety"] == "regular"
    assert (order["filled_quantity"], order["pending_quantity"], order["cancelled_quantity"]) == (10, 0, 0)
    assert order["average_price"] > 0 and order["exchange_order_id"] and order["placed_by"] == "PAPER"
    assert order["instrument_token"] == INFY and order["order_timestamp"]

    fills = client.call("order_trades", order_id)
    assert sum(fill["quantity"] for fill in fills) == 10 and {fill["order_id"] for fill in fills} == {order_id}
    assert {fill["trade_id"] for fill in fills} <= {fill["trade_id"] for fill in client.call("trades")}
    cost = sum(fill["quantity"] * fill["average_price"] for fill in fills)
    assert order["average_price"] == pytest.approx(cost / 10, abs=0.0001)

    history = client.call("order_history", order_id)
    statuses = [state["status"] for state in history]
    assert statuses[:3] == PLACED and statuses[-1] == "COMPLETE", statuses
    assert history[-1]["filled_quantity"] == 10 and history[0]["filled_quantity"] == 0

    book = client.call("positions")
    (net,) = [p for p in book["net"] if p["product"] == "MIS"]
    assert net["quantity"] == before.get("MIS", 0) + 10 and net["tradingsymbol"] == "INFY"
    for position in (*book["net"], *book["day"]):
        assert position["value"] == pytest.approx(position["sell_value"] - position["buy_value"])
        worth = position["quantity"] * position["last_price"] * position["multiplier"]
        assert position["pnl"] == pytest.approx(position["value"] + worth)
        assert position["pnl"] == pytest.approx(position["realised"] + position["unrealised"])
    funds = client.call("margins", "equity")
    assert funds["available"]["cash"] < funds["available"]["opening_balance"] == 10_000_000
    assert client.call("holdings") == []


def test_an_order_rests_is_modified_and_is_cancelled(client):
    price = resting_price(client)
    order_id = place(client, kind="LIMIT", price=price, validity="DAY")
    order = until_status(client, order_id, "OPEN")
    assert (order["price"], order["pending_quantity"], order["modified"]) == (price, 10, False)

    assert client.call("modify_order", "regular", order_id, {"quantity": 20, "price": price - 1}) == order_id
    changed = until("the modification holds", lambda: (found := row(client, order_id))["quantity"] == 20 and found)
    assert (changed["price"], changed["modified"], changed["validity"]) == (price - 1, True, "DAY")
    until_status(client, order_id, "OPEN")

    assert client.call("cancel_order", "regular", order_id) == order_id
    ended = until_status(client, order_id, "CANCELLED")
    assert (ended["cancelled_quantity"], ended["pending_quantity"], ended["filled_quantity"]) == (20, 0, 0)
    history = [state["status"] for state in client.call("order_history", order_id)]
    assert history[:4] == [*PLACED, "OPEN"] and history[-2:] == ["CANCEL PENDING", "CANCELLED"], history
    assert history[4:8] == ["MODIFY VALIDATION PENDING", "MODIFY PENDING", "MODIFIED", "OPEN"], history

    for change in (("modify_order", "regular", order_id, {"quantity": 30}), ("cancel_order", "regular", order_id)):
        with pytest.raises(PeerError) as refused:
            client.call(*change)
        assert refused.value.type == "InputException" and "being processed" in refused.value.message


def test_a_stop_order_waits_for_its_trigger(client):
    trigger = round(last(client) * 1.05, 0)
    order_id = place(client, kind="SL", price=trigger + 1, trigger_price=trigger)
    order = until_status(client, order_id, "TRIGGER PENDING")
    assert (order["order_type"], order["trigger_price"]) == ("SL", trigger)
    client.call("cancel_order", "regular", order_id)
    until_status(client, order_id, "CANCELLED")


def test_what_is_refused_is_in_the_book_with_its_reason(client):
    known = {order["order_id"] for order in client.call("orders")}
    with pytest.raises(PeerError) as refused:
        place(client, kind="LIMIT", price=resting_price(client) + 0.01)
    assert refused.value.type == "InputException", refused.value
    (fresh,) = [order for order in client.call("orders") if order["order_id"] not in known]
    assert fresh["status"] == "REJECTED" and fresh["status_message"] == refused.value.message
    assert [state["status"] for state in client.call("order_history", fresh["order_id"])] == [PLACED[0], "REJECTED"]
    assert client.call("order_trades", fresh["order_id"]) == []


def test_what_the_exchange_would_freeze_is_sliced_on_request(exchange, client):
    Trader(exchange.native, exchange.admin_token).put("/v1/limits/paper", freeze_quantity=40)
    wanted = ("regular", "NSE", "INFY", "BUY", 100, "MIS", "MARKET")
    known = {order["order_id"] for order in client.call("orders")}
    with pytest.raises(PeerError) as refused:
        client.call("place_order", *wanted, {})
    assert refused.value.type == "InputException" and "at most 40 units" in refused.value.message
    answer = client.call("place_autoslice_order", *wanted)
    slices = [answer["order_id"], *(child["order_id"] for child in answer["children"])]
    assert [until_status(client, order_id, "COMPLETE")["filled_quantity"] for order_id in slices] == [40, 40, 20]
    fresh = {order["order_id"] for order in client.call("orders") if order["status"] != "REJECTED"} - known
    assert fresh == set(slices)
    assert client.call("place_autoslice_order", *wanted[:4], 3, *wanted[5:])["children"] == []
    with pytest.raises(PeerError) as refused:
        client.call("place_autoslice_order", *wanted[:4], 401, *wanted[5:])
    assert refused.value.type == "InputException" and "11 orders" in refused.value.message


def test_changes_are_told_over_the_ticker(exchange, trader, client):
    client.tell("ticker_connect", api_key=trader.api_key, access_token=trader.access_token, root=exchange.kite_ws)
    client.wait_for("connect")
    resting = place(client, kind="LIMIT", price=resting_price(client))
    until_status(client, resting, "OPEN")
    client.call("modify_order", "regular", resting, {"quantity": 5})
    client.call("cancel_order", "regular", resting)
    filled = place(client, quantity=3)

    def told(order_id, status):
        return next((seen["order"] for seen in client.named("order_update")
                     if seen["order"]["order_id"] == order_id and seen["order"]["status"] == status), None)

    update = until("the fill is told", lambda: told(filled, "COMPLETE"))
    assert update["filled_quantity"] == 3 and update["checksum"] == "" and update["user_id"] == "PAPER"
    assert update["unfilled_quantity"] == 0
    assert until("the cancellation is told", lambda: told(resting, "CANCELLED"))["quantity"] == 5
    assert not told(resting, "OPEN"), "plain placement is not told"


def test_a_position_changes_its_product_and_keeps_its_cost(exchange, trader, client):
    symbol = "RELIANCE"

    def held():
        rows = [row for row in client.call("positions")["net"] if row["tradingsymbol"] == symbol]
        return {row["product"]: row for row in rows if row["quantity"]}

    def units():
        return {product: row["quantity"] for product, row in held().items()}

    def convert(quantity, old, new, side="BUY", part="day", name=symbol):
        return client.call("convert_position", "NSE", name, side, part, quantity, old, new)

    order_id = client.call("place_order", "regular", "NSE", symbol, "BUY", 10, "MIS", "MARKET", {})
    until_status(client, order_id, "COMPLETE")
    before, cash = units(), client.call("margins", "equity")["available"]["cash"]
    average, others = held()["MIS"]["average_price"], before.get("CNC", 0)
    assert convert(4, "MIS", "CNC") is True
    assert units() == {"MIS": before["MIS"] - 4, "CNC": others + 4}
    assert held()["MIS"]["average_price"] == pytest.approx(average, abs=0.0001)
    assert client.call("margins", "equity")["available"]["cash"] == cash

    for wanted, field in (((before["MIS"] - 3, "MIS", "CNC"), "quantity"), ((1, "MIS", "CNC", "SELL"), "quantity"),
                          ((1, "MIS", "CNC", "BUY", "overnight"), "quantity"), ((1, "NRML", "CNC"), "quantity"),
                          ((1, "MIS", "MIS"), "new_product"), ((1, "MIS", "XYZ"), "new_product"), ((1, "XYZ", "MIS"), "old_product"),
                          ((1, "MIS", "CNC", "HOLD"), "transaction_type"), ((1, "MIS", "CNC", "BUY", "week"), "position_type"),
                          ((0, "MIS", "CNC"), "quantity"), ((1, "MIS", "CNC", "BUY", "day", "NO-SUCH"), "tradingsymbol")):
        with pytest.raises(PeerError) as refused:
            convert(*wanted)
        assert refused.value.type == "InputException" and f"`{field}`" in refused.value.message, (wanted, refused.value)
    assert units() == {"MIS": before["MIS"] - 4, "CNC": others + 4}


def test_conversions_survive_a_restart(tmp_path, peer):
    server = Gateway(tmp_path / "data", "--seed", "7").start()
    try:
        key = server.key("market:read", "orders:read", "orders:write", name="trader")
        peer.tell("connect", api_key=key.api_key, root=server.kite, access_token=key.access_token)
        until_status(peer, place(peer), "COMPLETE")
        assert peer.call("convert_position", "NSE", "INFY", "BUY", "day", 7, "MIS", "NRML") is True

        def positions():
            return sorted((p["product"], p["quantity"], p["average_price"], p["day_buy_value"]) for p in peer.call("positions")["net"])

        before = positions()
        assert [(product, quantity) for product, quantity, *_ in before] == [("MIS", 3), ("NRML", 7)]
        # Once from its snapshot, once from the journal's first row.
        for folder in (None, server.data / "snapshots"):
            server.stop()
            if folder:
                assert any(folder.iterdir())
                shutil.rmtree(folder)
            server.start()
            assert positions() == before
    finally:
        server.stop()


def test_a_key_that_only_reads_places_nothing(exchange, peer):
    key = exchange.key("market:read", "orders:read", name="reads-only")
    peer.tell("connect", api_key=key.api_key, root=exchange.kite, access_token=key.access_token)
    with pytest.raises(PeerError) as refused:
        place(peer)
    assert refused.value.type == "PermissionException"
    assert peer.call("orders") is not None
