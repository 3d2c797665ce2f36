#include "oauth/client.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/text.h"
#include "oauth/client_origin.h"
#include "oauth/client_secret.h"
#include "oauth/slow_hash.h"
#include "storage/storage.h"

static const char WHERE[] = "client record";

/* one reading: what is read, where complaints go */
struct reading {
    struct arena *arena;
    const struct json *record;
    struct client *client;
    struct fault *fault;
};

struct bytes auth_method_name(enum auth_method method)
{
    switch (method) {
    case AUTH_NONE: return BYTES("none");
    case AUTH_BASIC: return BYTES("client_secret_basic");
    case AUTH_POST: return BYTES("client_secret_post");
    }
    return BYTES_ABSENT;
}

/* RFC 6749 A.1: VSCHAR, and no space, since logs and lists are separated by it */
bool client_id_well_formed(struct bytes id)
{
    if (id.len == 0 || id.len > CLIENT_ID_MAX) return false;
    for (size_t i = 0; i < id.len; i++)
        if (id.at[i] <= 0x20 || id.at[i] > 0x7e) return false;
    return true;
}

bool scope_well_formed(struct bytes scope)
{
    for (size_t i = 0; i < scope.len; i++) {
        unsigned char c = (unsigned char)scope.at[i];
        if (c != 0x20 && c != 0x21 && !(c >= 0x23 && c <= 0x5b) && !(c >= 0x5d && c <= 0x7e)) return false; /* RFC 6749 3.3 */
    }
    return scope.len <= CLIENT_SCOPE_MAX;
}

/* ---- members ---- */

static bool complain(struct reading *r, const char *member, const char *right)
{
    return fault_set(r->fault, FAULT_INPUT, WHERE, "%s: %s", member, right);
}

static bool read_text(struct reading *r, const char *member, size_t max, struct bytes *out)
{
    const struct json *value = json_find(r->record, member);
    if (value == NULL || json_is(value, JSON_NULL)) return true;
    if (!json_is(value, JSON_STRING) || value->text.len > max) return complain(r, member, "must be a text, and not as long");
    *out = value->text;
    return true;
}

static bool read_bool(struct reading *r, const char *member, bool *out)
{
    const struct json *value = json_find(r->record, member);
    if (value == NULL) return true;
    if (!json_is(value, JSON_BOOL)) return complain(r, member, "must be true or false");
    *out = value->truth;
    return true;
}

static bool read_list(struct reading *r, const struct json *value, const char *member, struct bytes_list *out)
{
    if (value == NULL || json_is(value, JSON_NULL)) return true;
    if (!json_is(value, JSON_ARRAY)) return complain(r, member, "must be a list of texts");
    out->at = arena_take(r->arena, (value->count + 1) * sizeof *out->at);
    if (out->at == NULL) return complain(r, member, "is too long");
    for (const struct json *item = value->first; item != NULL; item = item->next) {
        if (!json_is(item, JSON_STRING) || item->text.len == 0) return complain(r, member, "must be a list of texts");
        out->at[out->count++] = item->text;
    }
    return true;
}

/* the settings' own ranges: a record can't ask for what the operator of the server could not */
static const int64_t GRACE_LONGEST_MS = 60LL * 60 * 1000, TTL_LONGEST_MS = 3650LL * 24 * 60 * 60 * 1000;

static bool read_duration(struct reading *r, const char *path, int64_t longest_ms, int64_t *ms)
{
    const struct json *value = json_find_path(r->record, path);
    if (value == NULL) return true;
    if (!clock_parse_duration(json_string(value), ms) || *ms < 0) return complain(r, path, "must be a duration such as 15m or 14d");
    return *ms <= longest_ms || complain(r, path, "is too long: grace and coalesce are at most 1h, other times at most 3650d");
}

