"""Many sockets: when the market has ended every reader's last value equals the hub's (MD-3, I-6)."""

import asyncio
import random

from driver import market
from driver.api import Kite, Native
from driver.deadline import LONG
from load.readers import Reader

SOCKETS, EACH = (1000, 100) if LONG else (200, 100)


def tokens_of(kite):
    return [int(line.split(",", 1)[0]) for line in kite.get("/instruments").text.split("\n")[1:]]


def paise(price):
    return round(price * 100)


def as_packet(token, quote):
    """A REST quote with the names and units of a decoded full packet, as far as both have them."""
    day = quote["ohlc"]
    expected = {"token": token, "last": paise(quote["last_price"]), **{name: paise(day[name]) for name in day}}
    if token & 0xFF != 9:
        expected |= {name: quote[name] for name in ("volume", "buy_quantity", "sell_quantity", "oi", "last_quantity")}
        for side, name in (("buy", "bids"), ("sell", "offers")):
            expected[name] = [(level["quantity"], paise(level["price"]), level["orders"]) for level in quote["depth"][side]]
    return expected


def quotes_of(kite, tokens):
    """The hub's current values, asked for by token in parts."""
    quotes = {}
    for start in range(0, len(tokens), 400):
        part = [str(token) for token in tokens[start : start + 400]]
        quotes |= kite.data("/quote", params={"i": part})
    return {int(token): as_packet(int(token), quote) for token, quote in quotes.items()}


def differences(readers, expected):
    return [
        (tick["token"], name, tick[name], value)
        for reader in readers for ticks in [reader.last_ticks()] for token in reader.tokens
        for tick in [ticks.get(token, {"token": token})]
        for name, value in expected[token].items() if tick.get(name) != value
    ]


def test_every_reader_ends_with_the_hubs_values(start, recording):
    replayed = start("--market", f"replay:{recording}", "--speed", "1")
    key = replayed.key("market:read")
    kite = Kite(replayed.kite, key)
    tokens = tokens_of(kite)
    choose = random.Random(7)
    readers = [Reader(choose.sample(tokens, min(EACH, len(tokens)))) for _ in range(SOCKETS)]
    url = f"{replayed.kite_ws}/?api_key={key.api_key}&access_token={key.access_token}"
    received = asyncio.run(read_to_the_end(readers, url, replayed, kite))
    print(f"{SOCKETS} sockets x {EACH} instruments agree; {received} packets kept at the end")


async def read_to_the_end(readers, url, gateway, kite):
    for start in range(0, len(readers), 50):
        await asyncio.gather(*(reader.open(url) for reader in readers[start : start + 50]))
    running = [asyncio.create_task(reader.run()) for reader in readers]
    try:
        await asyncio.to_thread(market.wait_for_end, gateway)
        expected = await asyncio.to_thread(quotes_of, kite, tokens_of(kite))
        deadline = asyncio.get_running_loop().time() + 60
        while wrong := differences(readers, expected):
            assert asyncio.get_running_loop().time() < deadline, f"{len(wrong)} values differ, such as {wrong[:3]}"
            await asyncio.sleep(0.2)
        assert not any(reader.closed for reader in readers)
        return sum(len(reader.last) for reader in readers)
    finally:
        for task in running:
            task.cancel()


def test_native_quotes_agree_with_kite_quotes(start, recording):
    replayed = start("--market", f"replay:{recording}", "--speed", "20")
    kite, native = Kite(replayed.kite, replayed.key("market:read")), Native(replayed.native, replayed.admin_token)
    tokens = tokens_of(kite)
    market.wait_for_end(replayed)
    expected = quotes_of(kite, tokens)
    quotes = native.quotes(*map(str, tokens[:400])).values()
    assert quotes and all(paise(float(quote["last"])) == expected[quote["instrument_token"]]["last"] for quote in quotes)
