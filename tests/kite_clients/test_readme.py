"""The ten lines of Python in README.md, run as a reader would: only key and port are filled in."""

import os
import re
import signal
import subprocess
import sys

from driver.cli import ROOT
from driver.deadline import until


def script(gateway, key):
    """The README's first Python block with this instance's key and address."""
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block, "README.md has no Python block"
    text = block.group(1)
    for placeholder, value in (("127.0.0.1:7401", gateway.kite.removeprefix("http://")), ("API_KEY", key.api_key),
                               ("ACCESS_TOKEN", key.access_token)):
        assert placeholder in text, f"the script has no {placeholder} to fill in"
        text = text.replace(placeholder, value)
    return text


def test_the_script_prints_ticks(gateway, reader, tmp_path):
    output = tmp_path / "output"
    with output.open("w") as pipe:
        program = subprocess.Popen([sys.executable, "-u", "-c", script(gateway, reader)], stdout=pipe, stderr=subprocess.STDOUT,
                                   env={**os.environ, "PYTHONUNBUFFERED": "1"}, start_new_session=True)
    try:
        until("three printed lines with a price", lambda: len(re.findall(r"\d+\.\d+", output.read_text())) >= 3)
        assert "Traceback" not in output.read_text(), output.read_text()
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
