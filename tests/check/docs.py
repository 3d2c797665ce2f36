"""docs: holds the pages to the code. usage: docs.py ROOT | docs.py --self-test

Every relative link in README.md and docs/ leads to a file and, where it names one, to a heading. What the code offers is named: each path of
server/routes.c, each command of server/main.c and each error of oauth/error.h in docs/interface.md, each outcome of storage/rotation.c in
docs/refresh.md, each family of base/metrics_table.h in docs/metrics.md; alerts and dashboard ask for families that there are. Decisions are numbered without a gap, in name and title, and stand in their index. Each complaint is a line "page: what"; the exit status is 1 when there is one."""
import os
import re
import sys

INTERFACE, REFRESH, DECISIONS = "docs/interface.md", "docs/refresh.md", "docs/decisions/README.md"
METRICS, METRICS_TABLE, METRICS_ASKED = "docs/metrics.md", "base/metrics_table.h", ["examples/prometheus/alerts.yml", "examples/prometheus/dashboard.json"]
DECISION = re.compile(r"docs/decisions/(\d{4})-[a-z0-9-]+\.md$")


# ---- links ----

def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def anchors_of(text):
    """headings as GitHub names them: lower case, words joined by hyphens, no punctuation; a second one of a name gets -1"""
    found, names = set(), re.findall(r"^#+\s+(.*?)\s*$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), flags=re.M)
    for name in names:
        name = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", name)
        slug = re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-")
        count = 0
        while slug + ("-%d" % count if count else "") in found:
            count += 1
        found.add(slug + ("-%d" % count if count else ""))
    return found


def check_links(pages, exists):
    for page, text in pages.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = os.path.normpath(os.path.join(os.path.dirname(page), name)) if name else page
            if not exists(path):
                yield page, "the link %s leads nowhere" % target
            elif anchor and anchor not in anchors_of(pages.get(path, "")):
                yield page, "the link %s names a heading that is not there" % target


# ---- what the code offers ----

def paths_of(routes):
    found = {path.replace("/{}", "/{id}") for path in re.findall(r'\.path = "(/[^"]*)"', routes)}
    return found | set(re.findall(r'put_metadata\(l, "(/[^"]*)"\)', routes))


def commands_of(main):
    table = main[main.index("COMMANDS[] = {"):]
    return re.findall(r'^    \{"([a-z ]+)",', table[:table.index("\n};")], flags=re.M)


def errors_of(header):
    return set(re.findall(r'X\([A-Z_]+, "([a-z_]+)", \d+,', header))


def outcomes_of(rotation):
    body = rotation[rotation.index("rotate_outcome_name("):]
    return re.findall(r'case ROTATE_[A-Z_]+: return "([a-z_]+)"', body[:body.index("\n}")])


def families_of(table):
    return set(re.findall(r'^    X\([A-Z_]+, [A-Z_]+, "([a-z_]+)"', table, flags=re.M))


def check_asked(page, text, families):
    """a query for a metric that isn't there is always silent"""
    names = set(re.findall(r"\b(?:hydrant|process)_[a-z_]+", text))
    if not names:
        yield page, "no metric was found in it: the check looks in the wrong place"
    for name in sorted(names):
        if name not in families and re.sub(r"_(bucket|sum|count)$", "", name) not in families:
            yield page, "asks for %s, which is no metric" % name


def check_named(page, text, kind, names):
    if not names:
        yield page, "no %s was found in the code: the check looks in the wrong place" % kind
    for name in sorted(names):
        if not re.search(r"`[^`\n]*(?<![\w/-])%s(?![\w/-])[^`\n]*`" % re.escape(name), text):
            yield page, "does not name the %s %s" % (kind, name)


def check_offered(pages, read):
    interface, refresh = pages.get(INTERFACE, ""), pages.get(REFRESH, "")
    yield from check_named(INTERFACE, interface, "path", paths_of(read("server/routes.c")))
    yield from check_named(INTERFACE, interface, "command", ["hydrant " + words for words in commands_of(read("server/main.c"))])
    yield from check_named(INTERFACE, interface, "error", errors_of(read("oauth/error.h")))
    yield from check_named(REFRESH, refresh, "outcome", outcomes_of(read("storage/rotation.c")))
    yield from check_named(METRICS, pages.get(METRICS, ""), "metric", families_of(read(METRICS_TABLE)))
    for page in METRICS_ASKED:
        yield from check_asked(page, read(page), families_of(read(METRICS_TABLE)))


# ---- decisions ----

def check_decisions(pages):
    expected, index = 1, pages.get(DECISIONS, "")
    for page in sorted(name for name in pages if name.startswith("docs/decisions/") and name != DECISIONS):
        found = DECISION.match(page)
        if not found or int(found.group(1)) != expected:
            yield page, "should be called docs/decisions/%04d-....md" % expected
        elif not pages[page].startswith("# %d. " % expected):
            yield page, "its title should begin with %d." % expected
        elif "[%s](%s)" % (pages[page].split("\n")[0].split(". ", 1)[1], os.path.basename(page)) not in index:
            yield page, "does not stand in %s under its title" % DECISIONS
        expected += 1


# ---- the tree ----

def find_pages(root):
    names = ["README.md"]
    for folder, _, files in os.walk(os.path.join(root, "docs")):
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files if name.endswith(".md")]
    return names


