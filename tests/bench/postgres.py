"""postgres: the throw-away Postgres of with_postgres: asked with psql, and what it counts."""
import os
import subprocess
import urllib.parse

from process_counters import children_of

SECRET_OF_NOTHING = "only-the-schema-is-made-here-no-token"


def program(name):
    return os.path.join(os.environ["HYDRANT_TEST_PG_BIN"], name)


def postmaster():
    with open(os.path.join(os.environ["HYDRANT_TEST_PG_DATA"], "postmaster.pid"), encoding="ascii") as f:
        return int(f.readline())


def processes():
    pid = postmaster()
    return [pid, *children_of(pid)]


def dsn_of(database):
    return urllib.parse.urlsplit(os.environ["HYDRANT_TEST_DSN"])._replace(path="/" + database).geturl()


class Database:
    def __init__(self, name):
        self.name, self.dsn = name, dsn_of(name)

    def run(self, sql):
        done = subprocess.run([program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.dsn, "-f", "-"], input=sql, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError("psql: %s\n%s" % (done.stderr.strip(), sql[:400]))
        return done.stdout.strip()

    def processes(self):
        return processes()

    def number(self, sql):
        return int(self.run(sql))

    def rows(self, sql):
        return [line.split("|") for line in self.run(sql).split("\n") if line]

    def settings(self, *names):
        return {name: self.run("SHOW " + name) for name in names}


# ---- the log of changes ----

# of records, those that touch this database's tables and indexes of grants: others are its own house-keeping
RECORDS = """WITH ours AS (
    SELECT ' rel ' || coalesce(nullif(c.reltablespace, 0), d.dattablespace) || '/' || d.oid || '/' || c.relfilenode || ' ' AS at
    FROM pg_class c CROSS JOIN pg_database d WHERE d.datname = current_database()
      AND (c.oid = ANY (ARRAY['grants'::regclass, 'grant_state'::regclass]::oid[])
        OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = ANY (ARRAY['grants'::regclass, 'grant_state'::regclass]::oid[])))),
records AS MATERIALIZED (SELECT resource_manager || '/' || record_type AS kind, fpi_length, block_ref
    FROM pg_get_wal_records_info('%s', '%s') WHERE resource_manager IN ('Heap', 'Heap2', 'Btree'))
SELECT kind, count(*), sum(fpi_length) FROM records r WHERE EXISTS (SELECT 1 FROM ours WHERE position(ours.at IN r.block_ref) > 0) GROUP BY kind"""


class WalWatch:
    """with WalWatch(database) as wal: what was written in between. Exact, unlike pg_stat_wal and pg_stat_user_tables, which lag behind by up to ten seconds."""

    def __init__(self, database):
        self.database = database
        database.run("CREATE EXTENSION IF NOT EXISTS pg_walinspect")

    def __enter__(self):
        self.before = self.database.run("SELECT pg_current_wal_flush_lsn()")
        return self

    def __exit__(self, *_):
        self.after = self.database.run("SELECT pg_current_wal_flush_lsn()")

    @property
    def bytes(self):
        return self.database.number("SELECT '%s'::pg_lsn - '%s'::pg_lsn" % (self.after, self.before))

    def records(self):
        """rows inserted, entries of indexes, updates, those of them in place, bytes of whole pages"""
        found = [(kind.split("+")[0], int(count), int(pages or 0)) for kind, count, pages in self.database.rows(RECORDS % (self.before, self.after))]

        def count(*kinds):
            return sum(number for kind, number, _ in found if kind in kinds)

        return {"inserted": count("Heap/INSERT", "Heap2/MULTI_INSERT"), "index_entries": count("Btree/INSERT_LEAF", "Btree/INSERT_UPPER", "Btree/INSERT_POST"),
                "updates": count("Heap/UPDATE", "Heap/HOT_UPDATE"), "hot_updates": count("Heap/HOT_UPDATE"), "page_bytes": sum(pages for *_, pages in found)}
