"""bench_plot: draws a run as SVG: refreshes a second beside pgbench's updates, and how long a refresh takes, over the number of clients."""
import math

WIDTH, HEIGHT = 960, 380
TOP, BOTTOM, PANEL_WIDTH, LEFTS = 70, 320, 330, (80, 560)
STYLE = """    text { fill: #1f2328; font-size: 13px }
    .name { font-size: 15px; font-weight: 600 }
    .grid { stroke: #d0d7de; stroke-width: 1 }
    .axis { stroke: #57606a; stroke-width: 1.2 }
    .line { fill: none; stroke-width: 2.4 }
    .a { stroke: #0550ae } .dot-a, text.a { fill: #0550ae; stroke: none }
    .b { stroke: #8c959f; stroke-dasharray: 6 4 } .dot-b, text.b { fill: #57606a; stroke: none }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .grid { stroke: #30363d }
      .axis { stroke: #9ea7b3 }
      .a { stroke: #79c0ff } .dot-a, text.a { fill: #79c0ff }
      .b { stroke: #6e7681 } .dot-b, text.b { fill: #9ea7b3 }
    }"""


def round_up(value):
    """the next 1, 2, 2.5 or 5 of a power of ten"""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value)


class Panel:
    """numbers of clients stand apart by their doublings; values begin at 0"""

    def __init__(self, left, name, clients, most):
        self.left, self.name, self.clients = left, name, clients
        self.step = round_up(most / 5)
        self.most = self.step * math.ceil(most / self.step)

    def x(self, clients):
        return self.left + PANEL_WIDTH * math.log2(clients) / math.log2(max(self.clients))

    def y(self, value):
        return BOTTOM - (BOTTOM - TOP) * value / self.most

    def draw_axes(self):
        yield '  <text class="name" x="%d" y="%d">%s</text>' % (self.left, TOP - 34, self.name)
        for at in range(round(self.most / self.step) + 1):
            value = at * self.step
            yield '  <path class="grid" d="M%d %.1f h%d"/>' % (self.left, self.y(value), PANEL_WIDTH)
            yield '  <text x="%d" y="%.1f" text-anchor="end">%s</text>' % (self.left - 8, self.y(value) + 4, "{:,g}".format(value))
        yield '  <path class="axis" d="M%d %d h%d"/>' % (self.left, BOTTOM, PANEL_WIDTH)
        for clients in self.clients:
            yield '  <text x="%.1f" y="%d" text-anchor="middle">%d</text>' % (self.x(clients), BOTTOM + 20, clients)
        yield '  <text x="%d" y="%d" text-anchor="middle">clients</text>' % (self.left + PANEL_WIDTH // 2, BOTTOM + 42)

    def draw_line(self, kind, name, values):
        """values: clients -> value; the name stands at the line's end"""
        points = [(self.x(clients), self.y(value)) for clients, value in sorted(values.items())]
        yield '  <path class="line %s" d="M%s"/>' % (kind, " L".join("%.1f %.1f" % point for point in points))
        for point in points:
            yield '  <circle class="dot-%s" cx="%.1f" cy="%.1f" r="3.5"/>' % (kind, *point)
        yield '  <text class="%s" x="%.1f" y="%.1f">%s</text>' % (kind, points[-1][0] + 10, points[-1][1] + 4, name)


def values_of(table, name):
    return {int(clients): row[name] for clients, row in table.items() if name in row}


def draw(run, path):
    table = run["by_clients"]["postgres"]
    clients = sorted(map(int, table))
    refreshes, updates, half, most = (values_of(table, name) for name in ("per_s", "pgbench_per_s", "p50_ms", "p99_ms"))
    rates = Panel(LEFTS[0], "refreshes/s; one-row updates/s of pgbench", clients, max([*refreshes.values(), *updates.values()]))
    times = Panel(LEFTS[1], "a refresh takes, ms", clients, max(most.values()))
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif">' % (WIDTH, HEIGHT),
             '  <title id="title">Refreshes a second, and how long one takes, over the number of clients</title>',
             '  <desc id="desc">Left: %s; pgbench doing the same one-row update: %s. Right, median and p99 in ms: %s.</desc>' % (
                 "; ".join("%d clients %.0f refreshes/s" % pair for pair in sorted(refreshes.items())), "; ".join("%d clients %.0f/s" % pair for pair in sorted(updates.items())),
                 "; ".join("%d clients %.2f and %.2f" % (at, half[at], most[at]) for at in clients)),
             "  <style>", STYLE, "  </style>", *rates.draw_axes(), *rates.draw_line("b", "pgbench", updates),
             *rates.draw_line("a", "Hydrant", refreshes), *times.draw_axes(), *times.draw_line("b", "p99", most), *times.draw_line("a", "median", half), "</svg>", ""]
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))
