-- Who may call: keys, Kite sessions and request tokens, and what each key stays subscribed to.
-- Times are nanoseconds since 1970-01-01T00:00:00Z. Hashes are HMAC-SHA256 under the server key: no secret is here.

-- Which server key the hashes below were made with, so that a lost or swapped key file is noticed at the start.
CREATE TABLE server_key (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32)
) STRICT;

CREATE TABLE keys (
    api_key    TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    scopes     TEXT NOT NULL,
    account    TEXT,
    created    INTEGER NOT NULL,
    expires    INTEGER,
    redirect   TEXT,
    generation INTEGER NOT NULL CHECK (generation >= 1),
    revoked    INTEGER
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    api_key    TEXT NOT NULL REFERENCES keys (api_key),
    created    INTEGER NOT NULL,
    expires    INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_key ON sessions (api_key, created);

CREATE TABLE request_tokens (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    api_key    TEXT NOT NULL REFERENCES keys (api_key),
    created    INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    used       INTEGER
) STRICT;
CREATE INDEX request_tokens_by_key ON request_tokens (api_key, created);

CREATE TABLE subscriptions (
    api_key    TEXT NOT NULL REFERENCES keys (api_key),
    instrument TEXT NOT NULL,
    token      INTEGER NOT NULL,
    mode       TEXT NOT NULL,
    account    TEXT,
    created    INTEGER NOT NULL,
    PRIMARY KEY (api_key, instrument)
) STRICT;
