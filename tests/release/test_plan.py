"""The plan around day 0, meetings, success and notes, on the command line (GO-11, GO-12, GO-15, GO-16, GO-18, GO-19)."""

import datetime
import json
import subprocess
import tomllib
from pathlib import Path

import pytest

from driver import cli

POLICIES = Path(__file__).resolve().parents[2] / "policies"
TICKER, TRADING = POLICIES / "ticker-service.fixed.toml", POLICIES / "algo-trading.fixed.toml"


class Desk:
    """A copy of a policy in a repository of its own, and a release of it whose day 0 is so many days from today."""

    def __init__(self, folder, policy, person):
        self.folder, self.person = folder, person
        (folder / "policy.toml").write_text(policy.read_text())
        self.git("init", "--quiet")
        self.git("add", "policy.toml")
        self.git("commit", "--quiet", "-m", "feat: begin")

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=Asha", "-c", "user.email=asha@example.com", "-c", "commit.gpgsign=false", *arguments],
                       cwd=self.folder, check=True, capture_output=True)

    def open(self, days=0):
        day0 = datetime.date.today() + datetime.timedelta(days=days)
        return self.run("open", "--policy", "policy.toml", "--by", self.person, "--day0", str(day0),
                        "--skip-promotion", "it is a test").stdout.strip()

    def run(self, *arguments, **options):
        return cli.run("release", *arguments, "--data", "data", cwd=self.folder, **options)

    def json(self, *arguments, **options):
        return json.loads(self.run(*arguments, "--json", **options).stdout)


def person_in(policy, role=None):
    """The first person of a policy, or the first who holds this role."""
    people = tomllib.loads(policy.read_text())["person"]
    return next(one["id"] for one in people if role is None or role in one["roles"])


@pytest.fixture
def trading(tmp_path):
    return Desk(tmp_path, TRADING, person_in(TRADING))


@pytest.fixture
def ticker(tmp_path):
    return Desk(tmp_path, TICKER, person_in(TICKER))


def test_the_plan_says_what_is_late_and_what_is_done(trading):
    trading.open(days=-1)
    plan = trading.json("plan")["schedule"]
    assert plan["today"] in (1, 2) and all(task["begins"] and task["ends"] for task in plan["tasks"])
    tasks = {task["id"]: task for task in plan["tasks"]}
    assert tasks["dry-run"]["state"] == "late" and tasks["dry-run"]["late_by"]
    assert [need["met"] for need in tasks["dry-run"]["needs"]] == [False, False, False]
    signer = person_in(TRADING, "sre-lead")
    assert trading.run("task", "done", "dry-run", "--by", signer).stdout.startswith("done")
    assert tasks["first-7-days"]["state"] == "due" and tasks["success-validation"]["state"] == "ahead"
    text = trading.run("plan").stdout
    assert "MILESTONE" in text and "MEETING" in text and "late by" in text
    refused = trading.run("task", "done", "provisioning", "--by", "nobody", expect=1)
    assert "nobody" in refused.stderr and signer in refused.stderr


def test_a_meeting_has_an_agenda_and_is_noted(ticker):
    ticker.open(days=-3)
    agenda = ticker.run("agenda", "--meeting", "week-1-mornings").stdout
    assert agenda.startswith("# Morning standup") and "## Late tasks" in agenda and "Current system health" in agenda
    assert ticker.run("meeting", "held", "week-1-mornings", "--by", ticker.person, "--text", "nothing new").stdout.strip() == "held"
    (meeting,) = [one for one in ticker.json("plan")["schedule"]["meetings"] if one["id"] == "week-1-mornings"]
    assert meeting["held"] == 1 and len(meeting["occurrences"]) == 7
    refused = ticker.run("meeting", "held", "lunch", "--by", ticker.person, expect=1)
    assert "week-1-mornings" in refused.stderr


def test_success_is_judged_at_its_horizon(ticker):
    ticker.open(days=-10)
    said = person_in(TICKER, "product-owner")
    ticker.run("metric", "customer-satisfaction", "95", "--by", said)
    refused = ticker.run("metric", "customer-satisfaction", "101", "--by", said, expect=1)
    assert "0 to 100" in refused.stderr
    found = json.loads(ticker.run("evaluate", "--horizon", "7d", "--json", expect=1).stdout)["horizons"][0]["evaluation"]
    assert (found["horizon"], found["outcome"]) == ("week-1", "not_known")
    verdicts = {one["id"]: one["verdict"] for one in found["criteria"]}
    assert verdicts["mttr"] == "met" and verdicts["uptime"] == "not_known"
    month = ticker.json("evaluate", "--horizon", "month-1")["horizons"][0]["evaluation"]
    assert month["outcome"] == "too_early"
    assert {one["id"]: one["verdict"] for one in month["criteria"]}["satisfaction"] == "met"
    assert "week-1" in ticker.run("evaluate", "--horizon", "3d", expect=1).stderr


def test_registers_promotion_and_announcements(trading):
    release = trading.open(days=0)
    levels = [risk["level"] for risk in trading.json("risks")["risks"]]
    order = ["critical", "high", "medium", "low"]
    assert levels == sorted(levels, key=order.index) and levels[0] == "critical"
    way = trading.json("promotion")["promotion"]
    assert way["next"] == "staging" and way["environments"][1]["releases"][0]["release"] == release
    told = {one["id"]: one for one in trading.json("announce")["announcements"]}
    assert told["window"]["state"] == "due" and told["done"]["state"] == "waits"
    assert trading.run("announce", "window", "--by", trading.person).stdout.strip() == "announced"
    assert "radio" in trading.run("announce", "done", "--by", trading.person, "--channel", "radio", expect=1).stderr


def test_reviews_and_findings(ticker):
    ticker.open(days=5)
    lead = person_in(TICKER, "security-lead")
    ticker.run("finding", "open", "SEC-9", "--title", "open port", "--severity", "P2", "--review", "security", "--by", lead)
    reviews = {one["id"]: one for one in ticker.json("reviews")["reviews"]}
    assert "SEC-9" in {finding["id"] for finding in reviews["security"]["open"]}
    closed = ticker.run("finding", "close", "SEC-9", "--why", "closed in the firewall", "--by", lead).stdout
    assert closed.strip() == "done"
    assert "SEC-9" not in ticker.run("reviews").stdout


def test_notes_of_a_range(trading):
    trading.open()
    for message in ["fix: no double send (#12)", "feat!: another format", "tidy"]:
        trading.git("commit", "--quiet", "--allow-empty", "-m", message)
    text = trading.run("notes", "--from", "HEAD~3").stdout
    assert text.index("## Breaking changes") < text.index("## Fixes") < text.index("## Other changes")
    assert "no double send (#12)" in text and "begin" not in text
    refused = trading.run("notes", "--from=--output=stolen", expect=1)
    assert "not the name of a commit" in refused.stderr and not (trading.folder / "stolen").exists()
