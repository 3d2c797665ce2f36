#include <stdlib.h>
#include <string.h>

#include "base/encoding.h"
#include "standin/standin.h"

/* What tests do to the people and sessions, under /standin/ on the admin port. Parameters come as a JSON object in the
 * body or in the query; JSON values in the query as their text. */

struct parameters {
    struct arena *arena;
    const struct json *body; /* NULL: none */
    struct bytes query;
};

static bool read_parameters(struct request *request, struct parameters *parameters)
{
    struct fault fault;
    struct json_limits limits = {BODY_MAX, true};
    *parameters = (struct parameters){.arena = &request->arena, .query = request->query};
    if (request->body.len == 0) return true;
    parameters->body = json_parse(&request->arena, request->body, &limits, &fault);
    return json_is(parameters->body, JSON_OBJECT);
}

static struct bytes find_in_query(const struct parameters *parameters, const char *name)
{
    struct bytes rest = parameters->query, pair, value;
    while (bytes_take_word(&rest, '&', &pair)) {
        size_t name_len = bytes_find(pair, '=');
        if (!bytes_equal((struct bytes){pair.at, name_len}, bytes_of(name)) || name_len == pair.len) continue;
        struct bytes raw = {pair.at + name_len + 1, pair.len - name_len - 1};
        return form_decode(parameters->arena, raw, &value) ? value : BYTES_ABSENT;
    }
    return BYTES_ABSENT;
}

/* a string as it is, anything else as JSON; absent when there is none */
static struct bytes find(const struct parameters *parameters, const char *name)
{
    const struct json *value = json_find(parameters->body, name);
    struct text t;
    if (value == NULL) return find_in_query(parameters, name);
    if (json_is(value, JSON_STRING)) return value->text;
    text_init(&t, parameters->arena, 64);
    json_write(&t, value);
    return text_bytes(&t);
}

static int64_t find_number(const struct parameters *parameters, const char *name, int64_t otherwise)
{
    struct bytes text = find(parameters, name);
    return text.len == 0 ? otherwise : strtoll(arena_text(parameters->arena, text), NULL, 10);
}

static void answer_done(struct request *request) { request_answer(request, &(struct answer){.status = 204}); }

static void answer_wrong(struct request *request, int status)
{
    answer_json(request, status, BYTES("{\"error\":\"see tests/standin/control.c\"}\n"));
}

/* ---- POST /standin/sessions ---- */

/* a copy that stays, or what is said instead */
static struct bytes keep(struct arena *arena, struct bytes given, struct bytes otherwise)
{
    return arena_copy(arena, bytes_present(given) ? given : otherwise);
}

static struct bytes usual_traits(struct arena *arena, struct bytes email)
{
    struct text t;
    text_init(&t, arena, 128);
    text_put(&t, BYTES("{\"name\":{\"last\":"));
    text_put_json(&t, BYTES("Lovelace <O'Hara> & Söhne \"Q\""));
    text_put(&t, BYTES(",\"first\":\"Ada\"},\"email\":"));
    text_put_json(&t, email);
    text_put_char(&t, '}');
    return text_bytes(&t);
}

static struct bytes usual_email(struct arena *arena)
{
    struct text t;
    text_init(&t, arena, 40);
    text_put(&t, make_token(arena, "ada", 10));
    text_put(&t, BYTES("@example.org"));
    return text_bytes(&t);
}

static struct person *create_person(struct standin *standin, const struct parameters *parameters)
{
    struct arena *arena = &standin->arena;
    struct person *person = arena_take(arena, sizeof *person);
    struct bytes email = find(parameters, "email");
    person->id = make_uuid(arena);
    person->external_id = arena_copy(arena, find(parameters, "external_id"));
    person->email = bytes_present(email) ? arena_copy(arena, email) : usual_email(arena);
    person->traits = keep(arena, find(parameters, "traits"), usual_traits(arena, person->email));
    person->metadata_public =
        keep(arena, find(parameters, "metadata_public"), BYTES("{\"n\":9007199254740993,\"plan\":\"gold\"}"));
    person->metadata_admin = keep(arena, find(parameters, "metadata_admin"), BYTES("{\"roles\":[\"admin\",\"ops\"]}"));
    person->created_us = now_us();
    add_person(&standin->people, person);
    return person;
}