static bool read_count(struct reading *r, const char *path, uint32_t *count)
{
    const struct json *value = json_find_path(r->record, path);
    int64_t number;
    if (value == NULL) return true;
    if (!json_integer(value, 0, 1000, &number)) return complain(r, path, "must be a number from 0 to 1000");
    *count = (uint32_t)number;
    return true;
}

/* A hash that Hydra made has a comma in it, and falls apart where it stands in braces without quotes: what is left of it
 * must not be shown. */
static bool is_of_a_hash(struct bytes name) { return bytes_find(name, '$') < name.len || bytes_find(name, '=') < name.len; }

/* a member that we don't know would be a rule that the writer believes in and nobody keeps */
static bool check_names(struct reading *r, const struct json *object, const char *const *names, const char *inside)
{
    for (const struct json *m = object == NULL ? NULL : object->first; m != NULL; m = m->next) {
        size_t i = 0;
        while (names[i] != NULL && !bytes_equal(m->name, bytes_of(names[i]))) i++;
        if (names[i] == NULL && is_of_a_hash(m->name))
            return fault_set(r->fault, FAULT_INPUT, WHERE, "%s%sa member that is none: a value with a comma in it, such as a hash, must stand in quotes", inside, *inside ? ": " : "");
        if (names[i] == NULL)
            return fault_set(r->fault, FAULT_INPUT, WHERE, "%s%s%.*s: unknown member", inside, *inside ? "." : "", BYTES_PRINT(m->name));
    }
    return true;
}

static bool check_refresh_policy(struct reading *r, const struct refresh_policy *p)
{
    if (p->coalesce_ms > p->grace_ms) return complain(r, "refresh_token.coalesce", "must be at most refresh_token.grace");
    if (p->idle_ttl_ms <= 0 || p->absolute_ttl_ms < p->idle_ttl_ms)
        return complain(r, "refresh_token.idle_ttl", "must be over 0 and at most refresh_token.absolute_ttl");
    return true;
}

static bool read_refresh_policy(struct reading *r)
{
    static const char *const NAMES[] = {"idle_ttl", "absolute_ttl", "grace", "coalesce", "skip_limit", "ahead_max", "rotation", NULL};
    const struct json *own = json_find(r->record, "refresh_token");
    struct refresh_policy *p = &r->client->refresh;
    if (own == NULL) return true;
    if (!json_is(own, JSON_OBJECT)) return complain(r, "refresh_token", "must be a table");
    if (!check_names(r, own, NAMES, "refresh_token")) return false;
    if (!read_duration(r, "refresh_token.idle_ttl", TTL_LONGEST_MS, &p->idle_ttl_ms)) return false;
    if (!read_duration(r, "refresh_token.absolute_ttl", TTL_LONGEST_MS, &p->absolute_ttl_ms)) return false;
    if (!read_duration(r, "refresh_token.grace", GRACE_LONGEST_MS, &p->grace_ms)) return false;
    if (!read_duration(r, "refresh_token.coalesce", GRACE_LONGEST_MS, &p->coalesce_ms)) return false;
    if (!read_count(r, "refresh_token.skip_limit", &p->skip_limit) || !read_count(r, "refresh_token.ahead_max", &p->ahead_max)) return false;
    if (json_find(own, "coalesce") == NULL && p->coalesce_ms > p->grace_ms) p->coalesce_ms = p->grace_ms;
    if (json_find(own, "idle_ttl") == NULL && p->idle_ttl_ms > p->absolute_ttl_ms) p->idle_ttl_ms = p->absolute_ttl_ms;
    struct bytes rotation = json_string(json_find(own, "rotation"));
    if (json_find(own, "rotation") != NULL && !bytes_equal(rotation, BYTES("always")) && !bytes_equal(rotation, BYTES("never")))
        return complain(r, "refresh_token.rotation", "must be always or never");
    if (bytes_present(rotation)) p->never = bytes_equal(rotation, BYTES("never"));
    if (p->never && bytes_present(rotation) && r->client->auth_method == AUTH_NONE) /* RFC 9700 2.2.2 */
        return complain(r, "refresh_token.rotation", "never is for confidential clients only: a public client's tokens must rotate");
    return check_refresh_policy(r, p);
}

