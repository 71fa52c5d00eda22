"""`meridian up` as a child process: started on free ports, stopped with SIGTERM, its exit code checked."""

import queue
import signal
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from driver import cli
from driver.deadline import until


class DidNotStart(AssertionError):
    """The process ended, or was silent, before its ready line."""


class Gateway:
    """One data directory and, while started, the process that serves it."""

    def __init__(self, data, *flags, role="up", under=()):
        """`role`: the command. `under`: a program, with its arguments, that runs it."""
        self.data = Path(data)
        self.flags = flags
        self.role = role
        self.under = under
        self.addresses = ("127.0.0.1:0", "127.0.0.1:0")
        self.stderr = self.data.parent / f"{self.data.name}.{role}.stderr"
        self.process = None
        self.stdout = []
        self._lines = queue.Queue()

    def start(self):
        """Starts the process and returns once it has printed its ready line."""
        native, kite = self.addresses
        self._lines = queue.Queue()
        began = time.monotonic()
        with self.stderr.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.under, cli.binary(), self.role, "--data", str(self.data),
                 "--listen", native, "--kite-listen", kite, *self.flags],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            )
        threading.Thread(target=self._read, args=(self.process.stdout, self._lines), daemon=True).start()
        try:
            until("the ready line on stdout", self._is_ready)
        except AssertionError:
            self.kill()
            raise
        print(f"ready after {1000 * (time.monotonic() - began):.0f} ms")
        self._run = dict(line.split(" ", 1) for line in self.stdout if line.startswith(("kite ", "ready ")))
        self.addresses = (urlsplit(self.native).netloc, urlsplit(self.kite).netloc)
        return self

    @staticmethod
    def _read(pipe, lines):
        for line in pipe:
            lines.put(line.rstrip("\n"))

    def _is_ready(self):
        while not self._lines.empty():
            self.stdout.append(self._lines.get())
        if self.process.poll() is not None:
            raise DidNotStart(f"exit {self.process.returncode}\n{self.log_tail()}")
        return any(line.startswith("ready http://") for line in self.stdout)

    def log_tail(self):
        """The last lines of stderr."""
        return "\n".join(self.stderr.read_text(errors="replace").splitlines()[-20:])

    @property
    def native(self):
        """Base address of the native API."""
        return self._run["ready"]

    @property
    def kite(self):
        """Base address of the Kite listener (REST)."""
        return self._run["kite"]

    @property
    def kite_ws(self):
        """Base address of the Kite listener (ticker)."""
        return self.kite.replace("http://", "ws://")

    @property
    def native_ws(self):
        """Base address of the native API for WebSockets."""
        return self.native.replace("http://", "ws://")

    @property
    def admin_token(self):
        """The access token of the admin key made at the first start."""
        return (self.data / "admin.key").read_text().strip()

    def key(self, *scopes, **flags):
        """A new key of this instance."""
        return cli.create_key(self.data, *scopes, **flags)

    def resident_bytes(self):
        """Resident memory of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def stop(self):
        """SIGTERM; the exit code must be 0. How long it took is printed, not judged."""
        if self.process is None:
            return
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self.process = None
            self.stdout = []
        print(f"stopped after {1000 * (time.monotonic() - began):.0f} ms")
        assert code == 0, f"exit {code} after SIGTERM\n{self.log_tail()}"

    def kill(self):
        """SIGKILL, as when the machine loses the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.stdout = []

    def restart(self):
        """Stops and starts on the same addresses."""
        self.stop()
        return self.start()
