#include "oauth/key_work.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "oauth/aside.h"
#include "oauth/key_events.h"

enum {
    WORK_ARENA_MAX = 16 * 1024 * 1024,
    LOST_RACES_MAX = 16, /* each was won by another who got further with the same */
};

struct key_work {
    struct flow flow; /* first */
    struct wait wait;
    struct flow *waiter; /* NULL: it left */
    struct key_desk *desk;
    struct key_work *next;
    struct key_order order;
    bool ordered; /* the plan at hand is the order's, not what has to be done anyway */
    bool done;    /* the order is */
    unsigned lost_races;
    struct arena order_arena, arena; /* of the order; of one reading */
    struct key_list list;
    struct key_material *rows;
    int64_t asked_steady_us;
    struct planned_key *plan;
    size_t count;
    struct aside aside;
    struct fault aside_fault; /* FAULT_NONE: it went well */
    struct keyring *ring;     /* opened, and not shown yet */
    struct key_change change;
    enum key_change_outcome changed;
    struct key_report report;
    struct arena *out_arena;
    struct key_report *out;
};

static const struct step READ_STEPS[], SHOW_STEPS[];

static struct key_work *work_of(struct flow *flow) { return (struct key_work *)flow; }

/* ---- reading ---- */

static bool read_row(const struct key_row *row, struct key_material *out, struct fault *fault)
{
    *out = (struct key_material){.kid = row->kid, .epoch = row->epoch, .created_at = row->created_at, .activate_at = row->activate_at, .retire_at = row->retire_at,
        .remove_at = row->remove_at, .wanted_at = row->wanted_at, .public_jwk = row->public_jwk, .sealed_private = row->sealed_private};
    if (key_algorithm_parse(row->algorithm, &out->algorithm)) return true;
    return fault_set(fault, FAULT_INPUT, "keys: read", "signing key %.*s has the algorithm \"%.*s\", which this version doesn't know: install the version that made it, or delete its row of signing_keys",
        BYTES_PRINT(row->kid), BYTES_PRINT(row->algorithm));
}

bool key_rows_read(const struct key_list *list, struct arena *arena, struct key_material **rows, struct fault *fault)
{
    *rows = arena_take(arena, (list->count + 1) * sizeof **rows);
    if (*rows == NULL) return fault_set(fault, FAULT_FULL, "keys: read", "there are too many signing keys: %zu", list->count);
    for (size_t i = 0; i < list->count; i++)
        if (!read_row(&list->rows[i], &(*rows)[i], fault)) return false;
    return true;
}

static struct key_row write_row(const struct key_material *key)
{
    return (struct key_row){.kid = key->kid, .algorithm = key_algorithm_name(key->algorithm), .epoch = key->epoch, .created_at = key->created_at, .activate_at = key->activate_at,
        .retire_at = key->retire_at, .remove_at = key->remove_at, .wanted_at = key->wanted_at, .public_jwk = key->public_jwk, .sealed_private = key->sealed_private};
}

static enum step_result list_keys(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    arena_release(&w->arena);
    w->asked_steady_us = clock_steady_us();
    return ask_list_keys(flow, w->desk->store, &w->arena, &w->list);
}

/* ---- thinking ---- */

static struct key_situation situation_of(const struct key_work *w)
{
    const struct key_rules *rules = w->desk->rules;
    return (struct key_situation){w->rows, w->list.count, rules->algorithms, rules->algorithm_count, rules->times, w->list.now};
}

static bool plan_order(struct key_work *w, const struct key_situation *s)
{
    const struct resealing with = {w->desk->rules->making.secrets, &w->arena};
    switch (w->order.task) {
    case KEYS_TEND: w->count = 0; return true;
    case KEYS_ROTATE:
        w->report.rotation = keys_plan_rotate(s, &w->order.rotation, w->plan);
        w->count = w->report.rotation.count;
        return true;
    case KEYS_REVOKE:
        w->report.revoked = keys_plan_revoke(s, w->order.kid, w->plan);
        w->count = w->report.revoked.count;
        return true;
    case KEYS_RESEAL: return keys_plan_reseal(s, &with, w->plan, &w->count, &w->flow.fault);
    }
    return false;
}

