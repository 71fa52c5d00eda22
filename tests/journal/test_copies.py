"""Backups, restores and shipped logs of the real program, made while it takes signals."""

import json
import shutil
import signal
import subprocess
import threading
import time

import pytest

from driver import cli
from driver.deadline import GENEROUS, until
from driver.signals import SCOPES, Sender, market_order

WRITERS = 4


class Load:
    """Signals from several callers until the block ends; every one must be answered."""

    def __init__(self, gateway):
        self.token = gateway.key(*SCOPES).access_token
        self.base = gateway.native
        self.answered, self.slowest, self.failure = [], 0.0, None
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(WRITERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        for thread in self._threads:
            thread.join()
        print(f"{len(self.answered)} signals, the slowest took {1000 * self.slowest:.0f} ms")
        assert self.failure is None, self.failure

    def _run(self, number):
        sender, sent = Sender(self.base, self.token), 0
        while not self._ending.is_set():
            sent += 1
            side = "buy" if sent % 2 else "sell"
            began = time.monotonic()
            status, answer = sender.signal(market_order(f"load-{number}-{sent}", side=side, wait_ms=5_000))
            self.slowest = max(self.slowest, time.monotonic() - began)
            if status != 200:
                self.failure = (status, answer)
                return
            self.answered.append(answer["id"])
        sender.close()

    def wait_for(self, count):
        until(f"{count} signals answered", lambda: self.failure or len(self.answered) >= count)


def journal(command, *arguments, **options):
    return cli.run_json("journal", command, *arguments, **options)


@pytest.fixture
def loaded(start):
    """A stopped instance with some orders in its journal."""
    gateway = start("--seed", "7", "--no-backups")
    with Load(gateway) as load:
        load.wait_for(40)
    gateway.stop()
    return gateway


def test_backup_under_load_and_restore(start, tmp_path):
    gateway = start("--seed", "7", "--no-backups")
    with Load(gateway) as load:
        load.wait_for(50)
        backup = journal("backup", tmp_path / "backup", "--data", gateway.data, "--include-keys")
        load.wait_for(len(load.answered) + 50)
        verified = journal("verify", "--data", gateway.data)
    assert backup["seq"] > 100 and verified["head"]["seq"] > backup["seq"] + 100
    assert backup["keys"][0] == "server.key"
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "backup").iterdir()}
    assert set(modes.values()) == {"0o600"} and (tmp_path / "backup").stat().st_mode & 0o777 == 0o700, modes
    there = journal("replay", "--data", gateway.data, "--to", backup["seq"])
    assert there["state_hash"] == backup["state_hash"] and there["head_hash"] == backup["head_hash"]
    assert there["orders"] > 0 and there["accounts"] == 1
    gateway.stop()

    restored = journal("restore", tmp_path / "backup", "--data", tmp_path / "restored")
    assert restored["backup_state_hash"] == backup["state_hash"] and restored["state_hash_compared"]
    assert restored["incarnation"] != restored["old_incarnation"] == there["incarnation"]
    assert restored["missing_keys"] == ["vault.key"], "there was none to come along"
    again = journal("replay", "--data", tmp_path / "restored", "--to", backup["seq"])
    assert again["state_hash"] == backup["state_hash"]
    parted = cli.run("journal", "diff", gateway.data, tmp_path / "restored", "--json", expect=1)
    assert json.loads(parted.stdout)["same_up_to"] == backup["seq"]

    second = start("--seed", "7", "--no-backups", data=tmp_path / "restored")
    sender = Sender(second.native, load.token)
    known = load.answered[0]
    status, answer = sender.request("GET", f"/v1/signals/{known}")
    assert status == 200, answer
    status, answer = sender.signal(market_order("after-restore", wait_ms=5_000))
    sender.close()
    assert status == 200 and answer["verdict"] == "denied", "halted until it is reconciled and resumed"
    assert any("halt" in reason["code"] for reason in answer["reasons"]), answer


def test_without_its_keys_a_restored_directory_says_what_it_needs(loaded, tmp_path):
    cli.run("journal", "backup", tmp_path / "backup", "--data", loaded.data)
    done = cli.run("journal", "restore", tmp_path / "backup", "--data", tmp_path / "restored")
    assert "put server.key" in done.stderr and "resume" in done.stderr
    up = cli.run("up", "--data", tmp_path / "restored", "--listen", "127.0.0.1:0", "--kite-listen", "127.0.0.1:0", expect=1)
    assert "server.key" in up.stderr
    shutil.copy2(loaded.data / "server.key", tmp_path / "restored")
    assert cli.run("key", "list", "--data", tmp_path / "restored").stdout


