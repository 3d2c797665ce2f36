"""figures: what is measured, in the order in which it is told, and the bar for each."""
import operator
import statistics

AT_LEAST, AT_MOST = (">=", operator.ge), ("<=", operator.le)


class Figure:
    def __init__(self, what, unit, digits, bar=None):
        self.what, self.unit, self.digits, self.bar = what, unit, digits, bar

    def write(self, value):
        number = "{:,.{}f}".format(value, self.digits)
        return number + (" " + self.unit if self.unit else "")

    def write_bar(self):
        return "" if self.bar is None else "%s %s" % (self.bar[0][0], self.write(self.bar[1]))

    def is_met(self, value):
        """as it is printed"""
        return None if self.bar is None else self.bar[0][1](round(value, self.digits), self.bar[1])


FIGURES = {
    "refresh_ratio": Figure("refreshes/s at 128 clients / pgbench's best at the same one-row compare-and-swap UPDATE", "", 2, (AT_LEAST, 2)),
    "refresh_p99": Figure("p99 at 128 clients", "ms", 1, (AT_MOST, 15)),
    "alone_p50": Figure("one client alone, median", "ms", 2, (AT_MOST, 0.7)),
    "refresh_cpu": Figure("processor time of server and Postgres for a refresh, 128 clients", "us", 1, (AT_MOST, 65)),
    "refresh_cpu_server": Figure("- of it the server", "us", 1),
    "refresh_cpu_postgres": Figure("- of it Postgres", "us", 1),
    "signature_alone": Figure("for comparison: one ES256 signature and nothing else, by openssl speed", "us", 1),
    "exchange": Figure("exchanges/s with a refresh token, against the stand-in Kratos, 64 clients", "", 0, (AT_LEAST, 10000)),
    "exchange_new": Figure("- the same in a new database", "", 0, (AT_LEAST, 10000)),
    "exchange_alone": Figure("- without a refresh token: nothing is stored", "", 0),
    "exchange_server": Figure("processor time of the server for an exchange", "us", 1),
    "exchange_postgres": Figure("- of Postgres, in a new database", "us", 1),
    "exchange_postgres_many": Figure("- of Postgres, among the seeded grants", "us", 1),
    "exchange_kratos": Figure("- of the stand-in Kratos", "us", 1),
    "exchange_load": Figure("- of the load generator", "us", 1),
    "jwks_ratio": Figure("JWKS requests/s / nginx serving the same bytes", "", 2, (AT_LEAST, 0.9)),
    "rows_inserted": Figure("rows inserted for a refresh", "", 4, (AT_MOST, 0)),
    "index_entries": Figure("index entries written for a refresh", "", 4, (AT_MOST, 0)),
    "hot_share": Figure("updates that stay in their page (HOT)", "%", 2),
    "wal_warm": Figure("WAL for a refresh, warm", "B", 0, (AT_MOST, 250)),
    "wal_checkpoint": Figure("WAL for a refresh, the seconds right after a checkpoint", "B", 0, (AT_MOST, 1024)),
    "wal_spread": Figure("- the same, each refresh another grant's, among all", "B", 0),
    "growth_ratio": Figure("refresh cost with 10^7 grants / with 10^4, processor time", "", 2, (AT_MOST, 1.2)),
    "growth_ratio_spread": Figure("- the same, each refresh another grant's, among all", "", 2),
    "memory_idle": Figure("resident memory, idle", "MB", 1, (AT_MOST, 25)),
    "memory_connections": Figure("resident memory with 10,000 idle kept connections", "MB", 1, (AT_MOST, 64)),
    "memory_growth": Figure("growth of resident memory over 1,000,000 refreshes", "MB", 1, (AT_MOST, 1)),
    "start": Figure("from the start of the program to its first refresh", "ms", 0, (AT_MOST, 100)),
    "garbage": Figure("garbage refresh tokens refused, requests/s", "", 0, (AT_LEAST, 60000)),
    "garbage_queries": Figure("transactions that one of them costs", "", 3, (AT_MOST, 0)),
    "confidential_ratio": Figure("refreshes/s of a confidential client (Basic) / a public one", "", 2, (AT_LEAST, 0.9)),
    "look_ratio": Figure("refreshes/s with a look at the session each time, against the stand-in / without", "", 2, (AT_LEAST, 0.4)),
    "aside_pbkdf2": Figure("p99 at 16 clients beside 20 others a second that come for the first time with a PBKDF2 secret / while a program computes as much", "", 2, (AT_MOST, 1.2)),
    "aside_pbkdf2_quick": Figure("- / with a secret of ours", "", 2),
    "aside_bcrypt": Figure("- beside 3 a second with a bcrypt secret / while a program computes as much", "", 2, (AT_MOST, 1.2)),
    "aside_bcrypt_quick": Figure("- / with a secret of ours", "", 2),
    "aside_longest": Figure("- the longest of all beside bcrypt secrets", "ms", 1),
    "aside_longest_quick": Figure("- the longest of all beside secrets of ours", "ms", 1),
    "aside_rsa": Figure("- beside 50 tokens a second signed by RS256 with 4096 bits / while a program computes as much", "", 2, (AT_MOST, 1.2)),
    "aside_rsa_quick": Figure("- / signed by ES256", "", 2),
    "log_ratio": Figure("refreshes/s with a line of the log each / without", "", 2),
    "load_ceiling": Figure("the load generator's own ceiling: requests/s for a file of nginx as long as an answer, 128 clients", "", 0),
    "load_cpu": Figure("processor time of the load generator for a refresh", "us", 1),
}


def median(values):
    return statistics.median(values)


def medians(results, *names):
    return {name: statistics.median(result[name] for result in results) for name in names}
