"""Two instances on one directory: any takes signals in, one decides, and the other goes on at once when that one is killed."""

import signal
import time

import pytest

from driver.deadline import until
from driver.gateway import Gateway
from driver.journal import rows
from driver.signals import SCOPES, Sender, market_order
from kill.system import System
from kill.venue import ACCOUNT

MARKET = ("--seed", "7", "--rate", "200", "--instruments", "200")


@pytest.fixture
def pair(tmp_path):
    """(the holder, its follower, a key)"""
    holder = Gateway(tmp_path / "data", *MARKET)
    follower = Gateway(tmp_path / "data", *MARKET, role="gateway")
    try:
        holder.start()
        follower.start()
        yield holder, follower, holder.key(*SCOPES)
    finally:
        for gateway in (holder, follower):
            gateway.kill()


def decided_by(gateway, name):
    """The instance whose decision on a signal is in the journal."""
    return next(row.instance for row in rows(gateway.data / "meridian.db")
                if row.kind == "decided" and row.body["cause"] == {"signal": name})


def filled(sender, name):
    """Sends a signal and waits until its order is filled: then no call is under way when something happens to the holder."""
    status, answer = sender.signal(market_order(name, wait_ms=5_000))
    assert status == 200 and answer["verdict"] == "accepted", answer
    order = answer["orders"][0]
    until(f"{name} is filled", lambda: sender.request("GET", f"/v1/orders/{order}")[1]["state"] == "filled")


def test_a_follower_records_and_the_holder_decides(pair):
    holder, follower, key = pair
    one, other = Sender(holder.native, key.access_token), Sender(follower.native, key.access_token)
    status, first = one.signal(market_order("to-the-holder"))
    assert status == 200 and first["verdict"] == "accepted", first
    status, second = other.signal(market_order("to-the-follower", wait_ms=5_000))
    assert status == 200 and second["verdict"] == "accepted", second
    received = {row.body["signal"]["id"]: row.instance
                for row in rows(holder.data / "meridian.db") if row.kind == "signal_received"}
    assert received["to-the-holder"] != received["to-the-follower"], "it was recorded where it came in"
    assert decided_by(holder, "to-the-holder") == decided_by(holder, "to-the-follower") == received["to-the-holder"]
    # The same signal at the other instance is the same signal, read after what that instance has said.
    status, again = one.signal(market_order("to-the-follower", wait_ms=5_000))
    assert status == 200 and again["sequence"] == second["sequence"] and again["orders"] == second["orders"]


def test_the_follower_takes_over_at_once_after_a_kill(pair):
    """The lock of a killed process is free: that proves its death, and nobody waits for its lease to run out."""
    holder, follower, key = pair
    sender = Sender(follower.native, key.access_token)
    filled(sender, "before")
    holder.kill()
    killed = time.monotonic()
    status, answer = sender.signal(market_order("after", wait_ms=10_000))
    pause = time.monotonic() - killed
    assert status == 200 and answer["verdict"] == "accepted", answer
    assert decided_by(follower, "after") != decided_by(follower, "before")

    began = time.monotonic()
    holder.start()
    back = time.monotonic() - began
    print(f"decisions resumed {1000 * pause:.0f} ms after the kill; up was back {1000 * back:.0f} ms after its start")
    # Shorter than a lease: it was the proof, not the wait.
    assert pause < 2.5
    status, answer = Sender(holder.native, key.access_token).signal(market_order("back", wait_ms=5_000))
    assert status == 200 and answer["verdict"] == "accepted", answer


def test_a_frozen_holder_loses_its_lease_and_decides_nothing_afterwards(pair):
    holder, follower, key = pair
    sender = Sender(follower.native, key.access_token)
    filled(sender, "before")
    frozen = decided_by(follower, "before")
    holder.process.send_signal(signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        status, answer = sender.signal(market_order("meanwhile", wait_ms=15_000, ttl_ms=60_000))
        print(f"decisions resumed {time.monotonic() - stopped:.1f} s after the freeze")
        assert status == 200 and answer["verdict"] == "accepted", answer
        taken = decided_by(follower, "meanwhile")
        assert taken != frozen
    finally:
        holder.process.send_signal(signal.SIGCONT)
    if holder.process.poll() is None:
        back = Sender(holder.native, key.access_token)
        until("it answers again", lambda: back.request("GET", "/v1/accounts")[0] == 200)
        status, answer = back.signal(market_order("woken", wait_ms=5_000))
        assert status == 200 and answer["verdict"] == "accepted", answer
        assert decided_by(follower, "woken") == taken, "who has lost the lease decides nothing"


def test_a_book_that_could_not_be_read_at_the_take_over_is_read_soon_afterwards(tmp_path):
    """Nothing is decided before it was read; that must not wait for the next reading by the clock, a minute later."""
    system = System(tmp_path)
    try:
        system.start()
        holder = next(gateway for gateway in system.gateways if system.accounts(at=gateway)[ACCOUNT]["here"])
        other = next(gateway for gateway in system.gateways if gateway is not holder)
        system.venue.set_faults({"kind": "close_before", "on": ["read"], "per_million": 1_000_000})
        holder.kill()
        sender = Sender(other.native, system.key.access_token)
        status, answer = sender.signal(market_order("meanwhile", account=ACCOUNT, ttl_ms=60_000, wait_ms=6_000))
        assert status == 200 and answer["verdict"] == "queued", answer
        system.venue.set_faults()
        began = time.monotonic()
        verdict = lambda: sender.request("GET", "/v1/signals/meanwhile")[1]["verdict"]  # noqa: E731
        until("the signal is decided", lambda: verdict() == "accepted", seconds=20)
        print(f"decided {time.monotonic() - began:.1f} s after the book could be read again")
    finally:
        system.stop()
