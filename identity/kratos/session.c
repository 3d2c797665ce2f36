#include "identity/kratos/session.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "net/client.h"

/* how much our clock may be ahead of Kratos': a session is given this much longer than its expires_at */
enum { CLOCK_SKEW_MS = 5000 };

static const struct json_limits limits = {.size_max = CLIENT_BODY_MAX, .unique_names = true};

const char *standing_name(enum standing standing)
{
    switch (standing) {
    case STANDING_LIVE: return "live";
    case STANDING_INACTIVE: return "inactive";
    case STANDING_DISABLED: return "identity not active";
    case STANDING_EXPIRED: return "expired";
    case STANDING_UNCLEAR: return "unclear";
    }
    return "unknown";
}

static enum standing unclear(struct fault *fault, const char *what)
{
    fault_set(fault, FAULT_AWAY, "kratos", "%s", what);
    return STANDING_UNCLEAR;
}

/* in lower case, whatever it came in */
static bool read_uuid(struct arena *arena, const struct json *value, struct bytes *uuid)
{
    unsigned char raw[16];
    char text[37];
    if (!uuid_parse(json_string(value), raw)) return false;
    uuid_write(raw, text);
    *uuid = arena_copy(arena, (struct bytes){text, 36});
    return bytes_present(*uuid);
}

static bool read_external_id(const struct json *value, struct bytes *external_id)
{
    *external_id = json_string(value);
    if (external_id->len == 0) *external_id = BYTES_ABSENT;
    return value == NULL || json_is(value, JSON_NULL) || json_is(value, JSON_STRING);
}

static enum standing read_person(struct arena *arena, const struct json *identity, struct session *session,
                                 struct fault *fault)
{
    if (!json_is(identity, JSON_OBJECT)) return unclear(fault, "no identity");
    if (!read_uuid(arena, json_find(identity, "id"), &session->identity_id))
        return unclear(fault, "identity.id is no uuid");
    if (!read_external_id(json_find(identity, "external_id"), &session->external_id))
        return unclear(fault, "identity.external_id is no text");
    struct bytes state = json_string(json_find(identity, "state"));
    if (!bytes_present(state)) return unclear(fault, "no identity.state");
    return bytes_equal(state, BYTES("active")) ? STANDING_LIVE : STANDING_DISABLED;
}

/* Kratos adds an entry at each login, but knows a dozen methods */
enum { METHODS_MAX = 32 };
struct method_set {
    struct bytes names[METHODS_MAX];
    size_t count;
};

static bool is_method(const struct json *entry)
{
    const struct json *aal = json_find(entry, "aal");
    return bytes_present(json_string(json_find(entry, "method"))) && (aal == NULL || json_is(aal, JSON_STRING));
}

/* false when the set is full */
static bool add_method(struct method_set *set, struct bytes method)
{
    for (size_t i = 0; i < set->count; i++)
        if (bytes_equal(set->names[i], method)) return true;
    if (set->count == METHODS_MAX) return false;
    set->names[set->count++] = method;
    return true;
}

static bool collect_methods(const struct json *methods, struct method_set *set)
{
    if (methods == NULL || json_is(methods, JSON_NULL)) return true;
    if (!json_is(methods, JSON_ARRAY)) return false;
    for (const struct json *entry = methods->first; entry != NULL; entry = entry->next)
        if (!is_method(entry) || !add_method(set, json_string(json_find(entry, "method")))) return false;
    return true;
}

static bool read_methods(struct arena *arena, const struct json *methods, struct session *session)
{
    struct method_set set = {.count = 0};
    struct text t;
    if (!collect_methods(methods, &set)) return false;
    text_init(&t, arena, 64);
    text_put_char(&t, '[');
    for (size_t i = 0; i < set.count; i++) {
        if (i > 0) text_put_char(&t, ',');
        text_put_json(&t, set.names[i]);
    }
    text_put_char(&t, ']');
    session->methods = text_bytes(&t);
    return bytes_present(session->methods);
}

/* an identity provider that did both factors itself says so in one entry */
static bool is_both_factors(const struct json *entry)
{
    struct bytes method = json_string(json_find(entry, "method"));
    return bytes_equal(method, BYTES("oidc")) || bytes_equal(method, BYTES("saml"));
}

/* The admin API gives the level that was stored, whoami one computed from the methods: a first and a second factor make
 * 2, any method makes 1. Entries without a level, of sessions made before Kratos 0.9, raise nothing. */
static unsigned compute_aal(const struct json *methods)
{
    bool first = false, second = false;
    if (methods == NULL || methods->count == 0) return 0;
    for (const struct json *entry = methods->first; entry != NULL; entry = entry->next) {
        struct bytes aal = json_string(json_find(entry, "aal"));
        bool is_second = bytes_equal(aal, BYTES("aal2"));
        if (bytes_equal(aal, BYTES("aal1")) || (is_second && is_both_factors(entry))) first = true;
        if (is_second) second = true;
    }
    return first && second ? 2 : 1;
}

static struct bytes name_aal(unsigned aal)
{
    static const struct bytes names[] = {BYTES("aal0"), BYTES("aal1"), BYTES("aal2")};
    return names[aal];
}