static enum step_result think(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    if (!key_rows_read(&w->list, &w->arena, &w->rows, &flow->fault)) return STEP_END;
    const struct key_situation s = situation_of(w);
    w->plan = arena_take(&w->arena, keys_plan_room(&s) * sizeof *w->plan);
    if (w->plan == NULL) return fault_set(&flow->fault, FAULT_FULL, "keys: plan", "there are too many signing keys"), STEP_END;
    w->count = keys_plan(&s, w->plan);
    w->ordered = w->count == 0 && !w->done;
    if (w->ordered && !plan_order(w, &s)) return STEP_END;
    if (w->count == 0) flow_enter(flow, SHOW_STEPS);
    return STEP_NEXT;
}

/* ---- aside ---- */

static enum step_result set_aside(struct key_work *w, void (*run)(void *data))
{
    w->aside_fault.kind = FAULT_NONE;
    w->aside = (struct aside){.run = run, .data = w};
    return ask_aside(&w->flow, w->desk->loop, &w->aside);
}

static enum step_result check_aside(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    if (w->aside_fault.kind == FAULT_NONE) return STEP_NEXT;
    flow->fault = w->aside_fault;
    return STEP_END;
}

static void make_aside(void *data)
{
    struct key_work *w = data;
    for (size_t i = 0; i < w->count; i++) {
        struct planned_key *key = &w->plan[i];
        if (key->was != NULL) continue;
        if (!key_make(key->becomes.algorithm, &w->desk->rules->making, &w->arena, &key->becomes, &w->aside_fault)) return;
    }
}

static enum step_result make_keys(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    w->aside_fault.kind = FAULT_NONE;
    for (size_t i = 0; i < w->count; i++)
        if (w->plan[i].was == NULL) return set_aside(w, make_aside);
    return STEP_NEXT;
}

/* ---- changing ---- */

static enum step_result change_keys(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    struct key_row *added = arena_take(&w->arena, w->count * sizeof *added), *deleted = arena_take(&w->arena, w->count * sizeof *deleted);
    struct key_update *updated = arena_take(&w->arena, w->count * sizeof *updated);
    if (updated == NULL) return fault_set(&flow->fault, FAULT_FULL, "keys: change", "no room"), STEP_END;
    w->change = (struct key_change){.added = added, .updated = updated, .deleted = deleted};
    for (size_t i = 0; i < w->count; i++) {
        const struct planned_key *key = &w->plan[i];
        if (key->was == NULL) added[w->change.added_count++] = write_row(&key->becomes);
        else if (key->deleted) deleted[w->change.deleted_count++] = write_row(key->was);
        else updated[w->change.updated_count++] = (struct key_update){write_row(key->was), write_row(&key->becomes)};
    }
    return ask_change_keys(flow, w->desk->store, &w->change, &w->changed);
}

static void tell_made(const struct key_material *key)
{
    struct log_line line;
    char signs_from[25];
    clock_write(key->activate_at, signs_from);
    key_events_begin(&line, "key_made", key);
    log_text(&line, "signs_from", bytes_of(signs_from));
    log_end(&line);
}

static void tell_revoked(const struct key_work *w)
{
    struct log_line line;
    for (size_t i = 0; i < w->list.count; i++) {
        if (!bytes_equal(w->rows[i].kid, w->order.kid)) continue;
        key_events_begin(&line, "key_revoked", &w->rows[i]);
        log_text(&line, "state", key_state_name(w->report.revoked.state));
        log_end(&line);
    }
}

static void tell_done(struct key_work *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->plan[i].was == NULL) tell_made(&w->plan[i].becomes);
    if (!w->ordered) return;
    w->done = true;
    if (w->order.task == KEYS_REVOKE) tell_revoked(w);
    if (w->order.task != KEYS_RESEAL) return;
    w->report.resealed = w->count;
    log_say(LOG_INFO, "keys_resealed", "%zu", w->count);
}

static enum step_result judge(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    switch (w->changed) {
    case KEYS_CHANGED: tell_done(w); break;
    case KEYS_CHANGED_MEANWHILE:
        if (++w->lost_races > LOST_RACES_MAX) return fault_set(&flow->fault, FAULT_AWAY, "keys: change", "others change the keys all the time"), STEP_END;
        break;
    }
    flow_enter(flow, READ_STEPS);
    return STEP_NEXT;
}

