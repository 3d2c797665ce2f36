#include "companion/hydra_payload.h"

#include "net/server.h"

static const struct json_limits limits = {.size_max = BODY_MAX, .unique_names = true};

static bool refuse(struct fault *fault, const char *what)
{
    return fault_set(fault, FAULT_INPUT, "hydra payload", "%s", what);
}

static bool is_nothing(const struct json *value) { return value == NULL || json_is(value, JSON_NULL); }

/* ---- one member: nothing, or of the type that Hydra gives it ---- */

static bool read_object(const struct json *in, const char *name, const struct json **out, struct fault *fault)
{
    const struct json *value = json_find(in, name);
    *out = is_nothing(value) ? NULL : value;
    if (is_nothing(value) || json_is(value, JSON_OBJECT)) return true;
    return fault_set(fault, FAULT_INPUT, "hydra payload", "%s is no object", name);
}

static bool read_text(const struct json *in, const char *name, struct bytes *out, struct fault *fault)
{
    const struct json *value = json_find(in, name);
    *out = json_string(value);
    if (out->len == 0) *out = BYTES_ABSENT;
    if (is_nothing(value) || json_is(value, JSON_STRING)) return true;
    return fault_set(fault, FAULT_INPUT, "hydra payload", "%s is no string", name);
}

/* NULL for an empty one */
static bool read_list(const struct json *in, const char *name, const struct json **first, struct fault *fault)
{
    const struct json *value = json_find(in, name);
    *first = NULL;
    if (is_nothing(value)) return true;
    if (!json_is(value, JSON_ARRAY)) return fault_set(fault, FAULT_INPUT, "hydra payload", "%s is no list", name);
    for (const struct json *item = value->first; item != NULL; item = item->next)
        if (!json_is(item, JSON_STRING))
            return fault_set(fault, FAULT_INPUT, "hydra payload", "%s holds what is no string", name);
    *first = value->first;
    return true;
}

/* ---- the parts ---- */

static bool read_session(const struct json *session, struct hydra_payload *payload, struct fault *fault)
{
    const struct json *id_token, *claims;
    return read_object(session, "extra", &payload->access_claims, fault) &&
           read_text(session, "client_id", &payload->client_id, fault) &&
           read_object(session, "id_token", &id_token, fault) &&
           read_text(id_token, "subject", &payload->subject, fault) &&
           read_object(id_token, "id_token_claims", &claims, fault) &&
           read_object(claims, "ext", &payload->id_claims, fault);
}

static struct bytes write_scope(struct arena *arena, const struct json *first)
{
    struct text t;
    text_init(&t, arena, 64);
    for (const struct json *item = first; item != NULL; item = item->next) {
        if (t.len > 0) text_put_char(&t, ' ');
        text_put(&t, item->text);
    }
    return text_bytes(&t);
}

static struct bytes write_audience(struct arena *arena, const struct json *first)
{
    struct text t;
    text_init(&t, arena, 64);
    text_put_char(&t, '[');
    for (const struct json *item = first; item != NULL; item = item->next) {
        if (item != first) text_put_char(&t, ',');
        text_put_json(&t, item->text);
    }
    text_put_char(&t, ']');
    return text_bytes(&t);
}

/* "request" or "requester": what they share has the same names in both */
static bool read_request(struct arena *arena, const struct json *request, struct hydra_payload *payload,
                         struct fault *fault)
{
    const struct json *scopes, *audience, *types, *form, *form_types;
    struct bytes client_id;
    if (!read_text(request, "client_id", &client_id, fault) || !read_list(request, "granted_scopes", &scopes, fault) ||
        !read_list(request, "granted_audience", &audience, fault) ||
        !read_list(request, "grant_types", &types, fault) || !read_object(request, "payload", &form, fault) ||
        !read_list(form, "grant_type", &form_types, fault))
        return false;
    if (!bytes_present(payload->client_id)) payload->client_id = client_id;
    /* Hydra's own reading; the form is as the client sent it: Hydra goes by the first of a name and passes on the rest
     */
    payload->grant_type = json_string(types != NULL ? types : form_types);
    payload->scope = write_scope(arena, scopes);
    payload->audience = write_audience(arena, audience);
    payload->is_client_credentials = bytes_equal(payload->grant_type, BYTES("client_credentials"));
    return true;
}

bool hydra_payload_parse(struct arena *arena, struct bytes body, struct hydra_payload *payload, struct fault *fault)
{
    const struct json *session, *request, *requester;
    const struct json *root = json_parse(arena, body, &limits, fault);
    *payload = (struct hydra_payload){.root = root};
    if (root == NULL) return false;
    if (!read_object(root, "session", &session, fault) || !read_object(root, "request", &request, fault) ||
        !read_object(root, "requester", &requester, fault))
        return false;
    if (session == NULL) return refuse(fault, "there is no session");
    payload->is_legacy = request == NULL && requester != NULL;
    if (!read_session(session, payload, fault)) return false;
    if (!read_request(arena, payload->is_legacy ? requester : request, payload, fault)) return false;
    /* Of client_credentials Hydra makes the client its own subject. Where a grant is named, that counts, lest a client
     * that was given a person's id keeps him in. */
    bool names_itself = bytes_present(payload->subject) && bytes_equal(payload->subject, payload->client_id);
    if (names_itself && !bytes_present(payload->grant_type)) payload->is_client_credentials = true;
    return !arena->overflowed || fault_set(fault, FAULT_FULL, "hydra payload", "it takes too much room");
}

/* ---- merging ---- */

static const struct json *find_member(const struct json *object, struct bytes name)
{
    const struct json *member = object == NULL ? NULL : object->first;
    while (member != NULL && !bytes_equal(member->name, name)) member = member->next;
    return member;
}

static void put_member(struct text *out, const struct json *member)
{
    text_put_json_name(out, member->name);
    json_write(out, member);
}

void hydra_payload_merge(struct text *out, const struct json *came, const struct json *mapped)
{
    text_put_char(out, '{');
    for (const struct json *member = came == NULL ? NULL : came->first; member != NULL; member = member->next) {
        const struct json *newer = find_member(mapped, member->name);
        put_member(out, newer == NULL ? member : newer);
    }
    for (const struct json *member = mapped->first; member != NULL; member = member->next)
        if (find_member(came, member->name) == NULL) put_member(out, member);
    text_put_char(out, '}');
}
