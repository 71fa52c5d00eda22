"""/v1/stream: modes, delivery, resume, formats, limits (MD-3, design section 3 "Numbering and resume")."""

import pytest
from websockets.exceptions import InvalidStatus

from driver import market
from driver.api import Native
from driver.stream import Stream

INFY, RELIANCE, NIFTY = "NSE:INFY", "NSE:RELIANCE", "NSE:NIFTY 50"


@pytest.fixture
def stream(gateway, reader):
    with Stream(gateway, reader.access_token) as opened:
        yield opened


def numbers(ticks):
    return [tick["n"] for tick in ticks]


def assert_contiguous(ticks):
    seen = numbers(ticks)
    assert seen == list(range(seen[0], seen[0] + len(seen))), seen


def assert_rising(ticks):
    seen = numbers(ticks)
    assert all(earlier < later for earlier, later in zip(seen, seen[1:])), seen


def test_subscription_is_confirmed_and_starts_with_the_current_value(stream):
    stream.subscribe(INFY, NIFTY)
    confirmed = stream.until_message("subscribed")
    assert confirmed["instruments"] == [INFY, NIFTY] and confirmed["mode"] == "full" and confirmed["delivery"] == "latest"
    for name in (INFY, NIFTY):
        (tick, *_) = stream.until_ticks(name)
        assert tick["source"] == "sim" and tick["instrument"] == name and float(tick["last"]) > 0


def test_a_thousand_instruments_in_full(gateway, stream):
    """Their current values come in messages of several hundred kilobytes, which the socket must take."""
    names = {row["instrument"] for row in market.listed(gateway, limit=1000)}
    stream.subscribe(*sorted(names))
    stream.until(lambda: names <= {tick["instrument"] for tick in stream.ticks()}, f"a tick of all {len(names)}")


def test_bearer_header_serves_too(gateway, reader):
    with Stream(gateway, reader.access_token, bearer=True) as stream:
        stream.subscribe(INFY)
        assert stream.until_ticks(INFY)


@pytest.mark.parametrize("mode, has, has_not", [("ltp", set(), {"ohlc", "volume", "depth"}), ("quote", {"ohlc", "volume"}, {"depth"}),
                                                ("full", {"ohlc", "volume", "depth", "open_interest"}, set())])
def test_modes(stream, mode, has, has_not):
    stream.subscribe(INFY, mode=mode)
    for tick in stream.until_ticks(INFY, count=3):
        assert tick["mode"] == mode and has <= tick.keys() and not has_not & tick.keys()


def test_mode_can_change(stream):
    for mode in ("ltp", "full", "quote"):
        stream.subscribe(INFY, mode=mode)
        stream.until(lambda mode=mode: any(t["mode"] == mode for t in stream.ticks(INFY)), f"a tick in mode {mode}")


def test_every_is_contiguous_and_latest_rises(gateway, reader):
    with Stream(gateway, reader.access_token) as every, Stream(gateway, reader.access_token) as latest:
        every.subscribe(INFY, NIFTY, delivery="every")
        latest.subscribe(INFY, NIFTY, delivery="latest")
        for name in (INFY, NIFTY):
            assert_contiguous(every.until_ticks(name, count=10))
            assert_rising(latest.until_ticks(name, count=5))
    assert {tick["source"] for tick in every.ticks() + latest.ticks()} == {"sim"}


def test_unsubscribe_stops_that_instrument_only(stream):
    stream.subscribe(INFY, RELIANCE)
    stream.until_ticks(INFY)
    stream.send(op="unsubscribe", instruments=[INFY])
    assert stream.until_message("unsubscribed")["instruments"] == [INFY]
    mark = len(stream.messages)
    stream.until_ticks(RELIANCE, count=4, since=mark)
    assert not stream.ticks(INFY, since=mark)


def test_tokens_serve_as_names(stream):
    stream.send(op="subscribe", instruments=[408065, "256265"], mode="ltp")
    assert stream.until_ticks(INFY) and stream.until_ticks(NIFTY)


@pytest.mark.parametrize("message, field", [
    ({"op": "subscribe"}, "instruments"), ({"op": "subscribe", "instruments": ["NSE:NO-SUCH"]}, "instruments"),
    ({"op": "subscribe", "instruments": [INFY], "mode": "best"}, "mode"),
    ({"op": "subscribe", "instruments": [INFY], "delivery": "sometimes"}, "delivery"),
    ({"op": "resume", "position": "yesterday"}, "position"), ({"op": "dance"}, "op"), ({}, None), ({"op": 1}, None),
])
def test_a_bad_message_gets_an_error_and_the_connection_lives(stream, message, field):
    stream.send(**message)
    error = stream.until_message("error")
    assert error["code"] and error["message"] and field in (None, error.get("field"))
    stream.subscribe(INFY)
    assert stream.until_ticks(INFY)


