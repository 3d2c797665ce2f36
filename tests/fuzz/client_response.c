/* The first byte says how the rest is cut. The cut must make no difference to what is read, but for bytes behind the
 * end. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "net/client_response.h"

static enum response_progress read_cut(struct response *response, struct arena *arena, struct bytes wire,
                                       size_t piece_len)
{
    enum response_progress progress = RESPONSE_MORE;
    response_init(response, arena);
    while (wire.len > 0 && progress == RESPONSE_MORE) {
        size_t len = wire.len < piece_len ? wire.len : piece_len;
        char *piece = malloc(len);
        if (piece == NULL) abort();
        memcpy(piece, wire.at, len);
        progress = response_take(response, piece, len);
        free(piece);
        wire = (struct bytes){wire.at + len, wire.len - len};
    }
    assert((progress == RESPONSE_BAD) == (response->why != NULL));
    return progress;
}

static void check_answer(const struct call_answer *answer)
{
    assert(answer->status >= 200 && answer->status <= 599 && answer->body.len <= CLIENT_BODY_MAX);
    assert(answer->set_cookie_count <= CLIENT_COOKIES_MAX);
    assert(bytes_present(answer->body) == (answer->status != 204 && answer->status != 304));
    for (size_t i = 0; i < answer->set_cookie_count; i++)
        assert(memchr(answer->set_cookies[i].at, '\n', answer->set_cookies[i].len) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct response cut, whole;
    if (size == 0) return 0;
    struct bytes wire = {(const char *)data + 1, size - 1};
    arena_init(&arena, 8 << 20);
    enum response_progress cut_progress = read_cut(&cut, &arena, wire, 1 + data[0] % 64);
    enum response_progress whole_progress = read_cut(&whole, &arena, wire, size);
    if (whole_progress == RESPONSE_DONE) {
        check_answer(&whole.answer);
        assert(cut_progress == RESPONSE_DONE && cut.answer.status == whole.answer.status);
        assert(bytes_equal(cut.answer.body, whole.answer.body));
        assert(cut.keep || !whole.keep);
    }
    if (cut_progress == RESPONSE_DONE) check_answer(&cut.answer);
    arena_release(&arena);
    return 0;
}
