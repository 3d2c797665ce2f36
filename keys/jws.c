#include "keys/jws.h"

#include "base/encoding.h"
#include "keys/ring.h"
#include "keys/signature.h"

static const char WHERE[] = "jws";

/* ---- the compact form ---- */

struct part {
    const char *name;
    struct bytes text;
};

static bool decode(const struct part *part, struct arena *arena, struct bytes *out, struct fault *fault)
{
    char *at = arena_take(arena, part->text.len);
    if (at == NULL) return fault_set(fault, FAULT_FULL, WHERE, "no room");
    out->at = at;
    if (part->text.len == 0) return fault_set(fault, FAULT_INPUT, WHERE, "the %s is empty", part->name);
    return base64url_decode(part->text, at, part->text.len, &out->len) ||
           fault_set(fault, FAULT_INPUT, WHERE, "the %s is not base64url without padding (RFC 7515 2)", part->name);
}

static size_t count_dots(struct bytes token)
{
    size_t count = 0;
    for (size_t i = 0; i < token.len; i++) count += token.at[i] == '.';
    return count;
}

bool jws_parse(struct bytes token, struct arena *arena, struct jws *out, struct fault *fault)
{
    if (token.len > JWS_MAX) return fault_set(fault, FAULT_INPUT, WHERE, "it is over %d characters long", (int)JWS_MAX);
    size_t dots = count_dots(token);
    if (dots != 2)
        return fault_set(fault, FAULT_INPUT, WHERE, "it has %zu part%s; three with a dot between make a JWS%s",
                         dots + 1, dots == 0 ? "" : "s", dots == 4 ? " (five make a JWE, which is encrypted)" : "");
    size_t first = bytes_find(token, '.');
    struct bytes rest = {token.at + first + 1, token.len - first - 1};
    size_t second = bytes_find(rest, '.');
    const struct part header = {"header", {token.at, first}}, payload = {"payload", {rest.at, second}};
    const struct part signature = {"signature", {rest.at + second + 1, rest.len - second - 1}};
    out->signed_part = (struct bytes){token.at, first + 1 + second};
    return decode(&header, arena, &out->header, fault) && decode(&payload, arena, &out->payload, fault) &&
           decode(&signature, arena, &out->signature, fault);
}

const struct json *jws_header(struct bytes text, struct arena *arena, struct fault *fault)
{
    static const char *const refused[] = {"crit", "b64"};
    const struct json *header = json_parse(arena, text, &(struct json_limits){JWS_HEADER_MAX, true}, fault);
    if (header == NULL) return NULL;
    if (!json_is(header, JSON_OBJECT)) {
        fault_set(fault, FAULT_INPUT, WHERE, "the header is no JSON object");
        return NULL;
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (json_find(header, refused[i]) == NULL) continue;
        fault_set(fault, FAULT_INPUT, WHERE, "the header has %s, and no extension is understood here", refused[i]);
        return NULL;
    }
    return header;
}

/* ---- tokens of ours ---- */

/* the key that the header asks for, when everything in the header is as we write it; else NULL */
static const struct ring_key *find_key(const struct keyring *ring, struct bytes text, struct arena *arena)
{
    const struct json *header = jws_header(text, arena, NULL);
    struct bytes typ = json_string(json_find(header, "typ"));
    /* RFC 8725 3.11: explicit typing */
    if (!bytes_equal(typ, BYTES("at+jwt")) && !bytes_equal(typ, BYTES("JWT"))) return NULL;
    const struct ring_key *key = ring_find(ring, json_string(json_find(header, "kid")));
    if (key == NULL) return NULL;
    /* RFC 8725 3.1: the key says which algorithm, the header must agree */
    struct bytes algorithm = json_string(json_find(header, "alg"));
    return bytes_equal(algorithm, key_algorithm_name(key->row.algorithm)) ? key : NULL;
}

bool keyring_verify(struct keyring *ring, struct bytes token, struct arena *arena, struct bytes *payload)
{
    struct jws jws;
    if (!jws_parse(token, arena, &jws, NULL)) return false;
    const struct ring_key *key = find_key(ring, jws.header, arena);
    if (key == NULL || !signature_check(key->row.algorithm, key->pair, jws.signed_part, jws.signature)) return false;
    *payload = jws.payload;
    return true;
}