@pytest.mark.parametrize("raw", ["", "hello", "[]", "null", "[" * 10000, "\u0000"])
def test_noise_gets_an_error_and_the_connection_lives(stream, raw):
    stream.socket.send(raw)
    stream.until_message("error")
    stream.subscribe(INFY)
    assert stream.until_ticks(INFY)


def test_oversized_message_closes_the_connection_with_1009(stream):
    stream.socket.send("x" * 300_000)
    assert stream.close_code()[0] == 1009


def test_resume_after_a_reconnect_misses_nothing(gateway, reader):
    with Stream(gateway, reader.access_token) as watcher:
        watcher.subscribe(INFY, RELIANCE, delivery="every")
        with Stream(gateway, reader.access_token) as first:
            first.subscribe(INFY, RELIANCE, delivery="every")
            last = {name: first.until_ticks(name, count=3)[-1]["n"] for name in (INFY, RELIANCE)}
            last |= {tick["instrument"]: tick["n"] for tick in first.ticks()}
            position = first.position
        mark = len(watcher.messages)
        watcher.until_ticks(INFY, count=3, since=mark)  # the market went on while the client was away
        with Stream(gateway, reader.access_token) as again:
            again.send(op="resume", position=position)
            again.subscribe(INFY, RELIANCE, delivery="every")
            for name in (INFY, RELIANCE):
                ticks = again.until_ticks(name, count=5)
                assert ticks[0]["n"] == last[name] + 1
                assert_contiguous(ticks)
            assert not any(message["type"] == "gap" for message in again.messages)


def test_resume_with_latest_gives_the_current_values(gateway, reader):
    with Stream(gateway, reader.access_token) as first:
        first.subscribe(INFY)
        seen = first.until_ticks(INFY, count=2)[-1]["n"]
        position = first.position
    with Stream(gateway, reader.access_token) as again:
        again.send(op="resume", position=position)
        again.subscribe(INFY)
        ticks = again.until_ticks(INFY, count=3)
        assert ticks[0]["n"] > seen
        assert_rising(ticks)


def test_position_of_another_epoch_answers_gap_and_snapshot(start):
    gateway = start()
    key = gateway.key("market:read")
    with Stream(gateway, key.access_token) as stream:
        stream.subscribe(INFY, NIFTY, delivery="every")
        stream.until_ticks(NIFTY, count=2)
        position = stream.position
        code, reason = stop_and_read_close(gateway, stream)
    assert code == 1001 and reason
    gateway.start()
    with Stream(gateway, key.access_token) as stream:
        stream.send(op="resume", position=position)
        stream.subscribe(INFY, NIFTY, delivery="every")
        gap = stream.until_message("gap")
        assert gap["from"] == position and gap["to"] and gap["position"]
        for name in (INFY, NIFTY):
            assert_contiguous(stream.until_ticks(name, count=3))


def stop_and_read_close(gateway, stream):
    gateway.stop()
    return stream.close_code()


def test_messagepack_has_the_same_fields(gateway, reader):
    with Stream(gateway, reader.access_token, format="msgpack") as packed, Stream(gateway, reader.access_token) as text:
        for stream in (packed, text):
            stream.subscribe(INFY, delivery="every")
        numbered = {tick["n"]: tick for tick in text.until_ticks(INFY, count=6)}
        same = [tick for tick in packed.until_ticks(INFY, count=6) if tick["n"] in numbered]
        assert len(same) >= 3
        assert all(tick == numbered[tick["n"]] for tick in same)


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_bad_token_is_refused_before_the_upgrade(gateway, token):
    with pytest.raises(InvalidStatus) as refused:
        Stream(gateway, token or "")
    assert refused.value.response.status_code == 401


def test_key_without_the_scope_is_refused(gateway):
    with pytest.raises(InvalidStatus) as refused:
        Stream(gateway, gateway.key("metrics:read", name="no-market").access_token)
    assert refused.value.response.status_code == 403


def test_quote_and_stream_agree(gateway, reader, stream):
    native = Native(gateway.native, reader.access_token)
    stream.subscribe(INFY, delivery="every")
    stream.until_ticks(INFY, count=2)
    quote = native.quotes(INFY)[INFY]
    stream.until(lambda: numbers(stream.ticks(INFY))[-1] >= quote["n"], "the tick of the quote")
    tick = next(tick for tick in stream.ticks(INFY) if tick["n"] == quote["n"])
    assert {name: quote[name] for name in tick.keys() & quote.keys() - {"mode"}} == \
        {name: tick[name] for name in tick.keys() & quote.keys() - {"mode"}}
