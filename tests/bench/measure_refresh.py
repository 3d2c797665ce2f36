"""measure_refresh: refreshes by clients that each hold a token of their own, beside pgbench; by who asks, with looks, with a log."""
import pgbench
import seeds
from bench_site import Site
from figures import median, medians
from soundness import NotSound

CLIENTS = (1, *pgbench.CLIENTS)
NAMES = ("per_s", "p50_ms", "p99_ms", "server_us", "postgres_us", "cpu_us")
MOST = max(CLIENTS)


def best_of(rates):
    best = max(rates)
    if best == 0:
        raise pgbench.WrongCount("pgbench got nothing done")
    return best


def refresh(bench):
    """one round after the other, in each every number of clients, pgbench and Hydrant in turn"""
    updates, refreshes, ratios = {}, {}, []
    bench.site.refresh_each_its_own(MOST, 1)
    for turn in range(bench.rounds):
        for clients in CLIENTS:
            if clients in pgbench.CLIENTS:
                updates.setdefault(clients, []).append(pgbench.measure(bench.site.database, clients, bench.seconds))
            refreshes.setdefault(clients, []).append(bench.site.refresh_each_its_own(clients, bench.seconds))
            bench.progress("round %d of %d, %d clients: %.0f refreshes/s%s" % (
                turn + 1, bench.rounds, clients, refreshes[clients][-1]["per_s"], ", pgbench %.0f" % updates[clients][-1] if clients in updates else ""))
        ratios.append(refreshes[MOST][-1]["per_s"] / best_of(rates[-1] for rates in updates.values()))
    table = {clients: medians(results, *NAMES) for clients, results in refreshes.items()}
    for clients, rates in updates.items():
        table[clients]["pgbench_per_s"] = median(rates)
    most = table[MOST]
    bench.by_clients["postgres"] = table
    return {"refresh_ratio": median(ratios), "refresh_p99": most["p99_ms"], "alone_p50": table[1]["p50_ms"], "refresh_cpu": most["server_us"] + most["postgres_us"],
            "refresh_cpu_server": most["server_us"], "refresh_cpu_postgres": most["postgres_us"], "load_cpu": most["cpu_us"]}


def in_turn(bench, what, ours, other, rounds=None):
    """the median of their ratios, round by round"""
    ratios = []
    for turn in range(rounds or bench.rounds):
        pair = ours()["per_s"], other()["per_s"]
        ratios.append(pair[0] / pair[1])
        bench.progress("round %d: %.0f/s %s, %.0f/s without" % (turn + 1, pair[0], what, pair[1]))
    return median(ratios)


def plain(bench):
    return bench.site.refresh_each_its_own(MOST, bench.seconds)


def confidential(bench):
    return {"confidential_ratio": in_turn(bench, "by a confidential client", lambda: bench.site.refresh_each_its_own(MOST, bench.seconds, seeds.BACKEND), lambda: plain(bench))}


def look(bench):
    with Site(bench.kratos, bench.site.database, {"kratos": {"session": {"revalidate_after": "0s"}}}) as site:
        def looked():
            words, before = site.exchanged_words(MOST), bench.kratos.counts()["session"]
            result = site.refresh(words, MOST, bench.seconds)
            looks = bench.kratos.counts()["session"] - before
            if looks < 0.99 * result["good"]:  # a look of the same millisecond is not older than 0 s
                raise NotSound("%d refreshes, and Kratos was asked %d times" % (result["good"], looks))
            return result
        return {"look_ratio": in_turn(bench, "with a look each", looked, lambda: plain(bench))}


def log(bench):
    with bench.site.share(Site(bench.kratos, bench.site.database, {"log": {"level": "info"}})) as site:
        return {"log_ratio": in_turn(bench, "with a line each", lambda: site.refresh_each_its_own(MOST, bench.seconds), lambda: plain(bench), min(3, bench.rounds))}
