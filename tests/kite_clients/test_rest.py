"""Every read call of the official clients against the simulated market (MD-5, MD-9)."""

from datetime import datetime, timedelta

import pytest

from driver import ist
from driver.api import Native
from driver.peer import PeerError

INFY, NIFTY = 408065, 256265


@pytest.fixture(scope="session")
def untouched(gateway):
    """A key of an account that nobody trades on, whatever other tests of the shared instance do."""
    admin = Native(gateway.native, gateway.admin_token)
    added = admin.request("POST", "/v1/accounts", json={"name": "untouched", "class": "paper", "funds": "10000000"})
    assert added.status_code == 201, added.text
    return gateway.key("market:read", "orders:read", name="untouched", account="untouched")


@pytest.fixture
def client(gateway, untouched, peer):
    peer.tell("connect", api_key=untouched.api_key, root=gateway.kite, access_token=untouched.access_token)
    return peer


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_profile_and_margins(client):
    profile = client.call("profile")
    assert {"user_id", "user_name", "email", "broker", "exchanges", "products", "order_types"} <= profile.keys()
    margins = client.call("margins")
    assert margins.keys() == {"equity", "commodity"}
    assert client.call("margins", "equity") == margins["equity"]
    assert client.call("margins", "commodity").keys() == margins["commodity"].keys()
    assert margins["equity"]["available"]["cash"] == 10_000_000 and margins["equity"]["enabled"] is True
    assert all(value == 0 for value in margins["equity"]["utilised"].values())


def test_account_figures_are_masked_without_orders_read(gateway, peer):
    key = gateway.key("market:read", name="market-only")
    peer.tell("connect", api_key=key.api_key, root=gateway.kite, access_token=key.access_token)
    assert peer.call("margins")["equity"]["available"]["cash"] == 0
    assert peer.call("profile")["user_id"]


def test_instruments(client):
    everything = client.call("instruments")
    by_name = {f"{row['exchange']}:{row['tradingsymbol']}": row for row in everything}
    assert len(by_name) == len(everything), "names must be unique, and no empty last row"
    assert int(by_name["NSE:INFY"]["instrument_token"]) == INFY
    assert int(by_name["NSE:NIFTY 50"]["instrument_token"]) == NIFTY
    assert by_name["NSE:NIFTY 50"]["segment"] == "INDICES"
    assert {"EQ", "FUT", "CE", "PE"} == {row["instrument_type"] for row in everything}
    for row in everything:
        assert row["tick_size"] >= 0 and row["lot_size"] >= 1 and row["strike"] >= 0, row
        assert bool(row["expiry"]) == (row["instrument_type"] != "EQ"), row
    for exchange in ("NSE", "NFO"):
        part = client.call("instruments", exchange)
        assert part and {row["exchange"] for row in part} == {exchange}
        assert len(part) == sum(row["exchange"] == exchange for row in everything)


def test_quotes_by_name_and_by_token(client):
    asked = ["NSE:INFY", str(NIFTY), "NSE:NO-SUCH-SYMBOL", "999999999"]
    known = {"NSE:INFY", str(NIFTY)}
    full, ohlc, ltp = (client.call(name, asked) for name in ("quote", "ohlc", "ltp"))
    assert full.keys() == ohlc.keys() == ltp.keys() == known
    infy = full["NSE:INFY"]
    assert infy["instrument_token"] == INFY and infy["last_price"] > 0 and infy["volume"] > 0
    assert {"timestamp", "last_trade_time", "last_quantity", "average_price", "buy_quantity", "sell_quantity", "oi",
            "oi_day_high", "oi_day_low", "net_change", "lower_circuit_limit", "upper_circuit_limit"} <= infy.keys()
    depth = infy["depth"]
    assert len(depth["buy"]) == len(depth["sell"]) == 5
    assert depth["buy"][0]["price"] < depth["sell"][0]["price"]
    # The simulated market has no price bands: zero says that none is known.
    assert infy["lower_circuit_limit"] == infy["upper_circuit_limit"] == 0
    for entry in (*full.values(), *ohlc.values()):
        day = entry["ohlc"]
        assert day["low"] <= min(day["open"], entry["last_price"])
        assert day["high"] >= max(day["open"], entry["last_price"])
    assert ltp["NSE:INFY"].keys() == {"instrument_token", "last_price"}
    assert ohlc["NSE:INFY"].keys() == {"instrument_token", "last_price", "ohlc"}