enum { ACCESS_TOKEN_TTL_MAX_MS = 24 * 60 * 60 * 1000 }; /* the settings hold access_token.ttl to the same */

static bool read_access_token_policy(struct reading *r)
{
    static const char *const NAMES[] = {"ttl", "algorithm", "audience", NULL};
    const struct json *own = json_find(r->record, "access_token");
    if (own == NULL) return true;
    if (!json_is(own, JSON_OBJECT)) return complain(r, "access_token", "must be a table");
    if (!check_names(r, own, NAMES, "access_token")) return false;
    if (!read_duration(r, "access_token.ttl", TTL_LONGEST_MS, &r->client->access_token_ttl_ms)) return false;
    if (json_find(own, "ttl") != NULL && (r->client->access_token_ttl_ms < 1000 || r->client->access_token_ttl_ms > ACCESS_TOKEN_TTL_MAX_MS))
        return complain(r, "access_token.ttl", "must be from 1s to 24h");
    const struct json *algorithm = json_find(own, "algorithm");
    if (algorithm != NULL && !key_algorithm_parse(json_string(algorithm), &r->client->algorithm))
        return complain(r, "access_token.algorithm", "must be one of: " KEY_ALGORITHM_NAMES);
    r->client->has_algorithm = algorithm != NULL;
    const struct json *audience = json_find(own, "audience");
    return audience == NULL || read_list(r, audience, "access_token.audience", &r->client->default_audience);
}

static bool read_auth_method(struct reading *r)
{
    const struct json *value = json_find(r->record, "token_endpoint_auth_method");
    r->client->auth_method = AUTH_BASIC;
    if (value == NULL) return true;
    for (enum auth_method m = AUTH_NONE; m <= AUTH_POST; m++) {
        if (!bytes_equal(json_string(value), auth_method_name(m))) continue;
        r->client->auth_method = m;
        return true;
    }
    return complain(r, "token_endpoint_auth_method", "must be none, client_secret_basic or client_secret_post");
}

static bool read_grant_types(struct reading *r)
{
    struct bytes_list names = {NULL, 0};
    r->client->grant_types = GRANT_REFRESH_TOKEN | GRANT_TOKEN_EXCHANGE;
    const struct json *value = json_find(r->record, "grant_types");
    if (value == NULL) return true;
    if (!read_list(r, value, "grant_types", &names)) return false;
    r->client->grant_types = 0;
    for (size_t i = 0; i < names.count; i++) {
        if (bytes_equal(names.at[i], GRANT_NAME_REFRESH_TOKEN)) r->client->grant_types |= GRANT_REFRESH_TOKEN;
        else if (bytes_equal(names.at[i], GRANT_NAME_TOKEN_EXCHANGE)) r->client->grant_types |= GRANT_TOKEN_EXCHANGE;
        else return complain(r, "grant_types", "may hold refresh_token and urn:ietf:params:oauth:grant-type:token-exchange");
    }
    return names.count > 0 || complain(r, "grant_types", "must not be empty");
}

static bool read_origins(struct reading *r)
{
    struct bytes_list *origins = &r->client->allowed_cors_origins;
    if (!read_list(r, json_find(r->record, "allowed_cors_origins"), "allowed_cors_origins", origins)) return false;
    for (size_t i = 0; i < origins->count; i++)
        if (!origin_well_formed(origins->at[i]))
            return complain(r, "allowed_cors_origins", "must be exact origins in lower case without a path: https://app.example.com, or http on loopback; no * and no null");
    return true;
}

