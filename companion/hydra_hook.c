#include "companion/hydra_hook.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/secret.h"
#include "companion/tally.h"
#include "net/client.h"

enum {
    BIG_MAX = 16 * 1024 * 1024,
    KEPT_JSON_MAX = 6 * CLIENT_BODY_MAX, /* bytes of what is kept of a person: each that Kratos sent may be escaped */
    CLOCK_SKEW_MS = 5000, /* how much our clock may be ahead of Kratos', as in identity/kratos/session.c */
};

struct hydra_hook {
    const struct hydra_hook_settings *settings;
    const struct policy *policy;
    struct secret key;
    struct claims *access_token, *id_token, *kratos_session; /* kratos_session: NULL where the settings have none */
    struct person_memory *memory;
    struct person_looks *looks;
};

static struct hydra_hook_request *hook_request_of(struct flow *flow) { return (struct hydra_hook_request *)flow; }
static struct hydra_hook *hook_of(struct flow *flow) { return context_of((struct request *)flow)->hydra_hook; }

/* ---- life ---- */

struct hydra_hook *hydra_hook_create(const struct hydra_hook_settings *settings, const struct context *context,
                                     struct fault *fault)
{
    struct hydra_hook *hook = calloc(1, sizeof *hook);
    if (hook == NULL) abort();
    hook->settings = settings;
    hook->policy = context->policy;
    secret_init(&hook->key, settings->api_key);
    hook->memory = person_memory_create();
    hook->looks = person_looks_create(&(struct person_looks_settings){
        .loop = context->worker->loop,
        .identity = context->identity,
        .memory = hook->memory,
        .with_metadata_admin = settings->access_token.use_admin_metadata || settings->id_token.use_admin_metadata});
    hook->access_token = claims_create(&settings->access_token, fault);
    if (hook->access_token != NULL) hook->id_token = claims_create(&settings->id_token, fault);
    bool compiled = hook->id_token != NULL;
    if (compiled && settings->kratos_session.table_count > 0) {
        hook->kratos_session = claims_create(&settings->kratos_session, fault);
        compiled = hook->kratos_session != NULL;
    }
    if (compiled) return hook;
    hydra_hook_destroy(hook);
    return NULL;
}

void hydra_hook_destroy(struct hydra_hook *hook)
{
    if (hook == NULL) return;
    person_looks_destroy(hook->looks);
    person_memory_destroy(hook->memory);
    claims_destroy(hook->access_token);
    claims_destroy(hook->id_token);
    claims_destroy(hook->kratos_session);
    secret_release(&hook->key);
    free(hook);
}

void hydra_hook_forget(struct hydra_hook *hook, enum revoke_by by, struct bytes name)
{
    unsigned char id[UUID_LEN];
    if (hook == NULL || !uuid_parse(name, id)) return;
    if (by == REVOKE_SESSION) person_looks_forget_session(hook->looks, id);
    if (by == REVOKE_SUBJECT) person_looks_forget_identity(hook->looks, id);
}

/* ---- what is answered ---- */

static enum step_result answer(struct flow *flow, int status, const char *outcome, const char *reason)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    x->status = status;
    x->request.log.outcome = bytes_of(outcome);
    x->request.log.reason = reason[0] == '\0' ? BYTES_ABSENT : arena_copy(&x->request.arena, bytes_of(reason));
    return STEP_END;
}

static enum step_result refuse_call(struct flow *flow, int status, const char *outcome, const char *words)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    answer(flow, status, outcome, words);
    x->words = x->request.log.reason;
    return STEP_END;
}

static enum step_result change_nothing(struct flow *flow, const char *reason)
{
    return answer(flow, 204, "unchanged", reason);
}

static enum step_result refuse_person(struct flow *flow, const char *reason)
{
    hook_request_of(flow)->words = BYTES("Kratos' session or identity is over.");
    return answer(flow, 403, "access_denied", reason);
}

/* nothing is known for sure: Kratos is away, or what was found can't be used */
static enum step_result give_up(struct flow *flow, const char *reason)
{
    if (!hook_of(flow)->settings->refuse_when_away) return change_nothing(flow, reason);
    hook_request_of(flow)->words = BYTES("The claims can't be had now (hydra.hook.on_kratos_down: refuse).");
    return answer(flow, 403, "refused_without_kratos", reason);
}

