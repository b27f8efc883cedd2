"""The tables of a store, the function that commits, and every statement that reads.

The log is the store. A row is written once and never changed: its `id` is `revision << 20 | seq`, so that
one B-tree serves lookups, order and `changes`. A value stands nowhere but in its row. `current` points at
the row of each living key; `prev` at the row it replaced, so that a change can tell what was before. `head`
is one row with the counter: whoever commits locks it, so that revisions have no gaps and come in the order
of the commits, which a sequence does not promise.

Keys have the collation "C": the order of their UTF-8 bytes, whatever that of the database is.
"""

from __future__ import annotations

from typing import NamedTuple

from mastractl.engines.contract import EXPIRED

SEQ_BITS = 20
MAX_COMMIT = 1 << SEQ_BITS
"""The most operations in one commit: their numbers share a 64-bit id with the revision."""

TABLES = """
CREATE TABLE {s}.head (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    uid       text NOT NULL,
    format    integer NOT NULL,
    revision  bigint NOT NULL DEFAULT 0,
    compacted bigint NOT NULL DEFAULT 0,
    pruned    bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
CREATE TABLE {s}.log (
    id          bigint PRIMARY KEY,
    key         text COLLATE "C" NOT NULL,
    prev        bigint,
    created_rev bigint NOT NULL,
    created_at  double precision NOT NULL,
    expires_at  double precision,
    at          double precision NOT NULL,
    origin      text NOT NULL,
    value       bytea
);
CREATE INDEX log_ends ON {s}.log (key) WHERE value IS NULL;
CREATE TABLE {s}.current (
    key        text COLLATE "C" PRIMARY KEY,
    id         bigint NOT NULL,
    expires_at double precision
) WITH (fillfactor = 80);
CREATE INDEX current_due ON {s}.current (expires_at) WHERE expires_at IS NOT NULL
"""
"""`log.value` is NULL where the key was deleted; `log.prev` where it was made. `head.compacted` is where the
log begins, `head.pruned` how far what nobody needs any more was removed: the two differ while a compaction
is under way, or after one that was interrupted. `log_ends` finds the rows of deletions, so that the history
of a key can be followed back from each of its ends. Space is left in the pages of what is written again and
again, so that no index has to follow."""

SWEEP = """
CREATE FUNCTION {s}.sweep(store text, moment double precision) RETURNS bigint LANGUAGE plpgsql AS $sweep$
DECLARE
    made bigint;
BEGIN
    PERFORM FROM {s}.head WHERE one AND uid = store FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    LOOP
        WITH due AS MATERIALIZED (
            SELECT c.key, c.id FROM {s}.current c WHERE c.expires_at <= moment LIMIT {most}
        ), bump AS (
            UPDATE {s}.head SET revision = revision + 1 WHERE one AND EXISTS (SELECT FROM due)
            RETURNING revision
        ), gone AS (
            DELETE FROM {s}.current c USING due WHERE c.key = due.key
        ), logged AS (
            INSERT INTO {s}.log (id, key, prev, created_rev, created_at, expires_at, at, origin)
            SELECT bump.revision << {bits} | row_number() OVER (ORDER BY due.key) - 1, due.key, due.id,
                l.created_rev, l.created_at, l.expires_at, moment, '{expired}'
            FROM bump, due JOIN {s}.log l ON l.id = due.id
        )
        SELECT revision INTO made FROM bump;
        IF made IS NULL THEN
            RETURN (SELECT revision FROM {s}.head WHERE one);
        END IF;
        PERFORM pg_notify('mastractl_' || store, made::text);
    END LOOP;
END
$sweep$
"""
"""Removes what is due, as a commit of its own, and gives the present revision; NULL if the store is not the
one that is meant."""

