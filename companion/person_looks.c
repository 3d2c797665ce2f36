#include "companion/person_looks.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encoding.h"
#include "base/text.h"

enum { LOOK_ARENA_MAX = 8 * 1024 * 1024 };

/* one that is under way */
struct person_look {
    struct flow flow; /* first */
    struct person_looks *looks;
    struct person_ask ask;
    struct arena arena;
    struct look look, admin; /* admin: of the person, for metadata_admin */
    bool outdated;           /* something ended since it began */
    struct person_answer *waiting;
    struct person_look *next;
};

struct person_looks {
    struct person_looks_settings settings;
    struct person_look *under_way;
};

struct person_looks *person_looks_create(const struct person_looks_settings *settings)
{
    struct person_looks *looks = calloc(1, sizeof *looks);
    if (looks == NULL) abort();
    looks->settings = *settings;
    return looks;
}

/* ---- its steps ---- */

static struct bytes write_id(struct arena *arena, const unsigned char id[UUID_LEN])
{
    char text[37];
    uuid_write(id, text);
    return arena_copy(arena, bytes_of(text));
}

static enum step_result look(struct flow *flow)
{
    struct person_look *x = (struct person_look *)flow;
    struct identity *identity = x->looks->settings.identity;
    struct bytes id = write_id(&x->arena, x->ask.key.id);
    if (x->ask.key.kind == PERSON_SESSION) return ask_session(flow, identity, id, &x->arena, &x->look);
    return ask_identity(flow, identity, id, &x->arena, &x->look);
}

/* whoami's shape never has metadata_admin, and the session by its id only since Kratos 26.3 */
static enum step_result look_for_admin(struct flow *flow)
{
    struct person_look *x = (struct person_look *)flow;
    const struct session *session = &x->look.session;
    x->admin = (struct look){.outcome = LOOK_LIVE};
    if (!x->looks->settings.with_metadata_admin || x->look.outcome != LOOK_LIVE) return STEP_NEXT;
    if (session->metadata_admin != NULL) return STEP_NEXT;
    return ask_identity(flow, x->looks->settings.identity, session->identity_id, &x->arena, &x->admin);
}

static void join_looks(struct person_look *x)
{
    if (x->look.outcome != LOOK_LIVE) return;
    if (x->look.session.metadata_admin == NULL) x->look.session.metadata_admin = x->admin.session.metadata_admin;
    x->look.outcome = x->admin.outcome;
    if (x->admin.outcome != LOOK_LIVE) memcpy(x->look.reason, x->admin.reason, sizeof x->look.reason);
}

static struct bytes write_json(struct arena *arena, const struct json *json)
{
    struct text t;
    if (json == NULL) return BYTES_ABSENT;
    text_init(&t, arena, 4096);
    json_write(&t, json);
    return text_bytes(&t);
}

/* What is kept is all of it: who had no claims would keep those that came. */
static bool keep(struct person_look *x)
{
    const struct session *session = &x->look.session;
    struct kept_person person = {.ended = x->look.outcome == LOOK_ENDED, .began_steady_ms = x->look.began_steady_ms};
    memcpy(person.identity, x->ask.key.kind == PERSON_IDENTITY ? x->ask.key.id : x->ask.identity, UUID_LEN);
    if (x->look.outcome == LOOK_LIVE) {
        bool is_uuid = uuid_parse(session->identity_id, person.identity);
        assert(is_uuid);
        person.expires_at_ms = session->expires_at_ms;
        person.json = write_json(&x->arena, session->json);
        person.metadata_admin = write_json(&x->arena, session->metadata_admin);
        if (x->arena.overflowed) return false;
    }
    person_memory_keep(x->looks->settings.memory, &x->ask.key, &person);
    return true;
}

static enum step_result settle(struct flow *flow);

static const struct step STEPS[] = {
    {"look", look},                     /* waits for identity */
    {"look_for_admin", look_for_admin}, /* waits for identity, where claims are mapped from metadata_admin */
    {"settle", settle},
    {"finish", NULL},
};

static enum step_result settle(struct flow *flow)
{
    struct person_look *x = (struct person_look *)flow;
    if (x->outdated) {
        x->outdated = false;
        arena_release(&x->arena);
        flow_enter(flow, STEPS);
        return STEP_NEXT;
    }
    join_looks(x);
    if (x->look.outcome == LOOK_STEP_UP) x->look.outcome = LOOK_AWAY; /* only whoami asks for that */
    if (x->look.outcome == LOOK_AWAY || keep(x)) return STEP_NEXT;
    x->look.outcome = LOOK_AWAY;
    snprintf(x->look.reason, sizeof x->look.reason, "the answer is more than can be kept");
    return STEP_NEXT;
}

