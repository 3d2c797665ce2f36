#include "torture/torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "torture/memory_watch.h"
#include "torture/outside.h"
#include "torture/world.h"

enum { WAITS_MAX = 8, HOUR_MS = 3600 * 1000 };

/* The ways in which a wait may end before its time. After the first four the answer comes when the request is gone. */
enum ended_by {
    CLIENT_LEFT,    /* net aborts the flow, then disposes of the request */
    DEADLINE,       /* net aborts the flow, which answers */
    DISPOSED,       /* the request goes without a word */
    LATE_ANSWER,    /* as DEADLINE, and the answer comes before the request is gone */
    FAILED,         /* what is waited for fails: the database or Kratos is away */
    FAILED_AT_ONCE, /* the same, inside the step that asked */
    QUEUE_FULL,     /* what is waited for refuses to be asked */
    LOOP_GONE,      /* the worker stops: nothing is answered any more */
    ENDING_COUNT
};
static const char *const ENDINGS[] = {
    "the client left", "the deadline passed", "disposed of", "answered after the deadline",
    "failed",          "failed at once",      "queue full",  "loop gone"};

static struct run {
    const struct scene *scene;
    struct sent sent;
    struct request *request;
    unsigned place; /* of the wait where it ends */
    const char *ending;
    bool kratos_was_away;
} run;
static struct answered answered;
static unsigned failures;

static bool check(bool holds, const char *what)
{
    if (holds) return true;
    failures++;
    fprintf(stderr, "%s, at wait %u, %s: not so: %s\n  answered %u times: %d %s\n", run.scene->name, run.place,
            run.ending, what, answered.count, answered.status, answered.body);
    return false;
}

/* ---- one request ---- */

static void reset_outside(void)
{
    database = (struct database){.clients = world_clients()};
    kratos = (struct kratos){.expires_at_ms = clock_now_ms() + 8 * HOUR_MS};
    outside_mode = OUTSIDE_HOLDS;
    world.profiles[0].claims.use_admin_metadata = false;
    world.policy.extend.on_refresh = false;
    world.hydra_hook = (struct hydra_hook_settings){.enabled = false};
}

/* what is answered as a secret is one from then on */
static void watch_member(const char *name)
{
    const char *at = strstr(answered.body, name);
    if (at == NULL) return;
    at += strlen(name);
    size_t len = strcspn(at, "\""), kept = len < 48 ? len : 48;
    memory_watch_secret(at + len - kept, kept);
}

static void on_answer(struct answered *to)
{
    (void)to;
    watch_member("\"access_token\":\"");
    watch_member("\"refresh_token\":\"");
    watch_member("\"client_secret\":\"");
}

static void watch_sent_secrets(void)
{
    static const char *const NAMES[] = {"subject_token=ory_st_", "subject_token=MTc",   "refresh_token=",      "token=",
                                        "client_secret=",        "ory_kratos_session=", "\"client_secret\":\""};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const char *body = run.sent.body == NULL ? "" : run.sent.body, *at = strstr(body, NAMES[i]);
        for (const struct sent_header *h = run.sent.headers; at == NULL && h != NULL && h->name != NULL; h++)
            at = strstr(h->value, NAMES[i]);
        if (at == NULL) continue;
        at += strlen(NAMES[i]);
        size_t len = strcspn(at, "&;\"");
        if (len >= 24) memory_watch_secret(at, len < MEMORY_SECRET_LEN_MAX ? len : MEMORY_SECRET_LEN_MAX);
    }
}

static void begin(const struct scene *scene, unsigned place, const char *ending)
{
    run = (struct run){.scene = scene, .sent = scene->sent, .place = place, .ending = ending};
    reset_outside();
    if (scene->set_up != NULL) scene->set_up(&run.sent);
    memory_watch_begin();
    watch_sent_secrets();
    world_forget();
    memset(answered.body, 0, sizeof answered.body);
    answered.told = on_answer;
    run.request = request_stand_in_create(&run.sent, &world.worker, &answered);
}

