"""pgbench: the measure of what this Postgres can do: each of its clients updates one row of its own, by compare-and-swap on its generation, prepared."""
import os
import subprocess
import tempfile

from postgres import Database, program

CLIENTS = (16, 32, 64, 128)
ROWS_APART = 64  # each client's row lies in a page of its own, as a grant among many does
TABLE = """CREATE TABLE IF NOT EXISTS bench_row (id int PRIMARY KEY, gen bigint, base_gen bigint, rotated_at bigint, idle_expires_at bigint, secret_hash bytea, filler text)
    WITH (fillfactor = 80);
TRUNCATE bench_row;
INSERT INTO bench_row SELECT i, 0, -1, 0, 0, '\\x00', repeat('x', 60) FROM generate_series(0, %d) AS i;
VACUUM ANALYZE bench_row;""" % (max(CLIENTS) * ROWS_APART)
SCRIPT = """UPDATE bench_row SET gen = gen + 1, base_gen = gen, rotated_at = rotated_at + 1, idle_expires_at = idle_expires_at + 1
    WHERE id = :client_id * %d AND gen = :gen AND secret_hash = '\\x00';
\\set gen :gen + 1
""" % ROWS_APART


class WrongCount(Exception):
    pass


def measure(database: Database, clients, seconds):
    """updates a second; held to the rows as Hydrant is to its grants"""
    database.run(TABLE)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SCRIPT)
        script.flush()
        done = subprocess.run([program("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, os.cpu_count())), "-T", str(max(1, round(seconds))),
                               "-D", "gen=0", "-f", script.name, database.dsn], capture_output=True, text=True, check=True, timeout=seconds + 60)
    lines = done.stdout.splitlines()
    updates = int(next(line.split(":")[1].split("/")[0] for line in lines if line.startswith("number of transactions actually processed")))
    grown = database.number("SELECT sum(gen) FROM bench_row")
    if grown != updates:
        raise WrongCount("pgbench says %d updates, the rows say %d" % (updates, grown))
    # no line: it got nothing done, as may be on a busy machine in a second
    return next((float(line.split("=")[1].split()[0]) for line in lines if line.startswith("tps")), 0.0)
