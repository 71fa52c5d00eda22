"""Strategies that remember what they sent and what they were told: the truth that the journal is compared with."""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from driver.signals import Sender, market_order
from kill.venue import ACCOUNT

# Seconds for one attempt: a frozen instance must not hold a strategy up for long.
ATTEMPT = 2.5
# Seconds between signals of one strategy.
EVERY = 0.05


@dataclass
class Told:
    """One signal: what was sent, and the answer that acknowledged it."""

    body: dict
    answer: dict
    attempts: int


@dataclass
class Truth:
    """What all strategies know together."""

    acknowledged: dict = field(default_factory=dict)
    begun: dict = field(default_factory=dict)
    counts: Counter = field(default_factory=Counter)
    problems: list = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Workload:
    """A few strategies in threads. Each sends a signal to some instance, again and again until one acknowledges it."""

    def __init__(self, gateways, token, seed, traded, resting, strategies=4):
        """`traded`: instruments for orders at the market. `resting`: others, each with a price at which a buy order waits."""
        self.truth = Truth()
        self._gateways, self._token, self._traded, self._resting = gateways, token, traded, resting
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number, random.Random(f"{seed}/{number}")), daemon=True)
            for number in range(strategies)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.finish()

    def pause(self, seconds):
        """Lets it go on for so long."""
        time.sleep(seconds)
        assert not self.truth.problems, self.truth.problems[:5]

    def finish(self):
        """No new signals; those under way are sent until they are acknowledged."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a signal is not acknowledged though every process runs"

    def _run(self, number, draw):
        senders = {}
        n = 0
        while not self._over.is_set():
            n += 1
            body = self._next(f"k{number}-{n}", draw)
            try:
                told = self._until_acknowledged(body, senders, draw)
                if told and draw.random() < 0.05:
                    self._again(told, senders, draw)
                if told and draw.random() < 0.5:
                    self._cancel(told, senders, draw)
            except Exception as error:  # noqa: BLE001: a thread tells the test, which fails
                self.truth.problems.append(f"{body['id']}: {error!r}")
                return
            self._over.wait(EVERY)

    def _next(self, identifier, draw):
        account = draw.choice(("paper", ACCOUNT))
        if draw.random() < 0.25:
            instrument, price = draw.choice(sorted(self._resting.items()))
            return market_order(identifier, account, "buy", instrument, draw.randint(1, 5), ttl_ms=20_000, wait_ms=200,
                                order={"type": "limit", "price": price})
        side, instrument = draw.choice(("buy", "sell")), draw.choice(self._traded)
        return market_order(identifier, account, side, instrument, draw.randint(1, 20), ttl_ms=20_000, wait_ms=200)

    def _until_acknowledged(self, body, senders, draw):
        truth, attempts = self.truth, 0
        with truth.lock:
            truth.begun[body["id"]] = body
        while True:
            attempts += 1
            status, answer = self._attempt("POST", "/v1/signals", body, senders, draw)
            if status == 200:
                told = Told(body, answer, attempts)
                with truth.lock:
                    truth.acknowledged[body["id"]] = told
                    truth.counts["attempts again"] += attempts - 1
                return told
            if status not in (None, 503):
                truth.problems.append(f"{body['id']}: {status} {answer}")
                return None
            # A little apart, so that a dead address is not asked thousands of times.
            time.sleep(0.03)

    def _again(self, told, senders, draw):
        """The same signal once more, anywhere: the same answer, and nothing new."""
        status, answer = self._attempt("POST", "/v1/signals", told.body, senders, draw)
        if status == 200:
            self.truth.counts["repeated after the answer"] += 1
            if answer["sequence"] != told.answer["sequence"]:
                self.truth.problems.append(f"{told.body['id']}: row {answer['sequence']} after {told.answer['sequence']}")

    def _cancel(self, told, senders, draw):
        """One attempt: what became of it is for the journal to know."""
        for order in told.answer["orders"] if told.body.get("order") else []:
            status, _ = self._attempt("DELETE", f"/v1/orders/{order}", None, senders, draw)
            self.truth.counts[f"cancel answered {status}"] += 1

    def _attempt(self, method, path, body, senders, draw):
        gateway = draw.choice(self._gateways)
        try:
            base = gateway.native
            sender = senders.get(base) or senders.setdefault(base, Sender(base, self._token, timeout=ATTEMPT))
            return sender.request(method, path, body)
        except (OSError, http.client.HTTPException, ValueError):
            self.truth.counts["attempts without an answer"] += 1
            return None, None
