"""process_counters: processor time and memory of processes, from /proc."""
import glob
import os
import time

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def read(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return f.read()


def thread_ns(folder):
    try:
        return int(read(folder + "/schedstat").split()[0])
    except OSError:  # a kernel without it counts in hundredths of a second
        fields = read(folder + "/stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000000000 // TICKS_PER_S


def cpu_ns(pid):
    total = 0
    for folder in glob.glob("/proc/%d/task/*" % pid):
        try:
            total += thread_ns(folder)
        except OSError:
            continue  # it has ended meanwhile
    return total


def children_of(pid):
    """by their parent's number: those of a postmaster are its sessions and its servants"""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            if int(read(path).rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(path.split("/")[2]))
        except OSError:
            continue
    return found


def resident_bytes(pid):
    line = next(line for line in read("/proc/%d/status" % pid).split("\n") if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def busy_share(seconds):
    """of all cores; what the machine's owner takes (steal) is busy, too"""
    def ticks():
        fields = [int(field) for field in read("/proc/stat").split("\n")[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]
    before = ticks()
    time.sleep(seconds)
    after = ticks()
    return 1 - (after[1] - before[1]) / (after[0] - before[0])


class Cpu:
    """with Cpu(server=[pid], ...) as cpu: what each of them used in between stands in cpu.us"""

    def __init__(self, **groups):
        self.groups, self.us = groups, {}

    def __enter__(self):
        self.before = {name: {pid: cpu_ns(pid) for pid in pids} for name, pids in self.groups.items()}
        return self

    def __exit__(self, *_):
        for name, pids in self.groups.items():
            # one that has ended meanwhile has nothing to do with what is measured: a session of psql, say
            self.us[name] = sum(max(0, cpu_ns(pid) - self.before[name][pid]) for pid in pids) / 1000
