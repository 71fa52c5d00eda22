"""Instruments, quotes and candles of the native API (MD-5, design section 10)."""

from datetime import datetime, timedelta
from decimal import Decimal

from driver import ist
from driver.api import Native

# One hour of a few days ago, in both forms.
FROM, TO = ist.days_ago(5, hour=10), ist.days_ago(5, hour=11)
PAST = {"from": FROM.isoformat(), "to": TO.isoformat()}


def test_instrument_search(native):
    found = native.get("/v1/instruments", query="infy", limit=10).json()
    infy = next(row for row in found["instruments"] if row["instrument"] == "NSE:INFY")
    assert infy["instrument_token"] == 408065 and infy["decimals"] == 2 and Decimal(infy["tick_size"]) > 0
    assert found["total"] >= len(found["instruments"])
    nfo = native.get("/v1/instruments", query="nifty ce", exchange="NFO", limit=3).json()
    assert len(nfo["instruments"]) == 3 and nfo["total"] > 3
    assert all(row["exchange"] == "NFO" and Decimal(row["strike"]) > 0 and row["expiry"] for row in nfo["instruments"])


def test_quotes_by_name_and_token(native):
    answer = native.get("/v1/quotes", instruments="NSE:INFY,256265,NSE:NO-SUCH").json()
    assert answer["missing"] == ["NSE:NO-SUCH"]
    infy = answer["quotes"]["NSE:INFY"]
    assert infy["instrument"] == "NSE:INFY" and infy["instrument_token"] == 408065
    assert infy["source"] == "sim" and infy["n"] >= 1 and infy["age_ms"] >= 0
    assert isinstance(infy["last"], str) and len(infy["last"].split(".")[1]) == 2
    assert datetime.fromisoformat(infy["time"]).tzinfo is not None
    assert len(answer["quotes"]) == 2


def test_every_listed_instrument_has_a_simulated_price(native):
    total = native.get("/v1/instruments", limit=1).json()["total"]
    names = [row["instrument"] for row in native.get("/v1/instruments", limit=total).json()["instruments"]]
    assert len(names) == total
    for start in range(0, total, 400):
        part = names[start : start + 400]
        quotes = native.quotes(*part)
        assert quotes.keys() == set(part)
        assert {quote["source"] for quote in quotes.values()} == {"sim"}
        assert all(Decimal(quote["last"]) > 0 for quote in quotes.values())


def test_candles(native):
    now = ist.now()
    answer = native.get("/v1/candles", instrument="NSE:INFY", interval="minute",
                        **{"from": (now - timedelta(hours=3)).isoformat(), "to": now.isoformat()}).json()
    assert (answer["instrument"], answer["interval"], answer["source"]) == ("NSE:INFY", "minute", "sim")
    starts = [datetime.fromisoformat(candle["start"]) for candle in answer["candles"]]
    assert len(starts) > 100 and starts == sorted(set(starts))
    for candle in answer["candles"]:
        low, high = Decimal(candle["low"]), Decimal(candle["high"])
        assert low <= Decimal(candle["open"]) <= high and low <= Decimal(candle["close"]) <= high


def test_both_apis_tell_the_same_past(native, kite):
    query = {"from": ist.kite(FROM), "to": ist.kite(TO)}
    theirs = kite.data("/instruments/historical/408065/minute", params=query)["candles"]
    ours = native.get("/v1/candles", instrument="NSE:INFY", interval="minute", **PAST).json()["candles"]
    assert len(theirs) > 30
    assert [[float(c[k]) for k in ("open", "high", "low", "close")] for c in ours] == [row[1:5] for row in theirs]


def test_the_past_follows_from_the_seed_alone(native, start):
    other = start("--seed", "7")
    twin = Native(other.native, other.admin_token)
    stranger = start("--seed", "8")
    different = Native(stranger.native, stranger.admin_token)
    query = {"instrument": "NSE:INFY", "interval": "minute", **PAST}
    candles = [client.get("/v1/candles", **query).json()["candles"] for client in (native, twin, different)]
    assert candles[0] == candles[1] != candles[2]
