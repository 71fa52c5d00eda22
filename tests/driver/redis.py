"""A real `redis-server` as a child process on a port of its own, and a client that speaks its protocol over a socket."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from driver.deadline import until

_ROOT = Path(os.environ["MERIDIAN_TEST_CACHE"]) / "redis" / "usr"


def program():
    """The server: installed, or unpacked by `./test setup`; None without it."""
    unpacked = _ROOT / "bin" / "redis-server"
    return shutil.which("redis-server") or (str(unpacked) if unpacked.exists() else None)


class RedisError(Exception):
    """What the server refused."""


class Client:
    """One connection. Answers are text, numbers, lists and None."""

    def __init__(self, port, password=None):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._file = self._socket.makefile("rb")
        if password:
            self.do("AUTH", password)

    def do(self, *words):
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        sizes = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._socket.sendall(b"*%d\r\n%s" % (len(parts), sizes))
        return self._answer()

    def _answer(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"$":
            return self._file.read(int(rest) + 2)[:-2].decode(errors="replace")
        return [self._answer() for _ in range(int(rest))]

    def add(self, stream, **fields):
        """XADD; returns the entry's id."""
        return self.do("XADD", stream, "*", *(part for pair in fields.items() for part in pair))

    def entries(self, stream):
        """Every entry of a stream as a dictionary."""
        found = self.do("XRANGE", stream, "-", "+")
        return [dict(zip(fields[::2], fields[1::2], strict=True)) for _, fields in found]

    def pending(self, stream, group="meridian"):
        """How many entries were handed out and not acknowledged."""
        return self.do("XPENDING", stream, group)[0]

    def close(self):
        self._file.close()
        self._socket.close()


class Redis:
    """One server whose data survive a restart."""

    def __init__(self, folder, password=None):
        self.folder, self.password, self.process = folder, password, None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self):
        credentials = f":{self.password}@" if self.password else ""
        return f"redis://{credentials}127.0.0.1:{self.port}/0"

    def start(self):
        """Starts the server and returns once it answers."""
        flags = ["--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--appendonly", "yes",
                 "--appendfsync", "always", "--save", ""]
        if self.password:
            flags += ["--requirepass", self.password]
        libraries = f"{_ROOT}/lib/x86_64-linux-gnu:{_ROOT}/lib/aarch64-linux-gnu"
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program(), *map(str, flags)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "LD_LIBRARY_PATH": libraries},
            )
        until("redis-server answers", self._answers)
        return self

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "redis.log").read_text()
        try:
            client = self.client()
        except OSError:
            return False
        try:
            return client.do("PING") == "PONG"
        except RedisError:  # it reads its data
            return False
        finally:
            client.close()

    def client(self):
        return Client(self.port, self.password)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