static void dispose(void)
{
    request_stand_in_dispose(run.request);
    run.request = NULL;
}

static void end(void)
{
    if (run.request != NULL) dispose();
    while (outside_holds() != NULL) outside_answer(); /* into nothing */
    check(memory_watch_holding() == 0, "no secret stays behind");
    check(memory_watch_unwiped() == 0, "what held a secret is wiped before it is freed");
    world_release_forgetful();
    check(memory_watch_end() == 0, "nothing leaks");
}

/* ---- what must hold ---- */

static bool is_success(void) { return answered.status >= 200 && answered.status < 300; }

static void check_truth(void)
{
    bool done = run.scene->done == NOTHING_DONE || (database.done & 1u << run.scene->done) != 0;
    check(answered.count == 1, "it is answered once");
    check(!is_success() || done, "a success has done what it says");
    check(is_success() || strstr(answered.body, "access_token") == NULL, "no token comes with a refusal");
    const char *cache = answered_header(&answered, "cache-control");
    check(strstr(answered.body, "_token\"") == NULL || (cache != NULL && strcmp(cache, "no-store") == 0),
          "no cache keeps a token");
}

/* nobody reads it, but it is one answer, and no other */
static void check_left(void)
{
    check_truth();
    check(answered.status == 499, "who left is 499");
}

static void check_trouble(void)
{
    check_truth();
    if (run.scene->trouble != 0) {
        check(answered.status == run.scene->trouble, "trouble is answered as the scene says");
        return;
    }
    check(answered.status == 503, "trouble is 503");
    check(strstr(answered.body, "invalid_grant") == NULL, "trouble never logs anybody out");
    if (run.scene->plain_503) return;
    check(strstr(answered.body, "\"temporarily_unavailable\"") != NULL, "trouble is temporarily_unavailable");
    check(answered_header(&answered, "retry-after") != NULL, "trouble says when to try again");
}

static void check_as_usual(void)
{
    check_truth();
    check(answered.status == run.scene->status, "the status is the usual one");
    check(answered_says(&answered, run.scene->says), "it says what it should");
    check(run.scene->holds == NULL || run.scene->holds(), "what the scene says beside it");
}

static void check_without_kratos(void)
{
    if (run.scene->without_kratos == 0) {
        check_trouble();
        return;
    }
    check_truth();
    check(answered.status == run.scene->without_kratos, "Kratos' absence is answered as the scene says");
}

/* ---- the run that nothing disturbs, once held at each wait and once answered at once ---- */

static void note_wait(char *waits, size_t size)
{
    size_t len = strlen(waits);
    const char *on = strchr(outside_holds(), ' ') + 1;
    snprintf(waits + len, size - len, "%s%s", len == 0 ? "" : ", ", on);
}

static unsigned run_through(const struct scene *scene)
{
    char waits[256] = "";
    unsigned count = 0;
    begin(scene, 0, "undisturbed");
    for (flow_drive(&run.request->flow); outside_holds() != NULL && count < WAITS_MAX; count++) {
        note_wait(waits, sizeof waits);
        outside_answer();
    }
    if (!check(strcmp(waits, scene->waits) == 0, scene->waits)) fprintf(stderr, "  but it waits for %s\n", waits);
    check_as_usual();
    end();
    return count;
}

static void run_at_once(const struct scene *scene)
{
    begin(scene, 0, "answered at once");
    outside_mode = OUTSIDE_ANSWERS;
    flow_drive(&run.request->flow);
    check_as_usual();
    end();
}

/* ---- the endings ---- */

/* answers what comes before the place; what is asked there is held, or ends by itself */
static void go_to(unsigned place, enum ended_by ending)
{
    bool at_once = ending == FAILED_AT_ONCE;
    if (place == 0 && at_once) outside_mode = OUTSIDE_FAILS;
    flow_drive(&run.request->flow);
    for (unsigned i = 0; i < place; i++) {
        if (i + 1 == place && at_once) outside_mode = OUTSIDE_FAILS;
        outside_answer();
    }
}

