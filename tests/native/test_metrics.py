"""/metrics: readable by Prometheus's own checker, and every name documented (OB-1)."""

import re
import shutil
import subprocess

import pytest

from driver.api import Native
from driver.cli import ROOT
from driver.stream import Stream

DOCUMENT = ROOT / "docs/metrics.md"


@pytest.fixture(scope="module")
def page(gateway, reader):
    with Stream(gateway, reader.access_token) as stream:
        stream.subscribe("NSE:INFY")
        stream.until_ticks("NSE:INFY", count=2)
        answer = Native(gateway.native).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(("text/plain", "application/openmetrics-text"))
    return answer.text


def families(page):
    return {name.removesuffix("_total") for name in re.findall(r"^# TYPE (\S+)", page, re.MULTILINE)}


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool; `./test setup` installs it")
def test_promtool_accepts_the_page(page):
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, text=True, capture_output=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_name_is_documented_and_every_documented_name_exists(page):
    documented = {name.removesuffix("_total") for name in re.findall(r"`(meridian_[a-z0-9_]+)`", DOCUMENT.read_text())}
    assert documented == families(page)


def test_ticks_and_readers_are_counted(page):
    values = [float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith("meridian_") and "ticks" in line]
    assert any(value > 0 for value in values)


def test_no_secret_is_a_label(page, reader):
    assert reader.access_token not in page and reader.api_secret not in page
