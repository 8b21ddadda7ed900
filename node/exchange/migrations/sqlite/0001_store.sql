-- The latest state of every name: what the origin says (record), what it took back (withdrawal), or both.
CREATE TABLE rows (
    name                   TEXT PRIMARY KEY,
    record                 BLOB,
    withdrawal             BLOB,
    record_seq             INTEGER NOT NULL,
    record_content_seq     INTEGER NOT NULL,
    withdrawal_seq         INTEGER NOT NULL,
    withdrawal_content_seq INTEGER NOT NULL,
    first_seq              INTEGER NOT NULL,
    exposed                TEXT NOT NULL,
    expire_max             INTEGER NOT NULL,
    gone_reason            INTEGER NOT NULL,
    gone_until             INTEGER NOT NULL,
    due                    INTEGER NOT NULL
) STRICT;

CREATE INDEX rows_record_seq ON rows (record_seq) WHERE record_seq > 0;
CREATE INDEX rows_record_content_seq ON rows (record_content_seq) WHERE record_content_seq > 0;
CREATE INDEX rows_withdrawal_seq ON rows (withdrawal_seq) WHERE withdrawal_seq > 0;
CREATE INDEX rows_withdrawal_content_seq ON rows (withdrawal_content_seq) WHERE withdrawal_content_seq > 0;
CREATE INDEX rows_due ON rows (due) WHERE due > 0;

-- The one counter from which sequence numbers come, and the floors that purges raise.
CREATE TABLE counter (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    seq           INTEGER NOT NULL,
    floor         INTEGER NOT NULL,
    content_floor INTEGER NOT NULL
) STRICT;

INSERT INTO counter (id, seq, floor, content_floor) VALUES (1, 0, 0, 0);

-- Small things by key: positions, rejections, tokens, revisions.
CREATE TABLE facts (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The directory's log.
CREATE TABLE entries (
    number INTEGER PRIMARY KEY,
    entry  BLOB NOT NULL
) STRICT;