static bool read_client_id(struct reading *r)
{
    struct bytes id = BYTES_ABSENT;
    if (!read_text(r, "client_id", CLIENT_ID_MAX, &id)) return false;
    if (!bytes_present(id)) {
        unsigned char uuid[16];
        char text[37];
        uuid_make(uuid);
        uuid_write(uuid, text);
        id = arena_copy(r->arena, bytes_of(text));
    }
    if (!client_id_well_formed(id)) return complain(r, "client_id", "must be 1 to 255 visible ASCII characters without spaces");
    r->client->client_id = id;
    return true;
}

/* exchange.md: else a stolen cookie becomes a month's grant that no log-out ends */
static bool check_offline_access(struct reading *r)
{
    if (!bytes_have_word(r->client->scope, BYTES("offline_access")) || r->client->auth_method != AUTH_NONE) return true;
    return complain(r, "scope", "offline_access is for confidential clients only");
}

/* *secret is absent where the record has no such member */
static bool read_secret_text(struct reading *r, const char *member, bool may_be_there, struct bytes *secret)
{
    *secret = BYTES_ABSENT;
    if (json_find(r->record, member) == NULL) return true;
    if (!may_be_there) return complain(r, member, "does not belong here");
    if (!read_text(r, member, CLIENT_SECRET_MAX, secret)) return false;
    if (r->client->auth_method == AUTH_NONE) return complain(r, member, "a client whose token_endpoint_auth_method is none has no secret");
    if (!bytes_present(*secret)) *secret = BYTES(""); /* null: none at all is another matter */
    return true;
}

static bool read_secret_hash(struct reading *r, struct client_input *input)
{
    static const char MEMBER[] = "client_secret_hash";
    struct bytes hash;
    struct slow_hash parsed;
    struct fault unreadable;
    if (!read_secret_text(r, MEMBER, input != NULL, &hash)) return false;
    if (!bytes_present(hash)) return true;
    if (bytes_present(input->client_secret)) return complain(r, MEMBER, "a record has a client_secret or its hash, not both");
    if (!slow_hash_parse(hash, &parsed, &unreadable)) return complain(r, MEMBER, unreadable.what);
    input->client_secret_hash = hash;
    return true;
}

static bool read_secret(struct reading *r, struct client_input *input)
{
    struct bytes secret;
    if (!read_secret_text(r, "client_secret", input != NULL, &secret)) return false;
    if (!bytes_present(secret)) return true;
    if (secret.len < CLIENT_SECRET_MIN) return complain(r, "client_secret", "must be 32 to 256 characters; make one with: openssl rand -base64 32");
    input->client_secret = secret;
    return true;
}

static bool read_members(struct reading *r)
{
    struct client *c = r->client;
    if (!read_client_id(r)) return false;
    if (!read_text(r, "client_name", CLIENT_NAME_MAX, &c->client_name) || !read_text(r, "scope", CLIENT_SCOPE_MAX, &c->scope)) return false;
    if (!scope_well_formed(c->scope)) return complain(r, "scope", "must be words of RFC 6749 3.3, separated by spaces");
    if (!read_auth_method(r)) return false;
    if (c->auth_method == AUTH_NONE) c->refresh.never = false; /* RFC 9700 2.2.2: a public client's tokens rotate, whatever the settings say */
    if (!read_grant_types(r) || !read_origins(r)) return false;
    if (!read_list(r, json_find(r->record, "audience"), "audience", &c->audience)) return false;
    if (!read_bool(r, "refresh_token_with_cookie", &c->refresh_token_with_cookie)) return false;
    return check_offline_access(r) && read_refresh_policy(r) && read_access_token_policy(r);
}

/* ---- the record as we keep it ---- */

static void write_list(struct text *t, const char *name, const struct bytes_list *list)
{
    text_put_json_name(t, bytes_of(name));
    text_put_char(t, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) text_put_char(t, ',');
        text_put_json(t, list->at[i]);
    }
    text_put_char(t, ']');
}

static void write_text(struct text *t, const char *name, struct bytes value)
{
    text_put_json_name(t, bytes_of(name));
    text_put_json(t, value);
}

