/* A session that is live must read as the same session when its JSON is read again, now without what was left out. */
#include <assert.h>

#include "base/clock.h"
#include "base/json.h"
#include "fuzz/fuzz.h"
#include "identity/kratos/session.h"
#include "unit/json_text.h"

static void check_again(struct arena *a, const struct session *session)
{
    struct session again;
    struct fault fault;
    struct bytes text = json_text(a, session->json);
    assert(json_find(session->json, "tokenized") == NULL);
    assert(json_find_path(session->json, "identity.metadata_admin") == NULL);
    assert(a->overflowed || bytes_equal(json_text(a, json_copy(a, session->json)), text));
    if (text.len > 128 * 1024) return;
    enum standing standing = parse_session(a, text, &again, &fault);
    if (a->overflowed) return;
    assert(standing == STANDING_LIVE && again.aal == session->aal && again.metadata_admin == NULL);
    assert(bytes_equal(again.id, session->id) && bytes_equal(again.identity_id, session->identity_id));
    assert(bytes_equal(json_text(a, again.json), text) && bytes_equal(again.methods, session->methods));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t RECORDED_AT_MS = 1795485520000; /* most seeds are live then */
    struct bytes body = {(const char *)data, size};
    struct session session;
    struct refusal refusal;
    struct fault fault;
    struct arena a;
    arena_init(&a, 16 << 20);
    clock_set_skew_ms(0);
    clock_set_skew_ms(RECORDED_AT_MS - clock_now_ms());
    if (parse_session(&a, body, &session, &fault) == STANDING_LIVE) check_again(&a, &session);
    if (parse_person(&a, body, &session, &fault) == STANDING_LIVE)
        assert(session.identity_id.len == 36 &&
               bytes_start_with(json_text(&a, session.json), BYTES("{\"identity\":{\"")));
    if (parse_refusal(&a, body, &refusal)) assert(refusal.code >= 100);
    arena_release(&a);
    return 0;
}
