"""The commands that run a desk, as a person or a script uses them."""

import json
import re
import subprocess

import pytest

from driver import cli
from driver.deadline import until
from driver.trading import Trader, new_id

BUY = ("--instrument", "NSE:INFY", "--side", "buy", "--wait-ms", "10000")


@pytest.fixture
def gateway(start):
    return start()


@pytest.fixture
def run(gateway):
    """Commands of this instance: text out."""
    return lambda *arguments, **options: cli.run(*arguments, "--data", gateway.data, **options)


@pytest.fixture
def run_json(gateway):
    return lambda *arguments, **options: cli.run_json(*arguments, "--data", gateway.data, **options)


def test_a_halt_by_hand(run, run_json):
    assert "halted: paper" in run("halt", "--why", "strange fills").stdout
    denied = run("signal", "send", *BUY, "--quantity", "1", expect=1)
    assert denied.stdout.startswith("denied: ") and "strange fills" in denied.stdout and "explain" in denied.stderr
    assert "strange fills" in run("accounts").stdout
    assert run_json("resume", "--why", "explained")["halted"] == []
    assert run_json("signal", "send", *BUY, "--quantity", "1")["verdict"] == "accepted"


def test_limits_by_name(run, run_json):
    assert re.search(r"order_quantity +100000", run("limits", "show", "--account", "paper").stdout)
    run("limits", "set", "--account", "paper", "order_quantity=5", "daily_loss=25000.50")
    shown = run_json("limits", "show")["limits"]["paper"]
    assert (shown["order_quantity"], shown["daily_loss"]) == (5, "25000.50")
    assert "order_quantity" in run("signal", "send", *BUY, "--quantity", "6", expect=1).stdout
    assert re.search(r"daily_loss +none", run("limits", "set", "--account", "paper", "daily_loss=none").stdout)
    assert "order_quantity" in run("limits", "set", "--account", "paper", "order_quantty=1", expect=1).stderr
    run("limits", "set", "--account", "paper", "order_quantity", expect=2)


def test_flags(run, run_json):
    assert run_json("flags")["flags"] == []
    run("flags", "set", "new-sizing", "on", "--why", "try it")
    assert re.search(r"new-sizing +on", run("flags", "list").stdout)
    run("flags", "set", "new-sizing", "maybe", "--why", "x", expect=2)


def test_a_signal_is_sent_shown_and_explained(run, run_json):
    identifier = new_id("cli")
    sent = run("signal", "send", *BUY, "--quantity", "3", "--id", identifier).stdout
    assert sent.startswith(f"accepted: signal {identifier} (row ")
    assert run("signal", "send", *BUY, "--quantity", "3", "--id", identifier).stdout == sent
    until("it is filled", lambda: run_json("orders")["orders"][0]["state"] == "filled")
    assert re.search(r"NSE:INFY +buy +3 +3 +market", run("orders", "--account", "paper").stdout)
    assert "no orders" in run("orders", "--open").stderr
    assert re.search(r"paper +NSE:INFY +cnc +3 ", run("positions").stdout)
    explained = run("signal", "explain", identifier).stdout
    lines = explained.splitlines()
    assert lines[1].split()[:5] == ["+0", "ms", lines[1].split()[2], "signal", "received"]
    for words in ("buy 3 NSE:INFY market", "accepted for paper", "saw the journal up to row", "place buy 3 NSE:INFY", "trade reported"):
        assert words in explained, explained
    events = run_json("signal", "explain", identifier)["events"]
    assert [event["sequence"] for event in events] == sorted(event["sequence"] for event in events)
    assert "no signal" in run("signal", "explain", "no such/id", expect=1).stderr


def test_a_signal_needs_a_side_and_a_quantity_or_a_position(run):
    for wrong in (("--side", "buy"), ("--quantity", "1"), (), ("--side", "buy", "--quantity", "1", "--target-position", "0")):
        run("signal", "send", "--instrument", "NSE:INFY", *wrong, expect=2)


def test_an_account_is_added_and_logged_in_without_its_token_on_the_command_line(gateway, run, run_json):
    added = subprocess.run([cli.binary(), "account", "add", "v1", "--class", "venue", "--url", "unix:/tmp/none.sock", "--api-key", "demo",
                            "--data", gateway.data], input="token-1\n", capture_output=True, text=True, timeout=30, check=True)
    assert "v1 is a venue account" in added.stdout and "--broker venue" in added.stderr and "login" not in added.stderr
    assert re.search(r"v1 +venue +0\.00", run("accounts").stdout)
    logged_in = subprocess.run([cli.binary(), "account", "login", "v1", "--data", gateway.data, "--json"], input="token-2\n",
                               capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(logged_in.stdout) == {"account": "v1", "reached": False, "halted": None}
    assert "needs no token" in run("account", "login", "paper", expect=1).stderr
    for url in ("https://example.com", "http://8.8.8.8:80", "http://192.0.2.1:7500"):
        refused = run("account", "add", "v2", "--class", "venue", "--url", url, "--api-key", "k", expect=2)
        assert url in refused.stderr and "127.0.0.1" in refused.stderr
    assert run_json("account", "add", "p2", "--class", "paper", "--funds", "5000", "--limit", "order_quantity=5")["class"] == "paper"
    key = gateway.key("accounts:read", account="p2")
    assert Trader(gateway.native, key.access_token).read("/v1/accounts/p2")["cash"] == "5000.00"


def test_reconciliation_writes_reports(run, run_json, tmp_path):
    run("signal", "send", *BUY, "--quantity", "2")
    until("it is filled", lambda: run_json("orders")["orders"][0]["state"] == "filled")
    assert run("reconcile").stdout.startswith("paper: 0 differences, 1 orders, 1 trades today")
    done = run_json("reconcile", "--account", "paper", "--out", tmp_path / "reports")
    words, data = (tmp_path / "reports" / name.rsplit("/", 1)[1] for name in done["files"])
    report = json.loads(data.read_text())
    assert words.name == f"reconciliation-{report['day']}-paper.md" and re.fullmatch("[0-9a-f]{64}", report["hash"])
    text = words.read_text()
    assert text.index("No differences") < text.index("## Orders (1)") < text.index("## Trades (1)") < text.index(report["hash"])
    assert "nobody" in run("reconcile", "--account", "nobody", expect=1).stderr


def test_help_has_an_example():
    for command in (["halt"], ["resume"], ["limits", "show"], ["limits", "set"], ["flags", "set"], ["accounts"], ["account", "add"],
                    ["account", "login"], ["reconcile"], ["orders"], ["positions"], ["signal", "send"], ["signal", "explain"]):
        text = cli.run(*command, "--help").stdout
        assert "Example" in text and f"meridian {' '.join(command)}" in text, command