COMMIT = """
CREATE FUNCTION {s}.commit(
    store text, moment double precision, who text,
    keys text[], puts bytea[], checks boolean[], lives double precision[], conditions bigint[],
    OUT revision bigint, OUT made boolean, OUT stood bytea[], OUT revisions bigint[],
    OUT created bigint[], OUT created_at double precision[], OUT expired_at double precision[]
) LANGUAGE plpgsql AS $commit$
DECLARE
    number integer := cardinality(keys);
    due boolean;
    l record;
    ids bigint[];
    changing boolean[];
    possible boolean;
    next_id bigint;
BEGIN
    FOR attempt IN 1..2 LOOP
        IF attempt = 2 THEN
            PERFORM {s}.sweep(store, moment);
        END IF;
        SELECT h.revision, EXISTS (SELECT FROM {s}.current c WHERE c.expires_at <= moment)
            INTO revision, due FROM {s}.head h WHERE h.one AND h.uid = store;
        CONTINUE WHEN due;

        possible := true;
        FOR i IN 1..number LOOP
            SELECT e.id, e.value, e.created_rev, e.created_at, e.expires_at INTO l
                FROM {s}.current c JOIN {s}.log e ON e.id = c.id WHERE c.key = keys[i];
            ids[i] := l.id;
            stood[i] := l.value;
            revisions[i] := l.id >> {bits};
            created[i] := l.created_rev;
            created_at[i] := l.created_at;
            expired_at[i] := l.expires_at;
            changing[i] := CASE
                WHEN checks[i] THEN false
                WHEN puts[i] IS NULL THEN l.id IS NOT NULL
                ELSE l.id IS NULL OR puts[i] <> l.value OR lives[i] IS DISTINCT FROM l.expires_at END;
            possible := possible AND coalesce(conditions[i] = coalesce(revisions[i], 0), true);
        END LOOP;

        made := possible AND coalesce(true = ANY (changing), false);
        IF NOT made THEN
            EXIT WHEN revision = (SELECT h.revision FROM {s}.head h WHERE h.one);
            CONTINUE;
        END IF;
        UPDATE {s}.head h SET revision = h.revision + 1 WHERE h.one AND h.revision = commit.revision;
        CONTINUE WHEN NOT FOUND;
        revision := revision + 1;
        next_id := revision << {bits};
        FOR i IN 1..number LOOP
            CONTINUE WHEN NOT changing[i];
            INSERT INTO {s}.log (id, key, prev, created_rev, created_at, expires_at, at, origin, value)
            VALUES (
                next_id, keys[i], ids[i], coalesce(created[i], revision), coalesce(created_at[i], moment),
                CASE WHEN puts[i] IS NULL THEN expired_at[i] ELSE lives[i] END, moment, who, puts[i]
            );
            IF puts[i] IS NULL THEN
                DELETE FROM {s}.current c WHERE c.key = keys[i];
            ELSIF ids[i] IS NULL THEN
                INSERT INTO {s}.current (key, id, expires_at) VALUES (keys[i], next_id, lives[i]);
            ELSE
                UPDATE {s}.current c SET id = next_id, expires_at = lives[i] WHERE c.key = keys[i];
            END IF;
            next_id := next_id + 1;
        END LOOP;
        PERFORM pg_notify('mastractl_' || store, revision::text);
        EXIT;
    END LOOP;
END
$commit$
"""
"""Applies operations, all or none. In parallel arrays: a NULL in `puts` is a delete, or a check if `checks`
says so; a NULL in `conditions` is none.

First it looks without a lock. If the counter still stands where it was before the look, no commit came in
between: what changes nothing, or cannot be done, is answered from that, and all else is written once the
counter is raised, which takes the lock. If another commit came first, or something is due, the lock is
taken, what is due is swept, and it looks again.

Gives the present revision (NULL if the store is not the one that is meant), whether this commit made it, and
how each key stood before. What the commit changed, or which condition was not met, is for `planning.plan` to
say: from the same facts, by the same rules."""

_ENTRY = "l.key, l.value, l.id >> 20, l.created_rev, l.created_at, l.expires_at"
"""The columns of an Entry, in its own order, where `l` is the log."""

_DUE = "EXISTS (SELECT FROM {s}.current WHERE expires_at <= %(now)s)"

_HEAD = "SELECT uid, revision, compacted, {due} FROM {s}.head WHERE one"

_GET = (
    "SELECT h.uid, {entry} FROM {s}.head h LEFT JOIN {s}.current c ON c.key = %s"
    " LEFT JOIN {s}.log l ON l.id = c.id WHERE h.one"
)

_RANGE = (
    """SELECT ''::text COLLATE "C" AS key, uid::bytea AS value, revision, compacted,"""
    " CASE WHEN {due} THEN 1 ELSE 0 END::float8, NULL::float8 FROM {s}.head WHERE one"
    " UNION ALL (SELECT c.key, l.value, l.id >> 20, l.created_rev, l.created_at, l.expires_at"
    " FROM {s}.current c JOIN {s}.log l ON l.id = c.id"
    " WHERE c.key >= %(low)s AND c.key > %(after)s AND c.key < %(high)s"
    " AND (c.expires_at IS NULL OR c.expires_at > %(now)s)"
    " ORDER BY c.key LIMIT %(limit)s)"
    " ORDER BY key"
)
"""The head comes first, in the columns of an entry: (empty key, uid, revision, compacted, due or not)."""

_MATCHING = "SELECT id FROM {s}.log WHERE id >= %(first)s AND key >= %(low)s AND key < %(high)s"

_CHAIN = (
    "SELECT id FROM {s}.current WHERE key >= %(low)s AND key < %(high)s AND id >= %(first)s"
    " UNION ALL SELECT id FROM {s}.log"
    " WHERE value IS NULL AND key >= %(low)s AND key < %(high)s AND id >= %(first)s"
    " UNION ALL SELECT l.prev FROM matching m JOIN {s}.log l ON l.id = m.id WHERE l.prev >= %(first)s"
)
"""What `_MATCHING` gives for few keys, at the price of their own history and not of the whole log."""

_BOUND = (
    "SELECT coalesce((SELECT ((id >> 20) + 1) << 20 FROM matching ORDER BY id OFFSET %(skip)s LIMIT 1),"
    " 9223372036854775807) AS id"
)
"""Where the commit ends that holds the last of so many rows."""

_NO_BOUND = "SELECT 9223372036854775807 AS id"

