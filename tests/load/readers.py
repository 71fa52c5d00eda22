"""Many Kite ticker connections in one process, each keeping only the last packet per instrument."""

import asyncio
import base64
import json
import os
import struct
from urllib.parse import urlsplit

from driver import packets


class Reader:
    """One connection: subscribed in full mode, remembering the last packet of each instrument."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.last = {}
        self.closed = False

    async def open(self, url):
        parts = urlsplit(url)
        self._reader, self._writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 22)
        nonce = base64.b64encode(os.urandom(16)).decode()
        self._writer.write((f"GET {parts.path or '/'}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
                            f"Connection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head.split(b"\r\n")[0], head
        self._say("subscribe", self.tokens)
        self._say("mode", ["full", self.tokens])

    def _say(self, action, value):
        payload = json.dumps({"a": action, "v": value}).encode()
        length = struct.pack(">BBH", 0x81, 0x80 | 126, len(payload)) if len(payload) > 125 else bytes([0x81, 0x80 | len(payload)])
        self._writer.write(length + bytes(4) + payload)  # a mask of zeros is a mask

    async def run(self):
        """Reads until cancelled or closed by the server."""
        try:
            while True:
                first, second = await self._reader.readexactly(2)
                length = second & 0x7F
                if length == 126:
                    (length,) = struct.unpack(">H", await self._reader.readexactly(2))
                elif length == 127:
                    (length,) = struct.unpack(">Q", await self._reader.readexactly(8))
                payload = await self._reader.readexactly(length)
                if first & 0x0F == 2 and length > 1:
                    for packet in packets.split(payload):
                        self.last[packet[:4]] = packet
                elif first & 0x0F == 8:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        self.closed = True

    def last_ticks(self):
        """The last tick of each instrument, decoded, by token."""
        return {tick["token"]: tick for tick in map(packets.decode, self.last.values())}
