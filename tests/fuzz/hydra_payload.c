/* What is read of a payload must be whole; what came must be in the answer, and merging it again changes nothing. */
#include <assert.h>

#include "companion/hydra_payload.h"
#include "fuzz/fuzz.h"

static const struct json *reread(struct arena *a, struct bytes text)
{
    const struct json_limits limits = {1 << 20, true};
    const struct json *value = json_parse(a, text, &limits, NULL);
    assert(a->overflowed || json_is(value, JSON_OBJECT));
    return value;
}

static void check_merge(struct arena *a, const struct json *came)
{
    const struct json *mapped = reread(a, BYTES("{\"email\":\"ann@example.com\",\"n\":9007199254740993}"));
    struct text once, twice;
    text_init(&once, a, 64);
    text_init(&twice, a, 64);
    hydra_payload_merge(&once, came, mapped);
    if (!bytes_present(text_bytes(&once))) return;
    const struct json *merged = reread(a, text_bytes(&once));
    if (merged == NULL) return;
    assert(merged->count >= (came == NULL ? 0 : came->count) && json_find(merged, "n") != NULL);
    hydra_payload_merge(&twice, merged, mapped);
    assert(a->overflowed || bytes_equal(text_bytes(&once), text_bytes(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = {(const char *)data, size};
    struct hydra_payload payload;
    struct fault fault = {FAULT_NONE, "", ""};
    struct arena a;
    arena_init(&a, 16 << 20);
    if (hydra_payload_parse(&a, body, &payload, &fault)) {
        assert(bytes_present(payload.scope) && bytes_present(payload.audience));
        assert(payload.subject.len > 0 || !bytes_present(payload.subject));
        check_merge(&a, payload.access_claims);
        check_merge(&a, payload.id_claims);
    } else {
        assert(fault.kind == FAULT_INPUT || (fault.kind == FAULT_FULL && a.overflowed));
    }
    arena_release(&a);
    return 0;
}
