#include "oauth/secret_desk.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "oauth/client_secret.h"
#include "oauth/slow_hash.h"

/* what a thread works on: its own memory */
struct hashing {
    struct aside aside; /* first */
    struct slow_hash hash;
    struct secret secret;
    bool right;
    struct secret_check *check; /* while that waits */
};

struct secret_check {
    struct flow flow; /* first */
    struct secret_desk *desk;
    struct secret_check *next;
    struct secret_name name;
    unsigned char client[DIGEST_LEN]; /* whose line it stands in */
    struct hashing *hashing;          /* until it is over */
    bool begun;                       /* it is in the hands of the crew */
    struct secret_asker *askers;
    bool right;
};

static struct secret_check *check_of(struct flow *flow) { return (struct secret_check *)flow; }

/* ---- the hash, aside ---- */

static void run(struct aside *aside)
{
    struct hashing *hashing = (struct hashing *)aside;
    hashing->right = slow_hash_matches(&hashing->hash, secret_expose(&hashing->secret));
}

static bool deliver(struct aside *aside, struct fault *fault)
{
    (void)fault;
    struct hashing *hashing = (struct hashing *)aside;
    hashing->check->right = hashing->right;
    return true;
}

static void drop(struct aside *aside)
{
    struct hashing *hashing = (struct hashing *)aside;
    secret_release(&hashing->secret);
    secret_wipe(hashing, sizeof *hashing);
    free(hashing);
}

static struct hashing *hashing_create(const struct secret_ask *ask, struct fault *fault)
{
    struct slow_hash hash;
    if (!slow_hash_parse(ask->hash, &hash, fault)) return NULL;
    struct hashing *hashing = calloc(1, sizeof *hashing);
    if (hashing == NULL) abort();
    hashing->aside = (struct aside){.lane = ASIDE_SECRETS, .run = run, .deliver = deliver, .drop = drop};
    hashing->hash = hash;
    secret_init(&hashing->secret, ask->secret);
    return hashing;
}

/* ---- a check ---- */

static bool is_of_one_client(const struct secret_check *a, const struct secret_check *b)
{
    return memcmp(a->client, b->client, sizeof a->client) == 0;
}

static void leave_desk(struct secret_check *check)
{
    struct secret_check **at = &check->desk->first;
    while (*at != check) at = &(*at)->next;
    *at = check->next;
}

/* what has begun is the crew's */
static void destroy(struct secret_check *check)
{
    if (!check->begun) drop(&check->hashing->aside);
    free(check);
}

static enum step_result hash(struct flow *flow)
{
    struct secret_check *check = check_of(flow);
    check->begun = true;
    check->hashing->check = check;
    return ask_aside(flow, check->desk->crew, check->desk->loop, &check->hashing->aside);
}

static const struct step STEPS[] = {
    {"hash", hash}, /* waits for a thread */
    {"finish", NULL},
};

static void begin_next_of_line(const struct secret_check *over)
{
    for (struct secret_check *check = over->desk->first; check != NULL; check = check->next) {
        if (!is_of_one_client(check, over)) continue;
        flow_drive(&check->flow);
        return;
    }
}

static struct secret_asker *take_asker(struct secret_check *check)
{
    struct secret_asker *asker = check->askers;
    if (asker != NULL) check->askers = asker->next;
    return asker;
}

/* who is told may end, and others with it, so that each is taken off before */
static void finish(struct flow *flow)
{
    struct secret_check *check = check_of(flow);
    struct fault fault = flow->fault;
    check->hashing = NULL;
    leave_desk(check);
    begin_next_of_line(check);
    for (struct secret_asker *asker; (asker = take_asker(check)) != NULL;) {
        asker->verdict = check->right ? SECRET_RIGHT : SECRET_WRONG;
        if (fault.kind == FAULT_NONE)
            flow_wake(asker->flow);
        else
            flow_fail(asker->flow, &fault);
    }
    destroy(check);
}

/* ---- who asks ---- */

/* a thread works on it, or has */
static bool runs(const struct secret_check *check)
{
    return check->begun && (check->hashing == NULL || aside_runs(&check->hashing->aside));
}

