"""Incidents and their pages as a user meets them, with receivers that hang and a control that is killed (GO-10)."""

import http.server
import json
import signal
import subprocess
import threading

import pytest

from driver import cli
from driver.deadline import until

ROUTING_KEY = "R0UT1NGKEY0123456789abcdefghijkl"
POLICY = """format = 1
role = [{ id = "on-call", title = "On call" }]
person = [{ id = "asha", name = "Asha", roles = ["on-call"] }]
[service]
name = "shop"
[escalation]
chain = [{ role = "on-call", within = "15m" }]
[[severity]]
id = "P1"
means = "broken"
respond_within = "15m"
page = true
blocks_release = true
[[severity]]
id = "P3"
means = "untidy"
respond_within = "1d"
"""


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        self.got, self.hold, self.status = [], None, 202
        super().__init__(("127.0.0.1", 0), Page)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def keys(self):
        return [f"{event['event_action']} {event['dedup_key']}" for event in self.got]


class Page(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(json.loads(body))
        if self.server.hold is not None:
            self.server.hold.wait(30)
        try:
            self.send_response(self.server.status)
            self.end_headers()
            self.wfile.write(body if self.server.status == 400 else b"{}")
        except OSError:
            pass  # Whoever asked is gone.

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    if server.hold is not None:
        server.hold.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def data(tmp_path, receiver):
    (tmp_path / "shop.toml").write_text(POLICY)
    folder = tmp_path / "data"
    incident(folder, "list")  # Creates the data directory, which must be its own.
    (folder / "secrets").mkdir()
    (folder / "channels.toml").write_text(
        f'[[channel]]\nid = "pd"\nkind = "pagerduty"\nurl = "http://127.0.0.1:{receiver.server_port}/v2/enqueue"\n'
        'routing_key = "secret:pager"\n')
    secret = folder / "secrets/pager"
    secret.write_text(ROUTING_KEY + "\n")
    secret.chmod(0o600)
    return folder


class Control:
    """`meridian control` on a data directory."""

    def __init__(self, data):
        self.log = open(data / "control.log", "ab")
        arguments = [cli.binary(), "control", "--listen", "127.0.0.1:0", "--data", str(data)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=self.log, text=True)
        while not (line := self.process.stdout.readline()).startswith("ready "):
            assert line, "control ended before it was ready"

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.log.close()


def incident(data, *arguments, expect=0):
    return cli.run("incident", *arguments, "--data", data, expect=expect)


def shown(data, id):
    return cli.run_json("incident", "show", id, "--data", data)


def opened(data, severity="P1"):
    made = incident(data, "open", "--severity", severity, "--title", "orders are refused", "--by", "asha",
                    "--policy", data.parent / "shop.toml")
    return made.stdout.strip(), made.stderr


def test_without_a_server_the_first_page_goes_out_and_nobody_is_promised_more(data, receiver):
    id, said = opened(data)
    assert id == "INC-1" and receiver.keys() == ["trigger INC-1/o1/r1/s1"]
    assert "called on-call (asha) by pd" in said and "meridian control" in said
    assert receiver.got[0]["routing_key"] == ROUTING_KEY
    incident(data, "ack", id, "--by", "asha")
    incident(data, "severity", id, "P3", "--why", "one user", "--by", "asha")
    incident(data, "note", id, "a full queue", "--by", "asha")
    resolved = incident(data, "resolve", id, "--how", "restarted", "--by", "asha")
    assert resolved.stdout.strip() == "INC-1 P3 resolved: orders are refused"
    assert receiver.keys()[1:] == [f"{word} INC-1/o1/r1/s1" for word in ("acknowledge", "resolve")]
    text = incident(data, "show", id).stdout
    assert "page to on-call (asha) by pd, rung 1" in text and "asha: a full queue" in text
    incident(data, "retro", id, "--by", "asha", "--out", data / "retro.md")
    assert "## Timeline" in (data / "retro.md").read_text()
    assert "cannot write" in incident(data, "retro", id, "--by", "asha", "--out", data / "retro.md", expect=1).stderr
    assert "P3" in incident(data, "mttr").stdout
    opened(data, "P3")
    assert [one["incident"] for one in cli.run_json("incident", "list", "--open", "--data", data)["incidents"]] == ["INC-2"]
    assert len(receiver.got) == 3, "a P3 calls nobody"
    assert "`P1`, `P3`" in incident(data, "severity", "INC-2", "P9", "--by", "asha", expect=1).stderr


def test_killed_between_sending_and_writing_it_sends_again_under_the_same_key(data, receiver):
    receiver.hold = threading.Event()
    control = Control(data)
    arguments = [cli.binary(), "incident", "open", "--severity", "P1", "--title", "orders are refused", "--by", "asha",
                 "--policy", str(data.parent / "shop.toml"), "--data", str(data)]
    client = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until("the page is on its way", lambda: len(receiver.got) == 1)
    control.end(signal.SIGKILL)
    client.wait(timeout=60)
    receiver.hold.set()
    control = Control(data)
    try:
        until("it is written", lambda: any(page["sent"] for page in shown(data, "INC-1")["pages"]))
        assert receiver.keys() == ["trigger INC-1/o1/r1/s1"] * 2
        incident(data, "resolve", "INC-1", "--by", "asha")
        until("it is resolved there", lambda: receiver.keys()[2:] == ["resolve INC-1/o1/r1/s1"])
    finally:
        control.end()


def test_a_test_page_says_who_took_it_and_keys_are_seen_nowhere(data, receiver):
    receiver.status = 400
    control = Control(data)
    try:
        opened(data, "P3")
        refused = incident(data, "test-page", "--by", "asha", expect=1)
        assert "not taken by pd: it answers 400" in refused.stderr and "[redacted]" in refused.stderr
        trouble = incident(data, "channels").stdout
        receiver.status = 202
        taken = incident(data, "test-page", "--by", "asha")
        assert taken.stdout.strip() == "TEST-2" and "called on-call (asha) by pd" in taken.stderr
        told = incident(data, "show", "TEST-1").stdout
    finally:
        control.end()
    log = (data / "control.log").read_text()
    assert "a channel refuses pages" in log
    journal = b"".join(path.read_bytes() for path in data.glob("control.db*"))
    for seen in (log, trouble, told, refused.stderr, journal.decode("utf-8", "replace")):
        assert ROUTING_KEY not in seen
