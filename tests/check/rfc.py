"""rfc: an index of the RFC sections that code and tests name. usage: rfc.py ROOT > docs/rfc-index.md | rfc.py ROOT --check | rfc.py --self-test

A reference is "RFC 8693 2.2.2" in a .c, .h or .py file, "RFC 9112 6.1, 6.3" for several, or test_rfc_8693_2_2_2_... for a test's name. What a comment says of
a section is what stands behind its colon: /* RFC 7009 2.2: an invalid token is 200 */. --check: is docs/rfc-index.md what would be printed?"""
import os
import re
import subprocess
import sys

INDEX = "docs/rfc-index.md"
SECTION = r"(?:[A-Z](?:\.\d+)+|\d{1,2}(?:\.\d+)*)(?![\w])"
SECTIONS = r"(?: (?:section )?%s(?:(?:,| and) %s)*)?" % (SECTION, SECTION)
REFERENCE = re.compile(r"RFC (\d{4}\b%s(?:, \d{4}\b%s)*)" % (SECTIONS, SECTIONS))
SAID = re.compile(r"/\* (?:-+ )?(RFC [^:*]{4,40}): (.*?)\s*\*/", flags=re.S)
TEST_NAME = re.compile(r"def test_rfc_(\d{4})((?:_\d+)*)_")
TITLES = {
    2104: "HMAC", 3339: "Times", 3629: "UTF-8", 3986: "URIs", 4231: "Test vectors of HMAC", 4648: "Base64", 5208: "PKCS #8", 5869: "HKDF", 6066: "TLS extensions",
    6265: "Cookies", 6454: "Origins", 6585: "More status codes", 6749: "OAuth 2.0", 6750: "Bearer tokens", 6979: "Deterministic ECDSA", 7009: "Token revocation", 7468: "PEM", 7515: "JWS", 7517: "JWK", 7518: "JWA", 7519: "JWT", 7591: "Client registration",
    7617: "Basic authentication", 7638: "JWK thumbprint", 7662: "Token introspection", 7797: "Unencoded payloads", 8018: "PBKDF2", 8032: "EdDSA", 8037: "Ed25519 in JOSE", 8259: "JSON", 8288: "Links", 8414: "Server metadata", 8693: "Token exchange",
    8707: "Resource indicators", 8725: "JWT best practice", 9068: "JWT access tokens", 9110: "HTTP", 9112: "HTTP/1.1", 9325: "TLS best practice", 9470: "Step-up",
    9525: "Names in certificates", 9562: "UUIDs", 9700: "OAuth security best practice", 9701: "JWT answers to introspection",
}


def joined(text):
    """comments of several lines as one"""
    return re.sub(r"\s*\n[ \t]*(?:\*(?!/)|//)?[ \t]*", " ", text)


def references(text):
    """(rfc, section) of each; the section is "" where a whole RFC is named"""
    for found in REFERENCE.findall(joined(text)):
        for number, sections in re.findall(r"(\d{4})\b([^\d]*(?:%s)?(?:(?:,| and) %s)*)" % (SECTION, SECTION), found):
            names = re.findall(SECTION, sections)
            yield from ((int(number), name) for name in names or [""])
    for number, sections in TEST_NAME.findall(text):
        yield int(number), sections[1:].replace("_", ".")


def sayings(text):
    for where, what in SAID.findall(joined(text)):
        for key in references(where):
            yield key, what if what.endswith("..") else what.removesuffix(".")


def index_of(files, read):
    """(rfc, section) -> {"code": files, "tests": files, "said": sentences}"""
    index = {}
    for path in sorted(files):
        side = "tests" if path.startswith("tests/") else "code"
        text = read(path)
        for key in references(text):
            index.setdefault(key, {"code": [], "tests": [], "said": []})
            if path not in index[key][side]:
                index[key][side].append(path)
        if side == "code":
            for key, what in sayings(text):
                if what not in index[key]["said"]:
                    index[key]["said"].append(what)
    return index


def order(section):
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in section.split(".")] if section else []