/* something that somebody should mend */
static void warn(struct flow *flow, const char *event, const struct fault *fault)
{
    const struct hydra_hook_request *x = hook_request_of(flow);
    struct log_line line;
    log_begin(&line, LOG_WARN, event);
    log_text(&line, "id", x->request.id);
    log_text(&line, "client", x->payload.client_id);
    log_text(&line, "where", bytes_of(fault->where));
    log_text(&line, "what", bytes_of(fault->what));
    log_end(&line);
}

/* ---- who calls ---- */

/* Go puts a value with blanks or commas between quotes (net/http, sanitizeCookieValue) */
static struct bytes without_quotes(struct bytes value)
{
    bool quoted = value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"';
    return quoted ? (struct bytes){value.at + 1, value.len - 2} : value;
}

/* absent, too, when there are two */
static struct bytes find_cookie(const struct request *request, struct bytes name)
{
    struct bytes rest = request_header(request, "cookie"), pair, found = BYTES_ABSENT;
    if (request_header_count(request, "cookie") != 1) return found;
    while (bytes_take_word(&rest, ';', &pair)) {
        pair = bytes_trim(pair);
        size_t name_len = bytes_find(pair, '=');
        if (name_len == pair.len || !bytes_equal((struct bytes){pair.at, name_len}, name)) continue;
        if (bytes_present(found)) return BYTES_ABSENT;
        found = without_quotes((struct bytes){pair.at + name_len + 1, pair.len - name_len - 1});
    }
    return found;
}

static struct bytes find_key(const struct request *request, const struct hydra_hook_settings *settings)
{
    if (settings->key_in_cookie) return find_cookie(request, settings->key_name);
    if (request_header_count(request, settings->key_name.at) != 1) return BYTES_ABSENT;
    return request_header(request, settings->key_name.at);
}

static enum step_result check_key(struct flow *flow)
{
    const struct hydra_hook *hook = hook_of(flow);
    struct bytes key = find_key((struct request *)flow, hook->settings);
    if (!bytes_present(key))
        return refuse_call(flow, 401, "unauthorized", "The API key of hydra.hook.api_key is missing.");
    if (secret_equals(&hook->key, key)) return STEP_NEXT;
    return refuse_call(flow, 401, "unauthorized", "The API key is not that of hydra.hook.api_key.");
}

/* ---- what is asked, and of whom ---- */

static enum step_result read_payload(struct flow *flow)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    struct fault fault;
    arena_init(&x->big, BIG_MAX);
    if (!hydra_payload_parse(&x->big, x->request.body, &x->payload, &fault)) {
        if (fault.kind == FAULT_FULL)
            return refuse_call(flow, 413, "payload_too_large", "The payload has too many values.");
        return refuse_call(flow, 400, "invalid_request", fault.what);
    }
    x->request.log.client = x->payload.client_id;
    x->request.log.grant = x->payload.grant_type;
    return STEP_NEXT;
}

static enum step_result find_person(struct flow *flow)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    if (x->payload.is_client_credentials) return change_nothing(flow, "client_credentials: there is no person");
    x->ask = (struct person_ask){.key.kind = PERSON_IDENTITY, .wait_max_ms = HOOK_WAIT_MAX_MS};
    x->ask.knows_identity = uuid_parse(x->payload.subject, x->ask.identity);
    memcpy(x->ask.key.id, x->ask.identity, UUID_LEN);
    return STEP_NEXT;
}

/* of {"kratos_session":...}, which has no member where the expression gave null */
static bool read_session_id(struct arena *arena, struct bytes result, struct bytes *id, struct fault *fault)
{
    const struct json_limits limits = {.size_max = CLAIMS_RESULT_MAX, .unique_names = true};
    const struct json *root = json_parse(arena, result, &limits, fault), *value = json_find(root, "kratos_session");
    unsigned char uuid[UUID_LEN];
    *id = json_string(value);
    if (root != NULL && (value == NULL || uuid_parse(*id, uuid))) return true;
    return fault_set(fault, FAULT_BUG, "claims: kratos_session", "the result is neither a uuid nor null");
}