/* ---- the session as whoami gives it, whichever API it came from ---- */

static struct json *take_member(struct json *object, const char *name)
{
    struct json **at = &object->first, *taken;
    while (*at != NULL && !bytes_equal((*at)->name, bytes_of(name))) at = &(*at)->next;
    taken = *at;
    if (taken == NULL) return NULL;
    *at = taken->next;
    taken->next = NULL;
    object->count--;
    return taken;
}

/* what whoami never shows, and the admin API does */
static void shape_identity(struct json *identity, struct session *session)
{
    session->metadata_admin = take_member(identity, "metadata_admin");
    take_member(identity, "credentials");
}

static void set_text(struct json *value, struct bytes text)
{
    *value = (struct json){.type = JSON_STRING, .name = value->name, .text = text, .next = value->next};
}

static void shape_session(struct json *root, struct session *session)
{
    take_member(root, "tokenized");
    for (struct json *member = root->first; member != NULL; member = member->next) {
        if (bytes_equal(member->name, BYTES("identity"))) shape_identity(member, session);
        if (bytes_equal(member->name, BYTES("authenticator_assurance_level"))) set_text(member, session->aal_name);
    }
    session->json = root;
}

/* a session of which nothing but the identity is known */
static bool wrap_identity(struct arena *arena, struct json *identity, struct session *session)
{
    struct json *root = arena_take(arena, sizeof *root);
    if (root == NULL) return false;
    shape_identity(identity, session);
    identity->name = BYTES("identity");
    *root = (struct json){.type = JSON_OBJECT, .first = identity, .count = 1};
    session->json = root;
    return true;
}

static enum standing read_times(const struct json *root, struct session *session, struct fault *fault)
{
    if (!clock_parse(json_string(json_find(root, "authenticated_at")), &session->authenticated_at_ms))
        return unclear(fault, "authenticated_at is no time");
    if (!clock_parse(json_string(json_find(root, "expires_at")), &session->expires_at_ms))
        return unclear(fault, "expires_at is no time");
    return session->expires_at_ms + CLOCK_SKEW_MS > clock_now_ms() ? STANDING_LIVE : STANDING_EXPIRED;
}

/* of a session that is live: what remains */
static enum standing read_rest(struct arena *arena, struct json *root, struct session *session, struct fault *fault)
{
    const struct json *methods = json_find(root, "authentication_methods");
    if (!read_methods(arena, methods, session)) return unclear(fault, "authentication_methods can't be read");
    session->aal = compute_aal(methods);
    session->aal_name = name_aal(session->aal);
    shape_session(root, session);
    return STANDING_LIVE;
}

enum standing parse_session(struct arena *arena, struct bytes body, struct session *session, struct fault *fault)
{
    *session = (struct session){0};
    struct json *root = json_parse(arena, body, &limits, fault);
    if (root == NULL) return STANDING_UNCLEAR;
    const struct json *active = json_find(root, "active");
    if (!read_uuid(arena, json_find(root, "id"), &session->id)) return unclear(fault, "id is no uuid");
    if (!json_is(active, JSON_BOOL)) return unclear(fault, "active is neither true nor false");
    if (!active->truth) return STANDING_INACTIVE;
    enum standing person = read_person(arena, json_find(root, "identity"), session, fault);
    if (person != STANDING_LIVE) return person;
    enum standing standing = read_times(root, session, fault);
    return standing == STANDING_LIVE ? read_rest(arena, root, session, fault) : standing;
}

enum standing parse_person(struct arena *arena, struct bytes body, struct session *session, struct fault *fault)
{
    *session = (struct session){0};
    struct json *root = json_parse(arena, body, &limits, fault);
    if (root == NULL) return STANDING_UNCLEAR;
    enum standing standing = read_person(arena, root, session, fault);
    if (standing != STANDING_LIVE) return standing;
    return wrap_identity(arena, root, session) ? STANDING_LIVE : unclear(fault, "too large");
}

/* it goes into answers and, for a browser, into a Location header */
static struct bytes vet_url(struct bytes url)
{
    if (!bytes_start_with(url, BYTES("https://")) && !bytes_start_with(url, BYTES("http://"))) return BYTES_ABSENT;
    for (size_t i = 0; i < url.len; i++)
        if (url.at[i] <= ' ' || url.at[i] > '~') return BYTES_ABSENT;
    return url;
}

bool parse_refusal(struct arena *arena, struct bytes body, struct refusal *refusal)
{
    struct fault fault;
    const struct json *root = json_parse(arena, body, &limits, &fault);
    const struct json *error = json_find(root, "error");
    *refusal = (struct refusal){0};
    if (!json_integer(json_find(error, "code"), 100, 599, &refusal->code)) return false;
    refusal->id = json_string(json_find(error, "id"));
    refusal->message = json_string(json_find(error, "message"));
    refusal->redirect_to = vet_url(json_string(json_find(root, "redirect_browser_to")));
    if (!bytes_present(refusal->redirect_to))
        refusal->redirect_to = vet_url(json_string(json_find_path(error, "details.redirect_browser_to")));
    return true;
}
