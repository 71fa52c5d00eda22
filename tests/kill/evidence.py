"""Whether book, journal and workload agree. Each check names the invariant of the design that it is about."""

import json
from collections import Counter, defaultdict

from driver import cli

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def tag_of(order):
    """What the venue is told of an order: `M` and its id in base 36."""
    number, digits = int(order), ""
    for _ in range(13):
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return "M" + digits


class Journal:
    """The exported rows, sorted out."""

    def __init__(self, data):
        lines = cli.run("journal", "export", "--data", data, seconds=300).stdout.splitlines()
        self.rows = [json.loads(line) for line in lines]
        self.by_kind = defaultdict(list)
        for row in self.rows:
            self.by_kind[row["kind"]].append(row)
        self.signals = {row["body"]["signal"]["id"]: row for row in self.by_kind["signal_received"]}
        self.intents = {(row["body"]["intent"]["order"], row["body"]["intent"]["n"]): row for row in self.by_kind["intended"]}

    def filled(self, account):
        """Units filled by order of ours."""
        found = Counter()
        for row in self.by_kind["trade_reported"]:
            if row["body"]["account"] == account:
                found[row["body"]["order"]] += row["body"]["quantity"]
        return found

    def positions(self, account):
        """The sum of fills: net units by token and product, flat ones left out (I-5)."""
        requests = {order: row["body"]["call"]["place"] for (order, n), row in self.intents.items() if n == 1}
        net = Counter()
        for order, quantity in self.filled(account).items():
            wanted = requests[order]
            sign = 1 if wanted["side"] == "buy" else -1
            net[(wanted["contract"]["token"], wanted["product"])] += sign * quantity
        return {key: quantity for key, quantity in net.items() if quantity}


def signals_agree(journal, truth):
    """I-1: what was acknowledged is there, once, as it was sent and where it was said to be; nothing else is there."""
    for name, told in truth.acknowledged.items():
        row = journal.signals.get(name)
        assert row, f"the acknowledged signal {name} is lost"
        assert row["seq"] == told.answer["sequence"], (name, row["seq"], told.answer)
        said, sent = row["body"]["signal"], told.body
        assert said["contract"]["name"] == sent["instrument"], (said, sent)
        assert said["target"] == {"trade": {"side": sent["side"], "quantity": sent["quantity"]}}, (said, sent)
        assert [child["account"] for child in said["children"]] == [sent["account"]], (said, sent)
        order = sent.get("order", {"type": "market"})
        assert said["order"]["type"] == order["type"] and said["ttl_ms"] == sent["ttl_ms"], (said, sent)
        assert "price" not in order or float(said["order"]["price"]) == float(order["price"]), (said, sent)
    assert len(journal.by_kind["signal_received"]) == len(journal.signals), "a signal is there twice"
    assert journal.signals.keys() <= truth.begun.keys(), "a signal is there that nobody sent"


def every_signal_is_decided_once(journal):
    verdicts = Counter(row["body"]["cause"]["signal"] for row in journal.by_kind["decided"] if "signal" in row["body"]["cause"])
    wrong = {name: verdicts[name] for name in journal.signals if verdicts[name] != 1}
    assert not wrong, f"verdicts per signal: {wrong}"


def every_signal_has_one_order(journal):
    """I-2, also under different names: no signal was placed twice, no intent was written twice."""
    assert len(journal.intents) == len(journal.by_kind["intended"]), "an intent is there twice"
    placed = Counter(row["body"]["signal"] for (_, n), row in journal.intents.items() if n == 1)
    twice = {name: count for name, count in placed.items() if count > 1}
    assert not twice, f"orders per signal: {twice}"


def each_epoch_has_one_decider(journal):
    """I-3: decisions of one epoch come from one instance, and epochs only rise."""
    deciders, newest = defaultdict(set), Counter()
    for row in journal.rows:
        if row["epoch"]:
            deciders[(row["stream"], row["epoch"])].add(row["batch"] >> 32)
            assert row["epoch"] >= newest[row["stream"]], f"row {row['seq']} has an old epoch"
            newest[row["stream"]] = row["epoch"]
    shared = {where: who for where, who in deciders.items() if len(who) > 1}
    assert not shared, f"several instances decided in one epoch: {shared}"
    return {stream: epoch for stream, epoch in newest.items()}


