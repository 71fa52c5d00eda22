"""A reader that stops reading affects only itself: bounded memory, then closed (`every`) or conflated (`latest`) (I-6)."""

import json

import pytest

from driver import market, metrics, packets
from driver.deadline import until
from driver.frames import BINARY, CLOSE, TEXT, FrameSocket
from driver.stream import Stream

ALLOWED_GROWTH = 96 << 20
FELL_BEHIND = 4008
INFY = "NSE:INFY"


@pytest.fixture
def busy(start):
    return start("--seed", "7", "--rate", "5000")


def names(gateway):
    rows = market.listed(gateway, limit=3000)
    return [row["instrument"] for row in rows], [row["instrument_token"] for row in rows]


def watch_others(gateway, key, seconds_of_ticks=25):
    """A healthy reader gets its ticks while the others are stuck; returns how far memory grew."""
    before = gateway.resident_bytes()
    most = before
    with Stream(gateway, key.access_token) as healthy:
        healthy.subscribe(INFY, delivery="every")
        for count in range(1, seconds_of_ticks + 1):
            healthy.until_ticks(INFY, count=count)
            most = max(most, gateway.resident_bytes())
        seen = [tick["n"] for tick in healthy.ticks(INFY)]
    assert seen == list(range(seen[0], seen[0] + len(seen)))
    print(f"resident {before >> 20} MiB, at most {most >> 20} MiB with stuck readers")
    return most - before


def test_stuck_readers_are_bounded(busy):
    key = busy.key("market:read")
    instruments, tokens = names(busy)
    stuck = []
    try:
        for _ in range(20):
            kite = FrameSocket(f"{busy.kite_ws}/?api_key={key.api_key}&access_token={key.access_token}", receive_buffer=8192)
            kite.send(TEXT, json.dumps({"a": "subscribe", "v": tokens}).encode())
            kite.send(TEXT, json.dumps({"a": "mode", "v": ["full", tokens]}).encode())
            every = FrameSocket(f"{busy.native_ws}/v1/stream?access_token={key.access_token}", receive_buffer=8192)
            ask = {"op": "subscribe", "instruments": instruments, "mode": "full", "delivery": "every"}
            every.send(TEXT, json.dumps(ask).encode())
            stuck += [kite, every]
        assert watch_others(busy, key) < ALLOWED_GROWTH
    finally:
        for socket in stuck:
            socket.close()


def test_a_stuck_kite_reader_is_conflated_or_closed(busy):
    """Once it reads again it gets current values in the end, or was closed; never an endless backlog."""
    key = busy.key("market:read")
    _, tokens = names(busy)
    with FrameSocket(f"{busy.kite_ws}/?api_key={key.api_key}&access_token={key.access_token}", receive_buffer=8192) as socket:
        socket.send(TEXT, json.dumps({"a": "subscribe", "v": tokens}).encode())
        socket.send(TEXT, json.dumps({"a": "mode", "v": ["full", tokens]}).encode())
        wait_until_stuck(busy)
        # By time and not by volume, which begins anew at midnight in India.
        target = market.admin(busy).quotes(INFY)[INFY]["time_ns"] // 10**9
        assert catches_up(socket, target) in ("conflated", "closed")


def wait_until_stuck(gateway):
    """So many ticks later that neither the kernel's buffers nor an inbox can hold them."""
    begun = market.published(gateway)
    until("the market goes on", lambda: market.published(gateway) >= begun + 60_000, seconds=120)


def catches_up(socket, target):
    """Reads until INFY is as new as `target`, in seconds since 1970, or the socket is closed."""
    def take(opcode, payload):
        if opcode == CLOSE:
            return "closed"
        ticks = map(packets.decode, packets.split(payload)) if opcode == BINARY and len(payload) > 1 else ()
        return any(tick["token"] == 408065 and tick.get("time", 0) >= target for tick in ticks) and "conflated"

    try:
        return socket.until("the current value or a close", take, seconds=60)
    except ConnectionError:
        return "closed"


def test_a_stuck_every_reader_is_closed_and_can_resume(busy):
    key = busy.key("market:read")
    instruments, _ = names(busy)
    socket = FrameSocket(f"{busy.native_ws}/v1/stream?access_token={key.access_token}", receive_buffer=8192)
    ask = {"op": "subscribe", "instruments": instruments, "mode": "full", "delivery": "every"}
    socket.send(TEXT, json.dumps(ask).encode())
    wait_until_stuck(busy)
    position, code = read_to_close(socket)
    socket.close()
    assert (code, cut(busy)) == (FELL_BEHIND, 1)
    assert position, "no message came before the close: there is nothing to resume from"
    with Stream(busy, key.access_token) as again:
        again.send(op="resume", position=position)
        again.subscribe(INFY, delivery="every")
        again.until(lambda: any(m["type"] in ("resumed", "gap") for m in again.messages), "resumed or an explicit gap")
        ticks = again.until_ticks(INFY, count=3)
        assert [tick["n"] for tick in ticks] == list(range(ticks[0]["n"], ticks[0]["n"] + len(ticks)))


def read_to_close(socket):
    """Reads what had been sent; returns the last position and the close code (None when cut without one)."""
    position = None

    def take(opcode, payload):
        nonlocal position
        if opcode == TEXT:
            position = json.loads(payload).get("position", position)
        return opcode == CLOSE and (position, int.from_bytes(payload[:2], "big"))

    try:
        return socket.until("a close", take, seconds=60)
    except ConnectionError:
        return position, None


def cut(gateway):
    """How many native readers were closed because they fell behind."""
    return metrics.samples(gateway)['readers_cut_total{dialect="Native"}']
