"""bench: refreshes a second on Postgres and on SQLite at 1, 32 and 128 connections, beside pgbench doing the same one-row compare-and-swap UPDATE in the same run.

    WITH_POSTGRES_SETTINGS=max_connections=300 tests/storage/with_postgres -- /usr/bin/python3 tests/bench/bench.py BUILD_DIRECTORY [SECONDS]

Everything is on this machine: server, Postgres (fsync on, default durability), load. coalesce is 0, so that each refresh rotates. A line is printed only
when the sum of gen over the grants grew by exactly the number of 200s and no successor equalled what was presented. Prints numbers; judges nothing."""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(sys.argv[1])
os.environ["HYDRANT_BUILD"] = BUILD
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "http"))
from parts import Hydrant, Kratos, default_settings, merge  # noqa: E402

SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 4
CONNECTIONS = (1, 32, 128)
UPDATE = r"""\set id random(1, 1000)
UPDATE bench_row SET gen = gen + 1, base_gen = gen, rotated_at = rotated_at + 1, idle_expires_at = idle_expires_at + 1 WHERE id = :id AND gen >= 0 AND secret_hash = '\x00';
"""


def run_sql(sql):
    return subprocess.run([os.path.join(os.environ["HYDRANT_TEST_PG_BIN"], "psql"), "-XqAt", "-d", os.environ["HYDRANT_TEST_DSN"], "-c", sql],
                          capture_output=True, text=True, check=True).stdout.strip()


def pgbench(clients):
    run_sql("DROP TABLE IF EXISTS bench_row; CREATE TABLE bench_row (id int PRIMARY KEY, gen bigint, base_gen bigint, rotated_at bigint, idle_expires_at bigint, "
            "secret_hash bytea, filler text) WITH (fillfactor=80); INSERT INTO bench_row SELECT i, 0, 0, 0, 0, '\\x00', repeat('x', 60) FROM generate_series(1, 1000) i")
    run_sql("VACUUM ANALYZE bench_row")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(UPDATE)
        script.flush()
        done = subprocess.run([os.path.join(os.environ["HYDRANT_TEST_PG_BIN"], "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(max(1, int(SECONDS))),
                               "-f", script.name, os.environ["HYDRANT_TEST_DSN"]], capture_output=True, text=True, check=True)
    return float(next(line.split("=")[1].split()[0] for line in done.stdout.splitlines() if line.startswith("tps")))


def sum_of_gen(dsn):
    if dsn.startswith("postgres"):
        return int(run_sql("SELECT coalesce(sum(gen), 0) FROM grant_state"))
    with sqlite3.connect("file:%s?mode=ro" % dsn[len("sqlite://"):], uri=True) as db:
        return db.execute("SELECT coalesce(sum(gen), 0) FROM grant_state").fetchone()[0]


def measure(hydrant, kratos, connections):
    tokens = [hydrant.exchange(kratos.session(), client="mobile").json["refresh_token"] for _ in range(connections)]
    before = sum_of_gen(hydrant.settings["dsn"])
    done = subprocess.run([os.path.join(BUILD, "tests", "refresh_load"), str(hydrant.public.port), "mobile", str(connections), str(SECONDS)],
                          input="\n".join(tokens) + "\n", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    grown = sum_of_gen(hydrant.settings["dsn"]) - before
    assert grown == result["requests"] and result["repeated"] == 0, "gen grew by %d for %r" % (grown, result)
    return result


def start(kratos, dsn):
    if dsn.startswith("postgres"):
        subprocess.run([os.path.join(BUILD, "hydrant"), "migrate"], env={**os.environ, "DSN": dsn, "SECRETS_SYSTEM": "only-the-schema-is-made-here-no-token"}, check=True, capture_output=True)
    return Hydrant(merge(default_settings(kratos, dsn), {"refresh_token": {"coalesce": "0s"}, "log": {"level": "warn"}}))


def main():
    kratos = Kratos()
    best = 0
    print("pgbench, the same one-row compare-and-swap UPDATE, prepared (updates/s):")
    for clients in CONNECTIONS:
        rate = pgbench(clients)
        best = max(best, rate)
        print("    %4d connections %9.0f" % (clients, rate), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, dsn in (("Postgres", os.environ["HYDRANT_TEST_DSN"]), ("SQLite", "sqlite://%s/bench.db" % folder)):
            hydrant = start(kratos, dsn)
            print("hydrant on %s (refreshes/s, whole: HTTP, rules, commit, ES256 signature):" % name)
            for connections in CONNECTIONS:
                r = measure(hydrant, kratos, connections)
                print("    %4d connections %9.0f   %.2f x pgbench's best   p50 %.2f ms  p99 %.2f ms" % (connections, r["per_s"], r["per_s"] / best, r["p50_ms"], r["p99_ms"]), flush=True)
            hydrant.stop()
    kratos.stop()


if __name__ == "__main__":
    main()