static const struct step READ_STEPS[] = {
    {"list_keys", list_keys}, /* waits for storage */
    {"think", think},
    {"make_keys", make_keys},     /* waits for a thread */
    {"check_made", check_aside},
    {"change_keys", change_keys}, /* waits for storage */
    {"judge", judge},             /* and reads again */
    {"finish", NULL},
};

/* ---- showing ---- */

static void open_aside(void *data)
{
    struct key_work *w = data;
    w->ring = key_view_open(w->desk->rules, &w->report.reading, &w->aside_fault);
}

static enum step_result open_ring(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    w->report.reading = (struct key_reading){w->rows, w->list.count, w->list.now, w->asked_steady_us};
    w->aside_fault.kind = FAULT_NONE;
    if (key_view_confirm(w->desk->view, w->desk->rules, &w->report.reading)) return STEP_NEXT;
    return set_aside(w, open_aside);
}

static enum step_result show(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    if (w->ring != NULL) key_view_replace(w->desk->view, w->desk->rules, &w->report.reading, w->ring);
    w->ring = NULL;
    return STEP_NEXT;
}

static const struct step SHOW_STEPS[] = {
    {"open_ring", open_ring}, /* waits for a thread */
    {"check_opened", check_aside},
    {"show", show},
    {"finish", NULL},
};

static void keep_report(const struct key_work *w)
{
    struct key_report *out = w->out;
    *out = w->report;
    struct key_material *rows = arena_take(w->out_arena, (w->list.count + 1) * sizeof *rows);
    out->reading.rows = rows;
    if (rows == NULL) out->reading.count = 0;
    for (size_t i = 0; i < out->reading.count; i++) {
        rows[i] = w->rows[i];
        rows[i].kid = arena_copy(w->out_arena, rows[i].kid);
        rows[i].public_jwk = arena_copy(w->out_arena, rows[i].public_jwk);
        rows[i].sealed_private = arena_copy(w->out_arena, rows[i].sealed_private);
    }
}

/* ---- life ---- */

static void leave_desk(struct key_work *w)
{
    struct key_work **at = &w->desk->works;
    while (*at != w) at = &(*at)->next;
    *at = w->next;
}

static void destroy(struct key_work *w)
{
    keyring_release(w->ring);
    arena_release(&w->arena);
    arena_release(&w->order_arena);
    free(w);
}

static void finish(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    struct flow *waiter = w->waiter;
    struct fault fault = flow->fault;
    if (waiter != NULL && fault.kind == FAULT_NONE) keep_report(w);
    if (waiter == NULL && fault.kind != FAULT_NONE) log_fault(LOG_WARN, "keys", &fault); /* nobody else will tell */
    leave_desk(w);
    destroy(w);
    if (waiter == NULL) return;
    if (fault.kind == FAULT_NONE) flow_wake(waiter);
    else flow_fail(waiter, &fault);
}

static void cancel(struct wait *wait) { ((struct key_work *)((char *)wait - offsetof(struct key_work, wait)))->waiter = NULL; }

void key_desk_close(struct key_desk *desk)
{
    while (desk->works != NULL) {
        struct key_work *w = desk->works;
        desk->works = w->next;
        if (w->waiter != NULL) w->waiter->waiting = NULL;
        flow_release(&w->flow);
        destroy(w);
    }
}

enum step_result ask_keys(struct flow *flow, struct key_desk *desk, const struct key_order *order, struct arena *arena, struct key_report *out)
{
    struct key_work *w = calloc(1, sizeof *w);
    if (w == NULL) abort();
    *w = (struct key_work){.wait = {"keys: work", cancel}, .waiter = flow, .desk = desk, .next = desk->works, .order = *order, .out_arena = arena, .out = out};
    desk->works = w;
    arena_init(&w->arena, WORK_ARENA_MAX);
    arena_init(&w->order_arena, WORK_ARENA_MAX);
    w->order.kid = arena_copy(&w->order_arena, order->kid);
    flow->waiting = &w->wait;
    flow_init(&w->flow, READ_STEPS, finish);
    flow_drive(&w->flow);
    return STEP_WAIT;
}
