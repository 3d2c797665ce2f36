#include "server/metrics.h"

#include "base/metrics_text.h"
#include "oauth/context.h"
#include "server/app.h"
#include "server/health.h"
#include "server/process.h"

enum { PAGE_MAX = 16 * 1024 * 1024, PAGE_LEN_EXPECTED = 64 * 1024, KEYS_SHOWN_MAX = 32 };

const struct step METRICS_STEPS[] = {{"finish", NULL}};

static void put_reading(struct text *t, enum metric metric, double value)
{
    metrics_begin(t, metric);
    metrics_put(t, metric, NULL, value);
}

/* ---- the keys ---- */

struct keys_shown {
    struct text *t;
    int64_t now_ms;
    size_t count;
};

/* a table that somebody fills with keys doesn't make a page without end */
static void put_key_age(void *data, const struct key_material *key, enum key_state state)
{
    struct keys_shown *shown = data;
    if (state == KEY_REMOVED || shown->count++ >= KEYS_SHOWN_MAX) return;
    const struct bytes values[] = {key->kid, key_algorithm_name(key->algorithm), key_state_name(state)};
    metrics_put(shown->t, METRIC_KEY_AGE, values, (double)(shown->now_ms - key->created_at) / 1000);
}

static void put_key_rotation(void *data, const struct key_material *key, enum key_state state)
{
    struct keys_shown *shown = data;
    if (state != KEY_ACTIVE || key->retire_at == 0) return;
    const struct bytes values[] = {key_algorithm_name(key->algorithm)};
    metrics_put(shown->t, METRIC_KEY_ROTATION, values, (double)key->retire_at / 1000);
}

static void put_keys(struct text *t, struct context *context)
{
    const struct key_desk *desk = &context->key_desk;
    const struct keyring *ring = key_seat_ring(&context->keys);
    struct keys_shown shown = {.t = t, .now_ms = keyring_now(ring)};
    metrics_begin(t, METRIC_KEY_AGE);
    key_view_each(desk->view, desk->rules, put_key_age, &shown);
    metrics_begin(t, METRIC_KEY_ROTATION);
    key_view_each(desk->view, desk->rules, put_key_rotation, &shown);
    put_reading(t, METRIC_KEY_VIEW_AGE, (double)keyring_age_ms(ring) / 1000);
}

/* ---- the process ---- */

static void put_process(struct text *t, int64_t started_at_ms)
{
    const struct bytes version[] = {BYTES(HYDRANT_VERSION)};
    struct process process = process_look();
    metrics_begin(t, METRIC_BUILD_INFO);
    metrics_put(t, METRIC_BUILD_INFO, version, 1);
    put_reading(t, METRIC_PROCESS_START, (double)started_at_ms / 1000);
    put_reading(t, METRIC_PROCESS_CPU, (double)process.cpu_us / 1e6);
    put_reading(t, METRIC_PROCESS_MEMORY, (double)process.resident_bytes);
    put_reading(t, METRIC_PROCESS_OPEN_FDS, (double)process.open_fds);
    put_reading(t, METRIC_PROCESS_MAX_FDS, (double)process.max_fds);
}

/* ---- the answer ---- */

void metrics_finish(struct flow *flow)
{
    struct metrics_request *r = (struct metrics_request *)flow;
    const struct app *app = r->request.route->data;
    struct answer answer = {.status = 200, .content_type = METRICS_CONTENT_TYPE};
    struct text t;
    arena_init(&r->page, PAGE_MAX);
    text_init(&t, &r->page, PAGE_LEN_EXPECTED);
    metrics_write(&t);
    put_keys(&t, context_of(&r->request));
    put_process(&t, app->started_at_ms);
    answer.body = text_bytes(&t);
    if (!bytes_present(answer.body)) answer = (struct answer){.status = 500};
    answer_header(&answer, BYTES("cache-control"), BYTES("no-store"));
    request_answer(&r->request, &answer);
}

void metrics_release(struct request *request) { arena_release(&((struct metrics_request *)request)->page); }