/* methods: ["password","totp"] or the words; else what makes the level that aal asks for */
static void set_methods(struct standin *standin, struct session_row *session, const struct parameters *parameters)
{
    const struct json *list = json_find(parameters->body, "methods");
    struct bytes words = find_in_query(parameters, "methods"), word;
    bool two = find_number(parameters, "aal", 1) == 2;
    session->methods = BYTES("[]");
    if (!bytes_present(words)) words = two ? BYTES("password totp") : BYTES("password");
    if (list == NULL)
        while (bytes_take_word(&words, ' ', &word)) add_method(&standin->arena, session, word, session->issued_us);
    else
        for (const struct json *entry = list->first; entry != NULL; entry = entry->next)
            add_method(&standin->arena, session, json_string(entry), session->issued_us);
}

static struct session_row *create_session(struct standin *standin, const struct parameters *parameters,
                                          struct person *person)
{
    struct arena *arena = &standin->arena;
    struct session_row *session = arena_take(arena, sizeof *session);
    session->id = make_uuid(arena);
    session->token = make_token(arena, "ory_st_", 32);
    session->cookie_key = make_token(arena, "MTc5", COOKIE_KEY_LEN - 4);
    session->person = person;
    session->lifespan_us = find_number(parameters, "lifespan_s", 3600) * 1000000;
    session->issued_us = session->authenticated_us = now_us() + 996;
    session->expires_us = session->issued_us + session->lifespan_us;
    set_methods(standin, session, parameters);
    add_session(&standin->people, session);
    return session;
}

static void put_member(struct text *t, struct bytes name, struct bytes value)
{
    text_put_json_name(t, name);
    text_put_json(t, value);
}

static void answer_created(struct request *request, const struct session_row *session)
{
    struct text t;
    text_init(&t, &request->arena, 1024);
    text_put_char(&t, '{');
    put_member(&t, BYTES("session_id"), session->id);
    put_member(&t, BYTES("session_token"), session->token);
    put_member(&t, BYTES("cookie"), write_cookie(&request->arena, session));
    put_member(&t, BYTES("identity_id"), session->person->id);
    text_put(&t, BYTES("}\n"));
    answer_json(request, 200, text_bytes(&t));
}

/* identity_id: one more session of a person who is there */
static void post_session(struct request *request, const struct parameters *parameters)
{
    struct standin *standin = standin_of(request);
    struct bytes person_id = find(parameters, "identity_id");
    struct person *person =
        bytes_present(person_id) ? find_person(&standin->people, person_id) : create_person(standin, parameters);
    if (person == NULL)
        answer_wrong(request, 404);
    else
        answer_created(request, create_session(standin, parameters, person));
}

/* ---- POST /standin/sessions/{id}/{what} ---- */

static void revoke(struct standin *standin, struct session_row *session)
{
    (void)standin;
    session->revoked = true;
}

/* the rows go, as with DELETE /admin/identities/{id}/sessions */
static void forget(struct standin *standin, struct session_row *session)
{
    (void)standin;
    session->deleted = true;
}

static void disable(struct standin *standin, struct session_row *session)
{
    (void)standin;
    session->person->disabled = true;
}

static void enable(struct standin *standin, struct session_row *session)
{
    (void)standin;
    session->person->disabled = false;
}

static void expire(struct standin *standin, struct session_row *session)
{
    (void)standin;
    session->expires_us = now_us() - 3600 * 1000000LL;
}

static void extend(struct standin *standin, struct session_row *session)
{
    (void)standin;
    session->expires_us = now_us() + session->lifespan_us;
}

/* a second factor, in this session */
static void raise_level(struct standin *standin, struct session_row *session)
{
    session->authenticated_us = now_us();
    add_method(&standin->arena, session, BYTES("totp"), session->authenticated_us);
}

/* only one factor again, which Kratos never does by itself */
static void lower_level(struct standin *standin, struct session_row *session)
{
    session->methods = BYTES("[]");
    add_method(&standin->arena, session, BYTES("password"), session->authenticated_us);
}

