#include "server/token_keys.h"

#include "server/one_call.h"
#include "server/settings_reader.h"
#include "server/settings_url.h"

enum { FETCH_MAX_MS = 10 * 1000, KEYS_MAX = 100 };
static const char WHERE[] = "key set";

static bool is_url(struct bytes where)
{
    return bytes_start_with(where, BYTES("http://")) || bytes_start_with(where, BYTES("https://"));
}

/* scheme and authority; what follows is the request's */
static struct bytes base_of(struct bytes url)
{
    size_t scheme = bytes_start_with(url, BYTES("https://")) ? 8 : 7;
    return (struct bytes){url.at, scheme + bytes_find((struct bytes){url.at + scheme, url.len - scheme}, '/')};
}

static bool fetch(struct bytes url, struct arena *arena, struct bytes *text, struct fault *fault)
{
    struct bytes base = base_of(url), path = {url.at + base.len, url.len - base.len};
    const struct one_call call = {
        .base_url = base,
        .timeout_ms = FETCH_MAX_MS,
        .call = {.method = "GET",
                 .path = path.len > 0 ? path : BYTES("/"),
                 .headers = {{BYTES("accept"), BYTES("application/jwk-set+json, application/json")}},
                 .header_count = 1},
    };
    struct call_answer answer;
    struct fault why;
    if (!one_call(&call, arena, &answer, &why))
        return fault_set(fault, why.kind, WHERE, "%.*s: %s", BYTES_PRINT(url), why.what);
    *text = answer.body;
    if (answer.status == 200) return true;
    return fault_set(fault, FAULT_INPUT, WHERE, "%.*s answered %d%s", BYTES_PRINT(url), answer.status,
                     answer.status / 100 == 3 ? "; redirects are not followed: name where it leads to" : "");
}

static bool read_file(const char *name, struct arena *arena, struct bytes *text, struct fault *fault)
{
    char why[128];
    return read_regular_file(arena, name, CLIENT_BODY_MAX, text, why) ||
           fault_set(fault, FAULT_INPUT, WHERE, "%s: %s", name, why);
}

/* the list under "keys"; NULL with words */
static const struct json *list_of(const char *where, const struct json *set, struct fault *fault)
{
    const struct json *keys = json_find(set, "keys");
    if (!json_is(keys, JSON_ARRAY))
        fault_set(fault, FAULT_INPUT, WHERE, "%s is no key set: an object with a list named keys (RFC 7517 5)", where);
    else if (keys->count > KEYS_MAX)
        fault_set(fault, FAULT_INPUT, WHERE, "%s has %zu keys; %d at most are read", where, keys->count, (int)KEYS_MAX);
    else
        return keys;
    return NULL;
}

const struct json *read_key_set(const char *where, struct arena *arena, struct fault *fault)
{
    const struct json_limits limits = {.size_max = CLIENT_BODY_MAX, .unique_names = true};
    struct bytes text;
    struct fault unreadable;
    if (!(is_url(bytes_of(where)) ? fetch(bytes_of(where), arena, &text, fault)
                                  : read_file(where, arena, &text, fault)))
        return NULL;
    const struct json *set = json_parse(arena, text, &limits, &unreadable);
    if (set != NULL) return list_of(where, set, fault);
    fault_set(fault, FAULT_INPUT, WHERE, "%s: %s", where, unreadable.what);
    return NULL;
}

bool key_set_is_unprotected(const char *where)
{
    struct url url;
    if (!bytes_start_with(bytes_of(where), BYTES("http://"))) return false;
    return !url_parse(base_of(bytes_of(where)), &url) || !is_loopback(url.host);
}
