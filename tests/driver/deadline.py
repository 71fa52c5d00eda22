"""Waiting for a condition with a bound. Nothing here sleeps until something is "probably" ready."""

import os
import time

LONG = os.environ.get("MERIDIAN_LONG") == "1"
GENEROUS = 30.0
_POLL = 0.02


class Late(AssertionError):
    """The condition did not come true in time."""


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
