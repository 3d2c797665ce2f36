#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "standin/standin.h"

enum { FILE_MAX = 64 * 1024 };

static const struct {
    const char *path;
    enum slot slot;
} places[] = {
    {"id", SLOT_SESSION_ID},
    {"active", SLOT_ACTIVE},
    {"expires_at", SLOT_EXPIRES_AT},
    {"authenticated_at", SLOT_AUTHENTICATED_AT},
    {"issued_at", SLOT_ISSUED_AT},
    {"authenticator_assurance_level", SLOT_AAL},
    {"authentication_methods", SLOT_METHODS},
    {"identity.id", SLOT_PERSON_ID},
    {"identity.external_id", SLOT_EXTERNAL_ID},
    {"identity.state", SLOT_STATE},
    {"identity.state_changed_at", SLOT_PERSON_TIME},
    {"identity.created_at", SLOT_PERSON_TIME},
    {"identity.updated_at", SLOT_PERSON_TIME},
    {"identity.traits", SLOT_TRAITS},
    {"identity.verifiable_addresses.*.value", SLOT_EMAIL},
    {"identity.recovery_addresses.*.value", SLOT_EMAIL},
    {"identity.credentials.code.identifiers.*", SLOT_EMAIL},
    {"identity.credentials.password.identifiers.*", SLOT_EMAIL},
    {"identity.metadata_public", SLOT_METADATA_PUBLIC},
    {"identity.metadata_admin", SLOT_METADATA_ADMIN},
};

/* ---- reading what was recorded ---- */

static struct bytes read_file(struct arena *arena, const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return BYTES_ABSENT;
    }
    char *at = arena_take(arena, FILE_MAX);
    size_t len = fread(at, 1, FILE_MAX, file);
    fclose(file);
    return (struct bytes){at, len};
}

static const struct json *parse(struct arena *arena, struct bytes text)
{
    struct fault fault;
    struct json_limits limits = {FILE_MAX, true};
    const struct json *root = json_parse(arena, text, &limits, &fault);
    if (root == NULL) fprintf(stderr, "%s\n", fault.what);
    return root;
}

static bool load_canned(struct arena *arena, const char *folder, const char *name, struct canned *canned)
{
    int64_t status;
    struct bytes file = read_file(arena, folder, name);
    const struct json *root = bytes_present(file) ? parse(arena, file) : NULL;
    canned->body = json_string(json_find(root, "body"));
    if (!json_integer(json_find(root, "status"), 200, 599, &status)) return false;
    canned->status = (int)status;
    return bytes_present(canned->body);
}

/* ---- compiling ---- */

struct compiler {
    struct template *template;
    struct text text;
};

static bool take_place(struct compiler *c, const char *path)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(places[i].path, path) != 0) continue;
        struct template *template = c->template;
        template->slots[template->count].at = c->text.len;
        template->slots[template->count++].slot = places[i].slot;
        return true;
    }
    return false;
}

static void compile(struct compiler *c, const struct json *value, const char *path);

static void compile_member(struct compiler *c, const struct json *member, const char *path)
{
    char member_path[256];
    bool in_object = bytes_present(member->name);
    struct bytes step = in_object ? member->name : BYTES("*");
    snprintf(member_path, sizeof member_path, "%s%s%.*s", path, path[0] == '\0' ? "" : ".", BYTES_PRINT(step));
    bool named_by_slot = strcmp(member_path, "identity.external_id") == 0;
    if (in_object && !named_by_slot) text_put_json_name(&c->text, member->name);
    compile(c, member, member_path);
}

static void compile(struct compiler *c, const struct json *value, const char *path)
{
    if (take_place(c, path)) return;
    if (value->type != JSON_OBJECT && value->type != JSON_ARRAY) {
        json_write(&c->text, value);
        return;
    }
    text_put_char(&c->text, value->type == JSON_OBJECT ? '{' : '[');
    for (const struct json *member = value->first; member != NULL; member = member->next) {
        if (value->type == JSON_ARRAY && member != value->first) text_put_char(&c->text, ',');
        compile_member(c, member, path);
    }
    text_put_char(&c->text, value->type == JSON_OBJECT ? '}' : ']');
}

struct source {
    const char *name, *path;
    struct template *template;
};

static bool load_template(struct arena *arena, const char *folder, const struct source *source)
{
    struct canned canned;
    struct compiler c = {.template = source->template};
    if (!load_canned(arena, folder, source->name, &canned)) return false;
    const struct json *root = parse(arena, canned.body);
    if (root == NULL) return false;
    text_init(&c.text, arena, canned.body.len);
    compile(&c, root, source->path);
    text_put_char(&c.text, '\n');
    source->template->literal = text_bytes(&c.text);
    return true;
}

