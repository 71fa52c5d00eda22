"""What is killed: two gateways on one data directory and the venue that half of the signals go to."""

import signal
from collections import Counter

from driver.api import Native
from driver.deadline import until
from driver.gateway import Gateway
from driver.signals import SCOPES
from kill.venue import ACCOUNT, API_KEY, TOKEN, Venue

MARKET = ("--seed", "7", "--rate", "200", "--instruments", "200")
# Seconds that a lease lasts without renewal (engine::Config): frozen for longer, its holder loses it.
LEASE = 3.0


class System:
    """The processes. `up` and `second` are gateways, `venue` keeps the book of account `v1`."""

    def __init__(self, folder):
        data = folder / "data"
        self.data = data
        self.venue = Venue(folder / "venue", *MARKET)
        self.up = Gateway(data, *MARKET, "--broker", "venue")
        self.second = Gateway(data, *MARKET, "--broker", "venue", role="gateway")
        self.ended_by_peer = 0

    def start(self):
        self.venue.start()
        self.up.start()
        self.second.start()
        self.admin("POST", "/v1/accounts", {
            "name": ACCOUNT, "class": "venue", "url": self.venue.address, "api_key": API_KEY, "access_token": TOKEN,
            # Prices of instruments that seldom trade are old and still what the market is.
            "limits": {"price_age_ms": 300_000},
        })
        self.key = self.up.key(*SCOPES, "orders:write", "market:read", name="workload")
        until("both accounts are decided for", lambda: all(row["holder"] and row["day"] for row in self.accounts().values()))
        return self

    def stop(self):
        """Ends what still runs, whatever it is."""
        for gateway in (self.up, self.second):
            if gateway.process is not None:
                gateway.process.send_signal(signal.SIGCONT)
                gateway.kill()
        self.venue.kill()

    @property
    def gateways(self):
        return (self.up, self.second)

    def admin(self, method, path, body=None, at=None, expect=200):
        """Asks one instance with the admin key; returns the decoded answer."""
        native = Native((at or self.up).native, self.up.admin_token)
        answer = native.request(method, path, **({} if body is None else {"json": body}))
        assert answer.status_code in (expect, 201), f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def accounts(self, at=None):
        return {row["name"]: row for row in self.admin("GET", "/v1/accounts", at=at)["accounts"]}

    def check_alive(self):
        """Starts what a peer has ended, which it may when a frozen process holds the write lock; any other end is a failure."""
        for gateway in self.gateways:
            code = gateway.process.poll()
            if code is None:
                continue
            assert code == -signal.SIGKILL, f"{gateway.role} ended by itself with {code}\n{gateway.log_tail()}"
            self.ended_by_peer += 1
            gateway.kill()
            gateway.start()


class Chaos:
    """Ends and freezes processes, in an order that a seed decides; every kind comes before any comes again."""

    KINDS = ("up", "second", "venue", "both", "freeze_up", "freeze_second")

    def __init__(self, system, draw, pause):
        """`pause`: called with seconds, returns after them while the load goes on."""
        self.system, self.draw, self.pause = system, draw, pause
        self.deck, self.done = [], Counter()

    def strike(self):
        if not self.deck:
            self.deck = self.draw.sample(self.KINDS, len(self.KINDS))
        kind = self.deck.pop()
        self.done[kind] += 1
        getattr(self, "_freeze" if kind.startswith("freeze") else "_kill")(kind)
        self.system.check_alive()

    def _kill(self, kind):
        system = self.system
        ended = {"up": [system.up], "second": [system.second], "venue": [system.venue], "both": list(system.gateways)}[kind]
        self.draw.shuffle(ended)
        for process in ended:
            process.kill()
        self.pause(self.draw.uniform(0, 1.2))
        for process in ended:
            process.start()

    def _freeze(self, kind):
        process = {"freeze_up": self.system.up, "freeze_second": self.system.second}[kind].process
        process.send_signal(signal.SIGSTOP)
        # A lease is judged with a tenth of its time to spare on either side.
        self.pause(LEASE * 1.1 + self.draw.uniform(0.4, 1.5))
        process.send_signal(signal.SIGCONT)
