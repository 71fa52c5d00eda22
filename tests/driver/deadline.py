"""Waiting for a condition with a bound. Nothing here sleeps until something is "probably" ready."""

import os
import signal
import time
from contextlib import contextmanager

LONG = os.environ.get("MERIDIAN_LONG") == "1"
GENEROUS = 30.0
# For one phase of one test: far more than any needs, far less than a run may take.
TEST_SECONDS = 900.0 if LONG else 300.0
_POLL = 0.02


class Late(AssertionError):
    """The condition did not come true in time."""


def left(end, what):
    """The seconds until `end`, a time of the monotonic clock; `Late` once it has passed."""
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise Late(f"not in time: {what}")
    return seconds


@contextmanager
def limit(what, seconds=TEST_SECONDS):
    """Raises `Late` in whatever the main thread waits for. Once more each minute, should the clearing up hang as well."""
    def late(*_):
        raise Late(f"not done within {seconds:g} s: {what}")

    before, began = signal.signal(signal.SIGALRM, late), time.monotonic()
    outer, again = signal.setitimer(signal.ITIMER_REAL, seconds, 60)
    try:
        yield
    finally:
        # A limit around this one goes on.
        rest = max(outer - (time.monotonic() - began), 0.001) if outer else 0
        signal.setitimer(signal.ITIMER_REAL, rest, again)
        signal.signal(signal.SIGALRM, before)


def until(what, probe, seconds=GENEROUS):
    """Calls `probe` until it returns something true, and returns that. `what` names the condition in the failure."""
    end = time.monotonic() + seconds
    while True:
        seen = probe()
        if seen:
            return seen
        if time.monotonic() >= end:
            raise Late(f"not within {seconds:g} s: {what}; last seen: {seen!r}")
        time.sleep(_POLL)


def holds(what, probe, seconds):
    """Calls `probe` for `seconds` and fails as soon as it returns something false."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seen = probe()
        assert seen, f"no longer true: {what}; last seen: {seen!r}"
        time.sleep(_POLL)
