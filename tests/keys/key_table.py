"""key_table: the table of signing keys as it lies in the database, read past the server."""
import contextlib
import sqlite3

NAMES = ("kid", "algorithm", "epoch", "created_at", "activate_at", "retire_at", "remove_at", "public_jwk", "sealed_private")


class Row:
    def __init__(self, values):
        for name, value in zip(NAMES, values):
            setattr(self, name, bytes(value) if isinstance(value, memoryview) else value)

    def state(self, now):
        """docs/keys.md: a function of its times; now: ms"""
        if self.remove_at and self.remove_at <= now:
            return "removed"
        if not self.activate_at or self.activate_at > now:
            return "pending"
        return "active" if not self.retire_at or self.retire_at > now else "retiring"

    def __repr__(self):
        return "%s %s epoch %d: created %d, signs %d to %d, gone %d, private part %s" % (
            self.algorithm, self.kid, self.epoch, self.created_at, self.activate_at, self.retire_at, self.remove_at, "there" if self.sealed_private else "destroyed")


class KeyTable:
    def __init__(self, dsn):
        self.on_postgres = dsn.startswith("postgres")
        if self.on_postgres:
            import psycopg2
            self.db = psycopg2.connect(dsn)
            self.db.autocommit = True
        else:
            self.path = dsn.removeprefix("sqlite://")
            self.db = sqlite3.connect(self.path, isolation_level=None, timeout=10)

    def close(self):
        self.db.close()

    def ask(self, sql, values=()):
        with contextlib.closing(self.db.cursor()) as cursor:
            cursor.execute(sql.replace("?", "%s") if self.on_postgres else sql, values)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def rows(self):
        return [Row(values) for values in self.ask("SELECT %s FROM signing_keys ORDER BY algorithm, epoch" % ", ".join(NAMES))]

    def row(self, kid):
        return next((row for row in self.rows() if row.kid == kid), None)

    def the(self, algorithm, state, now):
        found = [row for row in self.rows() if row.algorithm == algorithm and row.state(now) == state]
        assert len(found) == 1, (algorithm, state, self.rows())
        return found[0]
