"""A power cut leaves the log at any length from the last synced one on; what was acknowledged is there at each (I-1)."""

import hashlib
import os
import random
import shutil
import signal
import threading

from driver import cli, journal
from driver.api import Native
from driver.deadline import holds, until
from driver.signals import SCOPES, Sender, market_order
from durability.wal import Copies, log_of

CUTS = 200
# How much more is written than what was acknowledged: several commits, each of several frames.
MORE_BYTES = 200_000


def test_every_cut_behind_the_last_answer_has_every_answered_signal(start, tmp_path):
    gateway = start("--seed", "7", "--rate", "50")
    key = gateway.key(*SCOPES)
    sender = Sender(gateway.native, key.access_token)
    database = gateway.data / "meridian.db"
    length = lambda: os.stat(log_of(database)).st_size  # noqa: E731
    # So that a signal is one commit.
    halted = Native(gateway.native, gateway.admin_token).request("POST", "/v1/halt", json={"why": "a test"})
    assert halted.status_code == 200, halted.text
    for number in range(30):
        acknowledge(sender, f"before-{number}")
    file_before = hashlib.sha256(database.read_bytes()).digest()
    length_before = length()
    acknowledge(sender, "the-last")
    length_after = length()
    assert length_before < length_after, "the log began anew: a signal would not be behind what was there"

    told = burst_until_stopped(gateway, key, lambda: length() > length_after + MORE_BYTES)
    try:
        copies = Copies(database, tmp_path / "copies")
    finally:
        gateway.process.send_signal(signal.SIGCONT)
    assert hashlib.sha256(copies.database.read_bytes()).digest() == file_before, "a checkpoint came in between"
    end = len(copies.log)
    assert end > length_after + MORE_BYTES

    answered = [*(f"before-{number}" for number in range(30)), "the-last"]
    draw = random.Random(7)
    cuts = sorted({length_after, end, *draw.sample(range(length_after + 1, end), CUTS - 2)})
    longest = 0
    for cut in cuts:
        found = journal.rows(copies.cut_at(cut))
        assert (where := journal.broken(found)) is None, f"cut at {cut} of {end}: {where}"
        there = {row.body["signal"]["id"] for row in found if row.kind == "signal_received"}
        needed = [*answered, *(name for name, at in told.items() if at <= cut)]
        missing = [name for name in needed if name not in there]
        assert not missing, f"cut at {cut} of {end}: {missing} were acknowledged"
        longest = max(longest, len(found))
    print(f"{len(cuts)} cuts from {length_after} to {end}: {len(needed)} answered signals, up to {longest} rows")

    # The same check sees a loss when there is one: cut where the log ended before the last signal.
    found = journal.rows(copies.cut_at(length_before))
    assert journal.broken(found) is None
    assert "the-last" not in {row.body["signal"]["id"] for row in found if row.kind == "signal_received"}

    for cut in (length_after, length_after + (end - length_after) // 2, end):
        agree_with_the_program(copies, cut, gateway)


def acknowledge(sender, name):
    status, answer = sender.signal(market_order(name))
    assert status == 200 and answer["verdict"] == "denied", answer


def burst_until_stopped(gateway, key, stopped_when):
    """Sends from several threads until the condition, then stops the process with whatever is under way. Returns the answered
    signals, each with the length of the log when its answer was read."""
    told, lock, over = {}, threading.Lock(), threading.Event()
    log = log_of(gateway.data / "meridian.db")

    def send(thread):
        sender = Sender(gateway.native, key.access_token, timeout=2)
        for number in range(10_000):
            name = f"burst-{thread}-{number}"
            try:
                status, _ = sender.signal(market_order(name, wait_ms=0))
            except OSError:
                return
            length = os.stat(log).st_size
            if over.is_set() or status != 200:
                return
            with lock:
                told[name] = length

    threads = [threading.Thread(target=send, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    until("the log has grown", stopped_when)
    gateway.process.send_signal(signal.SIGSTOP)
    over.set()
    for thread in threads:
        thread.join()
    length = os.stat(log).st_size
    holds("a stopped process writes nothing", lambda: os.stat(log).st_size == length, 0.1)
    return told


def agree_with_the_program(copies, cut, gateway):
    """The program's own reader finds the same rows in some of the copies, and no break."""
    expected = len(journal.rows(copies.cut_at(cut)))
    # Reading it has folded its log in: a fresh one.
    data = copies.cut_at(cut).parent
    shutil.copy2(gateway.data / ".meridian", data / ".meridian")
    said = cli.run_json("journal", "verify", "--data", data)
    assert said["rows"] == expected, said