/* the person enrolled a second factor elsewhere: whoami says 403 to sessions that haven't shown it */
static void require_aal2(struct standin *standin, struct session_row *session)
{
    (void)standin;
    session->requires_aal2 = true;
}

static void delete_person(struct standin *standin, struct session_row *session)
{
    (void)standin;
    session->person->deleted = true;
}

static void post_event(struct request *request)
{
    static const struct {
        const char *name;
        void (*run)(struct standin *standin, struct session_row *session);
    } events[] = {
        {"/revoke", revoke},
        {"/forget", forget},
        {"/disable", disable},
        {"/enable", enable},
        {"/expire", expire},
        {"/extend", extend},
        {"/aal2", raise_level},
        {"/aal1", lower_level},
        {"/require_aal2", require_aal2},
        {"/delete_identity", delete_person},
    };
    struct session_row *session = find_session(&standin_of(request)->people, request->segment);
    for (size_t i = 0; session != NULL && i < sizeof events / sizeof events[0]; i++) {
        if (!bytes_end_with(request->path, bytes_of(events[i].name))) continue;
        events[i].run(standin_of(request), session);
        answer_done(request);
        return;
    }
    answer_wrong(request, 404);
}

static void delete_identity(struct request *request)
{
    struct person *person = find_person(&standin_of(request)->people, request->segment);
    if (person == NULL) {
        answer_wrong(request, 404);
        return;
    }
    person->deleted = true;
    answer_done(request);
}

/* ---- faults and counts ---- */

static enum drop read_drop(struct bytes drop)
{
    if (bytes_equal(drop, BYTES("after_head"))) return DROP_AFTER_HEAD;
    return bytes_equal(drop, BYTES("true")) ? DROP_AT_ONCE : DROP_NOT;
}

static void post_fault(struct request *request, const struct parameters *parameters)
{
    struct standin *standin = standin_of(request);
    struct bytes path = find(parameters, "path");
    bool all = bytes_equal(path, BYTES("all")), known = all;
    struct plan plan = {
        .delay_ms = find_number(parameters, "delay_ms", 0),
        .status = (int)find_number(parameters, "status", 0),
        .drop = read_drop(find(parameters, "drop")),
        .count = find_number(parameters, "count", -1),
    };
    for (enum endpoint i = 0; i < ENDPOINT_COUNT; i++) {
        if (!all && !bytes_equal(path, bytes_of(endpoint_name(i)))) continue;
        standin->plans[i] = plan;
        known = true;
    }
    if (known)
        answer_done(request);
    else
        answer_wrong(request, 400);
}

static void clear_faults(struct request *request)
{
    memset(standin_of(request)->plans, 0, sizeof standin_of(request)->plans);
    answer_done(request);
}

static void get_counts(struct request *request)
{
    const struct standin *standin = standin_of(request);
    struct text t;
    text_init(&t, &request->arena, 256);
    text_put_char(&t, '{');
    for (enum endpoint i = 0; i < ENDPOINT_COUNT; i++) {
        text_put_json_name(&t, bytes_of(endpoint_name(i)));
        text_put_number(&t, (int64_t)standin->hits[i]);
    }
    text_put(&t, BYTES("}\n"));
    answer_json(request, 200, text_bytes(&t));
}

static void clear_counts(struct request *request)
{
    memset(standin_of(request)->hits, 0, sizeof standin_of(request)->hits);
    answer_done(request);
}

void control_finish(struct flow *flow)
{
    struct request *request = (struct request *)flow;
    struct parameters parameters;
    bool is_post = request->method == METHOD_POST, is_delete = request->method == METHOD_DELETE;
    const char *path = request->route->path;
    if (!read_parameters(request, &parameters))
        answer_wrong(request, 400);
    else if (strcmp(path, "/standin/sessions") == 0)
        post_session(request, &parameters);
    else if (strcmp(path, "/standin/sessions/{}/...") == 0)
        post_event(request);
    else if (strcmp(path, "/standin/identities/{}") == 0)
        delete_identity(request);
    else if (strcmp(path, "/standin/faults") == 0 && is_post)
        post_fault(request, &parameters);
    else if (strcmp(path, "/standin/faults") == 0)
        clear_faults(request);
    else if (is_delete)
        clear_counts(request);
    else
        get_counts(request);
}
