#include "storage/ending_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "storage/ending_news.h"

enum { TOLD_MAX = 1024, PAGE_ARENA_MAX = 4 * 1024 * 1024, FINGERPRINT_LEN = 8 };

struct ending_reader {
    struct flow flow; /* first */
    struct store *store;
    struct timer timer;
    struct arena arena; /* of one page */
    struct ending_page_ask ask;
    struct ending_page page;
    int64_t began_ms, read_until_ms; /* steady: of the reading under way, of the last one that went through */
    bool reading, more, hinted;      /* more: the reading goes on with another page; hinted: since it began */
    /* what was told lately comes again with the next readings; only when there was more than this it is told again */
    unsigned char told[TOLD_MAX][FINGERPRINT_LEN];
    size_t told_count;
};

static struct ending_reader *reader_of(struct flow *flow) { return (struct ending_reader *)flow; }

/* ---- telling each once ---- */

static void write_fingerprint(const struct ending *ending, struct arena *arena, unsigned char out[FINGERPRINT_LEN])
{
    unsigned char digest[DIGEST_LEN];
    struct text t;
    text_init(&t, arena, 64);
    text_put_format(&t, "%s %lld ", revoke_by_name(ending->by), (long long)ending->at);
    text_put(&t, ending->name);
    digest_sha256(text_bytes(&t), digest);
    memcpy(out, digest, FINGERPRINT_LEN);
}

static bool was_told(const struct ending_reader *r, const unsigned char fingerprint[FINGERPRINT_LEN])
{
    size_t count = r->told_count < TOLD_MAX ? r->told_count : TOLD_MAX;
    for (size_t i = 0; i < count; i++)
        if (memcmp(r->told[i], fingerprint, FINGERPRINT_LEN) == 0) return true;
    return false;
}

static void tell(struct ending_reader *r, const struct ending *ending)
{
    unsigned char fingerprint[FINGERPRINT_LEN];
    write_fingerprint(ending, &r->arena, fingerprint);
    if (was_told(r, fingerprint)) return;
    memcpy(r->told[r->told_count++ % TOLD_MAX], fingerprint, FINGERPRINT_LEN);
    ending_news_tell(r->store->storage, ending->by, ending->name);
}

/* ---- a reading: one page after the other ---- */

static enum step_result read_page(struct flow *flow)
{
    struct ending_reader *r = reader_of(flow);
    r->ask.age_ms = clock_steady_ms() - r->read_until_ms + ENDING_OVERLAP_MS;
    return ask_list_endings(flow, r->store, &r->ask, &r->arena, &r->page);
}

static const struct step STEPS[] = {
    {"read_page", read_page}, /* waits for storage */
    {"finish", NULL},
};

static void finish(struct flow *flow);

static void begin_page(struct ending_reader *r)
{
    r->reading = true;
    flow_init(&r->flow, STEPS, finish);
    flow_drive(&r->flow);
}

static void begin(struct ending_reader *r)
{
    r->began_ms = clock_steady_ms();
    r->hinted = false;
    r->ask = (struct ending_page_ask){.limit = ENDING_PAGE_MAX};
    begin_page(r);
}

/* the next page goes on behind this one's last row, whose name must outlive this one */
static void turn_page(struct ending_reader *r)
{
    struct arena read = r->arena;
    arena_init(&r->arena, PAGE_ARENA_MAX);
    r->ask.after = r->page.rows[r->page.count - 1];
    r->ask.after.name = arena_copy(&r->arena, r->ask.after.name);
    arena_release(&read);
}

static void finish(struct flow *flow)
{
    struct ending_reader *r = reader_of(flow);
    bool read =
        flow->fault.kind ==
        FAULT_NONE; /* else again, from where the last one ended: the database is away, which its connections say */
    for (size_t i = 0; read && i < r->page.count; i++) tell(r, &r->page.rows[i]);
    r->reading = false;
    r->more = read && r->page.more;
    if (r->more)
        turn_page(r);
    else
        arena_release(&r->arena);
    if (read && !r->more) r->read_until_ms = r->began_ms;
    timer_start(r->store->loop, &r->timer, r->more || r->hinted ? 0 : ENDING_READ_EVERY_MS);
}

/* ---- when ---- */

static void on_time(struct timer *timer)
{
    struct ending_reader *r = (struct ending_reader *)((char *)timer - offsetof(struct ending_reader, timer));
    if (r->more)
        begin_page(r);
    else
        begin(r);
}

static void on_hint(void *data)
{
    struct ending_reader *r = data;
    r->hinted = true;
    if (!r->reading && !r->more) timer_start(r->store->loop, &r->timer, 0);
}

struct ending_reader *ending_reader_create(struct store *store)
{
    struct ending_reader *r = calloc(1, sizeof *r);
    if (r == NULL) abort();
    *r = (struct ending_reader){.store = store, .timer = {.run = on_time}, .read_until_ms = clock_steady_ms()};
    arena_init(&r->arena, PAGE_ARENA_MAX);
    flow_init(&r->flow, STEPS, finish);
    store->on_ending_hint = on_hint;
    store->ending_hint_data = r;
    timer_start(store->loop, &r->timer, ENDING_READ_EVERY_MS);
    return r;
}

void ending_reader_destroy(struct ending_reader *r)
{
    r->store->on_ending_hint = NULL;
    timer_stop(r->store->loop, &r->timer);
    flow_release(&r->flow);
    arena_release(&r->arena);
    free(r);
}

struct store *ending_reader_store(const struct ending_reader *reader) { return reader->store; }
