#include "oauth/key_work.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "oauth/key_events.h"
#include "oauth/key_rows.h"

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
    int64_t asked_steady_us;
    struct key_reading reading; /* of the list */
    struct planned_key *plan;
    size_t count;
    struct key_plan tried; /* in order_arena: a plan of which nobody knows whether it was done; count 0: there is none */
    bool tried_order;      /* it was the order's */
    bool checked;          /* a start: all that is there can be opened */
    struct keyring *ring;     /* opened, and not shown yet */
    struct key_change change;
    enum key_change_outcome changed;
    struct key_report report;
    struct arena *out_arena;
    struct key_report *out;
};

static const struct step CHECK_STEPS[], READ_STEPS[], SHOW_FIRST_STEPS[], SHOW_STEPS[];

static struct key_work *work_of(struct flow *flow) { return (struct key_work *)flow; }

/* ---- reading ---- */

static enum step_result list_keys(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    arena_release(&w->arena);
    w->asked_steady_us = clock_steady_us();
    return ask_list_keys(flow, w->desk->store, &w->arena, &w->list);
}

/* ---- telling ---- */

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
    for (size_t i = 0; i < w->reading.count; i++) {
        if (!bytes_equal(w->reading.rows[i].kid, w->order.kid)) continue;
        key_events_begin(&line, "key_revoked", &w->reading.rows[i]);
        log_text(&line, "state", key_state_name(w->report.revoked.state));
        log_end(&line);
    }
}

static void keep_removed(struct key_work *w, struct key_plan plan)
{
    struct bytes *kids = arena_take(&w->order_arena, (plan.count + 1) * sizeof *kids);
    for (size_t i = 0; kids != NULL && i < plan.count; i++)
        if (planned_key_goes(&plan.at[i], w->reading.now)) kids[w->report.removed_count++] = arena_copy(&w->order_arena, plan.at[i].becomes.kid);
    w->report.removed = kids;
}

static void tell_done(struct key_work *w, struct key_plan plan, bool ordered)
{
    for (size_t i = 0; i < plan.count; i++)
        if (plan.at[i].was == NULL) tell_made(&plan.at[i].becomes);
    if (!ordered) return;
    w->done = true;
    keep_removed(w, plan);
    if (w->order.task == KEYS_REVOKE) tell_revoked(w);
    if (w->order.task != KEYS_RESEAL) return;
    w->report.resealed = plan.count;
    log_say(LOG_INFO, "keys_resealed", "%zu", plan.count);
}

/* A connection that is lost at the commit hides that all was done: storage tries again, and finds it changed. */
static void recognise_tried(struct key_work *w)
{
    if (key_rows_are_as_planned(w->tried, &w->reading)) tell_done(w, w->tried, w->tried_order);
    w->tried.count = 0;
}

/* ---- thinking ---- */

static struct key_situation situation_of(const struct key_work *w)
{
    const struct key_rules *rules = w->desk->rules;
    return (struct key_situation){w->reading.rows, w->reading.count, rules->algorithms, rules->algorithm_count, rules->times, w->reading.now,
        key_view_even_for_ms(w->desk->view, &w->reading)};
}