/* after Kratos was away the request may go on */
static void answer_the_rest(void)
{
    outside_mode = OUTSIDE_HOLDS;
    while (outside_holds() != NULL) outside_answer();
}

static void abort_flow(enum fault_kind kind) { flow_abort(&run.request->flow, kind, "net", "the test says so"); }

static void end_here(enum ended_by ending)
{
    bool is_look = outside_holds_look();
    switch (ending) {
    case CLIENT_LEFT:
        abort_flow(FAULT_LEFT);
        check_left();
        return;
    case DEADLINE:
        abort_flow(FAULT_LATE);
        check_trouble();
        return;
    case DISPOSED:
        dispose();
        check(answered.count == 0, "who is gone gets no answer");
        return;
    case LATE_ANSWER:
        abort_flow(FAULT_LATE);
        outside_answer();
        check_trouble();
        return;
    case FAILED:
        outside_fail();
        answer_the_rest();
        is_look ? check_without_kratos() : check_trouble();
        return;
    case QUEUE_FULL:
        outside_refuse(FAULT_FULL);
        check_trouble();
        return;
    case LOOP_GONE:
        outside_drop();
        dispose();
        check(answered.count == 0, "who is gone gets no answer");
        return;
    case FAILED_AT_ONCE: check_trouble(); return; /* and so did all that was asked behind it */
    case ENDING_COUNT: return;
    }
}

static void run_ending(const struct scene *scene, unsigned place, enum ended_by ending)
{
    begin(scene, place, ENDINGS[ending]);
    go_to(place, ending);
    end_here(ending);
    end();
}

/* what the libraries keep for themselves from the first time on is no leak */
static void warm_up(void)
{
    begin(EXCHANGE_SCENES, 0, "warming up");
    outside_mode = OUTSIDE_ANSWERS;
    flow_drive(&run.request->flow);
    dispose();
    world_release_forgetful();
    memory_watch_end();
}

static void torture(const char *endpoint, const struct scene *scenes)
{
    unsigned waits = 0, scene_count = 0;
    for (const struct scene *scene = scenes; scene->name != NULL; scene++, scene_count++) {
        unsigned count = run_through(scene);
        run_at_once(scene);
        for (unsigned place = 0; place < count; place++)
            for (enum ended_by ending = 0; ending < ENDING_COUNT; ending++) run_ending(scene, place, ending);
        waits += count;
    }
    printf("%-14s %2u scenes, %2u suspensions x %d endings\n", endpoint, scene_count, waits, ENDING_COUNT);
    if (waits > 0) return;
    failures++;
    fprintf(stderr, "%s: it never waits: nothing was tested\n", endpoint);
}

int main(void)
{
    log_set(LOG_ERROR + 1, LOG_JSON);
    world_create();
    warm_up();
    torture("token exchange", EXCHANGE_SCENES);
    torture("refresh", REFRESH_SCENES);
    torture("revoke", REVOKE_SCENES);
    torture("introspect", INTROSPECT_SCENES);
    torture("admin's", INTROSPECT_ADMIN_SCENES);
    torture("preflight", PREFLIGHT_SCENES);
    torture("create client", CREATE_CLIENT_SCENES);
    torture("list clients", LIST_CLIENTS_SCENES);
    torture("get client", GET_CLIENT_SCENES);
    torture("delete client", DELETE_CLIENT_SCENES);
    torture("list keys", KEY_SCENES);
    torture("ready", READY_SCENES);
    torture("forward-auth", FORWARD_AUTH_SCENES);
    torture("list grants", LIST_GRANTS_SCENES);
    torture("revoke grants", REVOKE_GRANTS_SCENES);
    torture("Kratos' hook", KRATOS_REVOKE_SCENES);
    torture("hydra hook", HYDRA_HOOK_SCENES);
    world_destroy();
    if (!memory_watch_sees()) printf("built without AddressSanitizer: memory was not looked at\n");
    printf("%u failed\n", failures);
    return failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