def book_agrees(journal, venue, account):
    """I-1, I-2: at most one request per intent arrived, each order there was intended, and fills are the same."""
    ledger, orders, filled = venue.ledger(), venue.orders(), journal.filled(account)
    ours = {tag_of(order): order for order, n in journal.intents if n == 1}
    arrived = ledger["tags"].get(account, {})
    doubled = {tag: count["placements"] for tag, count in arrived.items() if count["placements"] > 1 or len(count["orders"]) > 1}
    assert not doubled, f"placed more than once: {doubled}"
    unknown = arrived.keys() - ours.keys()
    assert not unknown, f"the venue was asked for orders without an intent: {unknown}"

    calls = Counter()
    for (order, _), row in journal.intents.items():
        call = row["body"]["call"]
        calls[(order, call if isinstance(call, str) else next(iter(call)))] += 1
    by_venue_id = {order["order_id"]: ours[tag] for tag, order in orders.items()}
    for venue_id, count in ledger["orders"].get(account, {}).items():
        order = by_venue_id[venue_id]
        assert count["cancellations"] <= calls[(order, "cancel")], f"{order} was cancelled more often than intended"
        assert count["modifications"] <= calls[(order, "modify")], f"{order} was modified more often than intended"

    for tag, there in orders.items():
        here = filled[ours[tag]]
        assert there["filled_quantity"] == here, f"{ours[tag]}: {there['filled_quantity']} filled there, {here} here"
    strangers = {order for order, quantity in filled.items() if quantity and tag_of(order) not in orders}
    assert not strangers, f"filled here and not in the book: {strangers}"
    return ledger["totals"]


def reports_agree_with_fills(journal):
    """I-5: no order was ever reported to be filled further than its fills sum to. A venue's report may have been dropped; the
    newest one of the paper book, which moves with the lease, has every fill."""
    reported, accounts = Counter(), {}
    for row in journal.by_kind["venue_reported"]:
        order = row["body"]["order"]
        accounts[order] = row["body"]["account"]
        reported[order] = max(reported[order], row["body"]["filled"])
    filled = {account: journal.filled(account) for account in accounts.values()}
    summed = {order: filled[account][order] for order, account in accounts.items()}
    wrong = {order: (most, summed[order]) for order, most in reported.items()
             if most > summed[order] or (accounts[order] == "paper" and most != summed[order])}
    assert not wrong, f"reported and summed: {wrong}"


def positions_agree(journal, system, account, book=None):
    """I-5: positions are the sum of fills, here and at the venue."""
    summed = journal.positions(account)
    told = {
        (row["instrument_token"], row["product"]): row["quantity"]
        for row in system.admin("GET", f"/v1/positions?account={account}")["positions"] if row["quantity"]
    }
    assert told == summed, f"{account}: told {told}, fills sum to {summed}"
    assert book is None or book == summed, f"{account}: the book has {book}, fills sum to {summed}"


def shown(system, gateway):
    """What one instance says of orders, positions and money; without prices, which go on."""
    orders, after = [], "0"
    while True:
        page = system.admin("GET", f"/v1/orders?limit=1000&after={after}", at=gateway)
        orders += page["orders"]
        if not page["more"]:
            break
        after = orders[-1]["order_id"]
    positions = [
        [row[name] for name in ("account", "instrument", "product", "quantity", "average_price", "realised")]
        for row in system.admin("GET", "/v1/positions", at=gateway)["positions"]
    ]
    money = [[name, row["cash"], row["halted"], row["day"]] for name, row in system.accounts(at=gateway).items()]
    return orders, positions, money


def fates(journal):
    """How calls ended and how doubts were resolved, counted."""
    word = lambda value: value if isinstance(value, str) else next(iter(value))  # noqa: E731
    answers = Counter(word(row["body"]["answer"]) for row in journal.by_kind["call_answered"])
    resolved = Counter(word(row["body"]["found"]) for row in journal.by_kind["fate_resolved"])
    return answers, len(journal.by_kind["fate_unknown"]), resolved