static bool plan_order(struct key_work *w, const struct key_situation *s)
{
    const struct resealing with = {w->desk->rules->making.secrets, &w->arena};
    switch (w->order.task) {
    case KEYS_TEND: w->count = 0; return true;
    case KEYS_ROTATE:
        w->order.rotation.secrets = with.secrets;
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

static enum step_result read_rows(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    if (!key_rows_read(&w->list, &w->arena, &w->reading, &flow->fault)) return STEP_END;
    w->reading.asked_steady_us = w->asked_steady_us;
    /* who can't open what is there must not add what others can't open */
    if (!w->checked && key_view_is_empty(w->desk->view)) flow_enter(flow, CHECK_STEPS);
    return STEP_NEXT;
}

static enum step_result think(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    recognise_tried(w);
    const struct key_situation s = situation_of(w);
    w->plan = arena_take(&w->arena, keys_plan_room(&s) * sizeof *w->plan);
    if (w->plan == NULL) return fault_set(&flow->fault, FAULT_FULL, "keys: plan", "there are too many signing keys"), STEP_END;
    w->count = keys_plan(&s, w->plan);
    w->ordered = w->count == 0 && !w->done;
    if (w->ordered && !plan_order(w, &s)) return STEP_END;
    if (w->count == 0) flow_enter(flow, SHOW_STEPS);
    /* what somebody took out must not wait for what is to be made: that takes long, and may fail */
    else if (key_view_shows_removed(w->desk->view, &w->reading)) flow_enter(flow, SHOW_FIRST_STEPS);
    return STEP_NEXT;
}

/* ---- aside ---- */

struct key_piece {
    struct aside aside; /* first */
    struct key_work *work;
    bool (*run)(struct key_work *work, struct fault *fault);
    struct fault fault;
    bool went_well;
};

static void run_piece(struct aside *aside)
{
    struct key_piece *piece = (struct key_piece *)aside;
    piece->went_well = piece->run(piece->work, &piece->fault);
}

static bool deliver_piece(struct aside *aside, struct fault *fault)
{
    struct key_piece *piece = (struct key_piece *)aside;
    if (!piece->went_well) *fault = piece->fault;
    return piece->went_well;
}

static void drop_piece(struct aside *aside) { free(aside); }

static enum step_result set_aside(struct key_work *w, bool (*run)(struct key_work *work, struct fault *fault))
{
    struct key_piece *piece = calloc(1, sizeof *piece);
    if (piece == NULL) abort();
    piece->aside = (struct aside){.lane = ASIDE_KEYS, .run = run_piece, .deliver = deliver_piece, .drop = drop_piece, .borrows = true};
    piece->work = w;
    piece->run = run;
    return ask_aside(&w->flow, w->desk->crew, w->desk->loop, &piece->aside);
}

static bool make_aside(struct key_work *w, struct fault *fault)
{
    for (size_t i = 0; i < w->count; i++) {
        struct planned_key *key = &w->plan[i];
        if (key->was != NULL) continue;
        if (!key_make(key->becomes.algorithm, &w->desk->rules->making, &w->arena, &key->becomes, fault)) return false;
    }
    return true;
}

static enum step_result make_keys(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    for (size_t i = 0; i < w->count; i++)
        if (w->plan[i].was == NULL) return set_aside(w, make_aside);
    return STEP_NEXT;
}

/* ---- changing ---- */

static enum step_result change_keys(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    if (!key_rows_write((struct key_plan){w->plan, w->count}, &w->arena, &w->change, &flow->fault)) return STEP_END;
    return ask_change_keys(flow, w->desk->store, &w->change, &w->changed);
}

static enum step_result judge(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    const struct key_plan plan = {w->plan, w->count};
    switch (w->changed) {
    case KEYS_CHANGED: tell_done(w, plan, w->ordered); break;
    case KEYS_CHANGED_MEANWHILE:
        if (++w->lost_races > LOST_RACES_MAX) return fault_set(&flow->fault, FAULT_AWAY, "keys: change", "others change the keys all the time"), STEP_END;
        w->tried = key_rows_keep(plan, &w->order_arena);
        w->tried_order = w->ordered;
        break;
    }
    flow_enter(flow, READ_STEPS);
    return STEP_NEXT;
}

static const struct step READ_STEPS[] = {
    {"list_keys", list_keys}, /* waits for storage */
    {"read_rows", read_rows}, /* a start looks first whether it can open them */
    {"think", think},
    {"make_keys", make_keys},     /* waits for a thread */
    {"change_keys", change_keys}, /* waits for storage */
    {"judge", judge},             /* and reads again */
    {"finish", NULL},
};

/* ---- showing ---- */

static bool open_aside(struct key_work *w, struct fault *fault)
{
    w->ring = key_view_open(w->desk->view, w->desk->rules, &w->reading, fault);
    return w->ring != NULL;
}

static enum step_result open_ring(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    if (key_view_confirm(w->desk->view, w->desk->rules, &w->reading)) return STEP_NEXT;
    return set_aside(w, open_aside);
}

static enum step_result show(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    if (w->ring != NULL) key_view_replace(w->desk->view, w->desk->rules, &w->reading, w->ring);
    w->ring = NULL;
    return STEP_NEXT;
}

static enum step_result begin(struct flow *flow)
{
    struct key_work *w = work_of(flow);
    keyring_release(w->ring);
    w->ring = NULL;
    w->checked = true;
    flow_enter(flow, READ_STEPS);
    return STEP_NEXT;
}

static const struct step CHECK_STEPS[] = {
    {"open_ring", open_ring}, /* waits for a thread */
    {"begin", begin}, /* and reads again */
    {"finish", NULL},
};

static enum step_result read_again(struct flow *flow)
{
    flow_enter(flow, READ_STEPS);
    return STEP_NEXT;
}

static const struct step SHOW_FIRST_STEPS[] = {
    {"open_ring", open_ring}, /* waits for a thread */
    {"show", show},
    {"read_again", read_again},
    {"finish", NULL},
};

static const struct step SHOW_STEPS[] = {
    {"open_ring", open_ring}, /* waits for a thread */
    {"show", show},
    {"finish", NULL},
};

static void keep_report(const struct key_work *w)
{
    struct key_report *out = w->out;
    const struct key_reading *reading = &w->reading;
    struct key_material *rows = arena_take(w->out_arena, (reading->count + 1) * sizeof *rows);
    struct bytes *removed = arena_take(w->out_arena, (w->report.removed_count + 1) * sizeof *removed);
    *out = w->report;
    out->rotation.kid = arena_copy(w->out_arena, w->report.rotation.kid);
    out->reading = (struct key_reading){.rows = rows, .count = rows == NULL ? 0 : reading->count, .now = reading->now, .asked_steady_us = reading->asked_steady_us};
    for (size_t i = 0; i < out->reading.count; i++) rows[i] = key_rows_keep_row(&reading->rows[i], w->out_arena);
    if (removed == NULL) out->removed_count = 0;
    for (size_t i = 0; i < out->removed_count; i++) removed[i] = arena_copy(w->out_arena, w->report.removed[i]);
    out->removed = removed;
    out->troubles = key_view_troubles(w->desk->view, w->out_arena);
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