_CHANGES = (
    """SELECT 0::bigint AS id, ''::text COLLATE "C", uid::bytea, revision, compacted,"""
    " CASE WHEN {due} THEN 1 ELSE 0 END::float8, NULL::float8, '', 0::float8,"
    " (SELECT id >> 20 FROM matching WHERE id >= (SELECT id FROM bound) ORDER BY id LIMIT 1),"
    " NULL::bigint, NULL::float8, NULL::float8, NULL::bytea FROM {s}.head WHERE one"
    " UNION ALL SELECT l.id, {entry}, l.origin, l.at,"
    " p.id >> 20, p.created_rev, p.created_at, p.expires_at, p.value"
    " FROM matching m JOIN {s}.log l ON l.id = m.id LEFT JOIN {s}.log p ON p.id = l.prev"
    " WHERE m.id < (SELECT id FROM bound)"
    " ORDER BY id"
)
"""The head comes first, in the columns of a change, with the revision of the next one after the bound."""

_COMMIT_ONE = (
    "SELECT revision, made, stood[1], revisions[1], created[1], created_at[1], expired_at[1]"
    " FROM {s}.commit(%s, %s, %s, ARRAY[%s]::text[], ARRAY[%s]::bytea[], ARRAY[%s]::boolean[],"
    " ARRAY[%s]::double precision[], ARRAY[%s]::bigint[])"
)
"""Most commits are of one operation, and psycopg takes longer for an array than PostgreSQL."""

_BEGIN_COMPACTING = (
    "UPDATE {s}.head SET compacted = greatest(compacted, %s) WHERE one AND uid = %s AND revision >= %s"
    " RETURNING pruned, compacted"
)

_PRUNE = (
    "WITH batch AS MATERIALIZED ("
    " SELECT id, prev, value IS NULL AS ended FROM {s}.log WHERE id > %s AND id <= %s ORDER BY id LIMIT %s"
    "), dead AS MATERIALIZED ("
    " SELECT prev AS id FROM batch WHERE prev IS NOT NULL UNION ALL SELECT id FROM batch WHERE ended"
    "), gone AS (DELETE FROM {s}.log l USING dead WHERE l.id = dead.id)"
    " UPDATE {s}.head SET pruned = greatest(pruned, coalesce((SELECT max(id) FROM batch), %s))"
    " WHERE one AND uid = %s RETURNING pruned, (SELECT count(*) FROM batch)"
)


class Statements(NamedTuple):
    """Every statement, for the tables of one schema."""

    head: bytes
    get: bytes
    range: bytes
    changes: bytes
    changes_limited: bytes
    history: bytes
    history_limited: bytes
    commit: bytes
    commit_one: bytes
    sweep: bytes
    begin_compacting: bytes
    prune: bytes

    def log(self, *, narrow: bool, limited: bool) -> bytes:
        """The statement that reads the log: for few keys by their history, for many by its order."""
        if limited:
            return self.history_limited if narrow else self.changes_limited
        return self.history if narrow else self.changes


def statements(schema: str) -> Statements:
    """The statements for a schema, whose name may be any text."""

    def of(text: str) -> bytes:
        return asking(text, schema)

    def log(matching: str, bound: str) -> bytes:
        how = "" if matching is _CHAIN else "NOT MATERIALIZED "
        found = f"WITH RECURSIVE matching (id) AS {how}({matching}), bound AS MATERIALIZED ({bound}) "
        return of(found + _CHANGES)

    return Statements(
        head=of(_HEAD),
        get=of(_GET),
        range=of(_RANGE),
        changes=log(_MATCHING, _NO_BOUND),
        changes_limited=log(_MATCHING, _BOUND),
        history=log(_CHAIN, _NO_BOUND),
        history_limited=log(_CHAIN, _BOUND),
        commit=of("SELECT * FROM {s}.commit(%s, %s, %s, %s, %s, %s, %s, %s)"),
        commit_one=of(_COMMIT_ONE),
        sweep=of("SELECT {s}.sweep(%s, %s)"),
        begin_compacting=of(_BEGIN_COMPACTING),
        prune=of(_PRUNE),
    )


_PERCENT = "\0"
"""Stands for a per cent sign in the name of a schema, where one in a statement begins a parameter."""


def asking(text: str, schema: str) -> bytes:
    """A statement for the tables of a schema that takes parameters: `%s`, or `%(name)s`."""
    return _filled(text, schema).replace(_PERCENT, "%%").encode()


def plain(text: str, schema: str) -> bytes:
    """A statement for the tables of a schema that takes none: a definition, for one."""
    return _filled(text, schema).replace(_PERCENT, "%").encode()


def _filled(text: str, schema: str) -> str:
    """The text with the quoted name of the schema in the place of `{s}`, and its other blanks filled in."""
    for blank, filling in _BLANKS:
        text = text.replace(blank, filling)
    return text.replace("{s}", '"' + schema.replace('"', '""').replace("%", _PERCENT) + '"')


_BLANKS = (
    ("{due}", _DUE),
    ("{entry}", _ENTRY),
    ("{bits}", str(SEQ_BITS)),
    ("{most}", str(MAX_COMMIT)),
    ("{expired}", EXPIRED),
)
