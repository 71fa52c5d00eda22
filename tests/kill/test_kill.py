"""Processes are killed and frozen at random under load; afterwards book, journal and workload agree (I-1 to I-5).

KILL_COUNT: how often something is ended or frozen, 10 unless it is set. KILL_SEED: another order of events.
A failure names its seed. Each round of at most 50 has its own system.
"""

import os
import random
from collections import Counter

import pytest

from driver import cli, market
from driver.deadline import Late, until
from kill import evidence
from kill.system import Chaos, System
from kill.venue import ACCOUNT
from kill.workload import Workload

COUNT = int(os.environ.get("KILL_COUNT", "10"))
SEED = int(os.environ.get("KILL_SEED", "7"))
A_ROUND = 50
ACCOUNTS = ("paper", ACCOUNT)
ROUNDS = [(SEED + number, min(A_ROUND, COUNT - begin)) for number, begin in enumerate(range(0, COUNT, A_ROUND))]
# Longer than the longest way to the proof that a call never arrived: send-by, request time-out, visibility, two reads.
SETTLE = 60.0
# Of a million: what must be survivable all at once.
FAULTS = (
    {"kind": "close_before", "per_million": 40_000},
    {"kind": "close_after", "per_million": 40_000},
    {"kind": "answer_error", "status": 503, "per_million": 40_000},
    {"kind": "answer_late", "ms": 400, "per_million": 40_000},
    {"kind": "duplicate_update", "per_million": 100_000},
    {"kind": "reorder_update", "ms": 50, "per_million": 50_000},
    {"kind": "drop_update", "per_million": 20_000},
)


@pytest.fixture
def system(tmp_path):
    system = System(tmp_path)
    try:
        yield system.start()
    finally:
        system.stop()


@pytest.mark.parametrize("seed, count", ROUNDS)
def test_nothing_is_lost_and_nothing_is_doubled(system, seed, count):
    system.venue.set_faults(*FAULTS, seed=seed)
    struck, traded, resting = Counter(), *instruments(system)
    with Workload(system.gateways, system.key.access_token, seed, traded, resting) as workload:
        chaos = Chaos(system, random.Random(seed), workload.pause)
        for _ in range(count):
            workload.pause(chaos.draw.uniform(0.3, 1.5))
            before = system.venue.faults()
            chaos.strike()
            # A venue that was started again has forgotten them.
            struck += Counter(system.venue.faults() or before)
            system.venue.set_faults(*FAULTS, seed=chaos.draw.randrange(1 << 32))
        workload.pause(1.0)
    truth = workload.truth
    assert not truth.problems, truth.problems[:5]
    struck += Counter(system.venue.faults())
    settle(system)
    judge(system, truth, chaos, struck, seed)


def instruments(system):
    """Shares to be traded; and some where buy orders wait, each with a price: some a few percent below the market, some so near
    that they fill after a while, whoever has the book then."""
    shares = [row["instrument"] for row in market.listed(system.up) if row["kind"] == "EQ" and row["segment"] == "NSE"]
    # Many, since one with a call in doubt is not traded meanwhile.
    assert len(shares) >= 20, shares
    quotes = market.admin(system.up).quotes(*shares[:4])
    below = zip(quotes.items(), (0.97, 0.98, 1.0, 1.0))
    return shares[4:], {name: f"{int(float(quote['last']) * share)}.00" for (name, quote), share in below}


def settle(system):
    """Faults off; every doubt resolved, every order ended, nothing left to be told."""
    system.venue.set_faults()
    try:
        until("no call is in doubt", lambda: certain(system), seconds=SETTLE / 2)
    except Late:
        # What a frozen process has sent stays in doubt as long as it lives and may write: its end is the proof.
        print(f"in doubt until the gateways end: {system.accounts()}")
        for gateway in system.gateways:
            gateway.kill()
            gateway.start()
        until("no call is in doubt after the end of whoever made it", lambda: certain(system), seconds=SETTLE)
    system.admin("POST", "/v1/halt", {"why": "the end of the test", "cancel_open": True})
    until("every order has ended", lambda: has_ended(system), seconds=SETTLE)
    for account in ACCOUNTS:
        until(f"{account} agrees with its book", lambda: reconcile(system, account) == [], seconds=SETTLE)


def certain(system):
    """The journal knows how every call ended, and somebody decides for every account."""
    rows = system.accounts().values()
    return all(row["holder"] and row["unknown_fates"] == 0 for row in rows)


