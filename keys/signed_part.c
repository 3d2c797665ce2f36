#include "keys/signed_part.h"

#include <assert.h>
#include <string.h>

/* RFC 9068 2.1: typ, and never alg none */
static void put_header(struct text *out, const struct ring_key *key, struct bytes typ)
{
    const struct bytes pieces[] = {BYTES("{\"alg\":\""),
                                   key_algorithm_name(key->row.algorithm),
                                   BYTES("\",\"typ\":\""),
                                   typ,
                                   BYTES("\",\"kid\":\""),
                                   key->row.kid,
                                   BYTES("\"}")};
    char room[256];
    size_t len = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        assert(pieces[i].len <= sizeof room - len);
        memcpy(room + len, pieces[i].at, pieces[i].len);
        len += pieces[i].len;
    }
    text_put_base64url(out, room, len);
}

static bool has_room(const struct text *out, struct fault *fault)
{
    return !out->failed || fault_set(fault, FAULT_FULL, "keys: sign", "the token is too long");
}

bool signed_part_write(struct keyring *ring, const struct signing *signing, struct text *out, struct signed_part *part,
                       struct fault *fault)
{
    size_t start = out->len;
    part->key = ring_find_signing(ring, signing->algorithm, fault);
    if (part->key == NULL) return false;
    put_header(out, part->key, signing->typ);
    text_put_char(out, '.');
    text_put_base64url(out, signing->payload.at, signing->payload.len);
    part->text = (struct bytes){out->at + start, out->len - start};
    return has_room(out, fault);
}

bool signed_part_end(struct text *out, struct bytes signature, struct fault *fault)
{
    text_put_char(out, '.');
    text_put_base64url(out, signature.at, signature.len);
    return has_room(out, fault);
}
