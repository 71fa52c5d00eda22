"""The dossier in a real browser, on a desk and on a phone: nothing complains, nothing runs out of the page (GO-13)."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from driver import cli
from driver.cli import ROOT

DECIDED = ROOT / "crates/dossier/testdata/decision.html"


def written(folder):
    """The dossier of a release of which nothing is proven yet, as the program writes it."""
    policy = ROOT / "policies/ticker-service.fixed.toml"
    flags = ("--data", folder / "data")
    cli.run("release", "open", "--policy", policy, "--artefact", "sha256:" + "ab" * 32, "--by", "rohan",
            "--skip-promotion", "only its dossier is asked for", *flags)
    cli.run("release", "report", "--out", folder / "dossier", *flags)
    return folder / "dossier/dossier.html"


@pytest.fixture(scope="module", params=["decided", "written"])
def seen(request, tmp_path_factory):
    chromium = shutil.which("chromium")
    assert chromium, "no chromium; `./test setup` installs it"
    page = DECIDED if request.param == "decided" else written(tmp_path_factory.mktemp("dossier"))
    picture = Path(os.environ["MERIDIAN_TEST_CACHE"]) / f"dossier-{request.param}-{{width}}.png"
    done = subprocess.run(
        ["node", Path(__file__).with_name("read.mjs"), page.as_uri(), picture, "1280", "390"],
        capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "MERIDIAN_CHROMIUM": chromium},
    )
    assert done.returncode == 0, done.stderr
    outcome = "GO WITH CONDITIONS" if request.param == "decided" else "NO-GO"
    return outcome, page, json.loads(done.stdout)


def test_nobody_complains_and_nothing_else_is_asked_for(seen):
    _, page, views = seen
    for view in views:
        assert view["problems"] == [] and view["requests"] == [page.as_uri()]


def test_nothing_runs_out_of_the_page(seen):
    for view in seen[2]:
        assert (view["scrolls"], view["out"]) == (0, []), view["width"]


def test_the_outcome_is_seen_first_and_everything_in_order(seen):
    outcome, _, views = seen
    for view in views:
        assert view["outcome"] == outcome and view["outcomeTop"] < 400
        assert view["skipped"] == 0 and view["pages"] > 10_000
        assert view["charts"] == view["drawings"] > 20
