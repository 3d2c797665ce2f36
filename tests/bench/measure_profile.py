"""measure_profile: where a refresh's processor time goes, by perf's samples of the server and of Postgres; the microseconds are those of /proc."""
import os
import re
import shutil
import subprocess

import postgres

CLIENTS, SAMPLES_PER_S = 128, 499
# what perf calls the place, under what name it is told
SERVER = [("libcrypto", "OpenSSL: signature, HMAC, SHA-256"), ("kernel", "kernel: sockets, epoll"), ("libh2o", "libh2o: HTTP"), ("libpq", "libpq"), ("hydrant|libc\\.|vdso|ld-linux", "Hydrant, and libc for it"),
          ("", "other libraries")]
POSTGRES = [("kernel", "kernel: sockets, WAL to disk, switches"), ("postgres|libc\\.|vdso|ld-linux", "Postgres, and libc for it"), ("", "other libraries")]


def shares(recorded, names):
    """perf report's lines: a share, and the place"""
    done = subprocess.run(["perf", "report", "-i", recorded, "--stdio", "--sort", "dso"], capture_output=True, text=True, check=True)
    found = {name: 0 for _, name in names}
    for share, place in re.findall(r"^ +([\d.]+)% +(\S+)", done.stdout, re.MULTILINE):
        found[next(name for pattern, name in names if re.search(pattern, place))] += float(share) / 100
    return found


def record(pids, seconds, path):
    return subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(SAMPLES_PER_S), "-o", path, "-p", ",".join(map(str, pids)), "--", "sleep", str(seconds)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def signature_alone():
    """how long this machine needs for what OpenSSL does in each refresh, with nothing beside it"""
    done = subprocess.run(["openssl", "speed", "-seconds", "1", "ecdsap256"], capture_output=True, text=True, check=True)
    return {"signature_alone": 1e6 / float(re.search(r"nistp256\)\s+\S+\s+\S+\s+([\d.]+)", done.stdout)[1])}


def profile(bench):
    """perf's own cost is in it, a few hundredths"""
    figures = signature_alone()
    if shutil.which("perf") is None:
        bench.note("where", "perf is not here (package linux-perf): it is not said where the time goes")
        return figures
    paths = [os.path.join(bench.folder, name) for name in ("server.perf", "postgres.perf")]
    site, seconds = bench.site, 2 * bench.seconds
    recorders = [record([site.hydrant.child.pid], seconds, paths[0]), record(postgres.processes(), seconds, paths[1])]
    result = site.refresh_each_its_own(CLIENTS, seconds + 1)
    if any(recorder.wait() != 0 for recorder in recorders):
        bench.note("where", "perf may not look here (kernel.perf_event_paranoid): it is not said where the time goes")
        return figures
    for name, path, names in (("server", paths[0], SERVER), ("Postgres", paths[1], POSTGRES)):
        bench.where[name] = {place: share * result[name.lower() + "_us"] for place, share in shares(path, names).items()}
    bench.where["load generator"] = {"all of it": result["cpu_us"]}
    bench.progress("server %.1f us, Postgres %.1f us" % (result["server_us"], result["postgres_us"]))
    return figures
