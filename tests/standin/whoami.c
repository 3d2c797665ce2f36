#include <time.h>

#include "standin/standin.h"

struct found {
    struct session_row *session;
    bool has_cookie, cookie_decodes, by_cookie;
    int64_t cookie_expires_us;
};

/* of several the first that decodes */
static struct session_row *look_at_cookies(struct request *request, struct found *found)
{
    struct bytes rest = request_header(request, "cookie"), pair;
    const struct bytes name = BYTES("ory_kratos_session=");
    struct session_row *session = NULL;
    while (session == NULL && bytes_take_word(&rest, ';', &pair)) {
        pair = bytes_trim(pair);
        if (!bytes_start_with(pair, name)) continue;
        found->has_cookie = true;
        struct bytes value = {pair.at + name.len, pair.len - name.len};
        session = find_by_cookie(&standin_of(request)->people, value, &found->cookie_expires_us);
    }
    found->cookie_decodes = session != NULL;
    return session;
}

static struct bytes bearer_token(const struct request *request)
{
    struct bytes value = request_header(request, "authorization");
    size_t scheme_len = bytes_find(value, ' ');
    if (!bytes_equal_nocase((struct bytes){value.at, scheme_len}, BYTES("bearer")) || scheme_len == value.len)
        return BYTES_ABSENT;
    struct bytes token = {value.at + scheme_len + 1, value.len - scheme_len - 1};
    return bytes_find(token, ' ') == token.len ? token : BYTES_ABSENT;
}

/* X-Session-Token wins, then the cookie, then the bearer token */
static struct found find_credential(struct request *request)
{
    struct found found = {.session = NULL};
    const struct people *people = &standin_of(request)->people;
    struct session_row *of_cookie = look_at_cookies(request, &found);
    struct bytes token = request_header(request, "x-session-token");
    if (token.len == 0 && of_cookie != NULL) {
        found.session = of_cookie;
        found.by_cookie = true;
        return found;
    }
    if (token.len == 0) token = bearer_token(request);
    if (token.len > 0) found.session = find_by_token(people, token);
    return found;
}

static struct bytes renewed_cookie(struct request *request, const struct session_row *session)
{
    char date[64];
    struct tm tm;
    int64_t left_s = (session->expires_us - now_us()) / 1000000;
    time_t expires_at = (time_t)(session->expires_us / 1000000);
    struct text t;
    gmtime_r(&expires_at, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    text_init(&t, &request->arena, 512);
    text_put(&t, BYTES("ory_kratos_session="));
    text_put(&t, write_cookie(&request->arena, session));
    text_put_format(&t, "; Path=/; Expires=%s; Max-Age=%lld; HttpOnly; SameSite=Lax", date, (long long)left_s);
    return text_bytes(&t);
}

static void answer_live(struct request *request, const struct found *found)
{
    const struct session_row *session = found->session;
    const struct template *template = &standin_of(request)->templates.whoami;
    struct answer answer =
        begin_answer(request, 200, template_fill(template, &request->arena, session, session->person));
    answer.content_type = BYTES("application/json; charset=utf-8");
    answer_header(&answer, BYTES("x-kratos-authenticated-identity-id"), session->person->id);
    if (found->by_cookie && found->cookie_expires_us < session->expires_us)
        answer_header(&answer, BYTES("set-cookie"), renewed_cookie(request, session));
    request_answer(request, &answer);
}

void answer_whoami(struct hit *hit)
{
    struct request *request = &hit->request;
    const struct templates *templates = &standin_of(request)->templates;
    struct found found = find_credential(request);
    if (found.session == NULL || !session_lives(found.session))
        answer_canned(request, &templates->unauthorized);
    else if (found.session->requires_aal2 && found.session->aal < 2)
        answer_canned(request, &templates->step_up);
    else if (found.has_cookie && !found.cookie_decodes)
        answer_canned(request, &templates->garbage_cookie);
    else
        answer_live(request, &found);
}