def test_minute_candles(client):
    now = ist.now()
    candles = client.call("historical_data", INFY, ist.kite(now - timedelta(days=2)), ist.kite(now), "minute")
    times = [moment(candle["date"]) for candle in candles]
    assert len(times) > 500 and times == sorted(set(times))
    assert all(time.second == 0 for time in times) and times[-1] <= now
    for candle in candles:
        assert candle["low"] <= min(candle["open"], candle["close"])
        assert candle["high"] >= max(candle["open"], candle["close"])
        assert candle["volume"] >= 0 and "oi" not in candle


@pytest.mark.parametrize("interval, minutes", [("3minute", 3), ("5minute", 5), ("10minute", 10), ("15minute", 15),
                                               ("30minute", 30), ("60minute", 60)])
def test_longer_candles_are_made_of_minutes(client, interval, minutes):
    now = ist.now()
    start, end = ist.kite(now - timedelta(days=4)), ist.kite(now - timedelta(days=2))
    minute = {moment(c["date"]): c for c in client.call("historical_data", INFY, start, end, "minute")}
    longer = client.call("historical_data", INFY, start, end, interval)
    assert len(longer) > 10
    for candle in longer[1:-1]:
        begin = moment(candle["date"])
        parts = [minute[t] for i in range(minutes) if (t := begin + timedelta(minutes=i)) in minute]
        assert candle["open"] == parts[0]["open"] and candle["close"] == parts[-1]["close"]
        assert candle["high"] == max(p["high"] for p in parts) and candle["low"] == min(p["low"] for p in parts)
        assert candle["volume"] == sum(p["volume"] for p in parts)


def test_day_candles_with_open_interest_and_continuous(client):
    now = ist.now()
    future = next(row for row in client.call("instruments", "NFO") if row["instrument_type"] == "FUT")
    span = (ist.kite(now - timedelta(days=30)), ist.kite(now))
    days = client.call("historical_data", INFY, ist.kite(now - timedelta(days=1500)), ist.kite(now), "day")
    assert len(days) > 900
    assert all(moment(day["date"]).astimezone(ist.IST).strftime("%H:%M:%S") == "00:00:00" for day in days)
    token = int(future["instrument_token"])
    assert all(day["oi"] > 0 for day in client.call("historical_data", token, *span, "day", False, True))
    assert client.call("historical_data", token, *span, "day", True, False)


def test_empty_portfolio(client):
    assert client.call("holdings") == []
    assert client.call("positions") == {"net": [], "day": []}


@pytest.mark.parametrize(
    "name, arguments, kind",
    [
        ("historical_data", (INFY, "2026-01-01 00:00:00", "2026-01-02 00:00:00", "2minute", False, False), "InputException"),
        ("historical_data", (INFY, "yesterday", "2026-01-02 00:00:00", "minute", False, False), "InputException"),
        ("historical_data", (1, "2026-01-01 00:00:00", "2026-01-02 00:00:00", "minute", False, False), "InputException"),
        ("margins", ("crypto",), None),
        ("instruments", ("NOWHERE",), None),
        ("place_order", ("regular", "NSE", "INFY", "BUY", 1, "CNC", "MARKET"), None),
    ],
)
def test_errors_reach_the_client_with_their_type(client, name, arguments, kind):
    with pytest.raises(PeerError) as refused:
        client.call(name, *arguments)
    known = {"TokenException", "PermissionException", "OrderException", "InputException", "DataException",
             "NetworkException", "GeneralException"}
    assert refused.value.type in ({kind} if kind else known) and refused.value.message


def test_missing_scope_is_a_permission_error(gateway, peer):
    key = gateway.key("metrics:read", name="metrics-only")
    peer.tell("connect", api_key=key.api_key, root=gateway.kite, access_token=key.access_token)
    with pytest.raises(PeerError) as refused:
        peer.call("quote", ["NSE:INFY"])
    assert refused.value.type == "PermissionException"
    assert not peer.named("session_expired")


@pytest.mark.parametrize("token", ["wrong", "x" * 64, ""])
def test_wrong_token_is_a_token_error(gateway, reader, peer, token):
    peer.tell("connect", api_key=reader.api_key, root=gateway.kite, access_token=token)
    with pytest.raises(PeerError) as refused:
        peer.call("profile")
    assert refused.value.type == "TokenException"
    peer.wait_for("session_expired")