bool templates_load(struct templates *templates, struct arena *arena, const char *folder)
{
    const struct source sources[] = {
        {"01-whoami-token", "", &templates->whoami},
        {"20-admin-get-noexpand", "", &templates->session_bare},
        {"21-admin-get-identity", "", &templates->session_identity},
        {"22-admin-get-both", "", &templates->session_both},
        {"30-extend", "", &templates->extend},
        {"33-identity", "identity", &templates->person},
    };
    const struct {
        const char *name;
        struct canned *canned;
    } bodies[] = {
        {"07-whoami-none", &templates->unauthorized},
        {"05-whoami-token-garbage-cookie", &templates->garbage_cookie},
        {"82-whoami-403-aal2", &templates->step_up},
        {"24-admin-404", &templates->not_found},
        {"b1-db-down-admin-get", &templates->database_down},
        {"a2-ready", &templates->ready},
        {"b3-db-down-ready", &templates->not_ready},
        {"a6-ready-before-26", &templates->moved},
        {"90-public-extend", &templates->no_page},
    };
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (!load_template(arena, folder, &sources[i])) return false;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        if (!load_canned(arena, folder, bodies[i].name, bodies[i].canned)) return false;
    return true;
}

/* ---- filling ---- */

void put_time(struct text *t, int64_t us)
{
    char text[25], micros[8];
    clock_write(us / 1000, text);
    snprintf(micros, sizeof micros, "%06d", (int)(us % 1000000));
    size_t digits = 6;
    while (digits > 0 && micros[digits - 1] == '0') digits--;
    text_put(t, (struct bytes){text, 19});
    if (digits > 0) text_put_char(t, '.');
    text_put(t, (struct bytes){micros, digits});
    text_put_char(t, 'Z');
}

static void put_quoted_time(struct text *t, int64_t us)
{
    text_put_char(t, '"');
    put_time(t, us);
    text_put_char(t, '"');
}

/* whether it is active depends on who tells: without the identity Kratos doesn't look at its state */
static bool is_active(const struct template *template, const struct session_row *session)
{
    bool has_identity = template->count > 8;
    bool alive = !session->revoked && session->expires_us > now_us();
    return alive && !(has_identity && session->person->disabled);
}

static void put_session_slot(struct text *t, enum slot slot, const struct session_row *session, bool active)
{
    if (slot == SLOT_SESSION_ID) text_put_json(t, session->id);
    if (slot == SLOT_ACTIVE) text_put(t, active ? BYTES("true") : BYTES("false"));
    if (slot == SLOT_EXPIRES_AT) put_quoted_time(t, session->expires_us);
    if (slot == SLOT_AUTHENTICATED_AT) put_quoted_time(t, session->authenticated_us);
    if (slot == SLOT_ISSUED_AT) put_quoted_time(t, session->issued_us);
    if (slot == SLOT_AAL) text_put_format(t, "\"aal%u\"", session->aal);
    if (slot == SLOT_METHODS) text_put(t, session->methods);
}

static void put_person_slot(struct text *t, enum slot slot, const struct person *person)
{
    if (slot == SLOT_PERSON_ID) text_put_json(t, person->id);
    if (slot == SLOT_STATE) text_put(t, person->disabled ? BYTES("\"inactive\"") : BYTES("\"active\""));
    if (slot == SLOT_PERSON_TIME) put_quoted_time(t, person->created_us);
    if (slot == SLOT_TRAITS) text_put(t, person->traits);
    if (slot == SLOT_EMAIL) text_put_json(t, person->email);
    if (slot == SLOT_METADATA_PUBLIC) text_put(t, person->metadata_public);
    if (slot == SLOT_METADATA_ADMIN) text_put(t, person->metadata_admin);
    if (slot != SLOT_EXTERNAL_ID || !bytes_present(person->external_id)) return;
    text_put_json_name(t, BYTES("external_id"));
    text_put_json(t, person->external_id);
}

struct bytes template_fill(const struct template *template, struct arena *arena, const struct session_row *session,
                           const struct person *person)
{
    struct text t;
    size_t from = 0;
    text_init(&t, arena, template->literal.len + 1024);
    for (size_t i = 0; i < template->count; i++) {
        text_put(&t, (struct bytes){template->literal.at + from, template->slots[i].at - from});
        from = template->slots[i].at;
        if (template->slots[i].slot <= SLOT_METHODS)
            put_session_slot(&t, template->slots[i].slot, session, is_active(template, session));
        else
            put_person_slot(&t, template->slots[i].slot, person);
    }
    text_put(&t, (struct bytes){template->literal.at + from, template->literal.len - from});
    return text_bytes(&t);
}
