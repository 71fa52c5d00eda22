"""An acknowledgement means that the disk has it: seen from the kernel's side (I-1)."""

import shutil
import threading

from driver.deadline import until
from driver.gateway import Gateway
from driver.signals import SCOPES, Sender, market_order
from durability import trace

SENDERS, EACH = 8, 12


def test_no_answer_leaves_before_its_commit_was_synced(tmp_path):
    """Between the read of a request and its answer lie a write to the log and, behind that, a whole sync of the log.

    Several senders at once, so that commits are shared; what is shared must be synced all the same.
    """
    assert shutil.which(trace.COMMAND[0]), "no strace: run ./test setup"
    out = tmp_path / "trace"
    gateway = Gateway(tmp_path / "data", "--seed", "7", "--rate", "50", under=(*trace.COMMAND, "-o", str(out)))
    gateway.start()
    try:
        key = gateway.key(*SCOPES)
        answered = send_all(gateway, key)
    finally:
        gateway.stop()
    assert len(answered) == SENDERS * EACH
    # The tracer is no child of ours and ends a moment after the process.
    calls = until("the trace has every answer", lambda: whole(out, answered))
    _, late = unsynced(calls, answered)
    syncs = sum(trace.syncs_log(call) for call in calls)
    print(f"{len(answered)} answers behind {syncs} syncs, {len(late)} of them before the sync of their commit")
    assert not late, f"answered before the log was synced: {late[:5]}"
    # The same check of the same trace, had the log never been synced.
    assert len(unsynced([call for call in calls if not trace.syncs_log(call)], answered)[1]) == len(answered)


def whole(out, answered):
    """The calls of a trace once it shows every answer."""
    calls = trace.calls(out.read_text(errors="replace"))
    return calls if unsynced(calls, answered)[0] == len(answered) else None


def send_all(gateway, key):
    answered, lock = [], threading.Lock()

    def send(number):
        sender = Sender(gateway.native, key.access_token)
        for n in range(EACH):
            identifier = f"sync-{number}-{n}."
            status, answer = sender.signal(market_order(identifier, side="buy" if n % 2 else "sell", wait_ms=0))
            assert status == 200 and answer["id"] == identifier, answer
            with lock:
                answered.append(identifier)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered


def unsynced(calls, identifiers):
    """How many answers the trace shows, and which of them left with nothing written or synced since their request came."""
    syncs = [call for call in calls if trace.syncs_log(call)]
    logged = [call for call in calls if trace.writes_log(call)]
    reads = [call for call in calls if trace.is_read(call) and "sync-" in call.arguments]
    writes = [call for call in calls if trace.is_write(call) and "HTTP/1.1 200" in call.arguments]
    seen, late = 0, []
    for identifier in identifiers:
        asked = next((call.ended for call in reads if identifier in call.arguments), None)
        told = next((call.begun for call in writes if identifier in call.arguments), None)
        if asked is None or told is None:
            continue
        seen += 1
        written = next((call.ended for call in logged if call.begun > asked), told)
        if not any(written < sync.begun and sync.ended < told for sync in syncs):
            late.append(identifier)
    return seen, late
