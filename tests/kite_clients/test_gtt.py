"""GTT through the official clients: defined, listed, changed, fired on the simulated market, deleted, refused."""

import pytest

from driver.api import Native
from driver.deadline import until
from driver.gateway import Gateway
from driver.peer import PeerError

INFY = 408065


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """A gateway of this module's own: its tests trade."""
    server = Gateway(tmp_path_factory.mktemp("gtt") / "data", "--seed", "7", "--speed", "4").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def trader(exchange):
    return exchange.key("market:read", "orders:read", "orders:write", name="trader")


def connect(peer, server, key):
    peer.tell("connect", api_key=key.api_key, root=server.kite, access_token=key.access_token)
    return peer


@pytest.fixture
def client(exchange, trader, peer):
    return connect(peer, exchange, trader)


def last(client):
    return client.call("ltp", ["NSE:INFY"])["NSE:INFY"]["last_price"]


def order(price, side="SELL", quantity=3):
    return {"transaction_type": side, "quantity": quantity, "order_type": "LIMIT", "product": "MIS", "price": price}


def far(client):
    """A last price, and one price below and one above it that the market does not come to."""
    price = round(last(client))
    return price, round(price * 0.7), round(price * 1.3)


def near(client):
    """The same with the prices next to it, to which it comes within seconds."""
    price = last(client)
    return price, round(price - 0.1, 1), round(price + 0.1, 1)


def passed(client):
    """The same with an upper price that the market has passed already: it fires at once."""
    price = round(last(client))
    return round(price * 0.7), round(price * 0.5), round(price * 0.9)


def place(client):
    price, low, high = far(client)
    return client.call("place_gtt", "two-leg", "INFY", "NSE", [low, high], price, [order(low), order(high)])["trigger_id"]


def fires(client, trigger_id):
    def triggered():
        found = client.call("get_gtt", trigger_id)
        return found if found["status"] == "triggered" else None

    # Some minutes of the market are quiet.
    return until(f"the trigger {trigger_id} fires", triggered, seconds=120)


def test_one_is_defined_listed_changed_and_deleted(client):
    price, low, high = far(client)
    trigger_id = place(client)
    assert isinstance(trigger_id, int)
    one = client.call("get_gtt", trigger_id)
    assert client.call("get_gtts")[0] == one, "the newest comes first"
    assert (one["id"], one["status"], one["type"], one["user_id"]) == (trigger_id, "active", "two-leg", "PAPER")
    assert one["condition"] == {"exchange": "NSE", "tradingsymbol": "INFY", "instrument_token": INFY,
                                "last_price": price, "trigger_values": [low, high]}
    assert one["orders"] == [
        {"exchange": "NSE", "tradingsymbol": "INFY", **order(trigger), "result": None} for trigger in (low, high)
    ]
    assert one["parent_trigger"] is None and one["meta"] == {}
    year = int(one["created_at"][:4])
    assert one["expires_at"] == f"{year + 1}{one['created_at'][4:]}" or one["created_at"][5:10] == "02-29"

    changed = client.call("modify_gtt", trigger_id, "single", "INFY", "NSE", [low], price, [order(low + 1, "BUY", 4)])
    assert changed == {"trigger_id": trigger_id}
    one = client.call("get_gtt", trigger_id)
    assert (one["type"], one["condition"]["trigger_values"]) == ("single", [low])
    assert [(leg["transaction_type"], leg["quantity"], leg["price"]) for leg in one["orders"]] == [("BUY", 4, low + 1)]

    assert client.call("delete_gtt", trigger_id) == {"trigger_id": trigger_id}
    assert client.call("get_gtt", trigger_id)["status"] == "deleted"
    for call in (("delete_gtt", trigger_id),
                 ("modify_gtt", trigger_id, "single", "INFY", "NSE", [low], price, [order(low)])):
        with pytest.raises(PeerError) as refused:
            client.call(*call)
        assert refused.value.type == "InputException" and "deleted" in refused.value.message


