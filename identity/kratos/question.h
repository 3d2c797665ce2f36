/* question: something asked of Kratos, once for all who ask the same while it is under way. For identity/kratos/ only.
 *
 * Rule: the first asker's question goes out, the others wait for its answer. Each gets a copy in his own arena, the
 * last the original with all that the question's arena holds. An end is told to whoever waits, with or without room.
 * Who is cancelled leaves; the question stays until it is answered. What a kind of question does ends in one
 * question_end. */
#ifndef IDENTITY_KRATOS_QUESTION_H
#define IDENTITY_KRATOS_QUESTION_H

#include "base/digest.h"
#include "base/metrics_table.h"
#include "identity/identity.h"
#include "identity/kratos/ready.h"
#include "net/client.h"
#include "net/server.h"

enum {
    QUESTION_ROWS = 256,
    QUESTION_ARENA_MAX = 1024 * 1024, /* bytes: a session of CLIENT_BODY_MAX with some 12,000 values, 64 each */
    QUESTION_PAUSE_MS = 100,          /* a moment later Kratos may know better */
    QUESTION_MAX_MS = REQUEST_DEADLINE_MS - 500, /* with all its calls: what is left is for the rest of the request */
};

struct question;

struct identity {
    struct loop *loop;
    const struct identity_settings *settings;
    struct upstream *public, *admin;
    struct ready ready;
    struct question *questions[QUESTION_ROWS]; /* by the first byte of their key */
};

struct question_kind {
    const char *name;                       /* "whoami": in reasons */
    const char *on;                         /* "identity: whoami": what a flow waits for */
    void (*ask)(struct question *question); /* sends the first call */
    void (*answered)(struct question *question, const struct call_answer *answer); /* sends another one, or ends it */
    enum metric_kratos_call counted_as;
};

struct question {
    const struct question_kind *kind;
    struct identity *identity;
    unsigned char key[DIGEST_LEN]; /* of kind and subject, so that no secret is compared */
    struct question *next;         /* in its row */
    bool outdated;                 /* something ended since it went out: nobody joins any more */
    struct waiter *waiters;
    struct arena arena;
    struct bytes subject; /* the credential or the id */
    struct look look;     /* what the answer will be */
    struct timer deadline;
    int64_t max_ms;           /* until then, with all its calls */
    struct call_handle *call; /* under way, or NULL */
    int64_t sent_us;          /* when it went out; steady */
    /* question_doubt's: */
    bool doubted;
    struct timer pause;
    struct ready_wait ready;
    bool kratos_ready; /* said since, and before it was asked once more */
};

struct asker {
    struct flow *flow;
    struct arena *arena;
    struct look *look;
};

/* Suspends the asker's flow until the question is answered, which goes out unless the same is under way. */
enum step_result question_ask(struct identity *identity, const struct question_kind *kind, struct bytes subject,
                              const struct asker *asker);
/* the same with less time than QUESTION_MAX_MS, which counts from when it goes out */
enum step_result question_ask_within(struct identity *identity, const struct question_kind *kind, struct bytes subject,
                                     const struct asker *asker, int64_t max_ms);
/* Sends a GET; kind->answered runs with the answer. No answer ends the question as LOOK_AWAY. The header goes beside
 * Accept unless its name is absent. */
void question_send(struct question *question, struct upstream *upstream, struct bytes path, struct call_header header);
/* the same with a PATCH without a body */
void question_send_patch(struct question *question, struct upstream *upstream, struct bytes path);
/* For an answer that says "ended", "401" or "404", but need not be true: after QUESTION_PAUSE_MS asks whether Kratos is
 * ready, and then once more. The second time ends the question, as LOOK_ENDED where Kratos was ready, else as
 * LOOK_AWAY. Ready behind the last answer would prove less: of the connections that died with Kratos' database each
 * fails once, and two may have failed here before one that works tells that all is well. */
void question_doubt(struct question *question, const char *answered);
/* Ends it: wakes all who wait, frees. The words are the reason behind the kind's name: "401 twice, ready". */
void question_end(struct question *question, enum look_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* nobody is woken; flows that waited wait for nothing any more */
void question_drop(struct question *question);

#endif
