"""/metrics: readable by Prometheus's own checker, and every name documented (OB-1)."""

import re
import shutil
import subprocess
import time

import pytest

from driver.api import Native
from driver.cli import ROOT
from driver.deadline import until
from driver.metrics import samples
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


def test_ticks_and_readers_are_counted(start):
    """On an instance of its own, where nobody else reads: every number is known."""
    gateway = start()
    readers, delivered = 'readers{dialect="Native"}', 'ticks_delivered_total{dialect="Native"}'
    before = samples(gateway)
    assert before[readers] == before[delivered] == 0
    with Stream(gateway, gateway.admin_token) as stream:
        stream.subscribe("NSE:INFY", delivery="every")
        stream.until_ticks("NSE:INFY", count=5)
        during = samples(gateway)
    assert during[readers] == 1
    assert [name for name, value in during.items() if name.startswith("readers{") and value] == [readers]
    assert during[delivered] >= 4  # the fifth is counted once it is written, which may be after it was read
    for name in ("ticks_received_total", "ticks_published_total"):
        assert during[name] >= before[name] + 4, name  # the first of the five is the value that was there
    last = "last_publish_timestamp_seconds"
    assert before[last] <= during[last] and abs(during[last] - time.time()) < 10
    until("the reader is gone from the count", lambda: samples(gateway)[readers] == 0)


def test_no_secret_is_a_label(page, reader):
    assert reader.access_token not in page and reader.api_secret not in page
