/* What was read and written again must read as the same. */
#include <assert.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "fuzz/fuzz.h"

static struct bytes rewrite(struct arena *a, struct bytes text, bool unique_names)
{
    struct fault fault;
    struct json_limits limits = {1 << 20, unique_names};
    const struct json *value = json_parse(a, text, &limits, &fault);
    if (value == NULL) {
        assert(fault.kind == FAULT_INPUT || (fault.kind == FAULT_FULL && a->overflowed));
        return BYTES_ABSENT;
    }
    struct text again;
    text_init(&again, a, text.len);
    json_write(&again, value);
    return text_bytes(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    arena_init(&a, 16 << 20);
    struct bytes text = {(const char *)data, size};
    struct bytes once = rewrite(&a, text, false);
    if (bytes_present(once)) {
        assert(utf8_valid(text) && utf8_valid(once));
        struct bytes twice = rewrite(&a, once, false);
        assert(a.overflowed || bytes_equal(once, twice));
        struct bytes unique = rewrite(&a, text, true);
        assert(!bytes_present(unique) || bytes_equal(once, unique));
    }
    arena_release(&a);
    return 0;
}
