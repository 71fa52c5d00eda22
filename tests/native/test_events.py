"""/v1/events: the stream as Server-Sent Events; the browser's own reconnect resumes."""

import json
import time

import pytest
import requests

from driver.deadline import GENEROUS, Late

INFY = "NSE:INFY"


class Events:
    """One open response; yields (id, message)."""

    def __init__(self, gateway, token, last_id=None, **query):
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        self.response = requests.get(f"{gateway.native}/v1/events", params=query, headers=headers, stream=True, timeout=GENEROUS)
        assert self.response.status_code == 200, self.response.text
        assert self.response.headers["Content-Type"].split(";")[0] == "text/event-stream"
        self._lines = self.response.iter_lines(chunk_size=1, decode_unicode=True)

    def __iter__(self):
        fields, end = {}, time.monotonic() + GENEROUS
        for line in self._lines:
            if time.monotonic() > end:
                raise Late("events keep coming, but not the awaited one")
            if not line:
                if "data" in fields:
                    yield fields.get("id"), json.loads(fields["data"])
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")

    def ticks(self, count):
        """At least `count` ticks and the id of the last event."""
        found = []
        for identifier, message in self:
            if message["type"] == "tick":
                assert identifier == message["position"]
                found += message["data"]
                if len(found) >= count:
                    return found, identifier
        raise ConnectionError("the server ended the events")

    def close(self):
        self.response.close()


def test_ticks_with_positions_as_ids(gateway, reader):
    events = Events(gateway, reader.access_token, instruments=INFY, mode="ltp", delivery="latest")
    ticks, _ = events.ticks(4)
    events.close()
    assert all(tick["instrument"] == INFY and tick["source"] == "sim" and "depth" not in tick for tick in ticks)
    seen = [tick["n"] for tick in ticks]
    assert seen == sorted(set(seen))


def test_last_event_id_resumes_without_a_hole(gateway, reader):
    asked = {"instruments": INFY, "mode": "full", "delivery": "every"}
    first = Events(gateway, reader.access_token, **asked)
    before, last_id = first.ticks(4)
    first.close()
    again = Events(gateway, reader.access_token, last_id=last_id, **asked)
    after, _ = again.ticks(4)
    again.close()
    seen = [tick["n"] for tick in before + after]
    assert seen == list(range(seen[0], seen[0] + len(seen))), seen


def test_foreign_last_event_id_is_told(start):
    gateway = start()
    key = gateway.key("market:read")
    first = Events(gateway, key.access_token, instruments=INFY, delivery="every")
    _, last_id = first.ticks(1)
    first.close()
    gateway.restart()
    again = Events(gateway, key.access_token, last_id=last_id, instruments=INFY, delivery="every")
    kinds = []
    for _, message in again:
        kinds.append(message["type"])
        if message["type"] == "tick":
            break
    again.close()
    assert "gap" in kinds


@pytest.mark.parametrize("query", [{}, {"instruments": "NSE:NO-SUCH"}, {"instruments": INFY, "mode": "best"},
                                   {"instruments": INFY, "delivery": "never"}])
def test_bad_requests_are_4xx(gateway, native, query):
    answer = native.get("/v1/events", **query)
    assert 400 <= answer.status_code < 500 and answer.json()["error"]["code"]
