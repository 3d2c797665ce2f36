#include "identity/kratos/question.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "identity/kratos/tally.h"

struct waiter {
    struct wait wait; /* first */
    struct question *question;
    struct asker asker;
    struct waiter *next;
};

/* ---- those who wait ---- */

static void leave(struct wait *wait)
{
    struct waiter *waiter = (struct waiter *)wait, **place = &waiter->question->waiters;
    while (*place != waiter) place = &(*place)->next;
    *place = waiter->next;
    free(waiter);
}

static void join(struct question *question, const struct asker *asker)
{
    struct waiter *waiter = calloc(1, sizeof *waiter);
    if (waiter == NULL) abort();
    *waiter = (struct waiter){
        .wait = {.on = question->kind->on, .cancel = leave},
        .question = question,
        .asker = *asker,
        .next = question->waiters,
    };
    question->waiters = waiter;
    asker->flow->waiting = &waiter->wait;
}

static struct waiter *take_waiter(struct question *question)
{
    struct waiter *waiter = question->waiters;
    if (waiter != NULL) question->waiters = waiter->next;
    return waiter;
}

/* of one that lives */
static void copy_session(struct session *session, struct arena *arena)
{
    struct bytes *const members[] = {
        &session->id, &session->identity_id, &session->external_id, &session->aal_name, &session->methods,
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) *members[i] = arena_copy(arena, *members[i]);
    session->json = json_copy(arena, session->json);
    session->metadata_admin = json_copy(arena, session->metadata_admin);
}

static void copy_look(struct look *look, struct arena *arena)
{
    copy_session(&look->session, arena);
    look->redirect_to = arena_copy(arena, look->redirect_to);
    look->cookie = arena_copy(arena, look->cookie);
}

/* The last of them takes the original. A copy's pieces are rounded up: it takes up to half as much again. */
static bool give_original(struct question *question, const struct asker *asker)
{
    bool is_last = question->waiters == NULL;
    size_t len = question->arena.used;
    if (is_last) return arena_adopt(asker->arena, &question->arena);
    if (len + len / 2 > asker->arena->cap - asker->arena->used) return false;
    copy_look(asker->look, asker->arena);
    return !asker->arena->overflowed;
}

static void give_look(struct question *question, const struct asker *asker)
{
    struct look *look = asker->look;
    *look = question->look;
    look->session = (struct session){0};
    if (look->outcome == LOOK_ENDED || look->outcome == LOOK_AWAY) return; /* takes no room: that must be heard */
    look->session = question->look.session;
    if (give_original(question, asker)) return;
    *look = (struct look){.outcome = LOOK_AWAY, .began_steady_ms = question->look.began_steady_ms};
    snprintf(look->reason, sizeof look->reason, "the answer is more than the request may keep");
}

/* ---- the question ---- */

static struct question **row_of(struct identity *identity, const unsigned char key[DIGEST_LEN])
{
    return &identity->questions[key[0] % QUESTION_ROWS];
}

static void make_key(const struct question_kind *kind, struct bytes subject, unsigned char key[DIGEST_LEN])
{
    digest_hmac(bytes_of(kind->name), subject, key);
}

static struct question *find(struct identity *identity, const unsigned char key[DIGEST_LEN])
{
    struct question *question = *row_of(identity, key);
    while (question != NULL && (question->outdated || memcmp(question->key, key, DIGEST_LEN) != 0))
        question = question->next;
    return question;
}

static void on_deadline(struct timer *timer)
{
    struct question *question = (struct question *)(void *)((char *)timer - offsetof(struct question, deadline));
    question_end(question, LOOK_AWAY, "not answered in %d ms", (int)question->max_ms);
}

static struct question *create(struct identity *identity, const struct question_kind *kind, struct bytes subject,
                               int64_t max_ms)
{
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL) abort();
    question->kind = kind;
    question->identity = identity;
    make_key(kind, subject, question->key);
    arena_init(&question->arena, QUESTION_ARENA_MAX);
    question->subject = arena_copy(&question->arena, subject);
    question->look.began_steady_ms = clock_steady_ms();
    question->max_ms = max_ms;
    question->next = *row_of(identity, question->key);
    *row_of(identity, question->key) = question;
    question->deadline.run = on_deadline;
    timer_start(identity->loop, &question->deadline, max_ms);
    return question;
}

/* nothing comes to it any more, and nobody finds it */
static void silence(struct question *question)
{
    struct identity *identity = question->identity;
    struct question **place = row_of(identity, question->key);
    while (*place != question) place = &(*place)->next;
    *place = question->next;
    timer_stop(identity->loop, &question->deadline);
    timer_stop(identity->loop, &question->pause);
    ready_forget(&identity->ready, &question->ready);
    if (question->call != NULL) call_cancel(question->call);
}

