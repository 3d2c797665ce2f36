#include "identity/kratos/ready.h"

#include "base/json.h"
#include "identity/kratos/tally.h"

void ready_init(struct ready *ready, struct loop *loop, struct upstream *admin)
{
    *ready = (struct ready){.loop = loop, .admin = admin};
}

void ready_release(struct ready *ready)
{
    if (ready->call != NULL) call_cancel(ready->call);
    ready->call = NULL;
}

static bool answers(const struct ready *ready, const struct ready_wait *wait)
{
    return wait->since_ms < ready->asked_at_ms;
}

/* what a proxy says in Kratos' place is mostly 200 as well */
static bool says_ok(struct bytes body)
{
    enum { BODY_MAX = 1024, ARENA_MAX = 64 * 1024 };
    static const struct json_limits limits = {.size_max = BODY_MAX, .unique_names = true};
    struct arena arena;
    struct fault fault;
    arena_init(&arena, ARENA_MAX);
    const struct json *root = json_parse(&arena, body, &limits, &fault);
    bool ok = bytes_equal(json_string(json_find(root, "status")), BYTES("ok"));
    arena_release(&arena);
    return ok;
}

static struct ready_wait *find_answered(const struct ready *ready)
{
    struct ready_wait *wait = ready->waits;
    while (wait != NULL && !answers(ready, wait)) wait = wait->next;
    return wait;
}

static void ask(struct ready *ready);

static void on_ready(void *data, const struct call_answer *answer, const struct fault *fault)
{
    struct ready *ready = data;
    struct ready_wait *wait;
    ready->call = NULL;
    kratos_tally(KRATOS_READY, ready->asked_at_ms * 1000, answer, fault);
    ready->good = fault == NULL && answer->status == 200 && says_ok(answer->body);
    while ((wait = find_answered(ready)) != NULL) {
        ready_forget(ready, wait);
        wait->run(wait, ready->good);
    }
    if (ready->waits != NULL && ready->call == NULL) ask(ready);
}

static void ask(struct ready *ready)
{
    struct call call = {
        .method = "GET",
        .path = BYTES("/admin/health/ready"), /* before Kratos 26, /health/ready is a redirect to this */
        .headers = {{BYTES("Accept"), BYTES("application/json")}},
        .header_count = 1,
    };
    ready->asked_at_ms = loop_now_ms(ready->loop);
    ready->call = call_start(ready->admin, &call, on_ready, ready);
}

void ready_tell(struct ready *ready, struct ready_wait *wait)
{
    if (ready->call == NULL && answers(ready, wait)) {
        wait->run(wait, ready->good);
        return;
    }
    wait->next = ready->waits;
    wait->waiting = true;
    ready->waits = wait;
    if (ready->call == NULL) ask(ready);
}

void ready_forget(struct ready *ready, struct ready_wait *wait)
{
    struct ready_wait **place = &ready->waits;
    if (!wait->waiting) return;
    while (*place != wait) place = &(*place)->next;
    *place = wait->next;
    wait->waiting = false;
}
