"""Data directories that are foreign, damaged, half-written or in use: a clear refusal, nothing damaged."""

import os
import shutil
import sqlite3

import pytest

from driver import cli, fingerprint
from driver.api import Native

FREE = ("--listen", "127.0.0.1:0", "--kite-listen", "127.0.0.1:0")


def refuse(data, *named, exactly=False):
    """`up` ends with exit code 1, names the directory and a fix, and leaves every file as it was (`exactly`: adds none)."""
    before = fingerprint.of(data)
    done = cli.run("up", "--data", data, *FREE, expect=1)
    assert done.stderr.startswith("error: ") and "hint: " in done.stderr, done.stderr
    for word in (str(data), *named):
        assert word in done.stderr, done.stderr
    assert not done.stdout
    after = fingerprint.of(data)
    assert before.items() <= after.items() and (not exactly or before == after)


@pytest.fixture
def used(start, tmp_path):
    """A directory that an instance has used and left properly."""
    gateway = start()
    gateway.key("market:read")
    gateway.stop()
    return gateway.data


def test_a_file_is_not_a_directory(tmp_path):
    file = tmp_path / "data"
    file.write_text("something else")
    refuse(file, exactly=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_directory(used):
    used.chmod(0)
    try:
        done = cli.run("up", "--data", used, *FREE, expect=1)
        assert str(used) in done.stderr and "hint: " in done.stderr
    finally:
        used.chmod(0o700)


def test_foreign_directory(tmp_path):
    data = tmp_path / "photos"
    data.mkdir()
    (data / "holiday.jpg").write_bytes(b"not ours")
    refuse(data, exactly=True)


def test_database_of_another_program(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    with sqlite3.connect(data / "meridian.db") as database:
        database.execute("create table recipes (name text)")
    database.close()
    refuse(data, "meridian.db")


@pytest.mark.parametrize("damage", ["garbage", "truncated", "empty", "middle"])
def test_damaged_database(used, damage):
    file = used / "meridian.db"
    content = file.read_bytes()
    file.write_bytes({
        "garbage": b"\xde\xad\xbe\xef" * 4096, "truncated": content[: len(content) // 2 + 1], "empty": b"",
        "middle": content[:4096] + bytes(len(content) - 4096),
    }[damage])
    refuse(used, "meridian.db")


def test_database_of_a_newer_version(used):
    with sqlite3.connect(used / "meridian.db") as database:
        database.execute("pragma user_version = 9999")
    database.close()
    refuse(used, "9999")


def test_server_key_missing_or_damaged(used):
    key = used / "server.key"
    content = key.read_bytes()
    key.write_bytes(content[: len(content) // 2])
    refuse(used, "server.key")
    key.unlink()
    refuse(used, "server.key")


def test_half_written_first_start_is_completed_or_refused(used, tmp_path, start):
    """The machine died before the server key and any row were written: starting again makes a working instance."""
    data = tmp_path / "half"
    data.mkdir(mode=0o700)
    shutil.copy2(used / ".meridian", data / ".meridian")
    (data / "meridian.db").touch()
    gateway = start("--seed", "7", data=data)
    assert Native(gateway.native, gateway.admin_token).get("/v1/keys").status_code == 200


def test_second_instance_on_the_same_directory(start):
    gateway = start()
    done = cli.run("up", "--data", gateway.data, *FREE, expect=1)
    assert str(gateway.data) in done.stderr and "hint: " in done.stderr
    assert Native(gateway.native, gateway.admin_token).get("/v1/keys").status_code == 200
    assert Native(gateway.native).get("/readyz").status_code == 200


def test_starts_at_once_after_a_kill(start):
    gateway = start()
    key = gateway.key("market:read")
    gateway.kill()
    assert (gateway.data / "run.json").exists()
    stale = cli.run("key", "list", "--data", gateway.data)
    assert key.api_key in stale.stdout, "without a running instance the command uses the database"
    gateway.start()
    assert Native(gateway.native, key.access_token).get("/v1/instruments").status_code == 200
