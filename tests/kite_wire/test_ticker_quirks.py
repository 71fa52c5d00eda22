"""The ticker on the wire, frame by frame: heartbeat, control frames, packets, refusals (protocol reference, 9)."""

import json

import pytest

from driver import packets
from driver.deadline import GENEROUS
from driver.frames import BINARY, CLOSE, PING, PONG, TEXT, FrameSocket, Refused

INFY, RELIANCE, NIFTY = 408065, 738561, 256265


def address(gateway, key):
    return f"{gateway.kite_ws}/?api_key={key.api_key}&access_token={key.access_token}"


def say(socket, action, value):
    socket.send(TEXT, json.dumps({"a": action, "v": value}).encode())


def packets_of(socket, tokens, length=None):
    """Reads until there is a packet (of that length) of every token."""
    found = {}

    def take(opcode, payload):
        if opcode == BINARY and len(payload) > 1:
            for packet in packets.split(payload):
                if length in (None, len(packet)):
                    found[packets.token_of(packet)] = packet
        return tokens <= found.keys()

    socket.until("a packet of every token", take)
    return found


@pytest.fixture
def socket(gateway, reader):
    with FrameSocket(address(gateway, reader), ["X-Kite-Version: 3"]) as opened:
        yield opened


def test_heartbeat_when_nothing_is_subscribed(socket):
    frames = socket.frames_for(6)
    assert all(opcode == BINARY and len(payload) == 1 for _, opcode, payload in frames), frames
    times = [when for when, *_ in frames]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    print("heartbeat gaps:", [f"{gap:.2f}" for gap in gaps])
    assert 3 <= len(frames) <= 8, "about one a second"


def test_heartbeat_goes_on_for_a_quiet_subscription(socket):
    """The JavaScript client gives up after five seconds without a message: no silence may come near that."""
    say(socket, "subscribe", [INFY])
    times = [when for when, *_ in socket.frames_for(6)]
    assert max(later - earlier for earlier, later in zip(times, times[1:])) < 4


def test_no_ping_and_no_unsolicited_pong(socket):
    say(socket, "subscribe", [INFY])
    say(socket, "mode", ["full", [INFY]])
    assert {opcode for _, opcode, _ in socket.frames_for(5)} == {BINARY}


def test_ping_is_answered_with_its_payload(socket):
    socket.send(PING, b"are you there")
    answers = [payload for _, opcode, payload in socket.frames_for(2) if opcode == PONG]
    assert answers == [b"are you there"]


@pytest.mark.parametrize("mode, tradable, index", [("ltp", packets.LTP, packets.LTP),
                                                   ("quote", packets.QUOTE, packets.INDEX_QUOTE),
                                                   ("full", packets.FULL, packets.INDEX_FULL)])
def test_packet_lengths_by_mode(socket, mode, tradable, index):
    say(socket, "subscribe", [INFY, NIFTY])
    say(socket, "mode", [mode, [INFY, NIFTY]])
    assert packets_of(socket, {INFY}, tradable) and packets_of(socket, {NIFTY}, index)


def test_full_packet_is_believable(socket):
    say(socket, "subscribe", [INFY, NIFTY])
    say(socket, "mode", ["full", [INFY, NIFTY]])
    tick = packets.decode(packets_of(socket, {INFY}, packets.FULL)[INFY])
    assert tick["low"] <= tick["last"] <= tick["high"] < 2**31
    assert tick["bids"][0][1] < tick["offers"][0][1]
    assert tick["buy_quantity"] >= sum(level[0] for level in tick["bids"])
    assert 0 < tick["last_trade_time"] <= tick["time"]
    index = packets.decode(packets_of(socket, {NIFTY}, packets.INDEX_FULL)[NIFTY])
    assert index["low"] <= min(index["last"], index["open"]) and index["high"] >= max(index["last"], index["open"])


def test_first_tick_comes_at_once_with_the_last_known_state(gateway, kite, reader):
    rows = kite.get("/instruments/NFO").text.split("\n")[1:]
    tokens = {int(row.split(",")[0]) for row in rows[:200]}
    with FrameSocket(address(gateway, reader)) as socket:
        say(socket, "subscribe", sorted(tokens))
        found = packets_of(socket, tokens)
    assert all(packets.decode(packet)["last"] > 0 for packet in found.values())