def test_nothing_is_overwritten(loaded, tmp_path):
    cli.run("journal", "backup", tmp_path / "backup", "--data", loaded.data)
    before = {path: path.read_bytes() for path in (tmp_path / "backup").iterdir()}
    again = cli.run("journal", "backup", tmp_path / "backup", "--data", loaded.data, expect=1)
    assert "exists already" in again.stderr and "hint: " in again.stderr
    for target in (loaded.data, tmp_path):
        refused = cli.run("journal", "restore", tmp_path / "backup", "--data", target, expect=1)
        assert "is not empty" in refused.stderr and "hint: " in refused.stderr
    assert before == {path: path.read_bytes() for path in (tmp_path / "backup").iterdir()}
    cli.run("journal", "verify", "--data", loaded.data)


def test_a_changed_backup_is_refused(loaded, tmp_path):
    cli.run("journal", "backup", tmp_path / "backup", "--data", loaded.data)
    manifest = tmp_path / "backup" / "manifest.json"
    changed = json.loads(manifest.read_text())
    changed["state_hash"] = "0" * 64
    manifest.write_text(json.dumps(changed))
    refused = cli.run("journal", "restore", tmp_path / "backup", "--data", tmp_path / "restored", expect=1)
    assert "hash of the state" in refused.stderr
    assert not (tmp_path / "restored").exists()


def test_what_was_shipped_survives_the_loss_of_the_disk(start, tmp_path):
    gateway = start("--seed", "7", "--no-backups")
    cli.run("journal", "backup", tmp_path / "backup", "--data", gateway.data)
    ship = ["journal", "ship", "--to", tmp_path / "log", "--follow", "--data", gateway.data]
    following = subprocess.Popen([cli.binary(), *map(str, ship)], stdout=subprocess.PIPE, text=True)
    with Load(gateway) as load:
        load.wait_for(30)
        following.kill()
        following.wait()
        following = subprocess.Popen([cli.binary(), *map(str, ship)], stdout=subprocess.PIPE, text=True)
        load.wait_for(len(load.answered) + 30)
    gateway.kill()
    head = journal("verify", "--data", gateway.data)["head"]
    until("everything is shipped", lambda: f'"seq":{head["seq"]},' in newest_lines(tmp_path / "log"), seconds=GENEROUS)
    following.send_signal(signal.SIGINT)
    said = following.communicate(timeout=GENEROUS)[0]
    assert following.returncode == 0 and f"up to row {head['seq']}" in said
    # Up to there: a commit that the kill cut short may show up once nobody has the database open any more.
    replayed = journal("replay", "--data", gateway.data, "--to", head["seq"])

    gateway.data.rename(tmp_path / "lost")
    restored = journal("restore", tmp_path / "backup", "--log", tmp_path / "log", "--data", tmp_path / "restored")
    assert restored["restored_at"] == head["seq"] and restored["rows_from_log"] > 100
    assert restored["state_hash"] == replayed["state_hash"]
    assert journal("verify", "--data", tmp_path / "restored")["head"]["seq"] == head["seq"] + 1
    shipped = cli.run("journal", "ship", "--to", tmp_path / "log", "--data", tmp_path / "restored")
    assert "1 rows shipped" in shipped.stdout, "the restored journal continues the log that it was made from"


def test_a_log_belongs_to_one_journal(loaded, tmp_path):
    cli.run("journal", "backup", tmp_path / "backup", "--data", loaded.data)
    cli.run("journal", "ship", "--to", tmp_path / "log", "--data", loaded.data)
    for name in ("one", "two"):
        cli.run("journal", "restore", tmp_path / "backup", "--data", tmp_path / name)
    cli.run("journal", "ship", "--to", tmp_path / "log", "--data", tmp_path / "one")
    refused = cli.run("journal", "ship", "--to", tmp_path / "log", "--data", tmp_path / "two", expect=1)
    assert "log of another journal" in refused.stderr and "new directory" in refused.stderr
    refused = cli.run("journal", "ship", "--to", tmp_path / "log", "--data", loaded.data, expect=1)
    assert "log of another journal" in refused.stderr


def newest_lines(directory):
    files = sorted(directory.glob("*.jsonl"))
    return files[-1].read_text() if files else ""
