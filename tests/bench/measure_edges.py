"""measure_edges: exchanges, the key set, garbage, and the load generator itself."""
import http.client
import json
import time

import load
import nginx
import pgbench
from bench_site import SESSION_LIFESPAN_S, WORKERS, PostgresDatabase, Site
from figures import median, medians
from process_counters import Cpu
from seeds import MOBILE
from soundness import NotSound, check_exchanges

CLIENTS = 64
JWKS = "/.well-known/jwks.json"
STATISTICS_LAG_S = 11  # a session of Postgres that rests tells what it has done after ten seconds


def session_tokens(kratos, count):
    """over one connection: there are thousands"""
    connection = http.client.HTTPConnection("127.0.0.1", kratos.admin.port)
    tokens = []
    for _ in range(count):
        connection.request("POST", "/standin/sessions", json.dumps({"lifespan_s": SESSION_LIFESPAN_S}), {"Content-Type": "application/json"})
        tokens.append(json.loads(connection.getresponse().read())["session_token"])
    connection.close()
    return tokens


def exchanges(site, words, client, seconds):
    """what load.py gives, with the processor time that an exchange took in us; each stores a grant, unless it is exchange-only's"""
    before = site.database.number("SELECT count(*) FROM grants")
    with Cpu(**site.processes()) as cpu:
        result = load.run(site.port, load.exchange(client, len(words[0])), CLIENTS, seconds, words)
    grown = site.database.number("SELECT count(*) FROM grants") - before
    check_exchanges(result, grown if client == MOBILE else grown + result["good"])
    for name, us in cpu.us.items():
        result[name + "_us"] = us / result["good"]
    return result


def exchange(bench):
    """in turn: among the seeded grants, and in a new database"""
    words, rounds = session_tokens(bench.kratos, bench.session_count), []
    with Site(bench.kratos, PostgresDatabase("exchanges")) as new:
        for turn in range(bench.rounds):
            rounds.append([exchanges(site, words, client, bench.seconds) for site, client in ((bench.site, MOBILE), (new, MOBILE), (new, "exchange-only"))])
            bench.progress("round %d: %.0f exchanges/s, %.0f in a new database, %.0f there without a refresh token" % (turn + 1, *(result["per_s"] for result in rounds[-1])))
    many, few, alone = (medians(results, "per_s", "server_us", "postgres_us", "kratos_us", "cpu_us") for results in zip(*rounds))
    return {"exchange": many["per_s"], "exchange_new": few["per_s"], "exchange_alone": alone["per_s"], "exchange_server": few["server_us"], "exchange_postgres": few["postgres_us"],
            "exchange_postgres_many": many["postgres_us"], "exchange_kratos": few["kratos_us"], "exchange_load": few["cpu_us"]}


def jwks(bench):
    """two threads of load: one would be what is measured"""
    body = bench.site.hydrant.public.get(JWKS).body
    ratios = []
    with nginx.Nginx(JWKS, body, WORKERS) as server:
        for turn in range(bench.rounds):
            pair = [load.run(port, load.get(JWKS), CLIENTS, bench.seconds, threads=2)["per_s"] for port in (bench.site.port, server.port)]
            ratios.append(pair[0] / pair[1])
            bench.progress("round %d: %.0f/s, nginx %.0f/s" % (turn + 1, *pair))
    return {"jwks_ratio": median(ratios)}


def ceiling(bench):
    """asked as a refresh is asked, in bytes, and answered as one is answered"""
    answer = bench.site.hydrant.exchange(bench.kratos.session(), client=MOBILE).body
    request = load.get("/answer.json", [("X-Filler", "x" * 150)])
    with nginx.Nginx("/answer.json", answer, WORKERS) as server:
        rates = [load.run(server.port, request, max(pgbench.CLIENTS), bench.seconds)["per_s"] for _ in range(min(3, bench.rounds))]
    return {"load_ceiling": median(rates)}


def transactions(database):
    time.sleep(STATISTICS_LAG_S)
    return database.number("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")


def garbage(bench):
    """what the server does by itself, a few queries a second, is measured beside it and taken off"""
    site, database = bench.site, bench.site.database
    words = [site.tokens.make_garbage(number, MOBILE) for number in range(CLIENTS * 16)]
    grown = site.sum_of_gen()
    at = [(time.monotonic(), transactions(database))]
    results = [load.run(site.port, load.refresh(MOBILE), CLIENTS, bench.seconds, words, expect=400, threads=2) for _ in range(bench.rounds)]
    at.append((time.monotonic(), transactions(database)))
    time.sleep(at[1][0] - at[0][0] - STATISTICS_LAG_S if at[1][0] - at[0][0] > STATISTICS_LAG_S else 0)
    at.append((time.monotonic(), transactions(database)))
    busy, idle = at[1][1] - at[0][1], at[2][1] - at[1][1]
    refused = sum(result["good"] for result in results)
    bench.progress("%d refused; %d transactions meanwhile, %d in as long without" % (refused, busy, idle))
    if site.sum_of_gen() != grown:
        raise NotSound("garbage has rotated a grant")
    return {"garbage": median([result["per_s"] for result in results]), "garbage_queries": round(max(0, busy - idle) / refused, 3)}
