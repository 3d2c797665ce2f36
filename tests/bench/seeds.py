"""seeds: grants by the million, put into Postgres by SQL: copies of one that an exchange has made, each with an id, secret, person and session of its own.

Grants with an even number are MOBILE's, a public client; the others BACKEND's, a confidential one. The indexes are made when the rows are in."""
from postgres import Database

MOBILE, BACKEND = "mobile", "backend"
PIECE = 500000
GRANT_ID, SECRET_HASH = "md5('grant ' || i)::uuid", "sha256(substring(sha256(('secret ' || i)::bytea) FROM 1 FOR 20))"
OWN = {
    "grants": {"grant_id": GRANT_ID, "client_id": "CASE i %% 2 WHEN 0 THEN '%s' ELSE '%s' END" % (MOBILE, BACKEND), "subject": "md5('person ' || i)::uuid::text",
               "identity_id": "md5('person ' || i)::uuid::text", "kratos_session_id": "md5('session ' || i)::uuid::text"},
    "grant_state": {"grant_id": GRANT_ID, "secret_hash": SECRET_HASH, "gen": "0", "base_gen": "-1", "low_gen": "-1"},
}
# grants of today: the row that is copied may be older than the server's start
NOW = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"


def copy_sql(database, table, template, begin, end):
    columns = database.run("SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped" % table).split()
    values = ", ".join(OWN[table].get(name, "t." + name) for name in columns)
    return "INSERT INTO %s (%s) SELECT %s FROM generate_series(%d, %d) AS i CROSS JOIN (SELECT * FROM %s WHERE grant_id = '%s') AS t;" % (
        table, ", ".join(columns), values, begin, end - 1, table, template)


def indexes_of(database):
    """-> what drops them, what makes them again"""
    rows = database.rows("""SELECT c.relname, i.relname, coalesce(pg_get_constraintdef(k.oid), ''), pg_get_indexdef(i.oid) FROM pg_index x
        JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.oid
        WHERE c.relname IN ('grants', 'grant_state')""")
    drop = ["ALTER TABLE %s DROP CONSTRAINT %s;" % (table, name) if constraint else "DROP INDEX %s;" % name for table, name, constraint, _ in rows]
    make = ["ALTER TABLE %s ADD CONSTRAINT %s %s;" % (table, name, constraint) if constraint else definition + ";" for table, name, constraint, definition in rows]
    return drop, make


def seed(database: Database, template, begin, end, progress):
    """grants begin to end - 1, as they would lie there after a vacuum"""
    drop, make = indexes_of(database)
    database.run("".join(drop[:]))
    for at in range(begin, end, PIECE):
        until = min(at + PIECE, end)
        database.run("".join(copy_sql(database, table, template, at, until) for table in OWN))
        progress("%s of %s grants are in" % ("{:,}".format(until), "{:,}".format(end)))
    for statement in make:
        database.run("SET maintenance_work_mem = '512MB'; " + statement)
    progress("indexes are made; vacuum")
    database.run("VACUUM (ANALYZE) grants, grant_state")
    database.run("CHECKPOINT")
