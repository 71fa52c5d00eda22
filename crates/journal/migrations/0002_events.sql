-- The event journal: facts and decisions in one hash chain, the leases that allow decisions, the registered instances.
-- Times are nanoseconds since 1970-01-01T00:00:00Z; hashes are SHA-256. What the triggers refuse is refused for every
-- program that opens this file, also one with an older idea of the rules.

-- Every instance that was ever started. `reads_schema` is the newest schema of events that it understands.
CREATE TABLE instances (
    number       INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 4294967295),
    name         TEXT NOT NULL UNIQUE,
    started      INTEGER NOT NULL,
    reads_schema INTEGER NOT NULL CHECK (reads_schema BETWEEN 1 AND 4294967295),
    ended        INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1))
) STRICT;

-- `schema`: the newest that all instances understand which have not ended, zero without any.
-- `written`: the newest that is in the journal.
CREATE TABLE gate (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    schema  INTEGER NOT NULL,
    written INTEGER NOT NULL
) STRICT;
INSERT INTO gate (one, schema, written) VALUES (1, 0, 0);

-- Who may append to a stream of decisions. `renewals` rises while the holder lives.
CREATE TABLE leases (
    stream   TEXT PRIMARY KEY
             CHECK (stream GLOB 'account:?*' OR stream GLOB 'feed:?*' OR stream GLOB 'singleton:?*'),
    holder   INTEGER NOT NULL REFERENCES instances (number),
    epoch    INTEGER NOT NULL CHECK (epoch >= 1),
    renewals INTEGER NOT NULL CHECK (renewals >= 0)
) STRICT, WITHOUT ROWID;

-- The newest row. `settled` counts the repairs after a failed commit.
CREATE TABLE head (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    seq     INTEGER NOT NULL,
    hash    BLOB NOT NULL CHECK (length(hash) = 32),
    settled INTEGER NOT NULL
) STRICT;
INSERT INTO head (one, seq, hash, settled) VALUES (1, 0, zeroblob(32), 0);

-- The newest row of each stream.
CREATE TABLE streams (
    stream     TEXT PRIMARY KEY,
    stream_seq INTEGER NOT NULL,
    seq        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Facts have epoch 0 and a key, decisions an epoch and no key.
CREATE TABLE events (
    seq        INTEGER PRIMARY KEY,
    stream     TEXT NOT NULL,
    stream_seq INTEGER NOT NULL,
    epoch      INTEGER NOT NULL CHECK (epoch >= 0),
    batch      INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind <> ''),
    schema     INTEGER NOT NULL CHECK (schema BETWEEN 1 AND 4294967295),
    key        TEXT CHECK ((key IS NULL) = (epoch > 0)),
    subject    TEXT,
    body       BLOB NOT NULL,
    prev_hash  BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash       BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE UNIQUE INDEX events_by_key ON events (key) WHERE key IS NOT NULL;
CREATE INDEX events_by_subject ON events (subject, seq) WHERE subject IS NOT NULL;

-- The key is looked up here, too, since INSERT OR REPLACE would remove the older row without a DELETE trigger.
CREATE TRIGGER events_insert BEFORE INSERT ON events BEGIN
    SELECT RAISE(ABORT, 'an event has to follow the head of the journal')
     WHERE NOT EXISTS (SELECT 1 FROM head WHERE seq + 1 = NEW.seq AND hash = NEW.prev_hash);
    SELECT RAISE(ABORT, 'an event has to follow the newest of its stream')
     WHERE NEW.stream_seq <> 1 + ifnull((SELECT stream_seq FROM streams WHERE stream = NEW.stream), 0);
    SELECT RAISE(ABORT, 'a running instance does not understand this schema of events')
     WHERE NEW.schema > (SELECT schema FROM gate);
    SELECT RAISE(ABORT, 'a decision needs the epoch of the lease of its stream')
     WHERE (NEW.epoch <> 0 OR NOT (NEW.stream IN ('intake', 'control') OR NEW.stream GLOB 'venue:?*'))
       AND NOT EXISTS (SELECT 1 FROM leases WHERE stream = NEW.stream AND epoch = NEW.epoch);
    SELECT RAISE(ABORT, 'the key of an event is unique for ever')
     WHERE EXISTS (SELECT 1 FROM events WHERE key = NEW.key);
END;

CREATE TRIGGER events_inserted AFTER INSERT ON events BEGIN
    UPDATE head SET seq = NEW.seq, hash = NEW.hash;
    INSERT INTO streams (stream, stream_seq, seq) VALUES (NEW.stream, NEW.stream_seq, NEW.seq)
        ON CONFLICT (stream) DO UPDATE SET stream_seq = excluded.stream_seq, seq = excluded.seq;
    UPDATE gate SET written = NEW.schema WHERE written < NEW.schema;
END;

CREATE TRIGGER events_update BEFORE UPDATE ON events BEGIN
    SELECT RAISE(ABORT, 'events are never changed');
END;

CREATE TRIGGER events_delete BEFORE DELETE ON events BEGIN
    SELECT RAISE(ABORT, 'events are never deleted');
END;

CREATE TRIGGER head_update BEFORE UPDATE OF seq, hash ON head BEGIN
    SELECT RAISE(ABORT, 'the head is the newest event')
     WHERE NOT EXISTS (SELECT 1 FROM events WHERE seq = NEW.seq AND hash = NEW.hash)
        OR NEW.seq <> (SELECT max(seq) FROM events);
END;

CREATE TRIGGER head_insert BEFORE INSERT ON head BEGIN
    SELECT RAISE(ABORT, 'there is one head');
END;

CREATE TRIGGER head_delete BEFORE DELETE ON head BEGIN
    SELECT RAISE(ABORT, 'the head is never deleted');
END;

CREATE TRIGGER leases_insert BEFORE INSERT ON leases BEGIN
    SELECT RAISE(ABORT, 'the lease exists') WHERE EXISTS (SELECT 1 FROM leases WHERE stream = NEW.stream);
    SELECT RAISE(ABORT, 'the holder of a lease is a running instance')
     WHERE NOT EXISTS (SELECT 1 FROM instances WHERE number = NEW.holder AND ended = 0);
END;

CREATE TRIGGER leases_update BEFORE UPDATE OF stream, holder, epoch ON leases BEGIN
    SELECT RAISE(ABORT, 'a new holder needs a new epoch')
     WHERE NEW.stream <> OLD.stream OR NEW.epoch <= OLD.epoch;
    SELECT RAISE(ABORT, 'the holder of a lease is a running instance')
     WHERE NOT EXISTS (SELECT 1 FROM instances WHERE number = NEW.holder AND ended = 0);
END;

CREATE TRIGGER leases_delete BEFORE DELETE ON leases BEGIN
    SELECT RAISE(ABORT, 'a lease is never deleted, its epoch would start again');
END;

CREATE TRIGGER instances_delete BEFORE DELETE ON instances BEGIN
    SELECT RAISE(ABORT, 'an instance is never deleted, its number would be used again');
END;
