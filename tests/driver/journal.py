"""The journal as a file: its rows read past the program, and its chain of hashes made again from the documented layout."""

import hashlib
import json
import sqlite3
import struct
from dataclasses import dataclass

_COLUMNS = "seq, stream, stream_seq, epoch, batch, time, kind, schema, key, subject, body, prev_hash, hash"
_START = bytes(32)


@dataclass(frozen=True)
class Row:
    """One row of `events`."""

    seq: int
    stream: str
    stream_seq: int
    epoch: int
    batch: int
    time: int
    kind: str
    schema: int
    key: str | None
    subject: str | None
    raw: bytes
    prev_hash: bytes
    hash: bytes

    @property
    def body(self):
        return json.loads(self.raw)

    @property
    def instance(self):
        """The number of the instance that appended it: the upper half of every batch's id."""
        return (self.batch & 0xFFFF_FFFF_FFFF_FFFF) >> 32

    def right_hash(self):
        """What `hash` must be."""
        digest = hashlib.sha256(b"\x01" + self.prev_hash)
        unsigned = (number & 0xFFFF_FFFF_FFFF_FFFF for number in (self.seq, self.stream_seq, self.epoch, self.batch))
        digest.update(struct.pack(">QQQQqI", *unsigned, self.time, self.schema))
        for text in (self.stream, self.kind):
            digest.update(_sized(text.encode()))
        for text in (self.key, self.subject):
            digest.update(b"\x00" if text is None else b"\x01" + _sized(text.encode()))
        digest.update(_sized(self.raw))
        return digest.digest()


def _sized(content):
    return struct.pack(">Q", len(content)) + content


def rows(file, after=0):
    """Every row after `after`, as one moment shows them."""
    database = sqlite3.connect(file, timeout=10)
    try:
        found = database.execute(f"select {_COLUMNS} from events where seq > ? order by seq", (after,))
        return [Row(*row) for row in found]
    finally:
        database.close()


def broken(found):
    """Where the chain of a whole journal is broken first, in words; None when it is whole."""
    before = _START
    for number, row in enumerate(found, start=1):
        if row.seq != number:
            return f"row {number} is missing: {row.seq} stands there"
        if row.prev_hash != before:
            return f"row {number} does not continue the one before"
        if row.hash != row.right_hash():
            return f"row {number} has another hash than its content"
        before = row.hash
    return None