def row(section, entry):
    cell = ", ".join
    said = "; ".join(entry["said"]).replace("|", "\\|")
    return "| %s | %s | %s | %s |" % (section or "all of it", said, cell("`%s`" % p for p in entry["code"]), cell("`%s`" % p.removeprefix("tests/") for p in entry["tests"]))


def write(index):
    lines = ["# RFC sections in code and tests", "",
             "Made by `python3 tests/check/rfc.py . > docs/rfc-index.md`; a check compares. Tests stand below `tests/`. What a section asks is said as the comments in the code say it.", ""]
    for number in sorted({number for number, _ in index}):
        lines += ["## RFC %d: %s" % (number, TITLES[number]), "", "| section | what | code | tests |", "|---|---|---|---|"]
        lines += [row(section, index[number, section]) for section in sorted((s for n, s in index if n == number), key=order)]
        lines.append("")
    return "\n".join(lines)


def is_looked_at(path):
    return path.endswith((".c", ".h", ".py")) and not path.startswith(("tests/check/", "tests/data/"))


def print_of(root):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True).stdout.split("\n")

    def read(path):
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
            return f.read()

    files = [path for path in listed if is_looked_at(path) and os.path.isfile(os.path.join(root, path))]
    index = index_of(files, read)
    unknown = sorted({number for number, _ in index} - set(TITLES))
    if unknown:
        sys.exit("tests/check/rfc.py: TITLES lacks RFC %s" % unknown)
    return write(index)


def check(printed, kept):
    if printed == kept:
        return []
    differing = set(printed.split("\n")) ^ set(kept.split("\n"))
    return ["%s is not what the code names: make it anew (python3 tests/check/rfc.py . > %s)" % (INDEX, INDEX)] + sorted(differing)


EXAMPLES = [
    ("/* RFC 8693 2.2.2: who names\n * no target */", [(8693, "2.2.2")]),
    ('TEST("RFC 9112 6.1, 6.3: two of one")', [(9112, "6.1"), (9112, "6.3")]),
    ("/* RFC 7515 5.2 and 7.1, RFC 8725: the compact form */", [(7515, "5.2"), (7515, "7.1"), (8725, "")]),
    ("RFC 7517, 7518 6, 7638.", [(7517, ""), (7518, "6"), (7638, "")]),
    ("RFC 6749 section 6 and docs", [(6749, "6")]),
    ("(RFC 7515 A.2)", [(7515, "A.2")]),
    ("RFC 4231: HMAC, cases 1, 2", [(4231, "")]),
    ("def test_rfc_6749_2_3_1_id_and_secret():", [(6749, "2.3.1")]),
    ("def test_rfc_7638_the_kid():", [(7638, "")]),
    ("RFC 2104) and 20 bytes", [(2104, "")]),
]


def self_test():
    failed = ["%r: got %r" % (text, list(references(text))) for text, expected in EXAMPLES if list(references(text)) != expected]
    code = {"oauth/a.c": "/* RFC 8693 2.1: this | that. */ x; /* RFC 8693 10 */ y; /* RFC 8693 2 */", "tests/a.py": "def test_rfc_8693_2_1_x(): pass"}
    printed = write(index_of(code, code.get))
    for line in ("| 2 |  | `oauth/a.c` |  |", "| 2.1 | this \\| that | `oauth/a.c` | `a.py` |", "| 10 |  | `oauth/a.c` |  |"):
        if line not in printed:
            failed.append("no %r in\n%s" % (line, printed))
    if not printed.index("| 2 |") < printed.index("| 2.1 |") < printed.index("| 10 |"):
        failed.append("not in order")
    if check(printed, printed) or not check(printed, printed.replace("2.1", "2.2")):
        failed.append("a changed index was not told")
    print("\n".join(failed) or "%d references tried, all read" % len(EXAMPLES))
    return failed


if __name__ == "__main__":
    if sys.argv[1] == "--self-test":
        sys.exit(1 if self_test() else 0)
    if sys.argv[2:] == ["--check"]:
        with open(os.path.join(sys.argv[1], INDEX), encoding="utf-8") as f:
            complaints = check(print_of(sys.argv[1]), f.read())
        print("\n".join(complaints) or "the index is as the code is")
        sys.exit(1 if complaints else 0)
    sys.stdout.write(print_of(sys.argv[1]))