def test_tokens_as_text_are_accepted(socket):
    say(socket, "subscribe", [str(INFY)])
    assert packets_of(socket, {INFY}, packets.QUOTE)
    say(socket, "mode", ["full", [str(INFY)]])
    assert packets_of(socket, {INFY}, packets.FULL)


@pytest.mark.parametrize("nonsense", [b"", b"hello", b"[]", b'{"a":1}', b'{"a":"subscribe"}', b'{"a":"subscribe","v":[-1]}',
                                      b'{"a":"subscribe","v":["x",1e99,null,{}]}', b'{"a":"mode","v":["best",[408065]]}',
                                      b'{"a":"mode","v":[[408065],"full"]}', b'{"a":"dance","v":[408065]}', b"[" * 5000])
def test_nonsense_does_not_disturb_the_connection(socket, nonsense):
    socket.send(TEXT, nonsense)
    socket.send(BINARY, nonsense)
    say(socket, "subscribe", [INFY])
    assert packets_of(socket, {INFY})


def test_unknown_tokens_are_left_out(socket):
    say(socket, "subscribe", [1, 4294967295, INFY])
    assert packets_of(socket, {INFY}).keys() == {INFY}


def test_credentials_in_any_order_with_unknown_keys(gateway, reader):
    query = f"uid=1700000000000&access_token={reader.access_token}&x=y&api_key={reader.api_key}"
    for path in ("", "/"):
        with FrameSocket(f"{gateway.kite_ws}{path}?{query}") as socket:
            opcode, payload = socket.frame(GENEROUS)
            assert opcode == BINARY and len(payload) == 1


def test_offered_compression_is_declined(gateway, reader):
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    with FrameSocket(address(gateway, reader), [offer]) as socket:
        say(socket, "subscribe", [INFY])
        assert packets_of(socket, {INFY})


@pytest.mark.parametrize("query, statuses", [("api_key={k}&access_token=wrong", {403}), ("api_key=zz&access_token={t}", {403}),
                                             ("api_key={k}", {400, 403}), ("", {400, 403})])
def test_bad_credentials_are_refused_before_the_upgrade(gateway, reader, query, statuses):
    with pytest.raises(Refused) as refused:
        FrameSocket(f"{gateway.kite_ws}/?{query.format(k=reader.api_key, t=reader.access_token)}")
    assert refused.value.status in statuses
    assert json.loads(refused.value.body)["error_type"].endswith("Exception")


def test_missing_scope_is_refused_before_the_upgrade(gateway):
    key = gateway.key("metrics:read", name="no-market")
    with pytest.raises(Refused) as refused:
        FrameSocket(address(gateway, key))
    assert refused.value.status == 403


def test_shutdown_says_1001_with_a_reason(start):
    gateway = start()
    with FrameSocket(address(gateway, gateway.key("market:read"))) as socket:
        gateway.stop()
        closing = [payload for _, opcode, payload in socket.frames_for(5) if opcode == CLOSE]
    assert closing and int.from_bytes(closing[0][:2], "big") == 1001 and closing[0][2:]


def test_broker_limits_only_when_asked(start, gateway, reader):
    many = [FrameSocket(address(gateway, reader)) for _ in range(8)]
    for socket in many:
        socket.close()
    strict = start("--seed", "7", "--emulate-broker-limits")
    key = strict.key("market:read")
    held = [FrameSocket(address(strict, key)) for _ in range(3)]
    with pytest.raises(Refused) as refused:
        FrameSocket(address(strict, key))
    assert refused.value.status == 429
    say(held[0], "subscribe", list(range(1, 3002 * 256, 256)))
    refusal = json.loads(held[0].until("a text frame", lambda opcode, payload: opcode == TEXT and payload))
    assert refusal["type"] == "error" and "3000" in refusal["data"]
    say(held[1], "subscribe", [INFY])
    assert packets_of(held[1], {INFY})
    for socket in held:
        socket.close()
