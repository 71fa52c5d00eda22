"""A program that uses one of the official Kite clients, told what to do by JSON lines (see kite_clients/peer.*)."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from driver.deadline import GENEROUS, until

_PROGRAMS = Path(__file__).resolve().parents[1] / "kite_clients"
LANGUAGES = {
    "python": [sys.executable, str(_PROGRAMS / "peer.py")],
    "javascript": ["node", str(_PROGRAMS / "peer.mjs")],
}


class PeerError(Exception):
    """The client raised: its error type, message and code."""

    def __init__(self, type, message, code=None):
        super().__init__(f"{type}: {message} ({code})")
        self.type, self.message, self.code = type, message, code


class Peer:
    """One process with one client."""

    def __init__(self, language):
        self.language = language
        self.events = []
        self._replies = []
        self._process = subprocess.Popen(
            LANGUAGES[language], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "TZ": "Asia/Kolkata"},
        )
        self._noise = []
        for pipe, take in ((self._process.stdout, self._take), (self._process.stderr, self._noise.append)):
            threading.Thread(target=self._drain, args=(pipe, take), daemon=True).start()

    @staticmethod
    def _drain(pipe, take):
        for line in pipe:
            take(line)

    def _take(self, line):
        message = json.loads(line)
        (self.events if "event" in message else self._replies).append(message)

    def tell(self, do, **arguments):
        """Sends a command and returns its reply."""
        expected = len(self._replies) + 1
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        until(f"{self.language} peer's reply to {do}", lambda: self._answered(expected))
        reply = self._replies[expected - 1]
        if "failed" in reply:
            raise PeerError(**reply["failed"])
        return reply["reply"]

    def _answered(self, expected):
        if self._process.poll() is not None and len(self._replies) < expected:
            raise AssertionError(f"peer ended with {self._process.returncode}\n{''.join(self._noise[-20:])}")
        return len(self._replies) >= expected

    def call(self, name, *arguments):
        """Calls a method of the REST client."""
        return self.tell("call", name=name, arguments=arguments)

    def named(self, event):
        """Every event of that name so far."""
        return [seen for seen in list(self.events) if seen["event"] == event]

    def wait_for(self, event, count=1, seconds=GENEROUS):
        """Waits until the event was seen `count` times and returns the last of them."""
        return until(f"{self.language} peer's event {event}", lambda: len(self.named(event)) >= count, seconds) and (
            self.named(event)[-1]
        )

    def ticks(self, token=None, since=0):
        """Every tick after the first `since` events, of one instrument if named."""
        return [
            tick for seen in list(self.events)[since:] if seen["event"] == "ticks" for tick in seen["ticks"]
            if token in (None, tick["instrument_token"])
        ]

    def wait_for_tick(self, token, matches=lambda _: True, since=0):
        """The first tick of an instrument that matches."""
        return until(
            f"{self.language} peer's tick of {token}", lambda: next(filter(matches, self.ticks(token, since)), None)
        )

    def stop(self):
        self._process.kill()
        self._process.wait()