static void destroy(struct question *question)
{
    arena_release(&question->arena);
    free(question);
}

void question_drop(struct question *question)
{
    struct waiter *waiter;
    silence(question);
    while ((waiter = take_waiter(question)) != NULL) {
        waiter->asker.flow->waiting = NULL;
        free(waiter);
    }
    destroy(question);
}

static void write_reason(struct question *question, const char *format, va_list args)
{
    char *reason = question->look.reason;
    size_t size = sizeof question->look.reason, len = strlen(question->kind->name);
    snprintf(reason, size, "%s ", question->kind->name);
    vsnprintf(reason + len + 1, size - len - 1, format, args); /* cut where it is too long: it is for the log */
}

void question_end(struct question *question, enum look_outcome outcome, const char *format, ...)
{
    struct waiter *waiter;
    va_list args;
    va_start(args, format);
    write_reason(question, format, args);
    va_end(args);
    question->look.outcome = outcome;
    silence(question);
    while ((waiter = take_waiter(question)) != NULL) {
        struct asker asker = waiter->asker;
        free(waiter);
        give_look(question, &asker);
        flow_wake(asker.flow); /* may cancel others who wait here, or ask anew */
    }
    destroy(question);
}

/* ---- its calls ---- */

static void on_call_done(void *data, const struct call_answer *answer, const struct fault *fault)
{
    struct question *question = data;
    question->call = NULL;
    kratos_tally(question->kind->counted_as, question->sent_us, answer, fault);
    if (fault != NULL)
        question_end(question, LOOK_AWAY, "%s, %s", fault_kind_name(fault->kind), fault->what);
    else
        question->kind->answered(question, answer);
}

void question_send(struct question *question, struct upstream *upstream, struct bytes path, struct call_header header)
{
    struct call call = {
        .method = "GET",
        .path = path,
        .headers = {{BYTES("Accept"), BYTES("application/json")}, header},
        .header_count = bytes_present(header.name) ? 2 : 1,
    };
    question->sent_us = clock_steady_us();
    question->call = call_start(upstream, &call, on_call_done, question);
}

void question_send_patch(struct question *question, struct upstream *upstream, struct bytes path)
{
    struct call call = {
        .method = "PATCH",
        .path = path,
        .headers = {{BYTES("Accept"), BYTES("application/json")}},
        .header_count = 1,
        .body = BYTES(""), /* RFC 9110 8.6: a method that has a body says its length, also when there is none */
    };
    question->call = call_start(upstream, &call, on_call_done, question);
}

/* ---- doubt ---- */

static void on_ready_known(struct ready_wait *wait, bool good)
{
    struct question *question = (struct question *)(void *)((char *)wait - offsetof(struct question, ready));
    question->kratos_ready = good;
    question->kind->ask(question);
}

static void on_pause_over(struct timer *timer)
{
    struct question *question = (struct question *)(void *)((char *)timer - offsetof(struct question, pause));
    ready_tell(&question->identity->ready, &question->ready);
}

static void doubt_first(struct question *question)
{
    struct loop *loop = question->identity->loop;
    question->doubted = true;
    question->ready.run = on_ready_known;
    question->ready.since_ms = loop_now_ms(loop);
    question->pause.run = on_pause_over;
    timer_start(loop, &question->pause, QUESTION_PAUSE_MS);
}

void question_doubt(struct question *question, const char *answered)
{
    if (!question->doubted)
        doubt_first(question);
    else if (question->kratos_ready)
        question_end(question, LOOK_ENDED, "%s twice, Kratos ready", answered);
    else
        question_end(question, LOOK_AWAY, "%s twice, Kratos not ready", answered);
}

/* ---- asking ---- */

enum step_result question_ask_within(struct identity *identity, const struct question_kind *kind, struct bytes subject,
                                     const struct asker *asker, int64_t max_ms)
{
    unsigned char key[DIGEST_LEN];
    make_key(kind, subject, key);
    struct question *question = find(identity, key);
    bool is_new = question == NULL;
    if (is_new) question = create(identity, kind, subject, max_ms);
    join(question, asker);
    if (is_new) kind->ask(question);
    return STEP_WAIT;
}

enum step_result question_ask(struct identity *identity, const struct question_kind *kind, struct bytes subject,
                              const struct asker *asker)
{
    return question_ask_within(identity, kind, subject, asker, QUESTION_MAX_MS);
}
