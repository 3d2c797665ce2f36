/* RFC 7515 5.2 and 7.1, RFC 8725: the compact form, and nothing that could be read in two ways. */
#include "base/encoding.h"
#include "base/json.h"
#include "keys/ring.h"
#include "keys/signature.h"

enum { TOKEN_MAX = 16 * 1024, HEADER_MAX = 1024 };

struct compact {
    struct bytes header, payload, signature; /* decoded */
    struct bytes signed_part;                /* header.payload as they stood */
};

static bool decode(struct bytes part, struct arena *arena, struct bytes *out)
{
    char *at = arena_take(arena, part.len);
    if (at == NULL || part.len == 0) return false;
    out->at = at;
    return base64url_decode(part, at, part.len, &out->len);
}

static bool parse_compact(struct bytes token, struct arena *arena, struct compact *out)
{
    if (!bytes_present(token) || token.len > TOKEN_MAX) return false;
    size_t first = bytes_find(token, '.');
    if (first == token.len) return false;
    struct bytes rest = {token.at + first + 1, token.len - first - 1};
    size_t second = bytes_find(rest, '.');
    if (second == rest.len) return false;
    /* a third dot is outside the alphabet of the signature */
    struct bytes signature = {rest.at + second + 1, rest.len - second - 1};
    out->signed_part = (struct bytes){token.at, first + 1 + second};
    return decode((struct bytes){token.at, first}, arena, &out->header) &&
           decode((struct bytes){rest.at, second}, arena, &out->payload) && decode(signature, arena, &out->signature);
}

/* the key that the header asks for, when everything in the header is as we write it; else NULL */
static const struct ring_key *find_key(const struct keyring *ring, struct bytes text, struct arena *arena)
{
    const struct json *header = json_parse(arena, text, &(struct json_limits){HEADER_MAX, true}, NULL);
    struct bytes typ = json_string(json_find(header, "typ"));
    /* RFC 7515 4.1.11: what crit lists must be understood; we know no extension */
    if (header == NULL || json_find(header, "crit") != NULL) return NULL;
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
    struct compact jws;
    if (!parse_compact(token, arena, &jws)) return false;
    const struct ring_key *key = find_key(ring, jws.header, arena);
    if (key == NULL || !signature_check(key->row.algorithm, key->pair, jws.signed_part, jws.signature)) return false;
    *payload = jws.payload;
    return true;
}