/* ---- those who wait ---- */

static void leave(struct wait *wait)
{
    struct person_answer *answer =
        (struct person_answer *)(void *)((char *)wait - offsetof(struct person_answer, wait));
    struct person_answer **place = &answer->look->waiting;
    while (*place != answer) place = &(*place)->next;
    *place = answer->next;
    timer_stop(answer->look->looks->settings.loop, &answer->timer);
}

static void on_late(struct timer *timer)
{
    struct person_answer *answer =
        (struct person_answer *)(void *)((char *)timer - offsetof(struct person_answer, timer));
    int64_t wait_max_ms = answer->look->ask.wait_max_ms;
    leave(&answer->wait);
    answer->outcome = LOOK_AWAY;
    snprintf(answer->reason, sizeof answer->reason, "Kratos not answered in %lld ms", (long long)wait_max_ms);
    flow_wake(answer->flow);
}

static void unlink_look(struct person_look *x)
{
    struct person_look **place = &x->looks->under_way;
    while (*place != x) place = &(*place)->next;
    *place = x->next;
}

static void destroy(struct person_look *x)
{
    arena_release(&x->arena);
    free(x);
}

/* wakes all who wait, who may ask for more */
static void finish(struct flow *flow)
{
    struct person_look *x = (struct person_look *)flow;
    struct person_answer *answer;
    unlink_look(x);
    while ((answer = x->waiting) != NULL) {
        leave(&answer->wait);
        answer->outcome = flow->fault.kind == FAULT_NONE ? x->look.outcome : LOOK_AWAY;
        memcpy(answer->reason, x->look.reason, sizeof answer->reason);
        flow_wake(answer->flow);
    }
    destroy(x);
}

/* ---- asking ---- */

static struct person_look *find(const struct person_looks *looks, const struct person_key *key)
{
    struct person_look *x = looks->under_way;
    while (x != NULL && (x->ask.key.kind != key->kind || memcmp(x->ask.key.id, key->id, UUID_LEN) != 0)) x = x->next;
    return x;
}

static struct person_look *create(struct person_looks *looks, const struct person_ask *ask)
{
    struct person_look *x = calloc(1, sizeof *x);
    if (x == NULL) abort();
    x->looks = looks;
    x->ask = *ask;
    x->next = looks->under_way;
    looks->under_way = x;
    arena_init(&x->arena, LOOK_ARENA_MAX);
    flow_init(&x->flow, STEPS, finish);
    return x;
}

enum step_result ask_person_look(struct flow *flow, struct person_looks *looks, const struct person_ask *ask,
                                 struct person_answer *answer)
{
    struct person_look *x = find(looks, &ask->key);
    bool is_new = x == NULL;
    if (is_new) x = create(looks, ask);
    *answer = (struct person_answer){.wait = {.on = "identity: person", .cancel = leave},
                                     .timer.run = on_late,
                                     .flow = flow,
                                     .look = x,
                                     .next = x->waiting};
    x->waiting = answer;
    flow->waiting = &answer->wait;
    timer_start(looks->settings.loop, &answer->timer, ask->wait_max_ms);
    if (is_new) flow_drive(&x->flow); /* it may be over when this returns */
    return STEP_WAIT;
}

/* ---- the end of something ---- */

void person_looks_forget_session(struct person_looks *looks, const unsigned char session[UUID_LEN])
{
    struct person_key key = {.kind = PERSON_SESSION};
    memcpy(key.id, session, UUID_LEN);
    person_memory_forget(looks->settings.memory, &key);
    struct person_look *x = find(looks, &key);
    if (x != NULL) x->outdated = true;
}

/* a session of which it isn't known whose it is may be his */
static bool may_be_of(const struct person_ask *ask, const unsigned char identity[UUID_LEN])
{
    if (ask->key.kind == PERSON_IDENTITY) return memcmp(ask->key.id, identity, UUID_LEN) == 0;
    return !ask->knows_identity || memcmp(ask->identity, identity, UUID_LEN) == 0;
}

void person_looks_forget_identity(struct person_looks *looks, const unsigned char identity[UUID_LEN])
{
    person_memory_forget_identity(looks->settings.memory, identity);
    for (struct person_look *x = looks->under_way; x != NULL; x = x->next)
        if (may_be_of(&x->ask, identity)) x->outdated = true;
}

void person_looks_destroy(struct person_looks *looks)
{
    if (looks == NULL) return;
    while (looks->under_way != NULL) {
        struct person_look *x = looks->under_way;
        assert(x->waiting == NULL);
        unlink_look(x);
        flow_release(&x->flow);
        destroy(x);
    }
    free(looks);
}