/* What nobody waits for any more is not computed; where that has begun it goes on, for nobody. */
static void cancel(struct wait *wait)
{
    struct secret_asker *asker = (struct secret_asker *)((char *)wait - offsetof(struct secret_asker, wait));
    struct secret_check *check = asker->check;
    struct secret_asker **at = &check->askers;
    while (*at != asker) at = &(*at)->next;
    *at = asker->next;
    if (check->askers != NULL || runs(check)) return;
    leave_desk(check);
    flow_release(&check->flow);
    if (check->begun) begin_next_of_line(check);
    destroy(check);
}

static enum step_result join(struct flow *flow, struct secret_check *check, struct secret_asker *asker)
{
    *asker = (struct secret_asker){.waited = true,
                                   .wait = {"aside: secret", cancel},
                                   .flow = flow,
                                   .check = check,
                                   .name = check->name,
                                   .next = check->askers};
    check->askers = asker;
    flow->waiting = &asker->wait;
    return STEP_WAIT;
}

static struct secret_check *find_check(const struct secret_desk *desk, const struct secret_name *name)
{
    struct secret_check *check = desk->first;
    while (check != NULL && memcmp(check->name.at, name->at, sizeof name->at) != 0) check = check->next;
    return check;
}

static size_t count_line(const struct secret_desk *desk, const struct secret_check *of)
{
    size_t count = 0;
    for (const struct secret_check *check = desk->first; check != NULL; check = check->next)
        count += is_of_one_client(check, of);
    return count;
}

static void stand_behind_all(struct secret_desk *desk, struct secret_check *check)
{
    struct secret_check **at = &desk->first;
    while (*at != NULL) at = &(*at)->next;
    *at = check;
}

static enum step_result refuse_line(struct flow *flow)
{
    fault_set(&flow->fault, FAULT_FULL, "client secrets", "too many secrets wait to be checked for this client");
    return STEP_END;
}

static enum step_result begin_check(struct flow *flow, struct secret_desk *desk, const struct secret_ask *ask,
                                    struct secret_asker *asker)
{
    struct hashing *hashing = hashing_create(ask, &flow->fault);
    if (hashing == NULL) return STEP_END;
    struct secret_check *check = calloc(1, sizeof *check);
    if (check == NULL) abort();
    *check = (struct secret_check){.desk = desk, .hashing = hashing, .name = known_secrets_name(desk->known, ask)};
    digest_sha256(ask->client_id, check->client);
    flow_init(&check->flow, STEPS, finish);
    size_t before = count_line(desk, check);
    if (before >= SECRET_LINE_MAX) {
        destroy(check);
        return refuse_line(flow);
    }
    stand_behind_all(desk, check);
    enum step_result joined = join(flow, check, asker);
    if (before == 0) flow_drive(&check->flow);
    return joined;
}

enum step_result ask_secret(struct flow *flow, struct secret_desk *desk, const struct secret_ask *ask,
                            struct secret_asker *asker)
{
    *asker = (struct secret_asker){.verdict = SECRET_WRONG};
    if (ask->secret.len == 0 || ask->secret.len > SECRET_LONGEST) return STEP_NEXT;
    if (!slow_hash_looks_like(ask->hash)) {
        if (client_secret_matches(ask->hash, ask->secret)) asker->verdict = SECRET_RIGHT;
        return STEP_NEXT;
    }
    const struct secret_name name = known_secrets_name(desk->known, ask);
    switch (known_secrets_find(desk->known, &name)) {
    case FOUND_RIGHT: asker->verdict = SECRET_RIGHT; return STEP_NEXT;
    case FOUND_WRONG: return STEP_NEXT; /* at once, so that it is counted before anybody can leave */
    case FOUND_NONE: break;
    }
    struct secret_check *check = find_check(desk, &name);
    if (check == NULL) return begin_check(flow, desk, ask, asker);
    /* a guess that may join where others are refused would be told to be right */
    return count_line(desk, check) >= SECRET_LINE_MAX ? refuse_line(flow) : join(flow, check, asker);
}

void secret_desk_keep(struct secret_desk *desk, const struct secret_asker *asker)
{
    if (asker->waited) known_secrets_add(desk->known, &asker->name);
}

void secret_desk_close(struct secret_desk *desk)
{
    while (desk->first != NULL) {
        struct secret_check *check = desk->first;
        desk->first = check->next;
        for (struct secret_asker *asker; (asker = take_asker(check)) != NULL;) asker->flow->waiting = NULL;
        flow_release(&check->flow);
        destroy(check);
    }
}