def check_tree(root):
    def read(path):
        with open(os.path.join(root, path), encoding="utf-8") as f:
            return f.read()

    pages = {name: read(name) for name in find_pages(root)}
    yield from check_links(pages, lambda path: os.path.exists(os.path.join(root, path)))
    yield from check_offered(pages, read)
    yield from check_decisions(pages)


# ---- the checks are seen to fail ----

CODE = {
    "server/routes.c": '{.path = "/oauth2/token", ...}; {.path = "/admin/clients/{}", ...};\n    put_metadata(l, "/.well-known/x");',
    "server/main.c": 'COMMANDS[] = {\n    {"serve", "run"},\n    {"clients list", "list"},\n};\n',
    "oauth/error.h": 'X(INVALID_GRANT, "invalid_grant", 400, "words")',
    "storage/rotation.c": 'rotate_outcome_name(x)\n{\n    case ROTATE_ROTATED: return "rotated";\n}\n',
    METRICS_TABLE: 'X(\n *     X(EXAMPLE, COUNTER, "hydrant_example_total", ...)\n    X(WAIT, WAITS, "hydrant_wait_seconds", ...)\n    X(CPU, COUNTER, "process_cpu", ...)\n',
    METRICS_ASKED[0]: "rate(hydrant_wait_seconds_bucket[5m]) > process_cpu",
    METRICS_ASKED[1]: '"expr": "hydrant_wait_seconds_count{x=\\"hydrant\\"}"',
}
SOUND = {
    "README.md": "see [this](docs/interface.md#a-heading-of-two), `[not](a-link)` and [that](https://example.com/x)",
    INTERFACE: "# A heading, of \"two\"\n`/oauth2/token`, `/admin/clients/{id}`, `/.well-known/x`, `hydrant serve -c FILE`, `hydrant clients list`, `invalid_grant`",
    REFRESH: "`rotated`",
    METRICS: "`hydrant_wait_seconds` `process_cpu`",
    "docs/decisions/0001-a.md": "# 1. A\n",
    "docs/decisions/0002-b.md": "# 2. B\n",
    DECISIONS: "[A](0001-a.md) [B](0002-b.md)",
}
BROKEN = [  # page, what is replaced, by what, the complaint
    ("README.md", "interface.md#a", "nowhere.md#a", "leads nowhere"),
    ("README.md", "#a-heading", "#another", "a heading that is not there"),
    (INTERFACE, "`/oauth2/token`", "`/oauth2/token2`", "the path /oauth2/token"),
    (INTERFACE, "/admin/clients/{id}", "/admin/clients", "the path /admin/clients/{id}"),
    (INTERFACE, "`/.well-known/x`", "", "the path /.well-known/x"),
    (INTERFACE, "hydrant clients list", "hydrant clients get", "the command hydrant clients list"),
    (INTERFACE, "`invalid_grant`", "invalid_grants", "the error invalid_grant"),
    (REFRESH, "`rotated`", "rotates", "the outcome rotated"),
    (METRICS, "`process_cpu`", "", "the metric process_cpu"),
    ("docs/decisions/0002-b.md", "# 2. B", "# B", "its title should begin with 2."),
    ("docs/decisions/0002-b.md", "# 2. B", "# 2. C", "does not stand in docs/decisions/README.md"),
]


def complaints_of(pages, code):
    def exists(path):
        return path in pages

    return list(check_links(pages, exists)) + list(check_offered(pages, lambda path: code[path])) + list(check_decisions(pages))


def self_test():
    failed = ["sound pages: %r" % (row,) for row in complaints_of(SOUND, CODE)]
    for page, old, new, expected in BROKEN:
        assert old in SOUND[page], old
        got = complaints_of({**SOUND, page: SOUND[page].replace(old, new)}, CODE)
        if len(got) != 1 or got[0][0] != page or expected not in got[0][1]:
            failed.append("%r instead of %r in %s: got %r" % (new, old, page, got))
    gap = {name.replace("0002", "0003"): text.replace("0002", "0003") for name, text in SOUND.items()}
    if not any("0002" in what for _, what in check_decisions(gap)):
        failed.append("a gap between decisions was not found")
    for path in CODE:
        empty = CODE[path][:1] + "COMMANDS[] = {\n};\nrotate_outcome_name(\n}\n"
        if not any("wrong place" in what for _, what in complaints_of(SOUND, {**CODE, path: empty})):
            failed.append("nothing found in %s was not told" % path)
    wrong = {**CODE, METRICS_ASKED[0]: CODE[METRICS_ASKED[0]].replace("wait_seconds_bucket", "wait_second_bucket")}
    if complaints_of(SOUND, wrong) != [(METRICS_ASKED[0], "asks for hydrant_wait_second_bucket, which is no metric")]:
        failed.append("an alert for a metric that is not there was not found: %r" % complaints_of(SOUND, wrong))
    print("\n".join(failed) or "%d broken pages tried, all found" % (len(BROKEN) + 2 + len(CODE)))
    return failed


if __name__ == "__main__":
    if sys.argv[1] == "--self-test":
        sys.exit(1 if self_test() else 0)
    complaints = ["%s: %s" % row for row in check_tree(sys.argv[1])]
    print("\n".join(complaints) if complaints else "the pages are as the code is")
    sys.exit(1 if complaints else 0)
