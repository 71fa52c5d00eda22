"""A halt under load: once its call has returned, no order leaves, whichever instance was asked."""

import json
import threading
import time

import pytest

from driver.deadline import LONG
from driver.journal import rows
from driver.signals import Sender, market_order
from kill.system import System
from kill.venue import ACCOUNT

RATE, BATCH, SENDERS = 1_000, 20, 4
BEFORE, AFTER = (3.0, 2.0) if LONG else (1.5, 1.0)
# The bar, judged on a quiet machine only.
BAR_MS = 100


@pytest.fixture
def system(tmp_path):
    system = System(tmp_path)
    try:
        yield system.start()
    finally:
        system.stop()


def test_no_order_leaves_after_a_halt_has_returned(system):
    over, sent = threading.Event(), []
    threads = [threading.Thread(target=load, args=(system, number, over, sent)) for number in range(SENDERS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    time.sleep(BEFORE)
    holder = next(gateway for gateway in system.gateways if system.admin("GET", "/v1/accounts/paper", at=gateway)["here"])
    other = next(gateway for gateway in system.gateways if gateway is not holder)
    called = time.time_ns()
    halt = system.admin("POST", "/v1/halt", {"why": "a test"}, at=other)
    returned = time.time_ns()
    rate = sum(sent) / (time.monotonic() - began)
    time.sleep(AFTER)
    over.set()
    for thread in threads:
        thread.join()

    journal = rows(system.data / "meridian.db")
    intents = [row for row in journal if row.kind == "intended" and "place" in row.body["call"]]
    later = [row.seq for row in intents if row.seq > halt["sequence"]]
    requests = [at for at in placements(system.venue) if at > returned]
    last_ms = max((at - returned for at in requests), default=0) / 1e6
    print(f"{rate:.0f} signals/s; the halt took {(returned - called) / 1e6:.1f} ms; {len(intents)} intents, {len(later)} of them "
          f"after it; {len(requests)} orders reached the venue after it had returned, the last {last_ms:.1f} ms after")
    assert set(halt["halted"]) == {"paper", ACCOUNT}
    assert len(intents) > 100, "too few orders to prove anything"
    assert not later, f"intents after the halt's row {halt['sequence']}: {later[:5]}"
    assert any(row.kind == "signal_received" and row.seq > halt["sequence"] for row in journal), "the load had ended before"
    if LONG:
        assert rate > 0.9 * RATE and last_ms < BAR_MS and (returned - called) / 1e6 < BAR_MS


def load(system, number, over, sent):
    """Its share of the rate, in batches, half of them for the venue's account."""
    sender = Sender(system.gateways[number % 2].native, system.key.access_token)
    due, n = time.monotonic(), 0
    while not over.is_set():
        batch = [market_order(f"h{number}-{n}-{i}", ("paper", ACCOUNT)[i % 2], ("buy", "sell")[n % 2], quantity=1 + i, wait_ms=0)
                 for i in range(BATCH)]
        status, answers = sender.request("POST", "/v1/signals", batch)
        assert status == 200, answers
        sent.append(len(answers))
        n += 1
        due += BATCH * SENDERS / RATE
        # Open loop: what is late is sent at once.
        over.wait(max(0.0, due - time.monotonic()))


def placements(venue):
    """When each placement arrived: machine time in nanoseconds, from the venue's own log."""
    for line in (venue.data / "venue.log").read_text().splitlines():
        fact = json.loads(line.split(" ", 1)[1])
        if isinstance(fact, dict) and fact.get("received", {}).get("call") == "place":
            yield fact["received"]["at"]
