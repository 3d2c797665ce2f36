"""measure_process: how much memory the server holds, and how soon it answers."""
import os
import resource
import socket
import time

import load
from bench_site import Site, SqliteDatabase
from figures import median, medians
from parts import Hydrant
from process_counters import resident_bytes
from seeds import MOBILE

MB = 1024 * 1024
CONNECTIONS = 10000
GROWTH_CLIENTS = 128
START_DEADLINE_S = 10
SQLITE_CLIENTS = (1, 32, 128)


def most_connections():
    """the server gives five eighths of its descriptors to connections; 256 for each worker, at most a quarter, are the admin port's own"""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        limit = max(limit, 4 * CONNECTIONS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    except (ValueError, OSError):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    room = limit // 8 * 5
    return min(CONNECTIONS, room - min(256 * len(os.sched_getaffinity(0)), room // 4))


def open_idle(port, count):
    """each has had one answer"""
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(load.get("/health/alive"))
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connections.append(connection)
    return connections


def connections_open(hydrant):
    text = hydrant.admin.get("/metrics/prometheus").body.decode()
    return int(next(line.split()[1] for line in text.split("\n") if line.startswith('hydrant_connections_open{listener="public"}')))


def memory(bench):
    count = most_connections()
    with bench.site.share(Site(bench.kratos, bench.site.database)) as site:
        pid = site.hydrant.child.pid
        time.sleep(1)
        idle = resident_bytes(pid)
        connections = open_idle(site.port, count)
        opened, connected = connections_open(site.hydrant), resident_bytes(pid)
        bench.progress("%.1f MB idle, %.1f MB with %d idle connections" % (idle / MB, connected / MB, opened))
        for connection in connections:
            connection.close()
        figures = {"memory_idle": idle / MB, **grow(bench, site, pid)}
    if opened >= CONNECTIONS * 99 // 100:
        return {**figures, "memory_connections": connected / MB}
    bench.note("memory_connections", "the limit of open files here allows %d of them: %.1f MB with these, %.1f KB each. For 10,000 it must be 22,000 (ulimit -n)"
               % (opened, connected / MB, (connected - idle) / opened / 1024))
    return figures


def grow(bench, site, pid):
    """the first refreshes fill what is kept for good"""
    site.refresh_each_its_own(GROWTH_CLIENTS, 60, requests=bench.growth_count // 10)
    before = resident_bytes(pid)
    done = site.refresh_each_its_own(GROWTH_CLIENTS, 180, requests=bench.growth_count)["good"]
    bench.progress("%d refreshes: from %.1f to %.1f MB" % (done, before / MB, resident_bytes(pid) / MB))
    if done < 1000000:
        bench.note("memory_growth", "over %s refreshes, not 1,000,000" % "{:,}".format(done))
    return {"memory_growth": (resident_bytes(pid) - before) / MB}


def start(bench):
    """polled with one refresh after the other, each on a connection of its own"""
    took = []
    with Site(bench.kratos, bench.site.database) as site:
        token, settings = site.exchanged_words(1)[0], site.hydrant.settings
    for _ in range(bench.rounds):
        began = time.monotonic()
        hydrant = Hydrant(settings, wait=False)
        try:
            token = first_refresh(hydrant, token, began).json["refresh_token"]
            took.append((time.monotonic() - began) * 1000)
        finally:
            hydrant.stop()
    bench.progress(", ".join("%.0f ms" % ms for ms in took))
    return {"start": median(took)}


def first_refresh(hydrant, token, began):
    while time.monotonic() < began + START_DEADLINE_S:
        try:
            answer = hydrant.refresh(token, client=MOBILE)
        except OSError:
            time.sleep(0.001)
            continue
        if answer.status == 200:
            return answer
    raise AssertionError("no refresh: " + hydrant.log)


def sqlite(bench):
    with Site(bench.kratos, SqliteDatabase(bench.folder + "/bench.db")) as site:
        table = {}
        for clients in SQLITE_CLIENTS:
            results = [site.refresh(site.exchanged_words(clients), clients, bench.seconds) for _ in range(min(3, bench.rounds))]
            table[clients] = medians(results, "per_s", "p50_ms", "p99_ms", "server_us")
            bench.progress("SQLite, %d clients: %.0f refreshes/s" % (clients, table[clients]["per_s"]))
    bench.by_clients["sqlite"] = table
    return {}
