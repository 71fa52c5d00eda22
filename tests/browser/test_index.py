"""The page at `/` in a real browser: it loads without a complaint and its links work."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest



@pytest.fixture(scope="module")
def visit(gateway):
    chromium = shutil.which("chromium")
    assert chromium, "no chromium; `./test setup` installs it"
    done = subprocess.run(
        ["node", Path(__file__).with_name("visit.mjs"), gateway.native + "/", Path(os.environ["MERIDIAN_TEST_CACHE"]) / "index.png"],
        capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "MERIDIAN_CHROMIUM": chromium},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_page_loads_without_a_complaint(visit):
    assert visit["status"] == 200 and "Meridian" in visit["title"] + visit["text"]
    assert not visit["problems"]


def test_links_work(visit):
    assert len(visit["links"]) >= 4
    # A page that needs a key may say so; nothing may be missing or broken.
    assert not [link for link in visit["links"] if link["status"] not in (200, 401)], visit["links"]


def test_nothing_is_loaded_from_elsewhere(visit):
    assert not visit["foreign"]
