"""Recording and replay: the same ticks at any speed; files that are not recordings are refused (MD-7, I-7)."""

import re

import pytest

from driver import cli, fingerprint, market
from driver.deadline import until
from driver.stream import Stream

FREE = ("--listen", "127.0.0.1:0", "--kite-listen", "127.0.0.1:0")
# What a tick is, apart from when this process received it.
LOCAL = {"received_ns", "age_ms"}


def at_the_end(gateway):
    """Every quote once the recorded market has ended."""
    market.wait_for_end(gateway)
    return {name: tick_itself(quote) for name, quote in market.all_quotes(gateway).items()}


def tick_itself(tick):
    return {name: value for name, value in tick.items() if name not in LOCAL}


def replay(start, recording, speed):
    gateway = start("--market", f"replay:{recording}", "--speed", str(speed))
    with Stream(gateway, gateway.admin_token) as stream:
        stream.subscribe("NSE:INFY", "NSE:NIFTY 50", delivery="every")
        final = at_the_end(gateway)
        stream.until(lambda: all(stream.ticks(name) and stream.ticks(name)[-1]["n"] == final[name]["n"]
                                 for name in ("NSE:INFY", "NSE:NIFTY 50")), "the last ticks")
        ticks = {(tick["instrument"], tick["n"]): tick_itself(tick) for tick in stream.ticks()}
    return final, ticks


def test_same_ticks_at_any_speed(start, recording):
    before = fingerprint.of(recording)
    runs = [replay(start, recording, speed) for speed in (20, 20, 4)]
    finals = [final for final, _ in runs]
    assert finals[0] == finals[1] == finals[2]
    assert all(quote["n"] > 0 for quote in finals[0].values())
    assert {quote["source"] for quote in finals[0].values()} <= {"sim", "replay"}, "a replayed price must not look live"
    for (_, first), (_, second) in ((runs[0], runs[2]), (runs[1], runs[2])):
        common = first.keys() & second.keys()
        assert len(common) >= 2 and all(first[at] == second[at] for at in common)
    assert fingerprint.of(recording) == before


def test_a_recording_of_a_replay_replays_the_same(start, recording, tmp_path):
    copy = tmp_path / "copy.ticks"
    first = start("--market", f"replay:{recording}", "--speed", "20", "--record", str(copy))
    final = at_the_end(first)
    first.stop()
    assert at_the_end(start("--market", f"replay:{copy}", "--speed", "20")) == final


def test_recording_survives_a_kill(start, tmp_path):
    file = tmp_path / "killed.ticks"
    gateway = start("--seed", "7", "--record", str(file))
    until("some ticks", lambda: market.number(gateway) >= 5, seconds=60)
    gateway.kill()
    replayed = start("--market", f"replay:{file}", "--speed", "20")
    assert at_the_end(replayed)["NSE:INFY"]["n"] >= 3, "at most the last second may be missing"


@pytest.mark.parametrize("damage", ["missing", "empty", "foreign", "header", "middle"])
def test_files_that_cannot_be_replayed(recording, tmp_path, damage):
    """The program ends before its ready line, naming the file and a fix, wherever the damage lies."""
    file = tmp_path / "damaged.ticks"
    content = bytearray(recording.read_bytes())
    if damage == "middle":
        content[len(content) // 2] ^= 0xFF
    kinds = {"empty": b"", "foreign": b"tradingsymbol,price\nINFY,1\n" * 100, "header": bytes(content[:7]), "middle": bytes(content)}
    if damage != "missing":
        file.write_bytes(kinds[damage])
        before = fingerprint.of(file)
    done = cli.run("up", "--data", tmp_path / "data", *FREE, "--market", f"replay:{file}", expect=1, seconds=60)
    assert str(file) in done.stderr and "hint: " in done.stderr and done.stderr.startswith("error: ")
    assert "ready" not in done.stdout
    assert damage != "middle" or re.search(r"record \d+ at byte \d+ is damaged", done.stderr)
    if damage != "missing":
        assert fingerprint.of(file) == before


def test_a_torn_tail_plays_up_to_the_tear(start, recording, tmp_path):
    """A crash cuts the last record in two: normal, unlike a hole in the middle."""
    torn = tmp_path / "torn.ticks"
    content = recording.read_bytes()
    torn.write_bytes(content[: len(content) - 5])
    assert at_the_end(start("--market", f"replay:{torn}", "--speed", "20"))["NSE:INFY"]["n"] >= 5


def test_recording_does_not_overwrite(recording, tmp_path):
    """--record on an existing file is refused rather than destroying what is there."""
    file = tmp_path / "precious"
    file.write_bytes(recording.read_bytes())
    before = fingerprint.of(file)
    done = cli.run("up", "--data", tmp_path / "data", *FREE, "--record", file, expect=1)
    assert str(file) in done.stderr and "hint: " in done.stderr
    assert fingerprint.of(file) == before
