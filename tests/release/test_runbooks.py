"""Runbooks from the command line, also when the process that performs them is killed at any moment (GO-5).

KILLS sets how often a performer is killed (20 unless set); SEED chooses the moments.
"""

import json
import os
import random
import signal
import subprocess
import time

import pytest

from driver import cli
from driver.deadline import until
from driver.gateway import Gateway

KILLS = int(os.environ.get("KILLS", "20"))
SEED = int(os.environ.get("SEED", "7"))
BY = ["--by", "asha"]

HEAD = """
format = 1
service = { name = "ticker", version = "1.2.3" }
[[role]]
id = "operator"
title = "Operator"
[[person]]
id = "asha"
name = "Asha"
roles = ["operator"]
[[environment]]
id = "staging"
[[environment]]
id = "production"
target = true
[[check]]
id = "way-back"
about = "environment"
environment = "staging"
probe.rollback-rehearsed = { of = "back", within = "10m" }
[[blocker]]
id = "no-way-back"
title = "Nobody has gone back yet"
checks = ["way-back"]
"""


def step(name, script, more=""):
    return f"[[runbook.step]]\nid = \"{name}\"\naction.command = {{ run = [\"sh\", \"-c\", '{script}'] }}\n{more}\n"


def writes(name, more=""):
    """A step with an effect that can be counted: begun, and whole."""
    return step(name, f"echo begin-{name} >> log; sleep 0.15; echo end-{name} >> log", more)


def back(*steps):
    return f"{HEAD}\n[[runbook]]\nid = \"back\"\npurpose = \"roll-back\"\nlimit = \"10m\"\n" + "".join(steps)


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


