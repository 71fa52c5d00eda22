-- Sealed secrets by name: credentials of brokers, keys that sign. The key that opens them is a file outside of the
-- database. `changed` is nanoseconds since 1970-01-01T00:00:00Z.

CREATE TABLE secrets (
    name    TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 512),
    sealed  BLOB NOT NULL,
    changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