def has_ended(system):
    """Updates that the faults have dropped are only found in the book."""
    for account in ACCOUNTS:
        reconcile(system, account)
    return certain(system) and all(row["open_orders"] == 0 for row in system.accounts().values())


def reconcile(system, account):
    """The differences between book and journal, asked of the instance that decides for the account; None if none does now."""
    for gateway in system.gateways:
        answer = market.admin(gateway).request("POST", "/v1/reconcile", json={"account": account})
        if answer.status_code == 200:
            return answer.json()["differences"]
    return None


def judge(system, truth, chaos, struck, seed):
    book = system.venue.positions()
    journal = evidence.Journal(system.data)
    evidence.signals_agree(journal, truth)
    evidence.every_signal_is_decided_once(journal)
    evidence.every_signal_has_one_order(journal)
    epochs = evidence.each_epoch_has_one_decider(journal)
    totals = evidence.book_agrees(journal, system.venue, ACCOUNT)
    evidence.positions_agree(journal, system, ACCOUNT, book)
    evidence.positions_agree(journal, system, "paper")
    evidence.reports_agree_with_fills(journal)
    answers, doubted, resolved = evidence.fates(journal)
    assert resolved["appeared"] == 0, "an order appeared after it had been proven absent"
    verified = cli.run_json("journal", "verify", "--data", system.data, seconds=120)
    state = one_state(system)

    verdicts = Counter(told.answer["verdict"] for told in truth.acknowledged.values())
    print(f"\nseed {seed}: {sum(chaos.done.values())} strikes {dict(chaos.done)}, {system.ended_by_peer} ended by a peer")
    print(f"signals: {len(truth.acknowledged)} acknowledged {dict(verdicts)}; {dict(truth.counts)}")
    print(f"journal: {len(journal.rows)} rows, {verified['rows']} verified, epochs {epochs}, state {state[:16]}")
    print(f"calls: {len(journal.intents)} intents, answers {dict(answers)}, {doubted} in doubt, resolved {dict(resolved)}")
    print(f"venue: {totals}; faults {dict(struck)}")
    accepted = verdicts["accepted"] + verdicts["trimmed"]
    assert accepted > len(truth.acknowledged) / 3, "too few orders to prove anything"
    assert totals["orders"] > 0 and sum(journal.filled("paper").values()) > 0


def one_state(system):
    """I-4: one state, whoever folds it: both instances, a replay beside them, one after them, a start from their snapshot."""
    until("both instances show the same",
          lambda: evidence.shown(system, system.up) == evidence.shown(system, system.second))
    before = evidence.shown(system, system.up)
    beside = cli.run_json("journal", "replay", "--data", system.data, seconds=120)
    for gateway in system.gateways:
        gateway.stop()
    alone = cli.run_json("journal", "replay", "--data", system.data, "--to", beside["seq"], seconds=120)
    assert alone["state_hash"] == beside["state_hash"], (beside, alone)
    assert list((system.data / "snapshots").iterdir()), "the start that follows would fold from the first row"
    system.up.start()
    assert evidence.shown(system, system.up) == before, "a start from the snapshot shows something else"
    return alone["state_hash"]


def test_the_comparison_can_fail(system):
    """A lost signal, a doubled request and a wrong fill are each seen: the checks above are not empty."""
    with Workload(system.gateways, system.key.access_token, SEED, *instruments(system)) as workload:
        until("some orders", lambda: len(system.venue.orders()) > 10)
    settle(system)
    journal, truth = evidence.Journal(system.data), workload.truth
    evidence.signals_agree(journal, truth)
    evidence.book_agrees(journal, system.venue, ACCOUNT)

    name, row = next(iter(journal.signals.items()))
    truth.acknowledged.setdefault(name, None)
    del journal.signals[name]
    with pytest.raises(AssertionError, match="lost"):
        evidence.signals_agree(journal, truth)
    journal.signals[name] = row

    fill = next(row for row in journal.by_kind["trade_reported"] if row["body"]["account"] == ACCOUNT)
    fill["body"]["quantity"] += 1
    with pytest.raises(AssertionError, match="filled there"):
        evidence.book_agrees(journal, system.venue, ACCOUNT)
    fill["body"]["quantity"] -= 1

    order = next(order for order in system.venue.orders().values())
    system.venue.request("POST", "/orders/regular", data={
        **{name: order[name] for name in ("exchange", "tradingsymbol", "transaction_type", "product", "tag")},
        "order_type": "MARKET", "quantity": 1, "validity": "DAY", "market_protection": -1,
    })
    with pytest.raises(AssertionError, match="more than once"):
        evidence.book_agrees(journal, system.venue, ACCOUNT)
