"""A WebSocket client that shows every frame as it came, control frames included, and answers none by itself."""

import base64
import hashlib
import os
import socket
import struct
import time
from urllib.parse import urlsplit

from driver.deadline import GENEROUS, left

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Refused(Exception):
    """The server answered the upgrade with another status."""

    def __init__(self, status, head, body):
        super().__init__(head.split("\r\n")[0])
        self.status, self.head, self.body = status, head, body


class FrameSocket:
    """One connection, frame by frame."""

    def __init__(self, url, headers=(), receive_buffer=None):
        parts = urlsplit(url)
        self._socket = socket.socket()
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(20)
        self._socket.connect((parts.hostname, parts.port))
        self._buffer = bytearray()
        self._upgrade(parts, headers)

    def _upgrade(self, parts, headers):
        nonce = base64.b64encode(os.urandom(16))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {nonce.decode()}", "Sec-WebSocket-Version: 13", *headers, "", "",
        ]
        self._socket.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer = bytearray(rest)
        status = int(head.split(b" ", 2)[1])
        if status != 101:
            raise Refused(status, head.decode(), self._body(head))
        accept = base64.b64encode(hashlib.sha1(nonce + _GUID).digest())
        assert accept.lower() in head.lower(), "wrong Sec-WebSocket-Accept"

    def _body(self, head):
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                       if line.startswith(b"content-length")), 0)
        return self._take(length, time.monotonic() + GENEROUS)

    def _more(self):
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._buffer += data

    def _take(self, count, end):
        while len(self._buffer) < count:
            remaining = end - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            self._socket.settimeout(remaining)
            self._more()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def frame(self, seconds=20.0):
        """The next frame as (opcode, payload). TimeoutError when none comes in time."""
        end = time.monotonic() + seconds
        first, second = self._take(2, end)
        assert first & 0x70 == 0, "reserved bits set: an extension nobody agreed to"
        assert second & 0x80 == 0, "a server must not mask"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._take(2, end))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._take(8, end))
        return first & 0x0F, self._take(length, end)

    def until(self, what, take, seconds=GENEROUS):
        """Gives each frame to `take` until that returns something true, and returns it."""
        end = time.monotonic() + seconds
        while True:
            taken = take(*self.frame(left(end, f"{what}; frames keep coming")))
            if taken:
                return taken

    def frames_for(self, seconds):
        """Every frame of the next `seconds`, or until the server ends the connection, each with its time of arrival."""
        end = time.monotonic() + seconds
        seen = []
        try:
            while (remaining := end - time.monotonic()) > 0:
                seen.append((time.monotonic(), *self.frame(remaining)))
        except (TimeoutError, ConnectionError):
            pass
        return seen

    def send(self, opcode, payload=b""):
        """One masked frame."""
        mask = os.urandom(4)
        head = bytes([0x80 | opcode])
        if len(payload) < 126:
            head += bytes([0x80 | len(payload)])
        elif len(payload) < 1 << 16:
            head += bytes([0x80 | 126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", len(payload))
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._socket.sendall(head + mask + masked)

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
