"""The official ticker clients: modes, subscriptions of their own, reconnect after a restart (MD-9)."""

import pytest

from driver.deadline import holds, until
from driver.peer import Peer

INFY, RELIANCE, NIFTY, BANKNIFTY = 408065, 738561, 256265, 260105


def connect(peer, gateway, key):
    peer.tell("ticker_connect", api_key=key.api_key, access_token=key.access_token, root=gateway.kite_ws)
    peer.wait_for("connect")


@pytest.fixture
def ticker(gateway, reader, peer):
    connect(peer, gateway, reader)
    return peer


def mark(peer):
    """A place in the peer's events; ticks already on their way may still arrive after it."""
    return len(peer.events)


def test_subscription_begins_in_quote_mode(ticker):
    ticker.tell("subscribe", tokens=[INFY])
    tick = ticker.wait_for_tick(INFY)
    assert tick["mode"] == "quote" and tick["tradable"] is True and tick["last_price"] > 0
    volume = tick.get("volume_traded")
    assert volume and tick["ohlc"]["close"] > 0 and "depth" not in tick


@pytest.mark.parametrize("mode", ["ltp", "quote", "full"])
def test_modes(ticker, mode):
    ticker.tell("subscribe", tokens=[INFY, NIFTY])
    ticker.tell("mode", mode=mode, tokens=[INFY, NIFTY])
    for token in (INFY, NIFTY):
        tick = ticker.wait_for_tick(token, lambda tick: tick["mode"] == mode)
        assert tick["tradable"] is (token == INFY)
        assert ("ohlc" in tick) == (mode != "ltp")
        assert ("depth" in tick) == (mode == "full" and token == INFY)
        assert ("exchange_timestamp" in tick) == (mode == "full")


def test_full_mode_is_whole(ticker):
    ticker.tell("subscribe", tokens=[INFY, NIFTY])
    ticker.tell("mode", mode="full", tokens=[INFY, NIFTY])
    tick = ticker.wait_for_tick(INFY, lambda tick: tick["mode"] == "full")
    bids, offers = tick["depth"]["buy"], tick["depth"]["sell"]
    assert len(bids) == len(offers) == 5
    prices = [level["price"] for level in bids if level["price"]]
    assert prices == sorted(prices, reverse=True) and bids[0]["price"] < offers[0]["price"]
    assert tick["ohlc"]["low"] <= tick["last_price"] <= tick["ohlc"]["high"]
    index = ticker.wait_for_tick(NIFTY, lambda tick: tick["mode"] == "full")
    day = index["ohlc"]
    assert day["low"] <= min(day["open"], index["last_price"]) <= max(day["open"], index["last_price"]) <= day["high"]


def test_mode_can_change_and_ticks_go_on(ticker):
    ticker.tell("subscribe", tokens=[INFY])
    for mode in ("full", "ltp", "quote", "full"):
        since = mark(ticker)
        ticker.tell("mode", mode=mode, tokens=[INFY])
        ticker.wait_for_tick(INFY, lambda tick, mode=mode: tick["mode"] == mode, since=since)


def test_unsubscribe_stops_the_ticks_of_that_instrument_only(ticker):
    ticker.tell("subscribe", tokens=[INFY, RELIANCE])
    ticker.wait_for_tick(INFY)
    ticker.wait_for_tick(RELIANCE)
    ticker.tell("unsubscribe", tokens=[INFY])
    since = mark(ticker)
    until("RELIANCE goes on", lambda: len(ticker.ticks(RELIANCE, since)) >= 3)
    quiet = mark(ticker)
    holds("INFY stays silent", lambda: not ticker.ticks(INFY, since=quiet), seconds=2)
    assert ticker.ticks(RELIANCE, since=quiet)


def test_two_clients_get_only_their_own(gateway, reader):
    first, second = Peer("python"), Peer("javascript")
    try:
        for client, token in ((first, INFY), (second, BANKNIFTY)):
            connect(client, gateway, reader)
            client.tell("subscribe", tokens=[token])
        first.wait_for_tick(INFY)
        second.wait_for_tick(BANKNIFTY)
        until("a few messages each", lambda: len(first.ticks()) >= 4 and len(second.ticks()) >= 4)
        assert {tick["instrument_token"] for tick in first.ticks()} == {INFY}
        assert {tick["instrument_token"] for tick in second.ticks()} == {BANKNIFTY}
    finally:
        first.stop()
        second.stop()


def test_wrong_token_is_refused_before_the_upgrade(gateway, reader, peer):
    peer.tell("ticker_connect", api_key=reader.api_key, access_token="wrong", root=gateway.kite_ws)
    until("the client reports status 403", lambda: any("403" in str(seen.get("reason")) for seen in peer.events))
    assert not peer.named("connect")


def test_reconnects_after_the_gateway_restarts(start, peer):
    gateway = start()
    key = gateway.key("market:read")
    connect(peer, gateway, key)
    peer.tell("subscribe", tokens=[INFY])
    peer.tell("mode", mode="full", tokens=[INFY])
    peer.wait_for_tick(INFY, lambda tick: tick["mode"] == "full")
    gateway.stop()
    closed = peer.wait_for("close")
    assert closed["code"] == 1001 and closed["reason"], closed
    since = mark(peer)
    gateway.start()
    peer.wait_for("connect", count=2, seconds=60)
    tick = peer.wait_for_tick(INFY, lambda tick: tick["mode"] == "full", since=since)
    assert tick["last_price"] > 0


def test_idle_connection_stays(ticker):
    """Nothing subscribed: the heartbeat alone keeps both clients content past their five seconds of patience."""
    until("six heartbeats", lambda: sum(m["bytes"] == 1 for m in ticker.named("message")) >= 6, seconds=30)
    assert not ticker.named("close") and not ticker.named("reconnect")
    assert len(ticker.named("connect")) == 1
