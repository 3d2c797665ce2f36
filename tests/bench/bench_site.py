"""bench_site: a server on a database of grants, and runs of refreshes on it that are held to the database's own count."""
import copy
import os
import random
import sqlite3
import subprocess

import load
import postgres
import seeds
from parts import BUILD, SECRETS, SYSTEM_SECRET, Hydrant, default_settings, merge
from process_counters import Cpu
from soundness import check_refreshes
from tokens import Tokens

WORKERS = 2
# No look is due in a run, each refresh rotates, and no line of the log is written for a request: what is measured otherwise says so.
SETTINGS = {"serve": {"workers": WORKERS}, "refresh_token": {"coalesce": "0s"}, "kratos": {"session": {"revalidate_after": "1d"}}, "log": {"level": "warn"}}
SESSION_LIFESPAN_S = 30 * 24 * 3600


def session(kratos):
    return kratos.session(lifespan_s=SESSION_LIFESPAN_S)


class SqliteDatabase:
    def __init__(self, path):
        self.path, self.dsn = path, "sqlite://" + path

    def processes(self):
        return []

    def number(self, sql):
        with sqlite3.connect("file:%s?mode=ro" % self.path, uri=True) as db:
            return db.execute(sql).fetchone()[0]


class PostgresDatabase(postgres.Database):
    def __init__(self, name):
        super().__init__(name)
        if name != "hydrant":  # with_postgres has made that one
            postgres.Database("postgres").run("CREATE DATABASE " + name)
        subprocess.run([os.path.join(BUILD, "hydrant"), "migrate"], env={**os.environ, "DSN": self.dsn, "SECRETS_SYSTEM": postgres.SECRET_OF_NOTHING}, check=True, capture_output=True)


class Site:
    def __init__(self, kratos, database, changes=None):
        settings = merge(default_settings(kratos, database.dsn), copy.deepcopy(SETTINGS))
        self.kratos, self.database, self.grant_count = kratos, database, 0
        self.used = set()  # the numbers of the grants that are not as they were seeded
        self.hydrant = Hydrant(merge(settings, changes or {}))
        self.port = self.hydrant.public.port
        self.tokens = Tokens(SYSTEM_SECRET, settings["urls"]["self"]["issuer"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.hydrant.stop()

    # ---- grants ----

    def seed(self, count, progress):
        if self.grant_count == 0:
            self.hydrant.exchange(session(self.kratos), client=seeds.MOBILE)
        template = self.database.run("SELECT grant_id FROM grants WHERE kratos_session_id IS NOT NULL ORDER BY created_at LIMIT 1")
        seeds.seed(self.database, template, self.grant_count, count, progress)
        self.grant_count = count

    def share(self, other):
        """another server on the same grants"""
        other.grant_count, other.used = self.grant_count, self.used
        return other

    def words(self, count, client=seeds.MOBILE):
        """refresh tokens of grants that lie evenly among all, as they stand now; no look at their sessions is due"""
        apart, odd = self.grant_count // count // 2 * 2, int(client == seeds.BACKEND)
        numbers = [at * apart + odd for at in range(count)]
        self.used.update(numbers)
        listed = ",".join(map(str, numbers))
        rows = self.database.rows("""UPDATE grant_state SET session_checked_at = %s FROM (SELECT i, %s AS id FROM unnest('{%s}'::int[]) AS i) AS w
            WHERE grant_id = w.id RETURNING w.i, gen;""" % (seeds.NOW, seeds.GRANT_ID, listed))
        gens = {int(number): int(gen) for number, gen in rows}
        return [self.tokens.make(number, client, gens[number]) for number in numbers]

    def unused_words(self, count):
        """tokens of grants of MOBILE that were never used, in no order"""
        chance, numbers = random.Random(len(self.used)), set()
        assert count + len(self.used) <= self.grant_count // 2, "%d grants are too few" % self.grant_count
        while len(numbers) < count:
            number = chance.randrange(self.grant_count // 2) * 2
            if number not in self.used:
                numbers.add(number)
        self.used |= numbers
        return [self.tokens.make(number, seeds.MOBILE) for number in sorted(numbers, key=lambda _: chance.random())]

    def exchanged_words(self, count, client=seeds.MOBILE):
        """refresh tokens of grants whose sessions are the stand-in's"""
        return [self.hydrant.exchange(session(self.kratos), client=client).json["refresh_token"] for _ in range(count)]

    # ---- runs ----

    def processes(self):
        return {"server": [self.hydrant.child.pid], "postgres": self.database.processes(), "kratos": [self.kratos.child.pid]}

    def sum_of_gen(self):
        return self.database.number("SELECT coalesce(sum(gen), 0) FROM grant_state")

    def refresh(self, words, clients, seconds, client=seeds.MOBILE, **options):
        """what load.py gives, with the processor time that a refresh took in us; raises NotSound where the database counts otherwise"""
        before = self.sum_of_gen()
        with Cpu(**self.processes()) as cpu:
            result = load.run(self.port, load.refresh(client, SECRETS.get(client)), clients, seconds, words, next="refresh_token", **options)
        check_refreshes(result, self.sum_of_gen() - before)
        for name, us in cpu.us.items():
            result[name + "_us"] = us / result["good"]
        return result

    def refresh_each_its_own(self, clients, seconds, client=seeds.MOBILE, **options):
        return self.refresh(self.words(clients, client), clients, seconds, client, **options)
