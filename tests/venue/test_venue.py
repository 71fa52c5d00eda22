"""`meridian venue` as people and tests use it: the official client on it, its faults, its book after kill -9."""

import json
import threading

import pytest

from driver import cli
from driver.deadline import until
from driver.peer import Peer, PeerError
from driver.venue import Venue

# place_order(variety, exchange, tradingsymbol, transaction_type, quantity, product, order_type, price, validity)
RESTING = ("regular", "NSE", "INFY", "BUY", 1, "CNC", "LIMIT", 100, "DAY")


@pytest.fixture
def venue(tmp_path):
    process = Venue(tmp_path / "venue", "--seed", "7", "--instruments", "300", "--rate", "100", "--accounts", "a,b")
    yield process.start()
    process.stop()


@pytest.fixture
def python():
    program = Peer("python")
    yield program
    program.stop()


def connect(peer, venue, account="a"):
    key = venue.accounts[account]
    peer.tell("connect", api_key=key.api_key, root=venue.address, access_token=key.access_token)
    return peer


def status(client, order):
    return next(row["status"] for row in client.call("orders") if row["order_id"] == order)


def test_the_official_client_trades_on_it(venue, python):
    client = connect(python, venue)
    key = venue.accounts["a"]
    ws = venue.address.replace("http://", "ws://")
    client.tell("ticker_connect", api_key=key.api_key, access_token=key.access_token, root=ws)
    client.wait_for("connect")
    assert client.call("profile")["broker"] == "MERIDIAN-VENUE"
    assert client.call("margins")["equity"]["available"]["cash"] > 0
    assert client.call("holdings") == [] and client.call("orders") == []

    order = client.call("place_order", *RESTING)
    until("the order is open", lambda: status(client, order) == "OPEN")
    text = client.wait_for("message")
    assert text["bytes"] >= 1
    # modify_order(variety, order_id, parent_order_id, quantity)
    assert client.call("modify_order", "regular", order, None, 2) == order
    until("it is modified", lambda: client.call("order_history", order)[-1]["quantity"] == 2)
    assert client.call("cancel_order", "regular", order) == order
    until("it is cancelled", lambda: status(client, order) == "CANCELLED")

    # Far above the market: it takes what is offered.
    bought = client.call("place_order", "regular", "NSE", "INFY", "BUY", 1, "CNC", "LIMIT", 100_000, "DAY")
    until("it is filled", lambda: status(client, bought) == "COMPLETE")
    (trade,) = client.call("order_trades", bought)
    assert client.call("trades") == [trade] and 0 < trade["average_price"] < 100_000
    (row,) = client.call("positions")["net"]
    assert (row["tradingsymbol"], row["quantity"], row["average_price"]) == ("INFY", 1, trade["average_price"])

    with pytest.raises(PeerError) as refused:
        client.call("cancel_order", "regular", bought)
    assert refused.value.type == "InputException"
    with pytest.raises(PeerError) as refused:
        connect(python, venue).tell("use_token", access_token="wrong")
        client.call("orders")
    assert refused.value.type == "TokenException" and client.named("session_expired")


def test_doubles_are_counted_and_faults_are_shown_with_their_hits(venue, python):
    client, key = connect(python, venue), venue.accounts["a"]
    plan = venue.ask("/venue/faults", key, faults=[{"kind": "close_after", "on": ["place"], "next": 1}])
    assert plan["faults"][0]["hits"] == 0
    # The tag stands behind seven arguments that this order has no use for.
    tagged = (*RESTING, *[None] * 7, "twice")
    with pytest.raises(PeerError):
        client.call("place_order", *tagged)
    assert len(client.call("orders")) == 1, "it was carried out"
    client.call("place_order", *tagged)
    assert venue.ask("/venue/faults", key)["faults"][0]["hits"] == 1
    ledger = venue.ask("/venue/ledger", key)
    assert ledger["tags"]["a"]["twice"]["placements"] == 2 and ledger["totals"]["doubled_tags"] == 1
    offline = cli.run("venue", "ledger", str(venue.data), "--json")
    assert json.loads(offline.stdout) == ledger


def test_kill_9_loses_nothing_that_was_answered(venue, python):
    client = connect(python, venue)
    acknowledged = []

    def place():
        try:
            while True:
                acknowledged.append(client.call("place_order", *RESTING))
        except PeerError:
            pass

    for round_number in range(3):
        worker = threading.Thread(target=place)
        worker.start()
        enough = 5 * (round_number + 1)
        until("some orders are acknowledged", lambda: len(acknowledged) >= enough)  # noqa: B023
        venue.kill()
        worker.join()
        keys = venue.accounts
        venue.start()
        assert venue.accounts == keys, "key and tokens are kept"
        connect(python, venue)
        book = [row["order_id"] for row in client.call("orders")]
        assert len(set(book)) == len(book) and set(acknowledged) <= set(book)
        arrived = venue.ask("/venue/ledger", venue.accounts["a"])["totals"]["placements"]
        assert len(acknowledged) <= len(book) <= arrived <= len(acknowledged) + round_number + 1
    order = acknowledged[0]
    client.call("cancel_order", "regular", order)
    until("it is cancelled", lambda: status(client, order) == "CANCELLED")


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "192.0.2.1:7500", "unix:relative.sock"])
def test_it_is_for_this_host_only(tmp_path, listen):
    refused = cli.run("venue", "--data", tmp_path / "venue", "--listen", listen, expect=2)
    assert "this host only" in refused.stderr and not (tmp_path / "venue").exists()


def test_wrong_faults_are_named_before_anything_starts(tmp_path):
    refused = cli.run("venue", "--data", tmp_path / "venue", "--faults", '{"faults":[{"kind":"garbage"}]}', expect=2)
    assert "never strike" in refused.stderr
