/* Every decoder accepts one spelling only: what it read, written again, is what stood there. */
#include <assert.h>

#include "base/encoding.h"
#include "base/text.h"
#include "fuzz/fuzz.h"

static void read_base64url(struct arena *a, struct bytes in)
{
    size_t len;
    void *out = arena_take(a, in.len);
    if (!base64url_decode(in, out, in.len, &len)) return;
    struct text again;
    text_init(&again, a, in.len);
    text_put_base64url(&again, out, len);
    assert(bytes_equal(text_bytes(&again), in));
}

static void read_base64(struct arena *a, struct bytes in)
{
    size_t len;
    void *out = arena_take(a, in.len);
    if (base64_decode(in, out, in.len, &len)) assert(len <= in.len / 4 * 3 && in.len / 4 * 3 <= len + 2);
}

static void read_form(struct arena *a, struct bytes in)
{
    struct bytes out = BYTES_ABSENT;
    if (!form_decode(a, in, &out)) return;
    assert(out.len <= in.len && bytes_find(out, '\0') == out.len);
}

static void read_uuid(struct bytes in)
{
    unsigned char uuid[16];
    char text[37];
    if (!uuid_parse(in, uuid)) return;
    uuid_write(uuid, text);
    assert(bytes_equal_nocase(bytes_of(text), in));
}

static void write_json(struct arena *a, struct bytes in)
{
    struct text t;
    text_init(&t, a, 0);
    text_put_json(&t, in);
    struct bytes written = text_bytes(&t);
    assert(written.len >= 2 && utf8_valid(written));
    for (size_t i = 0; i < written.len; i++) assert((unsigned char)written.at[i] >= 0x20 && written.at[i] != '<');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    arena_init(&a, 64 * size + 4096);
    struct bytes in = {(const char *)data, size};
    read_base64url(&a, in);
    read_base64(&a, in);
    read_form(&a, in);
    read_uuid(in);
    write_json(&a, in);
    arena_release(&a);
    return 0;
}
