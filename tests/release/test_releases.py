"""Releases on the command line, from their opening to a recorded decision: alone in a directory, and with an instance
that lives there (GO-1, GO-2, GO-3, GO-12)."""

import base64
import contextlib
import datetime
import http.server
import json
import os
import pty
import re
import subprocess
import threading
from pathlib import Path

import pytest

from driver import cli
from driver.api import Native
from driver.gateway import Gateway

POLICIES = Path(__file__).resolve().parents[2] / "policies"


class Service(http.server.BaseHTTPRequestHandler):
    """What is to be released: it says its version."""

    version = "0.1.0"

    def do_GET(self):
        found = self.path == "/health"
        body = json.dumps({"version": self.version}).encode()
        self.send_response(200 if found else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def service():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def git(folder, *arguments):
    subprocess.run(["git", "-c", "user.name=me", "-c", "user.email=me@example.com", *arguments], cwd=folder, check=True,
                   capture_output=True)


class Desk:
    """A folder with a policy, keys of its people, and something to release."""

    def __init__(self, folder, port, served):
        self.folder, self.flags = folder, ("--data", str(folder / "data"))
        self.keys = {}
        text = cli.run("release", "init", "shop", "--out", "-").stdout
        for person in ("me", "colleague"):
            out = cli.run("release", "key", "--out", f"{person}.pem", cwd=folder).stdout.strip()
            self.keys[person] = out
            text = text.replace(f'id = "{person}"\n', f'id = "{person}"\nkey = "{out}"\n')
        text = text.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{port}").replace("127.0.0.1:8080", f"127.0.0.1:{port}")
        # Any time will do: these tests are not about windows.
        text = re.sub(r"\[windows\].*?\n\n", "", text, flags=re.S)
        self.policy = folder / "shop.toml"
        self.policy.write_text(text)
        (folder / "shop").write_text("the program\n")
        git(folder, "init", "--quiet")
        git(folder, "add", "shop.toml")
        git(folder, "commit", "--quiet", "-m", "policy")
        self.served = served

    def run(self, *arguments, **options):
        return cli.run("release", *arguments, *self.flags, cwd=self.folder, **options)

    def json(self, *arguments, **options):
        return json.loads(self.run(*arguments, "--json", **options).stdout)

    def sign(self, key, *flags, **options):
        """As the reviewer who has looked at the table."""
        table = self.json("score")["would_be"]["table"]
        return self.run("sign", "--role", "reviewer", "--key", f"{key}.pem", "--table", table, *flags, **options)

    def sign_at_a_terminal(self, answer):
        """What is said, and the exit code."""
        ours, theirs = pty.openpty()
        try:
            os.write(ours, answer)
            command = (cli.binary(), "release", "sign", "--role", "reviewer", "--key", "colleague.pem", *self.flags)
            done = subprocess.run(command, cwd=self.folder, stdin=theirs, capture_output=True, text=True, timeout=30, check=False)
            return done.stderr, done.returncode
        finally:
            os.close(ours)
            os.close(theirs)

    def open(self, *flags):
        return self.run("open", "--policy", "shop.toml", "--artefact", "shop", "--by", "me", *flags).stdout.strip()

    def prove(self):
        """Everything but signatures."""
        self.run("check", expect=1)
        self.run("attest", "--check", "way-back", "--by", "me", "--text", "twice, on staging")

    def reasons(self):
        decision = self.json("score")["would_be"]
        return {(reason["code"], reason["of"]) for reason in decision["reasons"]}


@pytest.fixture(params=["alone", "served"])
def desk(request, tmp_path):
    with service() as port:
        if request.param == "alone":
            yield Desk(tmp_path, port, None)
            return
        server = Gateway(tmp_path / "data", "--seed", "7").start()
        try:
            yield Desk(tmp_path, port, server)
        finally:
            server.stop()


def test_from_a_first_policy_to_a_recorded_go(desk):
    release = desk.open()
    assert release == "shop-0.1.0"
    assert ("signature", "reviewer") in desk.reasons() and ("evidence", "health") in desk.reasons()
    desk.prove()
    assert desk.reasons() == {("signature", "reviewer")}
    view = desk.json("score")["would_be"]
    (card,) = view["scorecards"]
    assert (card["total"], card["arithmetic"]) == ("10", "10 x 60 % + 10 x 20 % + 10 x 20 % = 10")
    refused = desk.run("decide", expect=1)
    assert "NO-GO" in refused.stderr and "nobody has signed" in refused.stdout
    desk.sign("colleague")
    assert desk.run("decide").stdout.splitlines()[-1] == "decided: GO"
    (listed,) = desk.json("list")["releases"]
    assert listed["decided"]["outcome"] == "go"


def test_a_change_voids_what_was_signed(desk):
    desk.open()
    desk.prove()
    desk.sign("colleague")
    assert desk.json("score")["would_be"]["outcome"] == "go"
    # Another artefact: evidence and signature were about the one before.
    (desk.folder / "shop").write_text("another program\n")
    desk.run("change", "--artefact", "shop", "--by", "me")
    assert {("signature", "reviewer"), ("evidence", "health")} <= desk.reasons()
    desk.prove()
    assert desk.reasons() == {("signature", "reviewer")}
    desk.sign("colleague")
    assert desk.json("decide")["recorded"]["decision"]["outcome"] == "go"
    # Other demands: the decision that stood does not stand any more.
    desk.policy.write_text(desk.policy.read_text().replace("threshold = 7", "threshold = 9"))
    git(desk.folder, "commit", "--quiet", "-am", "demand more")
    stale = desk.run("check", "--policy", "shop.toml", expect=1)
    assert "has changed since" in stale.stderr and "nothing is kept" in stale.stderr
    desk.run("change", "--policy", "shop.toml", "--by", "me")
    view = desk.json("score")
    assert view["stands"] is None and ("signature", "reviewer") in desk.reasons()


def test_only_the_right_people_sign_with_their_own_keys(desk):
    desk.open()
    desk.prove()
    cli.run("release", "key", "--out", "stranger.pem", cwd=desk.folder)
    assert "nobody in the policy has this key" in desk.run("sign", "--role", "reviewer", "--key", "stranger.pem", expect=1).stderr
    assert "does not hold the role" in desk.sign("me", expect=1).stderr
    assert "PEM" in desk.run("sign", "--role", "reviewer", "--key", "shop", expect=1).stderr
    refused = desk.run("attest", "--check", "way-back", "--by", "colleague", expect=1)
    assert "developer" in refused.stderr and "me" in refused.stderr
    assert "asked by a machine" in desk.run("attest", "--check", "health", "--by", "me", expect=1).stderr
    desk.sign("colleague", "--vote", "no-go")
    assert "says no" in desk.run("decide", expect=1).stdout
    desk.sign("colleague")
    desk.run("withdraw", "--role", "reviewer", "--person", "colleague", "--why", "a new finding")
    assert "took it back: a new finding" in desk.run("decide", expect=1).stdout


def test_nobody_signs_what_they_have_not_seen(desk):
    desk.open()
    desk.prove()
    blind = desk.run("sign", "--role", "reviewer", "--key", "colleague.pem", expect=1)
    seen = desk.json("score")["would_be"]["table"]
    assert "not signed" in blind.stderr and f"--table {seen}" in blind.stderr
    assert "shop 0.1.0 for local" in blind.stderr and "score    " in blind.stderr
    # Something changes between looking and signing.
    desk.run("attest", "--check", "way-back", "--by", "me", "--fails", "it did not start")
    late = desk.run("sign", "--role", "reviewer", "--key", "colleague.pem", "--table", seen, expect=1)
    assert "not signed: on the table is" in late.stderr and "check way-back: it failed: it did not start" in late.stderr
    said, code = desk.sign_at_a_terminal(b"\n")
    assert "sign this as colleague, reviewer: GO? [y/N]" in said and "it did not start" in said and code == 1
    assert ("signature", "reviewer") in desk.reasons()
    assert desk.sign_at_a_terminal(b"y\n")[1] == 0
    assert ("signature", "reviewer") not in desk.reasons()
    desk.sign("colleague", "--vote", "no-go")


def test_only_an_administrator_keeps_policies_and_others_ask_what_is_kept(tmp_path):
    with service() as port:
        desk = Desk(tmp_path, port, None)
        kept = desk.policy.read_text()
        server = Gateway(tmp_path / "data", "--seed", "7").start()
        try:
            desk.open()
            key = server.key("release:run", "release:read", "release:sign", name="runner").access_token
            runner = Native(server.native, key)
            stolen = kept + ('\n[[check]]\nid = "steal"\nprobe.command = { run = ["cat", "' + str(tmp_path / "data" / "admin.key")
                             + '"] }\n')
            body = {"text": stolen, "folder": str(tmp_path)}
            assert runner.request("POST", "/v1/release/policies", json=body).status_code == 403
            # A statement is kept for whoever may say so, and is no policy whatever it says.
            said = {"check": "way-back", "by": "me", "document": stolen}
            told = runner.request("POST", "/v1/release/releases/shop-0.1.0/evidence", json=said)
            assert told.status_code == 200 and told.json()["evidence"]["observed"]["via"] == "runner"
            output = told.json()["evidence"]["observed"]["output"]
            assert runner.request("POST", "/v1/release/checks", json={"policy": output}).status_code == 404
            assert runner.get(f"/v1/release/policies/{output}").status_code == 404
            # What an administrator has kept can be asked, from the folder that it was kept with.
            (tmp_path / "runner.key").write_text(key)
            flags = ("--policy", "shop.toml", "--url", server.native, "--key-file", "runner.key")
            asked = cli.run("release", "check", *flags, "--check", "health", cwd=tmp_path)
            assert "1 passed" in asked.stderr and "kept as evidence of shop-0.1.0" in asked.stderr
            digest = runner.get("/v1/release/releases/shop-0.1.0").json()["policy"]
            elsewhere = runner.request("POST", "/v1/release/checks", json={"policy": digest, "folder": "/tmp"})
            assert elsewhere.status_code == 400 and elsewhere.json()["error"]["field"] == "folder"
            desk.policy.write_text(stolen)
            refused = cli.run("release", "check", *flags, cwd=tmp_path, expect=1)
            assert "an administrator keeps it" in refused.stderr
        finally:
            server.stop()


def test_the_same_rows_give_the_same_decision_with_and_without_a_server(tmp_path):
    with service() as port:
        desk = Desk(tmp_path, port, None)
        desk.open()
        desk.prove()
        desk.sign("colleague")
        alone = desk.json("score")["would_be"]
        server = Gateway(tmp_path / "data", "--seed", "7").start()
        try:
            served = desk.json("score")["would_be"]
            assert served == alone
            # And over HTTP, with a key that may only read.
            reader = Native(server.native, server.key("release:read", name="auditor").access_token)
            assert reader.get("/v1/release/releases/shop-0.1.0").json()["would_be"] == alone
            assert reader.request("POST", "/v1/release/releases/shop-0.1.0/decision", json={}).status_code == 403
            signer = Native(server.native, server.key("release:sign", name="signer").access_token)
            table = reader.get("/v1/release/releases/shop-0.1.0/table").json()
            forged = {"release": "shop-0.1.0", "matter": "release", "role": "reviewer", "person": "colleague", "vote": "no_go",
                      "table": table["table"], "at": table["now"], "signature": base64.b64encode(bytes(64)).decode()}
            refused = signer.request("POST", "/v1/release/releases/shop-0.1.0/signatures", json=forged)
            assert refused.status_code == 409 and "not made with the key" in refused.json()["error"]["message"]
        finally:
            server.stop()


def test_the_ticker_dossier_scores_what_its_rows_give_and_is_no_go(tmp_path):
    digest = "sha256:" + "ab" * 32
    flags = ("--data", str(tmp_path / "data"))
    cli.run("release", "open", "--policy", POLICIES / "ticker-service.toml", "--artefact", digest, "--by",
            "engineering-director", "--day0", datetime.date.today().isoformat(), "--skip-promotion", "only its score is asked for", *flags)
    shown = json.loads(cli.run("release", "score", "--json", *flags).stdout)["would_be"]
    cards = {card["id"]: card for card in shown["scorecards"]}
    assert cards["go-no-go"]["total"] == "7.15" and "= 7.15" in cards["go-no-go"]["arithmetic"]
    blockers = {reason["of"] for reason in shown["reasons"] if reason["code"] == "blocker"}
    assert {"blocker-1", "blocker-2", "blocker-3", "blocker-4"} <= blockers
    assert cli.run("release", "decide", *flags, expect=1).stdout.splitlines()[-1] == "decided: NO-GO"


def test_mistakes_name_the_field_and_the_fix(tmp_path):
    flags = ("--data", str(tmp_path / "data"))
    nothing = cli.run("release", "score", *flags, expect=1)
    assert "no release was opened" in nothing.stderr and "release open" in nothing.stderr
    cli.run("release", "init", "shop", cwd=tmp_path)
    opening = ("release", "open", "--policy", "shop.toml", *flags)
    assert "artefact" in cli.run(*opening, "--by", "me", cwd=tmp_path, expect=1).stderr
    assert "sha256" in cli.run(*opening, "--by", "me", "--artefact", "sha256:12", cwd=tmp_path, expect=1).stderr
    nobody = cli.run(*opening, "--by", "nobody", "--artefact", "shop.toml", cwd=tmp_path, expect=1)
    assert "me, colleague" in nobody.stderr
    elsewhere = cli.run(*opening, "--by", "me", "--artefact", "shop.toml", "--env", "moon", cwd=tmp_path, expect=1)
    assert "local" in elsewhere.stderr
    unknown = cli.run("release", "score", "--release", "nothing", *flags, expect=1)
    assert "release list" in unknown.stderr
    assert cli.run("release", "list", *flags).stdout.split()[0] == "RELEASE"
