"""Policies on the command line: a first one, lint, windows, objectives (GO-2, GO-4, GO-9, OB-1)."""

import http.server
import json
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from driver import cli

POLICIES = Path(__file__).resolve().parents[2] / "policies"
STATED = [POLICIES / "ticker-service.toml", POLICIES / "algo-trading.toml"]
MENDED = [POLICIES / "ticker-service.fixed.toml", POLICIES / "algo-trading.fixed.toml"]


def findings(*files):
    return [finding for policy in cli.run_json("release", "lint", *files) for finding in policy["findings"]]


def test_a_first_policy_is_clean_and_never_overwritten(tmp_path):
    assert cli.run("release", "init", "my-service", cwd=tmp_path).stdout.strip() == "my-service.toml"
    cli.run("release", "lint", "my-service.toml", "--deny", "warnings", cwd=tmp_path)
    before = (tmp_path / "my-service.toml").read_text()
    refused = cli.run("release", "init", "my-service", cwd=tmp_path, expect=1)
    assert "my-service.toml" in refused.stderr and (tmp_path / "my-service.toml").read_text() == before
    assert cli.run("release", "init", "my-service", "--out", "-", cwd=tmp_path).stdout == before
    assert "NAME" in cli.run("release", "init", "Two Words", cwd=tmp_path, expect=2).stderr


def test_the_dossiers_faults_are_found_with_place_figure_and_arithmetic():
    found = findings(*STATED)
    assert len({finding["code"] for finding in found}) >= 60
    (ticker, _) = cli.run_json("release", "lint", *STATED)
    figures = {figure["what"]: figure for figure in ticker["figures"]}
    assert figures["total of go-no-go"] == {"what": "total of go-no-go", "stated": "7.05", "computed": "7.15", "agrees": False}
    downtime = figures["downtime of 99.5 % in 7d"]
    assert (downtime["stated"], downtime["computed"], downtime["agrees"]) == ("43 min", "50.4 min", False)
    lines = STATED[0].read_text().splitlines()
    for finding in ticker["findings"]:
        assert finding["quote"] == lines[finding["line"] - 1].strip() and finding["message"]
    text = cli.run("release", "lint", STATED[0]).stdout
    assert "7.05" in text and "7.15" in text and f"{STATED[0]}:" in text


def test_the_mended_dossiers_are_clean():
    assert findings(*MENDED) == []
    assert "0 errors, 0 warnings" in cli.run("release", "lint", MENDED[0], "--deny", "warnings").stdout


def test_findings_are_denied_only_when_asked():
    cli.run("release", "lint", STATED[1])
    assert "denied" in cli.run("release", "lint", STATED[1], "--deny", "errors", expect=1).stderr


def test_every_code_is_explained():
    codes = cli.run_json("release", "lint", "--explain", "all")
    assert len(codes) >= 80 and all(rule["title"] and len(rule["explain"]) > 60 for rule in codes)
    assert codes[0]["title"] in cli.run("release", "lint", "--explain", codes[0]["code"].lower()).stdout
    assert "Z99" in cli.run("release", "lint", "--explain", "Z99", expect=2).stderr


@pytest.mark.parametrize("text, named", [
    ("format = 1\n[service]\nname = \"x\"\ncolour = 3\n", ":4:1: unknown field `colour`"),
    ("format = 2\n[service]\nname = \"x\"\n", ":1:1: this build reads format 1"),
    ("format = 1\n[service\n", ":2:"), ("", "missing field"), ("format = 1\n[service]\nname = 7\n", ":3:8:"),
    ("format = 1\n[service]\nname = \"x\"\n[[slo]]\nid = \"a\"\nobjective = 99.9\nperiod = \"soon\"\n", "`soon` is not a duration"),
    ("format = 1\n[service]\nname = \"x\"\n[[file]]\nid = \"a\"\nformat = \"shell\"\npath = \"nowhere.sh\"\n", "nowhere.sh"),
])
def test_what_is_no_policy_is_refused_with_its_place(tmp_path, text, named):
    (tmp_path / "p.toml").write_text(text)
    refused = cli.run("release", "lint", "p.toml", cwd=tmp_path, expect=1)
    assert named in refused.stderr and not refused.stdout


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    for path in ["pipe.toml", "/dev/zero"]:
        assert "no regular file" in cli.run("release", "lint", path, cwd=tmp_path, expect=1, seconds=10).stderr


def window(policy, at, *flags, next_=2):
    return cli.run_json("release", "window", "--policy", policy, "--at", at, "--next", str(next_), *flags)


@pytest.mark.parametrize("policy", [*MENDED, "init"], ids=lambda policy: Path(policy).name)
def test_whoever_uses_the_mended_policies_finds_a_window(tmp_path, policy):
    if policy == "init":
        cli.run("release", "init", "x", cwd=tmp_path)
        policy = tmp_path / "x.toml"
    found = window(policy, "2026-11-20T12:00:00+05:30")
    assert found["openings"] and found["suggested"]
    again = window(policy, found["openings"][0]["from"])
    assert again["allowed"] and again["reasons"] == []


def test_beyond_the_calendar_nothing_is_guessed(tmp_path):
    policy = tmp_path / "p.toml"
    policy.write_text('format = 1\n[service]\nname = "x"\nzone = "Asia/Kolkata"\n[windows]\nneeds = "1h"\n'
                      'calendar = "nse:derivatives"\noutside_sessions = true\n')
    late = window(policy, "2030-01-05T12:00:00+05:30")
    assert not late["allowed"] and [reason["code"] for reason in late["reasons"]] == ["calendar-unknown"]


