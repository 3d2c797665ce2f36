"""measure_writes: what a refresh writes to Postgres, and what it costs among ten million grants."""
from bench_site import PostgresDatabase, Site
from figures import median
from postgres import WalWatch

CLIENTS = 128
SPREAD = 20000
SMALL, LARGE = 10 ** 4, 10 ** 7


def written(site, measured):
    with WalWatch(site.database) as wal:
        count = measured()["good"]
    return {"wal": wal.bytes / count, "count": count, **wal.records()}


def writes(bench):
    site = bench.site

    def own():
        return site.refresh(words, CLIENTS, bench.seconds)
    words = site.words(CLIENTS)
    site.database.run("CHECKPOINT")
    after = written(site, own)
    bench.progress("right after a checkpoint: %.0f B, %d refreshes" % (after["wal"], after["count"]))
    words = site.words(CLIENTS)
    warm = written(site, own)
    bench.progress("warm: %.0f B, %d updates, %d of them HOT" % (warm["wal"], warm["updates"], warm["hot_updates"]))
    others = site.unused_words(SPREAD)
    site.database.run("CHECKPOINT")
    spread = written(site, lambda: site.refresh(others, CLIENTS, 60, requests=SPREAD))
    bench.progress("right after a checkpoint, each another grant: %.0f B, %.0f of them whole pages" % (spread["wal"], spread["page_bytes"] / spread["count"]))
    return {"rows_inserted": warm["inserted"] / warm["count"], "index_entries": warm["index_entries"] / warm["count"], "hot_share": 100 * warm["hot_updates"] / warm["updates"],
            "wal_warm": warm["wal"], "wal_checkpoint": after["wal"], "wal_spread": spread["wal"]}


def cost(result):
    return result["server_us"] + result["postgres_us"]


def spread_cost(site):
    """each refresh another grant's; among few they come up again and again, as they would there"""
    words = site.words(SMALL // 2) if site.grant_count == SMALL else site.unused_words(SPREAD)
    return cost(site.refresh(words, CLIENTS, 60, requests=SPREAD))


def large(bench):
    """two databases of one Postgres, in turn, one round the one first, one round the other"""
    with Site(bench.kratos, PostgresDatabase("few")) as few, Site(bench.kratos, PostgresDatabase("many")) as many:
        few.seed(SMALL, bench.progress)
        many.seed(bench.large_count, bench.progress)
        if bench.large_count < LARGE:
            bench.note("growth_ratio", "with %s grants, not 10^7" % "{:,}".format(bench.large_count))
        own, spread = [], []
        for turn in range(bench.rounds):
            order = (few, many) if turn % 2 == 0 else (many, few)
            us = {site: cost(site.refresh_each_its_own(CLIENTS, bench.seconds)) for site in order}
            others = {site: spread_cost(site) for site in order}
            own.append(us[many] / us[few])
            spread.append(others[many] / others[few])
            bench.progress("round %d: %.1f us among few, %.1f us among many; each another grant: %.1f us, %.1f us" % (turn + 1, us[few], us[many], others[few], others[many]))
    return {"growth_ratio": median(own), "growth_ratio_spread": median(spread)}
