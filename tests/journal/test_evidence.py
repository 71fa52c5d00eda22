"""What `journal verify`, `replay`, `diff` and `export` find in journals that are whole, damaged, cut or rewritten."""

import json
import shutil
import sqlite3
import subprocess

import pytest

from driver import cli
from driver import journal as raw
from driver.signals import SCOPES, Sender, market_order


@pytest.fixture
def used(start):
    """A stopped instance with some orders in its journal, and an anchor in the middle of them."""
    gateway = start("--seed", "7", "--no-backups")
    sender = Sender(gateway.native, gateway.key(*SCOPES).access_token)
    for number in range(12):
        assert sender.signal(market_order(f"s-{number}", wait_ms=5_000))[0] == 200
        if number == 6:
            cli.run("journal", "anchor", "--data", gateway.data)
    sender.close()
    gateway.stop()
    return gateway.data


@pytest.fixture
def copy(used, tmp_path):
    """A copy of the directory, and a way to change its database behind the program's back."""
    data = shutil.copytree(used, tmp_path / "copy")

    def change(*statements):
        database = sqlite3.connect(data / "meridian.db")
        triggers = database.execute("select name from sqlite_schema where type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f"drop trigger {name}")
        for statement, values in statements:
            database.execute(statement, values)
        database.commit()
        database.close()

    return data, change


def broken(data, *words, anchors=None):
    more = ("--anchors", anchors) if anchors else ()
    done = cli.run("journal", "verify", "--data", data, *more, expect=1)
    for word in words:
        assert word in done.stderr, done.stderr
    assert "hint: " in done.stderr
    return done


def test_a_whole_journal_verifies_with_its_anchors(used):
    found = cli.run_json("journal", "verify", "--data", used, "--anchors", used / "anchors.jsonl")
    assert found["whole"] and found["rows"] == found["head"]["seq"] == len(raw.rows(used / "meridian.db"))
    anchors = found["anchors"]
    assert anchors["key_known"] and 0 < anchors["newest_seq"] < found["rows"]
    text = cli.run("journal", "verify", "--data", used, "--anchors", used / "anchors.jsonl").stdout
    assert f"the {anchors['rows_after']} rows after it are not anchored" in text
    cli.run("journal", "verify", "--data", used, "--anchors", used / "anchors.jsonl", "--public-key", anchors["public_key"])
    other = cli.run("journal", "verify", "--data", used, "--anchors", used / "anchors.jsonl", "--public-key", "0" * 64,
                    expect=1)
    assert "another key" in other.stderr


def test_a_flipped_byte_is_found(copy):
    data, change = copy
    seq = len(raw.rows(data / "meridian.db")) // 2
    body = bytearray(raw.rows(data / "meridian.db")[seq - 1].raw)
    body[len(body) // 2] ^= 1
    change(("update events set body = ? where seq = ?", (bytes(body), seq)))
    broken(data, f"row {seq} was changed")
    done = cli.run("journal", "verify", "--data", data, "--json", expect=1)
    assert json.loads(done.stdout)["whole"] is False


def test_a_cut_end_is_found_by_the_anchors_alone(copy):
    data, change = copy
    anchored = json.loads((data / "anchors.jsonl").read_text().splitlines()[-1])["seq"]
    last = raw.rows(data / "meridian.db")[anchored - 3]
    change(("delete from events where seq > ?", (last.seq,)), ("update head set seq = ?, hash = ?", (last.seq, last.hash)))
    cli.run("journal", "verify", "--data", data)
    broken(data, f"row {anchored} was anchored", "is not there", anchors=data / "anchors.jsonl")


def test_a_chain_that_was_made_anew_is_found_by_the_anchors_alone(copy):
    """Somebody who knows the layout of the hash changes a signal and computes all that follow again."""
    data, change = copy
    found, statements, before = raw.rows(data / "meridian.db"), [], bytes(32)
    victim = next(row.seq for row in found if row.kind == "signal_received")
    for row in found:
        body = row.raw.replace(b'"quantity":1', b'"quantity":9') if row.seq == victim else row.raw
        made = raw.Row(**{**vars(row), "raw": body, "prev_hash": before})
        before = made.right_hash()
        statements.append(("update events set body = ?, prev_hash = ?, hash = ? where seq = ?",
                           (body, made.prev_hash, before, row.seq)))
    assert statements[victim - 1][1][0] != found[victim - 1].raw
    change(*statements, ("update head set hash = ?", (before,)))
    cli.run("journal", "verify", "--data", data)
    broken(data, "is not the one that was anchored", anchors=data / "anchors.jsonl")


def test_an_anchor_that_was_forged_is_found(used, tmp_path):
    line = json.loads((used / "anchors.jsonl").read_text().splitlines()[-1])
    line["time_ns"] += 1
    forged = tmp_path / "anchors.jsonl"
    forged.write_text(json.dumps(line) + "\n")
    broken(used, "signature", anchors=forged)


def test_export_is_one_row_a_line_and_a_closed_pipe_is_no_failure(used):
    lines = [json.loads(line) for line in cli.run("journal", "export", "--data", used).stdout.splitlines()]
    for line, row in zip(lines, raw.rows(used / "meridian.db"), strict=True):
        assert (line["seq"], line["stream"], line["kind"], line["key"]) == (row.seq, row.stream, row.kind, row.key)
        assert line["body"] == row.body and line["hash"] == row.hash.hex() and line["time_ns"] == row.time
        assert line["time"].endswith("+05:30")
    some = cli.run("journal", "export", "--data", used, "--stream", "intake", "--from", 2, "--to", 20).stdout.splitlines()
    wanted = [line["seq"] for line in lines if line["stream"] == "intake" and 2 <= line["seq"] <= 20]
    assert [json.loads(line)["seq"] for line in some] == wanted
    exporting = subprocess.Popen([cli.binary(), "journal", "export", "--data", str(used)],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    exporting.stdout.readline()
    exporting.stdout.close()
    assert exporting.stderr.read() == b"" and exporting.wait() == 0


def test_two_journals_are_compared(used, copy):
    data, change = copy
    head = len(raw.rows(used / "meridian.db"))
    same = cli.run_json("journal", "diff", used, data)
    assert same["same_up_to"] == head and same["a"]["row"] is None and same["b"]["row"] is None
    assert same["state_hash"] == cli.run_json("journal", "replay", "--data", used)["state_hash"]
    seq = head - 4
    change(("update events set time = time + 1 where seq = ?", (seq,)))
    parted = json.loads(cli.run("journal", "diff", used, data, "--json", expect=1).stdout)
    assert parted["same_up_to"] == seq - 1 and parted["b"]["row"]["time_ns"] == parted["a"]["row"]["time_ns"] + 1
    at = cli.run_json("journal", "replay", "--data", used, "--to", seq - 1)
    assert (parted["state_hash"], parted["head_hash"]) == (at["state_hash"], at["head_hash"])


@pytest.mark.parametrize("arguments", [("replay", "--to", "999999"), ("verify", "--public-key", "00"),
                                       ("export", "--stream", "nonsense"), ("ship",)])
def test_wrong_usage(used, arguments):
    assert "error" in cli.run("journal", *arguments, "--data", used, expect=2).stderr.lower()


def test_a_place_without_a_journal_is_named(tmp_path):
    for command in (("verify",), ("replay",), ("export",), ("backup", tmp_path / "to"), ("ship", "--to", tmp_path / "to")):
        done = cli.run("journal", *command, "--data", tmp_path / "nowhere", expect=1)
        assert "nowhere" in done.stderr and "hint: " in done.stderr
    assert not (tmp_path / "to").exists()