def test_the_first_leg_that_the_market_touches_places_its_order(client, exchange, trader):
    price, low, high = near(client)
    # Far below the market, within its band: it fills at once.
    limit = round(price * 0.98)
    placed = client.call("place_gtt", "two-leg", "INFY", "NSE", [low, high], price, [order(limit), order(limit)])
    one = fires(client, placed["trigger_id"])
    (leg,) = [leg for leg in one["orders"] if leg["result"]]
    result = leg["result"]
    assert (leg is one["orders"][0]) == (result["triggered_at"] <= low)
    assert result["triggered_at"] <= low or result["triggered_at"] >= high
    assert (result["account_id"], result["validity"], result["quantity"]) == ("PAPER", "DAY", 3)
    assert str(placed["trigger_id"]) in result["meta"]
    done = result["order_result"]
    assert (done["status"], done["rejection_reason"]) == ("success", ""), done

    def filled():
        found = [row for row in client.call("orders") if row["order_id"] == done["order_id"]]
        return found and found[0]["status"] == "COMPLETE"

    until("its order fills", filled)
    assert [state["status"] for state in client.call("order_history", done["order_id"])][-1] == "COMPLETE"
    events = Native(exchange.native, trader.access_token).get(f"/v1/orders/{done['order_id']}/events").json()["events"]
    kinds = [event["kind"] for event in events]
    assert kinds[:3] == ["gtt_triggered", "decided", "intended"] and "trade_reported" in kinds, kinds
    with pytest.raises(PeerError) as refused:
        client.call("delete_gtt", placed["trigger_id"])
    assert refused.value.type == "InputException" and "triggered" in refused.value.message


def test_a_leg_whose_order_is_refused_says_why(client, exchange):
    price, low, high = passed(client)
    operator = Native(exchange.native, exchange.admin_token)
    assert operator.request("PUT", "/v1/limits/paper", json={"order_quantity": 100}).status_code == 200
    bad = order(high, quantity=101)
    placed = client.call("place_gtt", "two-leg", "INFY", "NSE", [low, high], price, [bad, bad])
    one = fires(client, placed["trigger_id"])
    (done,) = [leg["result"]["order_result"] for leg in one["orders"] if leg["result"]]
    assert (done["status"], done["order_id"]) == ("failed", "") and "100" in done["rejection_reason"], done


@pytest.mark.parametrize("change, words", [
    ({"exchange": "MCX"}, "condition.tradingsymbol"),
    ({"tradingsymbol": "NOSUCH"}, "condition.tradingsymbol"),
    ({"price": 0.013}, "orders.price"),
    ({"trigger": 0.013}, "condition.trigger_values"),
    ({"last_price": "trigger"}, "condition.trigger_values"),
    ({"quantity": 0}, "orders.quantity"),
    ({"order_type": "MARKET"}, "orders.order_type"),
    ({"product": "BO"}, "orders.product"),
])
def test_what_is_wrong_is_named(client, change, words):
    price, low, _ = far(client)
    leg = {**order(low + change.get("price", 0)), **{name: change[name] for name in ("quantity", "order_type", "product") if name in change}}
    trigger = low + change.get("trigger", 0)
    seen = trigger if change.get("last_price") else price
    with pytest.raises(PeerError) as refused:
        client.call("place_gtt", "single", change.get("tradingsymbol", "INFY"), change.get("exchange", "NSE"), [trigger],
                    seen, [leg])
    assert refused.value.type == "InputException" and words in refused.value.message, refused.value


def test_what_is_not_there_is_not_found(client):
    for name in ("get_gtt", "delete_gtt"):
        with pytest.raises(PeerError) as refused:
            client.call(name, 999_999)
        assert refused.value.type == "InputException" and "trigger_id" in refused.value.message


def test_it_outlives_the_process_and_fires_afterwards(start, peer):
    server = start("--seed", "7")
    key = server.key("market:read", "orders:read", "orders:write", name="survivor")
    client = connect(peer, server, key)
    trigger_id = place(client)
    before = client.call("get_gtts")
    server.kill()
    server.start()
    connect(peer, server, key)
    assert client.call("get_gtts") == before
    price, low, high = passed(client)
    client.call("modify_gtt", trigger_id, "two-leg", "INFY", "NSE", [low, high], price, [order(low), order(high)])
    fires(client, trigger_id)
    assert place(client) > trigger_id, "no number is given twice"
