#include <assert.h>
#include <string.h>

#include "base/encoding.h"
#include "base/text.h"
#include "identity/kratos/question.h"
#include "identity/kratos/session.h"
#include "identity/kratos/skim.h"

/* The admin API's looks, by an id that Kratos gave us. It tells a thing that is gone (404) from trouble (500). */

static struct bytes write_path(struct question *question, struct bytes before, struct bytes behind)
{
    struct text t;
    text_init(&t, &question->arena, 100);
    text_put(&t, before);
    text_put(&t, question->subject);
    text_put(&t, behind);
    return text_bytes(&t);
}

static void send_path(struct question *question, struct bytes before, struct bytes behind)
{
    question_send(question, question->identity->admin, write_path(question, before, behind),
                  (struct call_header){BYTES_ABSENT, BYTES_ABSENT});
}

/* Kratos' words for a row that isn't there, the same since 0.7. Other services' errors have the same shape: a gateway
 * that has no such route says 404 in it, too, and is nothing to end grants for. */
static bool is_absence(struct question *question, struct bytes body)
{
    struct refusal refusal;
    return parse_refusal(&question->arena, body, &refusal) && refusal.code == 404 &&
           bytes_equal(refusal.message, BYTES("Unable to locate the resource"));
}

/* false: the question goes on without this answer, or has ended */
static bool require_200(struct question *question, const struct call_answer *answer)
{
    if (answer->status == 200) return true;
    if (answer->status != 404)
        question_end(question, LOOK_AWAY, "%d", answer->status);
    else if (is_absence(question, answer->body))
        question_doubt(question, "404");
    else
        question_end(question, LOOK_AWAY, "404, but not Kratos'");
    return false;
}

static void read_standing(struct question *question, enum standing standing, const struct fault *fault)
{
    switch (standing) {
    case STANDING_LIVE: question_end(question, LOOK_LIVE, "200"); return;
    case STANDING_INACTIVE:
    case STANDING_DISABLED:
    case STANDING_EXPIRED: question_end(question, LOOK_ENDED, "200, %s", standing_name(standing)); return;
    case STANDING_UNCLEAR: question_end(question, LOOK_AWAY, "200, %s", fault->what); return;
    }
}

/* what came must be what was asked for */
static enum standing check_id(const struct question *question, struct bytes id, enum standing standing,
                              struct fault *fault)
{
    if (standing == STANDING_UNCLEAR || bytes_equal(id, question->subject)) return standing;
    fault_set(fault, FAULT_AWAY, "kratos", "another id than was asked for");
    return STANDING_UNCLEAR;
}

static void session_answered(struct question *question, const struct call_answer *answer)
{
    struct fault fault;
    struct session *session = &question->look.session;
    if (!require_200(question, answer)) return;
    enum standing standing = parse_session(&question->arena, answer->body, session, &fault);
    standing = check_id(question, session->id, standing, &fault);
    if (standing == STANDING_UNCLEAR) standing = skim_session(answer->body, question->subject);
    read_standing(question, standing, &fault);
}

static void person_answered(struct question *question, const struct call_answer *answer)
{
    struct fault fault;
    struct session *session = &question->look.session;
    if (!require_200(question, answer)) return;
    enum standing standing = parse_person(&question->arena, answer->body, session, &fault);
    standing = check_id(question, session->identity_id, standing, &fault);
    if (standing == STANDING_UNCLEAR) standing = skim_person(answer->body, question->subject);
    read_standing(question, standing, &fault);
}

/* without the expand, a session whose identity is disabled still says that it is active */
static void send_session(struct question *question)
{
    send_path(question, BYTES("/admin/sessions/"), BYTES("?expand=identity"));
}

static void send_person(struct question *question) { send_path(question, BYTES("/admin/identities/"), BYTES("")); }

static void send_extend(struct question *question)
{
    question_send_patch(question, question->identity->admin,
                        write_path(question, BYTES("/admin/sessions/"), BYTES("/extend")));
}

/* 204 where Kratos' feature_flags.faster_session_extend is on */
static void extend_answered(struct question *question, const struct call_answer *answer)
{
    bool done = answer->status == 200 || answer->status == 204;
    question_end(question, done ? LOOK_LIVE : LOOK_AWAY, "%d", answer->status);
}

static const struct question_kind by_session = {"session", "identity: session", send_session, session_answered, KRATOS_SESSION};
static const struct question_kind by_session_again = {"session again", "identity: session", send_session,
                                                      session_answered, KRATOS_SESSION};
static const struct question_kind by_person = {"identity", "identity: identity", send_person, person_answered, KRATOS_IDENTITY};
static const struct question_kind extension = {"extend", "identity: extend", send_extend, extend_answered, KRATOS_EXTEND};

static enum step_result ask_by_id(struct identity *identity, const struct question_kind *kind, struct bytes id,
                                  const struct asker *asker, int64_t max_ms)
{
    unsigned char uuid[16];
    char text[37];
    bool is_uuid = uuid_parse(id, uuid);
    assert(is_uuid);
    uuid_write(uuid, text);
    return question_ask_within(identity, kind, bytes_of(text), asker, max_ms);
}

enum step_result ask_session(struct flow *flow, struct identity *identity, struct bytes session_id, struct arena *arena,
                             struct look *look)
{
    return ask_by_id(identity, &by_session, session_id, &(struct asker){flow, arena, look}, QUESTION_MAX_MS);
}

enum step_result ask_session_again(struct flow *flow, struct identity *identity, struct bytes session_id,
                                   struct arena *arena, struct look *look)
{
    return ask_by_id(identity, &by_session_again, session_id, &(struct asker){flow, arena, look}, LOOK_AGAIN_MAX_MS);
}

enum step_result ask_extend(struct flow *flow, struct identity *identity, struct bytes session_id, struct arena *arena,
                            struct look *look)
{
    return ask_by_id(identity, &extension, session_id, &(struct asker){flow, arena, look}, EXTEND_MAX_MS);
}

enum step_result ask_identity(struct flow *flow, struct identity *identity, struct bytes identity_id,
                              struct arena *arena, struct look *look)
{
    return ask_by_id(identity, &by_person, identity_id, &(struct asker){flow, arena, look}, QUESTION_MAX_MS);
}
