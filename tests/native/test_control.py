"""Halts, limits, flags, leases, reconciliation (OR-6, OR-8)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from driver.deadline import until
from driver.trading import Trader, far_limit, signal


@pytest.fixture
def trader(start):
    """An instance of its own: a halt stops everybody."""
    gateway = start()
    return Trader(gateway.native, gateway.admin_token)


def codes(answer):
    return [reason["code"] for reason in answer["reasons"]]


@pytest.mark.parametrize("account", [None, "paper"])
def test_a_halt_denies_and_a_resume_allows(trader, account):
    halted = trader.post("/v1/halt", account=account, why="strange fills")
    assert halted["halted"] == ["paper"] and halted["sequence"] > 0
    denied = trader.send(signal())
    assert denied["verdict"] == "denied" and "halted" in codes(denied)
    shown = trader.read("/v1/accounts/paper")["halted"]
    assert (shown["all"], shown["why"]) == (account is None, "strange fills")
    assert trader.post("/v1/resume", account=account, why="explained")["halted"] == []
    assert trader.send(signal())["verdict"] == "accepted"
    assert trader.read("/v1/accounts/paper")["halted"] is None


def test_a_halt_can_cancel_what_is_open_and_lets_cancellations_pass(trader):
    first, second = trader.place(far_limit())["order_id"], trader.place(far_limit())["order_id"]
    trader.order_in(first, "open")
    trader.post("/v1/halt", why="first without, then with")
    trader.delete(f"/v1/orders/{first}")
    trader.order_in(first, "cancelled")
    trader.post("/v1/halt", why="all of it", cancel_open=True)
    trader.order_in(second, "cancelled")


@pytest.mark.parametrize("body, field", [({}, "why"), ({"why": ""}, "why"), ({"why": "x" * 501}, "why"), ({"why": 5}, "why"),
                                         ({"why": "x", "account": "nobody"}, "account"), ({"why": "x", "cancel": True}, "cancel"),
                                         ({"why": "x", "cancel_open": 1}, "cancel_open")])
def test_malformed_halts_name_their_field(gateway, body, field):
    trader = Trader(gateway.native, gateway.admin_token)
    assert trader.post("/v1/halt", status=400, **body)["error"]["field"] == field


def test_limits_are_merged_and_hold_at_once(trader):
    before = trader.read("/v1/limits", account="paper")["limits"]["paper"]
    changed = trader.put("/v1/limits/paper", order_quantity=5, daily_loss="25000")
    assert changed["limits"] == {**before, "order_quantity": 5, "daily_loss": "25000.00"}
    denied = trader.send(signal(quantity=6))
    assert denied["verdict"] == "denied" and "order_quantity" in codes(denied)
    assert trader.send(signal(quantity=5))["verdict"] == "accepted"
    restored = trader.put("/v1/limits/paper", order_quantity=None, daily_loss=None)
    assert restored["limits"]["order_quantity"] is None and restored["sequence"] > changed["sequence"]
    assert trader.send(signal(quantity=6))["verdict"] == "accepted"


@pytest.mark.parametrize("name, value", [("order_quantity", -1), ("order_quantity", 1.5), ("daily_loss", "-5"), ("daily_loss", "NaN"),
                                         ("price_age_ms", 0), ("cancel_reserve_percent", 101), ("suspect_prices", "no"), ("order_qty", 5)])
def test_malformed_limits_name_their_field(gateway, name, value):
    trader = Trader(gateway.native, gateway.admin_token)
    before = trader.read("/v1/limits")
    assert trader.put("/v1/limits/paper", status=400, **{name: value})["error"]["field"] == name
    assert trader.read("/v1/limits") == before
    assert trader.put("/v1/limits/nobody", status=404)["error"]["code"] == "unknown_account"


def test_changes_of_different_limits_at_the_same_time_all_hold(trader):
    names = ["order_quantity", "position_quantity", "open_orders", "orders_per_minute", "orders_per_day", "price_band_bps"]
    before = trader.read("/v1/limits", account="paper")["limits"]["paper"]
    for round_ in range(1, 6):
        wanted = {name: 1_000 * round_ + place for place, name in enumerate(names)}
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(lambda one: trader.put("/v1/limits/paper", **dict([one])), wanted.items()))
        limits = trader.read("/v1/limits", account="paper")["limits"]["paper"]
        assert {name: limits[name] for name in names} == wanted
    trader.put("/v1/limits/paper", **{name: before[name] for name in names})


def test_flags(trader):
    assert trader.read("/v1/flags")["flags"] == []
    assert trader.put("/v1/flags/new-thing", on=True, why="trying")["on"] is True
    assert trader.read("/v1/flags")["flags"] == [{"name": "new-thing", "on": True}]
    assert trader.put("/v1/flags/new-thing", on=False)["on"] is False
    assert trader.put("/v1/flags/Bad%20Name", status=400, on=True)["error"]["field"] == "name"
    assert trader.put("/v1/flags/x", status=400)["error"]["field"] == "on"


def test_leases_say_who_decides(trader):
    lease = until("the account is held", lambda: next(
        (lease for lease in trader.read("/v1/leases")["leases"] if lease["stream"] == "account:paper"), None))
    assert lease["here"] and lease["epoch"] >= 1 and lease["instance"]
    account = trader.read("/v1/accounts")["accounts"][0]
    assert (account["name"], account["class"], account["holder"], account["epoch"]) == (
        "paper", "paper", lease["instance"], lease["epoch"])
    assert account["cash"] == "10000000.00" and account["unknown_fates"] == 0


def test_reconciling_finds_nothing_and_is_on_record(trader):
    answer = trader.send(signal())
    trader.order_in(answer["orders"][0], "filled")
    report = trader.post("/v1/reconcile", account="paper")
    assert (report["differences"], report["orders"], report["trades"]) == ([], 1, 1)
    newest = trader.read("/v1/reconciliations", account="paper", limit=1)["reconciliations"]
    assert [found["sequence"] for found in newest] == [report["sequence"]]
    assert trader.post("/v1/reconcile", status=400, account="nobody")["error"]["field"] == "account"
    assert trader.post("/v1/reconcile", status=400)["error"]["field"] == "account"


def test_each_scope_opens_its_own_door(gateway):
    keys = {scope: Trader(gateway.native, gateway.key(scope, name=scope.replace(":", "-")).access_token)
            for scope in ("accounts:read", "trade:halt", "limits:write", "orders:read")}
    keys["accounts:read"].read("/v1/accounts")
    keys["accounts:read"].put("/v1/limits/paper", status=403)
    keys["limits:write"].read("/v1/limits", status=403)
    keys["limits:write"].post("/v1/halt", status=403, why="x")
    keys["trade:halt"].read("/v1/orders", status=403)
    keys["orders:read"].post("/v1/orders", status=403)
    assert "accounts" not in keys["orders:read"].read("/health") and keys["accounts:read"].read("/health")["accounts"]
