"""bench_table: the outcome of a run, for people: as text, as Markdown, beside an earlier run."""
from figures import FIGURES

PLAIN, MARKDOWN = "plain", "markdown"
OTHERS_MAX = 0.05
BEGIN, END = "<!-- made by scripts/bench --markdown: begin -->", "<!-- end -->"


def write_rows(head, rows, style):
    rows = [head, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    if style == MARKDOWN:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return [lines[0], "|" + "---|" * len(head), *lines[1:]]
    left = {0, *(column for column, cell in enumerate(head) if cell == "where")}
    return ["  ".join(cell.ljust(width) if column in left else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def figure_rows(run, other):
    for name, figure in FIGURES.items():
        note = run["notes"].get(name, "")
        if name not in run["figures"]:
            if note:
                yield [figure.what, "-", figure.write_bar(), ""] + ([""] if other else []), name
            continue
        value = run["figures"][name]
        met = figure.is_met(value)
        row = [figure.what, figure.write(value), figure.write_bar(), "" if met is None else "yes" if met else "no"]
        if other:
            before = other["figures"].get(name)
            row.append("{:.2f}".format(value / before) if before else "")
        yield row, name


def per_clients_rows(run):
    postgres, sqlite = (run["by_clients"].get(name, {}) for name in ("postgres", "sqlite"))
    for clients in sorted({*postgres, *sqlite}, key=int):
        row = [clients]
        for table, names in ((postgres, (("pgbench_per_s", "{:,.0f}"), ("per_s", "{:,.0f}"), ("p50_ms", "{:.2f}"), ("p99_ms", "{:.2f}"),
                                          ("server_us", "{:.0f}"), ("postgres_us", "{:.0f}"))),
                             (sqlite, (("per_s", "{:,.0f}"), ("p50_ms", "{:.2f}"), ("p99_ms", "{:.2f}")))):
            values = table.get(clients, {})
            row += [form.format(values[name]) if name in values else "" for name, form in names]
        yield row


def where_rows(run):
    for part, places in run["where"].items():
        for place, us in places.items():
            yield [part, place, "%.1f" % us]
    yield ["together", "", "%.1f" % sum(us for places in run["where"].values() for us in places.values())]


def machine_line(run):
    m = run["machine"]
    return "%s, %d cores, Linux %s; Postgres %s (fsync %s, synchronous_commit %s, full_page_writes %s, shared_buffers %s), %s; Hydrant %s%s. %s; %d rounds of %.3g s; {} grants.".format(
        "{:,}".format(run["grants"])) % (m["processor"], m["cores"], m["kernel"], m["postgres"], m["settings"]["fsync"], m["settings"]["synchronous_commit"],
        m["settings"]["full_page_writes"], m["settings"]["shared_buffers"], m["nginx"], m["commit"], ", changed" if m["changed"] else "", run["date"], run["rounds"], run["seconds"])


def write_run(run, style, other=None):
    head = ["figure", "measured", "bar", "met"] + (["/ before"] if other else [])
    rows = list(figure_rows(run, other))
    marks = {name: number for number, name in enumerate((name for _, name in rows if name in run["notes"]), 1)}
    for row, name in rows:
        row[1] += " (%d)" % marks[name] if name in marks else ""
    lines = [machine_line(run), ""] + write_rows(head, [row for row, _ in rows], style) + [""]
    lines += ["(%d) %s" % (number, run["notes"][name]) for name, number in marks.items()]
    if marks:
        lines.append("")
    if run["by_clients"]:
        lines += write_rows(["clients", "pgbench, updates/s", "Hydrant, refreshes/s", "p50 ms", "p99 ms", "server us", "Postgres us", "on SQLite, refreshes/s", "p50 ms", "p99 ms"],
                            list(per_clients_rows(run)), style) + [""]
    if run["where"]:
        lines += write_rows(["a refresh, 128 clients", "where", "us"], list(where_rows(run)), style) + [""]
    lines += ["No figure from \"%s\": %s" % pair for pair in run["failed"].items()]
    others = run["others"]
    lines.append("The machine's processors were busy with other things: %.0f %% before, %.0f %% after.%s" % (
        100 * others[0], 100 * others[1], " **These are no figures of a quiet machine: measure again.**" if max(others) > OTHERS_MAX else ""))
    return "\n".join(lines)


def put_into(path, text):
    """between the marks of a page"""
    with open(path, encoding="utf-8") as f:
        page = f.read()
    before, rest = page.split(BEGIN)
    after = rest.split(END, 1)[1]
    with open(path, "w", encoding="utf-8") as f:
        f.write(before + BEGIN + "\n" + text + "\n" + END + after)
