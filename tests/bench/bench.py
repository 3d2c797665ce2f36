"""bench: what a refresh takes, on this machine, with everything on it: server, Postgres (fsync on, default durability), stand-in Kratos, load.

It starts all of it on free ports of 127.0.0.1, seeds grants, measures, and prints a table with the bar for each figure. Rates and ratios are medians of the
rounds; a figure is left out, and it is said why, where the database doesn't count as many refreshes as were answered, or where a successor was not a new one.
About 10 minutes on two cores; --quick about 2; --large some 10 more, and 10 GB of disk."""
import argparse
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
os.environ.setdefault("HYDRANT_BUILD", os.path.join(ROOT, "build", "release"))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "http")]
import bench_plot  # noqa: E402
import bench_table  # noqa: E402
import load  # noqa: E402
import measure_aside  # noqa: E402
import measure_edges  # noqa: E402
import measure_process  # noqa: E402
import measure_profile  # noqa: E402
import measure_refresh  # noqa: E402
import measure_writes  # noqa: E402
import nginx  # noqa: E402
import pgbench  # noqa: E402
from bench_site import PostgresDatabase, Site  # noqa: E402
from parts import Kratos  # noqa: E402
from process_counters import busy_share  # noqa: E402
from soundness import NotSound  # noqa: E402

PARTS = {  # in this order
    "start": measure_process.start, "refresh": measure_refresh.refresh, "profile": measure_profile.profile, "ceiling": measure_edges.ceiling, "confidential": measure_refresh.confidential, "look": measure_refresh.look, "aside": measure_aside.aside,
    "log": measure_refresh.log, "writes": measure_writes.writes, "jwks": measure_edges.jwks, "garbage": measure_edges.garbage, "memory": measure_process.memory,
    "sqlite": measure_process.sqlite, "exchange": measure_edges.exchange, "large": measure_writes.large,
}
OTHERS_SEEN_S = 2  # before anything of ours runs, and afterwards
WITHOUT_A_FIGURE = (NotSound, load.LoadFailed, pgbench.WrongCount, AssertionError, RuntimeError, OSError, subprocess.SubprocessError)


class Bench:
    def __init__(self, options):
        self.quick = options.quick
        self.rounds, self.seconds = (1, 1) if options.quick else (5, 2)
        self.grants, self.growth_count, self.session_count = (10 ** 5, 10 ** 5, 1024) if options.quick else (10 ** 6, 10 ** 6, 8192)
        self.large_count = options.large_grants
        self.figures, self.by_clients, self.where, self.notes, self.failed = {}, {}, {}, {}, {}
        self.began, self.part = time.monotonic(), ""

    def progress(self, what):
        print("%5.0f s  %s: %s" % (time.monotonic() - self.began, self.part, what), file=sys.stderr, flush=True)

    def note(self, name, what):
        self.notes[name] = what

    def run(self, names):
        with contextlib.ExitStack() as at_the_end:
            self.folder = at_the_end.enter_context(tempfile.TemporaryDirectory(prefix="hydrant-bench-"))
            self.kratos = Kratos(arguments=["--end-with-parent"])
            at_the_end.callback(self.kratos.stop)
            self.part = "seeds"
            self.site = at_the_end.enter_context(Site(self.kratos, PostgresDatabase("hydrant")))
            self.site.seed(self.grants, self.progress)
            for self.part in names:
                self.run_part()
            self.settings = self.site.database.settings("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "server_version")

    def run_part(self):
        try:
            self.progress("begins")
            self.figures.update(PARTS[self.part](self))
        except WITHOUT_A_FIGURE as why:
            self.failed[self.part] = str(why)
            self.progress("NO FIGURE: %s" % why)


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), platform.machine())


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True).stdout.strip()


def machine(settings):
    version = subprocess.run([nginx.program(), "-v"], capture_output=True, text=True).stderr.strip().split(": ")[-1]
    return {"processor": processor(), "cores": os.cpu_count(), "kernel": ".".join(platform.release().split(".")[:2]), "postgres": settings["server_version"].split()[0], "settings": settings,
            "nginx": version, "commit": git("rev-parse", "--short", "HEAD"), "changed": git("status", "--porcelain", "--untracked-files=no") != ""}


def measure(options):
    names = options.only or [name for name in PARTS if name != "large" or options.large]
    others = [busy_share(OTHERS_SEEN_S)]
    bench = Bench(options)
    bench.run([name for name in PARTS if name in names])
    others.append(busy_share(OTHERS_SEEN_S))
    run = {"date": time.strftime("%Y-%m-%d"), "machine": machine(bench.settings), "rounds": bench.rounds, "seconds": bench.seconds, "grants": bench.grants,
           "took_s": round(time.monotonic() - bench.began), "others": others, "figures": bench.figures, "by_clients": bench.by_clients, "where": bench.where, "notes": bench.notes, "failed": bench.failed}
    return json.loads(json.dumps(run))


def read_run(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def read_options():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of 1 s each, 100,000 grants: to see that it works; its figures are no figures")
    parser.add_argument("--only", action="append", choices=list(PARTS), metavar="NAME", help="only this part; may be given again (profile needs perf): " + ", ".join(PARTS))
    parser.add_argument("--large", action="store_true", help="also among ten million grants")
    parser.add_argument("--large-grants", type=int, default=measure_writes.LARGE, metavar="N", help="as many instead of ten million")
    parser.add_argument("--out", default=os.path.join(ROOT, "build", "bench.json"), metavar="FILE", help="where the figures go as JSON (build/bench.json)")
    parser.add_argument("--compare", metavar="FILE", help="also print each figure's ratio to that run's")
    parser.add_argument("--from", dest="given", metavar="FILE", help="measure nothing: take the figures of an earlier run")
    parser.add_argument("--markdown", metavar="PAGE", help="also put the table between the marks of this page (docs/performance.md)")
    parser.add_argument("--plot", metavar="FILE", help="also draw throughput and latency over the number of clients, as SVG (docs/performance.svg)")
    return parser.parse_args()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    options = read_options()
    other = read_run(options.compare) if options.compare else None
    run = read_run(options.given) if options.given else measure(options)
    if not options.given:
        os.makedirs(os.path.dirname(os.path.abspath(options.out)), exist_ok=True)
        with open(options.out, "w", encoding="utf-8") as f:
            json.dump(run, f, indent=1)
    print(bench_table.write_run(run, bench_table.PLAIN, other))
    if options.markdown:
        bench_table.put_into(options.markdown, bench_table.write_run(run, bench_table.MARKDOWN))
    if options.plot:
        bench_plot.draw(run, options.plot)
    return 1 if run["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