static void write_member(struct text *t, const struct json *record, const char *name)
{
    const struct json *value = json_find(record, name);
    if (value == NULL) return;
    text_put_json_name(t, bytes_of(name));
    json_write(t, value);
}

static void write_grant_types(struct text *t, unsigned grant_types)
{
    struct bytes names[2];
    struct bytes_list list = {names, 0};
    if (grant_types & GRANT_TOKEN_EXCHANGE) names[list.count++] = GRANT_NAME_TOKEN_EXCHANGE;
    if (grant_types & GRANT_REFRESH_TOKEN) names[list.count++] = GRANT_NAME_REFRESH_TOKEN;
    write_list(t, "grant_types", &list);
}

static struct bytes write_record(struct reading *r)
{
    const struct client *c = r->client;
    struct text t;
    text_init(&t, r->arena, 512);
    text_put_char(&t, '{');
    write_text(&t, "client_id", c->client_id);
    write_text(&t, "client_name", c->client_name);
    write_grant_types(&t, c->grant_types);
    write_text(&t, "scope", c->scope);
    write_list(&t, "audience", &c->audience);
    write_text(&t, "token_endpoint_auth_method", auth_method_name(c->auth_method));
    write_list(&t, "allowed_cors_origins", &c->allowed_cors_origins);
    if (c->refresh_token_with_cookie) text_put(&t, BYTES(",\"refresh_token_with_cookie\":true"));
    write_member(&t, r->record, "refresh_token");
    write_member(&t, r->record, "access_token");
    write_member(&t, r->record, "metadata");
    text_put_char(&t, '}');
    return text_bytes(&t);
}

const struct client *client_parse(struct arena *arena, const struct json *record, const struct policy *policy, struct client_input *input, struct fault *fault)
{
    static const char *const NAMES[] = {"client_id", "client_name", "client_secret", "client_secret_hash", "grant_types", "scope", "audience", "token_endpoint_auth_method",
        "allowed_cors_origins", "refresh_token_with_cookie", "refresh_token", "access_token", "metadata", NULL};
    struct client *client = arena_take(arena, sizeof *client);
    struct reading r = {arena, record, client, fault};
    bool good = client != NULL && json_is(record, JSON_OBJECT);
    if (!good) {
        fault_set(fault, FAULT_INPUT, WHERE, "must be a table (a JSON object)");
        return NULL;
    }
    client->refresh = policy->refresh;
    client->scope = client->client_name = (struct bytes){"", 0};
    if (!check_names(&r, record, NAMES, "") || !read_members(&r) || !read_secret(&r, input) || !read_secret_hash(&r, input)) return NULL;
    client->record = write_record(&r);
    if (bytes_contain(client->record, BYTES("\\u0000"))) { /* Postgres' jsonb can't hold it */
        fault_set(fault, FAULT_INPUT, WHERE, "must not hold the character U+0000");
        return NULL;
    }
    if (bytes_present(client->record) && client->record.len <= CLIENT_RECORD_MAX) return client;
    fault_set(fault, FAULT_INPUT, WHERE, "is over %d bytes", CLIENT_RECORD_MAX);
    return NULL;
}

const struct client *client_from_row(struct arena *arena, const struct client_row *row, const struct policy *policy, struct fault *fault)
{
    const struct json_limits limits = {.size_max = CLIENT_RECORD_MAX, .unique_names = true};
    const struct json *record = json_parse(arena, row->record, &limits, fault);
    if (record == NULL) return NULL;
    const struct client *read = client_parse(arena, record, policy, NULL, fault);
    if (read == NULL || (bytes_present(row->secret_hash) && !client_secret_hash_check(row->secret_hash, fault))) return NULL;
    struct client *client = arena_take(arena, sizeof *client);
    if (client == NULL) {
        fault_set(fault, FAULT_BUG, WHERE, "no room");
        return NULL;
    }
    *client = *read;
    client->secret_hash = arena_copy(arena, row->secret_hash);
    client->created_at = row->created_at;
    return client;
}
