#include "net/vet.h"

#include <string.h>

struct counts {
    unsigned lines, hosts, lengths, codings;
};

static bool take_line(struct bytes *rest, struct bytes *line)
{
    size_t len = bytes_find(*rest, '\n');
    if (len == rest->len) return false;
    *line = (struct bytes){rest->at, len};
    *rest = (struct bytes){rest->at + len + 1, rest->len - len - 1};
    return true;
}

static bool is_named(struct bytes line, struct bytes name, struct bytes *value)
{
    if (line.len <= name.len || line.at[name.len] != ':') return false;
    if (!bytes_equal_nocase((struct bytes){line.at, name.len}, name)) return false;
    *value = bytes_trim((struct bytes){line.at + name.len + 1, line.len - name.len - 1});
    return true;
}

/* RFC 3986 3.2.2 and 3.2.3, without user names: what may stand in a host and port */
static bool is_host(struct bytes host)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=:[]";
    for (size_t i = 0; i < host.len; i++)
        if (memchr(allowed, host.at[i], sizeof allowed - 1) == NULL) return false;
    return true;
}

static bool vet_line(struct bytes line, struct counts *counts, struct bytes *host)
{
    struct bytes value;
    if (counts->lines++ == 0) return true; /* the request line */
    /* RFC 9112 5.2: a server MUST reject or unfold a folded line */
    if (line.at[0] == ' ' || line.at[0] == '\t') return false;
    if (is_named(line, BYTES("content-length"), &value)) counts->lengths++;
    if (is_named(line, BYTES("transfer-encoding"), &value)) counts->codings++;
    if (!is_named(line, BYTES("host"), &value)) return true;
    counts->hosts++;
    *host = value;
    return is_host(value);
}

static bool are_good(const struct counts *counts, bool http_1_0)
{
    /* RFC 9112 6.1, 6.3: both, or two of one, are an attempt at smuggling */
    if (counts->lengths + counts->codings > 1) return false;
    /* RFC 9112 6.1: a coding in HTTP/1.0 means faulty framing */
    if (http_1_0 && counts->codings > 0) return false;
    /* RFC 9112 3.2: a server MUST respond with 400 when Host is missing or there twice */
    return counts->hosts == 1 || (http_1_0 && counts->hosts == 0);
}

static struct vet at_end(const struct counts *counts, bool http_1_0, size_t head_len, struct bytes host)
{
    if (!are_good(counts, http_1_0)) return (struct vet){.outcome = VET_BAD};
    enum vet_outcome outcome = counts->codings > 0 ? VET_CODED : VET_GOOD;
    return (struct vet){.outcome = outcome, .head_len = head_len, .host = host};
}

struct vet vet_head(struct bytes input, size_t head_max, bool http_1_0)
{
    struct vet bad = {.outcome = VET_BAD}, large = {.outcome = VET_TOO_LARGE};
    struct counts counts = {0};
    struct bytes rest = input, line, host = BYTES_ABSENT;
    while (rest.len > 0 && (rest.at[0] == '\r' || rest.at[0] == '\n')) rest = (struct bytes){rest.at + 1, rest.len - 1};
    while (take_line(&rest, &line)) {
        if (input.len - rest.len > head_max) return large;
        /* RFC 9112 2.2: libh2o takes a bare LF for the end of a line; not everyone does */
        if (line.len == 0 || line.at[line.len - 1] != '\r') return bad;
        line.len--;
        if (line.len == 0) return at_end(&counts, http_1_0, input.len - rest.len, host);
        if (!vet_line(line, &counts, &host)) return bad;
    }
    return bad;
}
