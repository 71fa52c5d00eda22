"""Wrong flags and ports in use: a message with cause and fix, the right exit code (design section 1)."""

import socket

import pytest

from driver import cli


@pytest.mark.parametrize("arguments, named", [
    (["up", "--sped", "2"], "--sped"), (["up", "--speed", "fast"], "--speed"), (["up", "--speed", "-1"], "--speed"),
    (["up", "--seed", "x"], "--seed"), (["up", "--market", "moon"], "--market"), (["up", "--broker", "moon"], "--broker"),
    (["up", "--listen", "nowhere"], "--listen"), (["up", "--listen", "127.0.0.1:99999"], "--listen"),
    (["up", "--kite-listen", "x:y"], "--kite-listen"), (["up", "--rate", "-5"], "--rate"), (["up", "--rate", "0"], "--rate"),
    (["up", "--instruments", "many"], "--instruments"), (["up", "--cors-origin", "not a url"], "--cors-origin"),
    (["up", "--log", "loud"], "--log"), (["up", "extra"], "extra"), (["fly"], "fly"),
    (["key", "create", "--scope", "market:read"], "--name"), (["key", "create", "--name", "x"], "--scope"),
    (["key", "create", "--name", "x", "--scope", "world:rule"], "world:rule"),
    (["key", "create", "--name", "x", "--scope", "market:read", "--expires", "soon"], "--expires"),
    (["key", "revoke"], "API_KEY"),
    (["up", "--market", "sim", "--broker", "kite"], "--broker kite"),
    (["account", "add", "v", "--class", "venue", "--url", "http://192.0.2.1:7500", "--api-key", "k"], "--url"),
])
def test_wrong_flags_exit_2_and_name_the_flag(tmp_path, arguments, named):
    done = cli.run(*arguments, expect=2, cwd=tmp_path)
    assert named in done.stderr and not done.stdout
    assert not list(tmp_path.iterdir()), "wrong usage must not leave files"


def test_help_has_examples_and_exits_0():
    for arguments in ([], ["up"], ["key"], ["key", "create"], ["key", "list"], ["key", "revoke"], ["instruments", "search"]):
        text = cli.run(*arguments, "--help").stdout
        assert "Usage" in text and "meridian" in text
    assert "meridian up" in cli.run("up", "--help").stdout


def test_version():
    assert cli.run("version").stdout.strip()
    assert cli.run_json("version")["version"] in cli.run("version").stdout


def test_search_prints_instruments(gateway):
    found = cli.run_json("instruments", "search", "nifty ce", "--limit", "3", "--data", gateway.data)
    rows = found["instruments"] if isinstance(found, dict) else found
    assert len(rows) == 3 and all("CE" in row["instrument"] for row in rows)
    assert rows[0]["instrument"] in cli.run("instruments", "search", "nifty ce", "--data", gateway.data).stdout


@pytest.mark.parametrize("flag", ["--listen", "--kite-listen"])
def test_port_in_use_exits_1_naming_address_and_fix(tmp_path, flag):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = {"--listen": "127.0.0.1:0", "--kite-listen": "127.0.0.1:0", flag: address}
        done = cli.run("up", "--data", tmp_path / "data", *[part for pair in flags.items() for part in pair], expect=1)
    assert address in done.stderr and "hint:" in done.stderr and done.stderr.startswith("error: ")


def test_commands_without_an_instance_say_so(tmp_path):
    done = cli.run("key", "list", "--url", "http://127.0.0.1:9", "--key-file", __file__, expect=1)
    assert "error: " in done.stderr and "hint: " in done.stderr
    done = cli.run("key", "list", "--data", tmp_path / "nothing-here", expect=1)
    assert "nothing-here" in done.stderr and "hint: " in done.stderr
    assert not (tmp_path / "nothing-here").exists()
