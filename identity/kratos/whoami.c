#include <assert.h>

#include "base/text.h"
#include "identity/kratos/question.h"
#include "identity/kratos/session.h"

static struct bytes cookie_of(struct question *question)
{
    struct bytes name = question->identity->settings->cookie_name;
    struct text t;
    text_init(&t, &question->arena, name.len + 1 + question->subject.len);
    text_put(&t, name);
    text_put_char(&t, '=');
    text_put(&t, question->subject);
    return text_bytes(&t);
}

static void ask_by_token(struct question *question)
{
    struct call_header header = {BYTES("X-Session-Token"), question->subject};
    question_send(question, question->identity->public, BYTES("/sessions/whoami"), header);
}

static void ask_by_cookie(struct question *question)
{
    struct call_header header = {BYTES("Cookie"), cookie_of(question)};
    question_send(question, question->identity->public, BYTES("/sessions/whoami"), header);
}

/* ---- 200 ---- */

static bool is_printable(struct bytes line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] < ' ' || line.at[i] > '~') return false;
    return true;
}

/* RFC 6265 4.1.1: name=value, then attributes, which stay as they are */
static bool sets_cookie(struct bytes line, struct bytes name)
{
    struct bytes pair = {line.at, bytes_find(line, ';')};
    size_t name_len = bytes_find(pair, '=');
    if (name_len == pair.len || !is_printable(line)) return false;
    struct bytes value = bytes_trim((struct bytes){pair.at + name_len + 1, pair.len - name_len - 1});
    return bytes_equal(bytes_trim((struct bytes){pair.at, name_len}), name) &&
           credential_well_formed(CREDENTIAL_COOKIE, value);
}

/* Only Kratos' session cookie may pass. Of two a browser keeps the last. */
static struct bytes find_cookie(const struct question *question, const struct call_answer *answer)
{
    struct bytes found = BYTES_ABSENT;
    for (size_t i = 0; i < answer->set_cookie_count; i++)
        if (sets_cookie(answer->set_cookies[i], question->identity->settings->cookie_name))
            found = answer->set_cookies[i];
    return found;
}

static void read_session(struct question *question, const struct call_answer *answer)
{
    struct fault fault;
    struct look *look = &question->look;
    enum standing standing = parse_session(&question->arena, answer->body, &look->session, &fault);
    if (standing == STANDING_UNCLEAR) {
        question_end(question, LOOK_AWAY, "200, %s", fault.what);
        return;
    }
    if (standing != STANDING_LIVE) { /* whoami gives no such sessions: one of us is wrong */
        question_end(question, LOOK_AWAY, "200, %s", standing_name(standing));
        return;
    }
    look->cookie = arena_copy(&question->arena, find_cookie(question, answer));
    question_end(question, LOOK_LIVE, "200");
}

/* ---- 403 ---- */

static void read_refusal(struct question *question, const struct call_answer *answer)
{
    struct refusal refusal;
    bool parsed = parse_refusal(&question->arena, answer->body, &refusal);
    if (!parsed || !bytes_equal(refusal.id, BYTES("session_aal2_required"))) {
        question_end(question, LOOK_AWAY, "403 without a reason that is known");
        return;
    }
    question->look.redirect_to = refusal.redirect_to;
    question_end(question, LOOK_STEP_UP, "403 session_aal2_required");
}

static void answered(struct question *question, const struct call_answer *answer)
{
    switch (answer->status) {
    case 200: read_session(question, answer); return;
    case 401: question_doubt(question, "401"); return; /* Kratos says so for trouble of its own too */
    case 403: read_refusal(question, answer); return;
    default: question_end(question, LOOK_AWAY, "%d", answer->status); return;
    }
}

static const struct question_kind by_token = {"whoami", "identity: whoami", ask_by_token, answered, KRATOS_WHOAMI};
static const struct question_kind by_cookie = {"whoami by cookie", "identity: whoami", ask_by_cookie, answered, KRATOS_WHOAMI};
static const struct question_kind by_token_again = {"whoami again", "identity: whoami", ask_by_token, answered, KRATOS_WHOAMI};
static const struct question_kind by_cookie_again = {"whoami again by cookie", "identity: whoami", ask_by_cookie,
                                                     answered, KRATOS_WHOAMI};

enum step_result ask_whoami(struct flow *flow, struct identity *identity, const struct whoami_ask *ask,
                            struct arena *arena, struct look *look)
{
    struct asker asker = {flow, arena, look};
    assert(credential_well_formed(ask->kind, ask->credential));
    return question_ask(identity, ask->kind == CREDENTIAL_TOKEN ? &by_token : &by_cookie, ask->credential, &asker);
}

enum step_result ask_whoami_again(struct flow *flow, struct identity *identity, const struct whoami_ask *ask,
                                  struct arena *arena, struct look *look)
{
    struct asker asker = {flow, arena, look};
    const struct question_kind *kind = ask->kind == CREDENTIAL_TOKEN ? &by_token_again : &by_cookie_again;
    assert(credential_well_formed(ask->kind, ask->credential));
    return question_ask_within(identity, kind, ask->credential, &asker, LOOK_AGAIN_MAX_MS);
}
