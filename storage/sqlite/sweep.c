#include "storage/sqlite/verbs.h"

#include <string.h>

#include "base/clock.h"

/* No index helps here, since each would be written by every rotation: a sweep walks on from where the last one stopped.
 */
enum { ROWS_WALKED = 20000, KEPT_MS = 24 * 60 * 60 * 1000 };

struct over {
    unsigned char (*ids)[GRANT_ID_LEN];
    size_t count, limit;
};

/* takes the next row: is there one? */
static bool take_row(struct query *q, struct over *over, unsigned char place[GRANT_ID_LEN])
{
    if (!query_next(q)) return false;
    query_take_blob(q, place, GRANT_ID_LEN);
    if (query_take_number(q) != 0) memcpy(over->ids[over->count++], place, GRANT_ID_LEN);
    return true;
}

/* the grants among the next rows whose time is over */
static bool walk(struct database *db, int64_t before, struct over *over, struct fault *fault)
{
    static const unsigned char start[GRANT_ID_LEN];
    unsigned char from[GRANT_ID_LEN];
    int walked = 0;
    struct query q;
    memcpy(from, db->swept_until, GRANT_ID_LEN);
    query_begin(&q, db, STATEMENT_WALK_GRANTS);
    query_put_number(&q, before);
    query_put_blob(&q, from, GRANT_ID_LEN);
    query_put_number(&q, ROWS_WALKED);
    while (over->count < over->limit && take_row(&q, over, db->swept_until)) walked++;
    bool at_end = over->count < over->limit && walked < ROWS_WALKED;
    if (at_end) memcpy(db->swept_until, start, GRANT_ID_LEN);
    return query_end(&q, fault);
}

static bool remove_grant(struct database *db, enum statement which, const unsigned char *id, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, which);
    query_put_blob(&q, id, GRANT_ID_LEN);
    return query_run(&q, fault);
}

static bool remove_endings(struct database *db, int64_t before, uint32_t limit, struct fault *fault)
{
    struct query q;
    query_begin(&q, db, STATEMENT_REMOVE_ENDINGS);
    query_put_number(&q, before);
    query_put_number(&q, limit);
    return query_run(&q, fault);
}

bool sweep_run(struct database *db, struct storage_call *call, struct fault *fault)
{
    int64_t before = clock_now_ms() - KEPT_MS;
    struct over over = {.limit = call->in.sweep_limit < ROWS_WALKED ? call->in.sweep_limit : ROWS_WALKED};
    over.ids = arena_take(&call->arena, over.limit * GRANT_ID_LEN);
    if (over.ids == NULL) return true; /* said by verb_run */
    if (!walk(db, before, &over, fault)) return false;
    for (size_t i = 0; i < over.count; i++)
        if (!remove_grant(db, STATEMENT_REMOVE_GRANT, over.ids[i], fault) ||
            !remove_grant(db, STATEMENT_REMOVE_GRANT_STATE, over.ids[i], fault))
            return false;
    call->result.swept.count = over.count;
    return remove_endings(db, before, call->in.sweep_limit, fault);
}