class Office:
    def __init__(self, folder):
        self.folder = folder
        self.data = ["--data", folder / "data"]

    def policy(self, text):
        (self.folder / "p.toml").write_text(text)
        return self.folder / "p.toml"

    def start(self, *arguments):
        """A command that performs a run, in a process group of its own."""
        return subprocess.Popen(
            [cli.binary(), "runbook", *map(str, arguments), *BY, *map(str, self.data)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )

    def rehearse(self, policy, *more):
        return self.start("run", "back", "--policy", policy, "--env", "staging", "--rehearse", *more)

    def runs(self):
        return cli.run_json("runbook", "status", *self.data)["runs"]

    def view(self, run):
        return cli.run_json("runbook", "status", run, *self.data)

    def say(self, word, run, *arguments, **options):
        return cli.run("runbook", word, run, *arguments, *BY, *self.data, **options)

    def log(self):
        path = self.folder / "log"
        return path.read_text().split() if path.exists() else []


def ends(process, code=0):
    out, _ = process.communicate(timeout=60)
    assert process.returncode == code, out
    return out


def kill(process, group):
    try:
        os.killpg(process.pid, signal.SIGKILL) if group else process.kill()
    except ProcessLookupError:
        pass
    process.communicate(timeout=30)


def test_a_rehearsal_makes_its_check_pass(office):
    policy = office.policy(back(writes("one", 'budget = "1m"'), writes("two")))
    release = cli.run_json("release", "open", "--policy", policy, "--artefact", f"sha256:{'a' * 64}", *BY, *office.data)["release"]

    def blocked():
        view = cli.run_json("release", "score", "--release", release, *office.data)
        return "no-way-back" in json.dumps(view["would_be"]["reasons"])

    assert blocked()
    out = ends(office.rehearse(policy))
    assert "evidence for check way-back" in out and "| one | 1m |" in out
    assert not blocked()
    (run,) = office.runs()
    assert run["release"] == release and run["outcome"] == "done"
    report = cli.run("runbook", "report", run["run"], *office.data).stdout
    assert "| total |" in report and "| two |" in report
    assert office.log() == ["begin-one", "end-one", "begin-two", "end-two"]


def test_what_is_planned_is_shown_and_wrong_names_are_refused(office):
    policy = office.policy(back(writes("one", 'budget = "1m"')))
    assert "roll-back" in cli.run("runbook", "list", "--policy", policy).stdout
    assert "1m" in cli.run("runbook", "show", "back", "--policy", policy).stdout
    assert "back" in cli.run("runbook", "show", "forth", "--policy", policy, expect=2).stderr
    refused = cli.run("runbook", "run", "back", "--policy", policy, "--env", "mars", *BY, *office.data, expect=1)
    assert "mars" in refused.stderr and "staging" in refused.stderr
    refused = cli.run("runbook", "run", "back", "--policy", policy, "--by", "eve", *office.data, expect=1)
    assert "eve" in refused.stderr and "asha" in refused.stderr
    assert "run-none" in cli.run("runbook", "status", "run-none", *office.data, expect=1).stderr
    assert office.runs() == []


def test_people_are_asked_and_answer_from_elsewhere(office):
    manual = '[[runbook.step]]\nid = "look"\naction.manual = { text = "look at it", role = "operator" }\n'
    policy = office.policy(back(writes("one"), manual, writes("two", "optional = true")))
    process = office.rehearse(policy, "--without", "two")
    run = until("a run", lambda: (office.runs() or [None])[0])["run"]
    until("the question", lambda: (office.view(run)["asked"] or {}).get("step") == "look")
    office.say("confirm", run, "look", "--note", "it looks well")
    ends(process)
    assert office.log() == ["begin-one", "end-one"]
    assert "over" in office.say("confirm", run, "look", expect=1).stderr


def test_a_failure_goes_back_and_is_said(office):
    undo = "undo.command = { run = [\"sh\", \"-c\", 'echo undo-one >> log'] }"
    policy = office.policy(back(writes("one", undo), step("two", "echo sorry; exit 3")))
    out = ends(office.rehearse(policy), code=1)
    assert "rolled back" in out and "ended with 3" in out
    assert office.log() == ["begin-one", "end-one", "undo-one"]


def test_ctrl_c_pauses_and_says_how_to_go_on(office):
    policy = office.policy(back(step("long", "echo tick >> log; test -e go || sleep 60", 'budget = "5m"\nrepeatable = true')))
    process = office.rehearse(policy)
    until("the step", lambda: office.log() == ["tick"])
    process.send_signal(signal.SIGINT)
    out = ends(process, code=1)
    (run,) = office.runs()
    assert f"runbook resume {run['run']}" in out and run["standing"] == "paused"
    (office.folder / "go").touch()
    ends(office.start("resume", run["run"]))
    assert office.log() == ["tick", "tick"]


def test_children_of_a_killed_performer_do_nothing_more(office):
    ticks = "while true; do echo tick >> log; sleep 0.02; done"
    policy = office.policy(back(step("ticks", ticks, 'budget = "5m"')))
    process = office.rehearse(policy)
    until("ticks", lambda: len(office.log()) > 3)
    kill(process, group=False)

    def still():
        before = office.log()
        time.sleep(0.2)
        return office.log() == before

    until("the end of the ticks", still, seconds=5)
    (run,) = office.runs()
    assert office.view(run["run"])["steps"][0]["standing"] == "open", "nobody has said what became of it"
    office.say("abandon", run["run"], "--why", "nobody knows what it did")


def answer(office, run, told):
    """What a person would say who looks at the effects."""
    asked = office.view(run)["asked"]
    if not asked:
        return
    name, log = asked["step"], office.log()
    if log.count(f"end-{name}") > 0:
        office.say("confirm", run, name)
    else:
        told[name] = told.get(name, 0) + 1
        office.say("go-ahead", run, name, "--why", "it was cut off")


def test_killed_at_any_moment_it_goes_on_and_does_nothing_twice(tmp_path):
    chance, kills, number, asked = random.Random(SEED), 0, 0, 0
    print(f"seed {SEED}, {KILLS} kills")
    while kills < KILLS:
        number += 1
        office = Office(tmp_path / f"{number}")
        office.folder.mkdir()
        policy = office.policy(
            back(writes("one"), writes("two", "repeatable = true"), writes("three"), writes("four"), writes("five", "repeatable = true"))
        )
        told = {}
        process = office.rehearse(policy)
        for _ in range(chance.randint(1, 4)):
            time.sleep(chance.uniform(0.0, 0.9))
            kill(process, group=chance.random() < 0.5)
            kills += 1
            runs = office.runs()
            if not runs:
                process = office.rehearse(policy)
            elif runs[0]["standing"] == "ended":
                break
            else:
                process = office.start("resume", runs[0]["run"])
        run = until("a run", lambda: (office.runs() or [None])[0])["run"]

        def over():
            view = office.view(run)
            if view["standing"] == "asks" and process.poll() is None:
                answer(office, run, told)
            return view["standing"] == "ended"

        until(f"the end of run {number} (seed {SEED})", over, seconds=60)
        process.communicate(timeout=30)
        view, log = office.view(run), office.log()
        assert view["outcome"] == "done" and view["rows_without_sense"] == 0, (number, view)
        for name in ["one", "three", "four"]:
            assert log.count(f"begin-{name}") <= 1 + told.get(name, 0), (number, name, told, log)
            assert log.count(f"end-{name}") >= 1, (number, name, log)
        for name in ["two", "five"]:
            assert log.count(f"end-{name}") >= 1, (number, name, log)
        # Nothing of a later step before an earlier one is over.
        order = ["one", "two", "three", "four", "five"]
        firsts = [log.index(f"begin-{name}") for name in order]
        lasts = [len(log) - 1 - log[::-1].index(f"end-{name}") for name in order]
        assert all(last < first for last, first in zip(lasts, firsts[1:])), log
        proofs = {proof["check"]: proof["proven"] for proof in view["proofs"]}
        assert proofs == {"way-back": True}
        asked += sum(attempt["attempts"] > 1 or attempt["by"] == "asha" for attempt in view["steps"])
    assert asked > 0 or KILLS < 20, "no kill came while a step was being done"


DEPLOY = """
[[severity]]
id = "P0"
means = "nobody is served"
respond_within = "5m"
blocks_release = true
[[runbook]]
id = "deploy"
purpose = "deploy"
"""


def test_a_deployment_begins_after_a_go_that_still_holds(office):
    policy = office.policy(back(writes("one")) + DEPLOY + step("put", "echo put-$MERIDIAN_VERSION >> log"))
    release = cli.run_json("release", "open", "--policy", policy, "--artefact", f"sha256:{'a' * 64}", *BY, *office.data)["release"]
    deploy = ("run", "deploy", "--release", release)
    assert "no decision stands" in ends(office.start(*deploy), code=1)
    assert "rehearse" in ends(office.start(*deploy, "--rehearse"), code=1), "not in the target by leaving --env out"
    assert "target" in ends(office.start(*deploy, "--rehearse", "--env", "production"), code=1)
    ends(office.rehearse(policy))
    cli.run("release", "decide", "--release", release, *office.data)
    opened = cli.run_json("incident", "open", "--severity", "P0", "--title", "nothing works", *BY, *office.data)
    refused = ends(office.start(*deploy), code=1)
    assert "NO-GO now" in refused and opened["incident"] in refused
    cli.run("incident", "resolve", opened["incident"], *BY, *office.data)
    ends(office.start(*deploy))
    newest = office.runs()[0]
    assert (newest["environment"], newest["outcome"], newest["rehearsal"]) == ("production", "done", False)
    assert office.log().count("put-1.2.3") == 1


def test_an_undo_that_was_cut_off_is_left_to_people_and_the_rest_goes_on(office):
    def undo(name, script):
        return f"undo.command = {{ run = [\"sh\", \"-c\", '{script}'] }}\nbudget = \"5m\"\n"

    policy = office.policy(back(
        writes("one", undo("one", "echo undo-one >> log")),
        writes("two", undo("two", "echo undo-two >> log; sleep 60; echo undone-two >> log")),
        step("three", "exit 3"),
    ))
    process = office.rehearse(policy)
    until("the undo", lambda: "undo-two" in office.log())
    kill(process, group=True)
    (run,) = office.runs()
    ends(office.start("resume", run["run"]), code=1)
    view, log = office.view(run["run"]), office.log()
    assert (view["outcome"], view["left_behind"]) == ("failed", ["two"])
    assert log.count("undo-two") == 1 and log.count("undo-one") == 1 and "undone-two" not in log


@pytest.fixture
def served(tmp_path):
    """An office whose data directory has a server."""
    server = Gateway(tmp_path / "data", "--seed", "7", "--no-backups").start()
    yield Office(tmp_path), server
    server.stop()


ASKS = '[[runbook.step]]\nid = "look"\naction.manual = { text = "look at it", role = "operator" }\n'


def test_a_server_that_was_killed_goes_on_with_its_runs(served):
    office, server = served
    policy = office.policy(back(
        ASKS, step("long", "echo tick >> log; test -e go || sleep 60", 'budget = "5m"\nrepeatable = true'), writes("last")
    ))
    follower = office.rehearse(policy)
    run = until("a run", lambda: (office.runs() or [None])[0])["run"]
    until("the question", lambda: (office.view(run)["asked"] or {}).get("step") == "look")
    office.say("confirm", run, "look")
    until("the step", lambda: office.log() == ["tick"])
    server.kill()
    ends(follower, code=1)
    (office.folder / "go").touch()
    server.start()
    until("the end", lambda: office.view(run)["standing"] == "ended")
    view = office.view(run)
    assert view["outcome"] == "done" and view["rows_without_sense"] == 0
    assert office.log() == ["tick", "tick", "begin-last", "end-last"]


def test_a_restored_backup_goes_on_with_nothing_by_itself(served, tmp_path):
    office, server = served
    policy = office.policy(back(ASKS, writes("one")) + DEPLOY + step("put", "true"))
    follower = office.rehearse(policy)
    run = until("a run", lambda: (office.runs() or [None])[0])["run"]
    until("the question", lambda: (office.view(run)["asked"] or {}).get("step") == "look")
    incident = cli.run_json("incident", "open", "--severity", "P0", "--title", "down", *BY, *office.data)["incident"]
    cli.run("journal", "backup", tmp_path / "backup", "--include-keys", *office.data)
    office.say("confirm", run, "look")
    ends(follower)
    server.stop()
    restored = cli.run("journal", "restore", tmp_path / "backup", "--data", tmp_path / "restored")
    assert run in restored.stderr and incident in restored.stderr and "journal ship" in restored.stderr
    other = Gateway(tmp_path / "restored", "--seed", "7", "--no-backups").start()
    try:
        # The administrator keeps their key: it is in no backup.
        (tmp_path / "restored" / "admin.key").write_bytes((tmp_path / "data" / "admin.key").read_bytes())
        office.data = ["--data", tmp_path / "restored"]
        office.say("confirm", run, "look")
        view = office.view(run)
        assert view["standing"] == "paused" and "restored from a backup" in view["paused"]["why"]
        assert office.log() == ["begin-one", "end-one"], "done once, before"
        notes = json.dumps(cli.run_json("incident", "show", incident, *office.data))
        assert "restored from a backup" in notes
        office.say("abandon", run, "--why", "it had ended")
        assert office.view(run)["ended_why"] == "it had ended"
    finally:
        other.stop()
