"""Control beside the gateway: what one of them waits for does not hold up the other, and a restored system knows its releases."""

import sqlite3
import threading

import requests

from driver import cli
from driver.api import Native
from driver.deadline import GENEROUS


def opened(data, folder):
    """A policy and a release of it."""
    cli.run("release", "init", "shop", cwd=folder)
    cli.run("release", "open", "--policy", "shop.toml", "--artefact", "shop.toml", "--by", "me", "--data", data, cwd=folder)
    return "shop-0.1.0"


def test_a_locked_journal_of_control_holds_up_control_alone(start, tmp_path):
    server = start(data=tmp_path / "data")
    release = opened(server.data, tmp_path)
    writer = Native(server.native, server.key("release:sign", name="writer").access_token)
    lock = sqlite3.connect(server.data / "control.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    answers = []

    def post(number):
        finding = {"finding": f"F-{number}", "title": "x", "severity": "low", "by": "me"}
        answers.append(writer.request("POST", f"/v1/release/releases/{release}/findings", json=finding))

    threads = [threading.Thread(target=post, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    # While all of them wait for the lock, the gateway answers.
    for _ in range(20):
        assert requests.get(server.native + "/livez", timeout=GENEROUS).status_code == 200
    assert not answers, "they wait for somebody who holds the lock"
    lock.execute("ROLLBACK")
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {200, 503}, [answer.text for answer in answers]
    assert any(answer.status_code == 200 for answer in answers)


def test_a_backup_has_the_releases_too(start, tmp_path):
    server = start(data=tmp_path / "data")
    opened(server.data, tmp_path)
    cli.run("journal", "backup", tmp_path / "backup", "--data", server.data)
    server.stop()
    cli.run("journal", "restore", tmp_path / "backup", "--data", tmp_path / "restored")
    (listed,) = cli.run_json("release", "list", "--data", tmp_path / "restored")["releases"]
    assert listed["release"] == "shop-0.1.0"