/* hydra.hook.kratos_session: which session the tokens end with; *id is absent where there is none */
static bool map_session_id(struct flow *flow, struct bytes *id, struct fault *fault)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    const struct claims_input input = {
        .session = x->payload.root, .scope = x->payload.scope, .audience = x->payload.audience};
    struct bytes result;
    *id = BYTES_ABSENT;
    return claims_map(hook_of(flow)->kratos_session, &input, &x->big, &result, fault) &&
           read_session_id(&x->big, result, id, fault);
}

static enum step_result find_session(struct flow *flow)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    const struct hydra_hook *hook = hook_of(flow);
    struct bytes id = BYTES_ABSENT;
    struct fault fault;
    if (hook->kratos_session != NULL && !map_session_id(flow, &id, &fault)) {
        warn(flow, "hydra_hook_session", &fault);
        if (hook->settings->refuse_when_away) return give_up(flow, "hydra.hook.kratos_session gave no session id");
    }
    if (bytes_present(id) && uuid_parse(id, x->ask.key.id)) x->ask.key.kind = PERSON_SESSION;
    if (x->ask.key.kind == PERSON_SESSION || x->ask.knows_identity) return STEP_NEXT;
    return change_nothing(flow, bytes_present(x->payload.subject) ? "the subject is no uuid" : "there is no subject");
}

/* ---- the look ---- */

static bool is_expired(const struct kept_person *person)
{
    return person->expires_at_ms != 0 && person->expires_at_ms + CLOCK_SKEW_MS <= clock_now_ms();
}

static bool is_fresh(const struct hydra_hook *hook, const struct kept_person *person)
{
    if (!person->ended && is_expired(person)) return false; /* it may have been extended */
    return clock_steady_ms() - person->began_steady_ms < hook->policy->revalidate_after_ms;
}

static enum step_result look_at_person(struct flow *flow)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    const struct hydra_hook *hook = hook_of(flow);
    const struct kept_person *person = person_memory_find(hook->memory, &x->ask.key);
    x->looked = (struct person_answer){.outcome = LOOK_LIVE};
    if (person != NULL && is_fresh(hook, person)) return STEP_NEXT;
    return ask_person_look(flow, hook->looks, &x->ask, &x->looked);
}

/* the last good look serves for stale_if_error after the tokens that it allowed have ended, as at our own refreshes */
static bool serves_still(const struct hydra_hook *hook, const struct kept_person *person)
{
    int64_t age_ms = clock_steady_ms() - person->began_steady_ms;
    return age_ms < hook->policy->profiles[0].ttl_ms + hook->policy->stale_if_error_ms;
}

static enum step_result judge(struct flow *flow)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    const struct hydra_hook *hook = hook_of(flow);
    const struct kept_person *person = person_memory_find(hook->memory, &x->ask.key);
    bool away = x->looked.outcome == LOOK_AWAY;
    if (person == NULL) return give_up(flow, away ? x->looked.reason : "what was found is forgotten already");
    if (person->ended)
        return refuse_person(flow, x->looked.reason[0] != '\0' ? x->looked.reason : "ended, as seen before");
    if (is_expired(person)) return refuse_person(flow, "the session has expired, as far as is known");
    if (x->ask.knows_identity && memcmp(person->identity, x->ask.identity, UUID_LEN) != 0)
        return give_up(flow, "the Kratos session is another identity's");
    if (away && !serves_still(hook, person)) return give_up(flow, x->looked.reason);
    x->from_last_look = away;
    x->person = person;
    return STEP_NEXT;
}

/* ---- the claims ---- */

static struct bytes write_client(struct arena *arena, struct bytes client_id)
{
    struct text t;
    text_init(&t, arena, 64);
    text_put(&t, BYTES("{\"client_id\":"));
    text_put_json(&t, client_id);
    text_put_char(&t, '}');
    return text_bytes(&t);
}

