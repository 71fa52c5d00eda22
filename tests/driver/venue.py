"""`meridian venue` as a child process: started on a free port, stopped with SIGTERM or killed."""

import json
import signal
import subprocess
from dataclasses import dataclass

import requests

from driver import cli
from driver.deadline import GENEROUS, limit


@dataclass(frozen=True)
class Account:
    """What opens one account."""

    api_key: str
    access_token: str


class Venue:
    """One directory and, while started, the process that serves it."""

    def __init__(self, data, *flags):
        self.data = data
        self.flags = flags
        self.listen = "127.0.0.1:0"
        self.stderr = data.parent / f"{data.name}.stderr"
        self.process = None

    def start(self):
        """Starts the process and returns once it has said where it is."""
        with self.stderr.open("ab") as log:
            self.process = subprocess.Popen(
                [cli.binary(), "venue", "--data", str(self.data), "--listen", self.listen, "--json", *self.flags],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            )
        with limit("the venue's ready line", GENEROUS):
            line = self.process.stdout.readline()
        assert line, f"exit {self.process.wait()}\n{self.stderr.read_text()[-2000:]}"
        ready = json.loads(line)
        self.address = ready["ready"]
        self.accounts = {
            row["account"]: Account(ready["api_key"], row["access_token"]) for row in ready["accounts"]
        }
        return self

    def ask(self, path, account, faults=None):
        """The venue's own routes: a GET, or a POST of faults."""
        headers = {"Authorization": f"token {account.api_key}:{account.access_token}"}
        url = self.address + path
        if faults is None:
            answer = requests.get(url, headers=headers, timeout=GENEROUS)
        else:
            answer = requests.post(url, headers=headers, json={"faults": faults}, timeout=GENEROUS)
        body = answer.json()
        assert answer.status_code == 200, body
        return body["data"]

    def stop(self):
        """SIGTERM; the exit code must be 0."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(timeout=20)
            self.process = None
            assert code == 0, self.stderr.read_text()[-2000:]

    def kill(self):
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