def test_why_not_now_names_every_reason():
    found = window(MENDED[0], "2026-11-23T10:00:00+05:30")
    codes = {reason["code"] for reason in found["reasons"]}
    assert not found["allowed"] and "in-session" in codes
    text = cli.run("release", "window", "--policy", MENDED[0], "--at", "2026-11-23T10:00:00+05:30").stdout
    assert "may not begin" in text and "in session until" in text
    assert "--at" in cli.run("release", "window", "--policy", MENDED[0], "--at", "noon", expect=2).stderr


def test_a_calendar_that_is_none_is_named(tmp_path):
    (tmp_path / "c.toml").write_text("format = 1\n")
    refused = cli.run("release", "window", "--policy", MENDED[0], "--calendar", f"nse={tmp_path}/c.toml", expect=1)
    assert "c.toml is not a calendar" in refused.stderr


@pytest.mark.parametrize("policy", MENDED, ids=lambda policy: policy.name)
def test_generated_rules_pass_prometheus_own_tests(tmp_path, policy):
    written = cli.run("slo", "rules", policy, "--out", tmp_path / "out").stdout.split()
    assert all(Path(file).stat().st_size > 0 for file in written)
    for file in written:
        if file.endswith(".json"):
            assert json.loads(Path(file).read_text())["panels"]
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("no promtool")
    rules = [file for file in written if file.endswith(".rules.yaml")]
    tests = [file for file in written if file.endswith(".test.yaml")]
    assert rules and tests
    # Windows of days over many objectives take promtool minutes: those of an hour stand for them in the short run.
    tests = tests if os.environ.get("MERIDIAN_LONG") else [file for file in tests if ".hour." in file]
    for arguments in [["check", "rules", *rules], ["test", "rules", *tests]]:
        done = subprocess.run([promtool, *arguments], cwd=tmp_path / "out", capture_output=True, text=True, timeout=300, env=os.environ)
        assert done.returncode == 0, done.stdout + done.stderr


def test_objectives_and_their_budgets_are_shown():
    shown = cli.run_json("slo", "show", MENDED[0])
    assert shown and all(float(one["budget_minutes"]) > 0 for one in shown)
    assert shown[0]["id"] in cli.run("slo", "show", MENDED[0]).stdout


def test_openslo_documents_become_tables(tmp_path):
    document = """apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout}
spec:
  service: shop
  indicator:
    metadata: {name: checkout-errors}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'http_requests_total{code!~"5.."}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'http_requests_total'}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
"""
    (tmp_path / "slo.yaml").write_text(document)
    done = cli.run("slo", "import", tmp_path / "slo.yaml")
    assert "[[slo]]" in done.stdout and "99.9" in done.stdout, done.stderr
    (tmp_path / "p.toml").write_text("format = 1\n[service]\nname = \"shop\"\nzone = \"UTC\"\n" + done.stdout)
    cli.run("release", "lint", tmp_path / "p.toml")


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path == "/health"
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(b'{"status":"ok","version":"0.1.0"}' if known else b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_checks_are_asked_and_each_says_what_came_of_it(tmp_path, service):
    cli.run("release", "init", "shop", cwd=tmp_path)
    check = ["release", "check", "--policy", "shop.toml", "--env", service]
    done = cli.run(*check, "--check", "health", "--check", "version", cwd=tmp_path)
    assert done.stdout.count(" pass ") == 2 and "2 passed" in done.stderr
    mixed = json.loads(cli.run(*check, "--json", cwd=tmp_path, expect=1).stdout)
    results = {one["check"]: one for one in mixed["checks"]}
    assert results["health"]["result"] == results["version"]["result"] == "pass"
    assert results["way-back"]["result"] == "not asked" and "person" in results["way-back"]["why"]
    assert all(one["control"]["result"] == "fail" for one in results.values() if one["result"] == "pass")
    wrong = cli.run(*check, "--check", "version", "--version", "0.2.0", cwd=tmp_path, expect=1)
    assert "fail" in wrong.stdout and "0.1.0" in wrong.stdout
    assert "nowhere" in cli.run(*check[:-1], "nowhere", cwd=tmp_path, expect=1).stderr
    assert "no-such" in cli.run(*check, "--check", "no-such", cwd=tmp_path, expect=1).stderr


def test_a_check_that_hangs_ends_in_its_time_and_ctrl_c_ends_all(tmp_path):
    policy = """format = 1
[service]
name = "x"
[[environment]]
id = "here"
target = true
[[check]]
id = "quick"
probe.command = { run = ["true"] }
[[check]]
id = "hangs"
timeout = "TIME"
probe.command = { run = ["sleep", "3600"] }
"""
    (tmp_path / "p.toml").write_text(policy.replace("TIME", "1s"))
    done = cli.run("release", "check", "--policy", "p.toml", cwd=tmp_path, expect=1)
    assert "pass" in done.stdout and "hangs" in done.stdout and "1 passed" in done.stderr
    (tmp_path / "p.toml").write_text(policy.replace("TIME", "1h"))
    arguments = [cli.binary(), "release", "check", "--policy", "p.toml"]
    running = subprocess.Popen(arguments, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = running.stdout.readline()
    running.send_signal(signal.SIGINT)
    rest, said = running.communicate(timeout=60)
    assert "quick" in first and running.returncode == 1 and "hangs" in rest and "not asked" in said