/* what came, with what is mapped in it */
static bool put_claims(struct hydra_hook_request *x, struct claims *claims, const struct json *came, struct text *out,
                       struct fault *fault)
{
    const struct json_limits limits = {.size_max = CLAIMS_RESULT_MAX, .unique_names = true};
    const struct claims_input input = {.session = x->session,
                                       .client = write_client(&x->big, x->payload.client_id),
                                       .scope = x->payload.scope,
                                       .audience = x->payload.audience,
                                       .identity_admin = x->identity_admin,
                                       .hydra = x->payload.root};
    struct bytes mapped;
    if (!claims_map(claims, &input, &x->big, &mapped, fault)) return false;
    const struct json *members = json_parse(&x->big, mapped, &limits, fault);
    if (members == NULL) return false;
    hydra_payload_merge(out, came, members);
    return true;
}

static const struct json *read_kept(struct arena *arena, struct bytes kept, struct fault *fault)
{
    const struct json_limits limits = {.size_max = KEPT_JSON_MAX, .unique_names = true};
    return json_parse(arena, kept, &limits, fault);
}

static bool read_person(struct hydra_hook_request *x, struct fault *fault)
{
    x->session = read_kept(&x->big, x->person->json, fault);
    if (x->session == NULL) return false;
    if (!bytes_present(x->person->metadata_admin)) return true;
    x->identity_admin = read_kept(&x->big, x->person->metadata_admin, fault);
    return x->identity_admin != NULL;
}

static bool write_body(struct flow *flow, struct fault *fault)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    const struct hydra_hook *hook = hook_of(flow);
    struct text t;
    if (!read_person(x, fault)) return false;
    text_init(&t, &x->big, 1024);
    text_put(&t, BYTES("{\"session\":{\"access_token\":"));
    if (!put_claims(x, hook->access_token, x->payload.access_claims, &t, fault)) return false;
    text_put(&t, BYTES(",\"id_token\":"));
    if (!put_claims(x, hook->id_token, x->payload.id_claims, &t, fault)) return false;
    text_put(&t, BYTES("}}"));
    x->body = text_bytes(&t);
    return bytes_present(x->body) || fault_set(fault, FAULT_FULL, "hydra hook", "the claims take too much room");
}

/* never one mapping without the other: Hydra would keep half of a change */
static enum step_result map_claims(struct flow *flow)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    struct fault fault;
    if (write_body(flow, &fault))
        return answer(flow, 200, x->from_last_look ? "mapped_from_last_look" : "mapped",
                      x->from_last_look ? x->looked.reason : "");
    warn(flow, "hydra_hook_claims", &fault);
    return give_up(flow, "a mapping failed");
}

const struct step HYDRA_HOOK_STEPS[] = {
    {"check_key", check_key},
    {"read_payload", read_payload},
    {"find_person", find_person},
    {"find_session", find_session},
    {"look_at_person", look_at_person}, /* waits for identity, when what is known is too old */
    {"judge", judge},
    {"map_claims", map_claims},
    {"finish", NULL},
};

/* ---- finish ---- */

static struct bytes write_error(struct hydra_hook_request *x)
{
    struct text t;
    const char *error = x->status == 401 || x->status == 403 ? "access_denied" : "invalid_request";
    text_init(&t, &x->request.arena, 256);
    text_put_format(&t, "{\"error\":\"%s\",\"error_description\":", error);
    text_put_json(&t, x->words);
    text_put_char(&t, '}');
    return text_bytes(&t);
}

void hydra_hook_finish(struct flow *flow)
{
    struct hydra_hook_request *x = hook_request_of(flow);
    if (x->status == 0 && flow->fault.kind != FAULT_LEFT) give_up(flow, flow->fault.what);
    tally_hook(x->status);
    struct answer out = {.status = x->status == 0 ? 499 : x->status}; /* 499: for the log, nobody reads it */
    if (x->status == 200) out.body = x->body;
    if (x->status >= 400) out.body = write_error(x);
    if (bytes_present(out.body)) out.content_type = BYTES("application/json");
    answer_header(&out, BYTES("cache-control"), BYTES("no-store"));
    /* RFC 9110 15.5.2: a 401 MUST have a challenge */
    if (x->status == 401) answer_header(&out, BYTES("www-authenticate"), BYTES("ApiKey"));
    request_answer(&x->request, &out);
}

void hydra_hook_release(struct request *request) { arena_release(&hook_request_of(&request->flow)->big); }
