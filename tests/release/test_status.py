"""What users are told: a real service goes down and comes back, control is killed meanwhile (GO-9, OB-1, OB-3, OB-6)."""

import contextlib
import http.server
import json
import re
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from driver import cli
from driver.deadline import until

POLICIES = Path(__file__).resolve().parents[2] / "policies"

POLICY = """format = 1
[service]
name = "shop"
title = "The shop"
version = "1.0.0"
[[role]]
id = "owner"
title = "Owner"
[[person]]
id = "asha"
name = "Asha"
roles = ["owner"]
[[environment]]
id = "production"
url = "http://127.0.0.1:PORT"
target = true
[[severity]]
id = "P1"
means = "Nobody can buy."
respond_within = "5m"
page = true
[[trigger]]
id = "shop-is-down"
event = "orders"
then = "page"
[[check]]
id = "orders"
title = "Orders"
every = "1s"
timeout = "2s"
settle = 2
probe.http = { url = "{env}/health" }
[[slo]]
id = "answers"
objective = 99.9
period = "30d"
indicator.events = { bad = 'requests_total{status="500"}', total = "requests_total" }
"""


class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'requests_total{status="200"} 7\n' if self.path == "/metrics" else b"{}"
        self.send_response(200 if self.server.well else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def shop():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.well = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def control(data):
    arguments = [cli.binary(), "control", "--data", str(data), "--listen", "127.0.0.1:0", "--log", "warn"]
    running = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = next(line.split()[1] for line in running.stdout if line.startswith("ready "))
        yield running, url
    finally:
        running.terminate()
        running.wait(timeout=20)
        running.stdout.close()


def read(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def feed(url):
    return json.loads(read(f"{url}/status.json"))


def condition(url):
    services = feed(url)["services"]
    return services and services[0]["components"][0]["condition"]


def test_the_page_tells_of_an_outage_and_nothing_more(tmp_path, shop):
    data, policy = tmp_path / "data", tmp_path / "shop.toml"
    policy.write_text(POLICY.replace("PORT", str(shop.server_port)))
    with control(data) as (running, url):
        assert feed(url)["overall"] == "unknown"
        cli.run("release", "open", "--policy", policy, "--artefact", "sha256:" + "a" * 64, "--by", "asha", "--data", data)
        until("the shop is up", lambda: condition(url) == "up")
        shop.well = False
        until("the shop is down", lambda: condition(url) == "down")
        page = read(f"{url}/status")
        assert "Major outage" in page and "Orders" in page
        for hidden in ["503", "127.0.0.1", str(shop.server_port), "asha", "shop-is-down", "<script", "INC-"]:
            assert hidden not in page, hidden
        with pytest.raises(urllib.error.HTTPError) as refused:
            read(f"{url}/v1/release/watch")
        assert refused.value.code == 401
        (slo,) = until("objectives are judged", lambda: [
            one for one in cli.run_json("slo", "show", policy, "--data", data) if "live" in one])
        assert slo["live"]["observed_since"] and slo["live"]["alerts"]
        running.kill()
        running.wait(timeout=20)

    # Without a server the book is read: it was down, and nobody can know better.
    told = cli.run_json("status-page", "--data", data)
    assert told["services"][0]["components"][0]["condition"] == "down"
    shop.well = True
    with control(data) as (_, url):
        until("the shop is up again", lambda: condition(url) == "up")
        until("it was asked", lambda: feed(url)["services"][0]["components"][0]["last_day"]["passed"] >= 3)
    out = tmp_path / "www"
    written = cli.run("status-page", "--out", out, "--data", data).stdout.split()
    assert [Path(name).name for name in written] == ["status.json", "index.html"]
    kept = json.loads((out / "status.json").read_text())["services"][0]["components"][0]
    assert kept["condition"] == "up" and kept["last_day"]["passed"] >= 3, "a clean end keeps the running hour"
    html = (out / "index.html").read_text()
    assert re.search(r'<meta http-equiv="refresh"', html) and "http:" not in html and "https:" not in html
    assert "Orders" in cli.run("status-page", "--data", data).stdout


def test_the_gateways_own_policy_is_clean():
    cli.run("release", "lint", POLICIES / "gateway.toml", "--deny", "warnings")
    (answers, availability) = cli.run_json("slo", "show", POLICIES / "gateway.toml", "--data", "nowhere")
    assert (answers["id"], availability["id"]) == ("answers", "availability") and "live" not in answers
