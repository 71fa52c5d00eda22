"""Looking at the market as a whole: which instruments, how much was published, has it ended."""

import time

from driver.api import Native
from driver.deadline import until

_PART = 400  # instruments in one request


def admin(gateway):
    return Native(gateway.native, gateway.admin_token)


def listed(gateway, limit=None):
    """Every listed instrument (or the first `limit`), as the native API describes it."""
    native = admin(gateway)
    total = native.get("/v1/instruments", limit=1).json()["total"]
    return native.get("/v1/instruments", limit=min(total, limit or total)).json()["instruments"]


def all_quotes(gateway):
    """Every instrument's quote by name."""
    native, names = admin(gateway), [row["instrument"] for row in listed(gateway)]
    quotes = {}
    for start in range(0, len(names), _PART):
        quotes |= native.quotes(*names[start : start + _PART])
    return quotes


def published(gateway):
    """Ticks published so far."""
    return sum(quote["n"] for quote in all_quotes(gateway).values())


def number(gateway, name="NSE:INFY"):
    """How many ticks of an instrument were published so far."""
    return admin(gateway).quotes(name)[name]["n"]


def wait_for_end(gateway, seconds=180):
    """Returns when a replayed market has ended: NSE:INFY, which ticks every second, has been silent for three."""
    last, since = None, time.monotonic()

    def silent():
        nonlocal last, since
        now, seen = time.monotonic(), number(gateway)
        if seen != last:
            last, since = seen, now
        return now - since >= 3

    until("the replayed market has ended", silent, seconds)
