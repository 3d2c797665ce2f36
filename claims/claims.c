#include "claims/claims.h"

#include <stdlib.h>

#include "base/text.h"
#include "claims/path.h"
#include "claims/program.h"
#include "claims/value.h"

/* a claim of a table */
struct entry {
    struct bytes name;
    bool optional, is_path;
    struct path path; /* where is_path */
    size_t index;     /* else: which of the program's results it is */
};

struct claims {
    struct arena arena;
    struct entry *entries; /* NULL where one program returns all */
    size_t entry_count;
    struct program *program; /* NULL where every claim is a path */
};

/* ---- making ---- */

static bool check_name(const struct claims_source *source, size_t at, struct fault *fault)
{
    const struct claim_expression *claim = &source->table[at];
    const char *why = claim->name.len == 0 ? "a claim needs a name" : NULL;
    if (claim_is_reserved(claim->name)) why = "is set by the server and can't be mapped";
    for (size_t i = 0; i < at; i++)
        if (bytes_equal(claim->name, source->table[i].name)) why = "is there twice";
    if (why == NULL) return true;
    return fault_set(fault, FAULT_INPUT, "claims", "claim \"%.*s\", line %u, column %u: %s",
                     (int)(claim->name.len < 64 ? claim->name.len : 64), claim->name.at, claim->line, claim->column,
                     why);
}

/* fills the entry, or one more of the expressions for jq */
static void add_claim(struct claims *claims, const struct claim_expression *claim, struct expression *expressions,
                      size_t *count)
{
    struct entry *entry = &claims->entries[claims->entry_count++];
    struct bytes text = arena_copy(&claims->arena, claim->expression);
    entry->name = arena_copy(&claims->arena, claim->name);
    entry->optional = claim->optional;
    entry->is_path = path_parse(&claims->arena, text, &entry->path);
    if (entry->is_path) return;
    entry->index = *count;
    expressions[(*count)++] = (struct expression){claim->name, claim->expression, claim->line, claim->column};
}

static struct bindings bindings_of(const struct claims_source *source)
{
    return (struct bindings){.identity_admin = source->use_admin_metadata, .hydra = source->use_hydra};
}

static bool make_table(struct claims *claims, const struct claims_source *source, struct fault *fault)
{
    size_t count = 0;
    struct expression *expressions = arena_take(&claims->arena, (source->table_count + 1) * sizeof *expressions);
    claims->entries = arena_take(&claims->arena, (source->table_count + 1) * sizeof *claims->entries);
    for (size_t i = 0; i < source->table_count; i++) {
        if (!check_name(source, i, fault)) return false;
        add_claim(claims, &source->table[i], expressions, &count);
    }
    if (count == 0) return true;
    claims->program = program_create(expressions, count, bindings_of(source), fault);
    return claims->program != NULL;
}

static bool make_program(struct claims *claims, const struct claims_source *source, struct fault *fault)
{
    struct expression all = {BYTES_ABSENT, source->program, source->program_line, source->program_column};
    claims->program = program_create(&all, 1, bindings_of(source), fault);
    return claims->program != NULL;
}

struct claims *claims_create(const struct claims_source *source, struct fault *fault)
{
    struct claims *claims = calloc(1, sizeof *claims);
    if (claims == NULL) abort();
    arena_init(&claims->arena, SIZE_MAX);
    bool made =
        bytes_present(source->program) ? make_program(claims, source, fault) : make_table(claims, source, fault);
    if (made) return claims;
    claims_destroy(claims);
    return NULL;
}

void claims_destroy(struct claims *claims)
{
    if (claims == NULL) return;
    program_destroy(claims->program);
    arena_release(&claims->arena);
    free(claims);
}

/* ---- mapping ---- */

/* "claims: email" */
static bool fail(struct bytes name, const char *why, struct fault *fault)
{
    char where[48];
    snprintf(where, sizeof where, "claims: %.*s", BYTES_PRINT(name));
    return fault_set(fault, FAULT_BUG, where, "%s", why);
}

static const char *put_path(const struct entry *entry, const struct json *session, struct text *out)
{
    const struct json *found;
    if (!path_follow(&entry->path, session, &found)) return "the path leads into what has no such parts";
    if (found == NULL || json_is(found, JSON_NULL)) return NULL;
    text_put_json_name(out, entry->name);
    json_write(out, found);
    return NULL;
}

static const char *put_value(struct bytes name, jv value, struct text *out)
{
    if (jv_get_kind(value) == JV_KIND_NULL) return NULL;
    text_put_json_name(out, name);
    return value_write(out, value, CLAIMS_RESULT_MAX);
}

static const char *put_result(const struct claims *claims, const struct entry *entry, struct text *out)
{
    jv value;
    const char *why = program_result(claims->program, entry->index, &value);
    if (why != NULL) return why;
    why = put_value(entry->name, value, out);
    jv_free(value);
    return why;
}

static bool put_table(const struct claims *claims, const struct json *session, struct text *out, struct fault *fault)
{
    for (size_t i = 0; i < claims->entry_count; i++) {
        const struct entry *entry = &claims->entries[i];
        size_t before = out->len;
        const char *why = entry->is_path ? put_path(entry, session, out) : put_result(claims, entry, out);
        if (why == NULL) continue;
        if (!entry->optional) return fail(entry->name, why, fault);
        if (!out->failed) out->len = before;
    }
    return true;
}

static bool put_member(jv name, jv value, struct text *out, struct fault *fault)
{
    struct bytes text = {jv_string_value(name), (size_t)jv_string_length_bytes(jv_copy(name))};
    if (claim_is_reserved(text)) return fail(text, "is set by the server and can't be mapped", fault);
    const char *why = put_value(text, value, out);
    /* the name may be a person's data */
    return why == NULL || fail(BYTES("program"), why, fault);
}

static bool put_members(jv all, struct text *out, struct fault *fault)
{
    bool put = true;
    for (int i = jv_object_iter(all); put && jv_object_iter_valid(all, i); i = jv_object_iter_next(all, i)) {
        jv name = jv_object_iter_key(all, i), value = jv_object_iter_value(all, i);
        put = put_member(name, value, out, fault);
        jv_free(name);
        jv_free(value);
    }
    return put;
}

static bool put_all(const struct claims *claims, struct text *out, struct fault *fault)
{
    jv all;
    const char *why = program_result(claims->program, 0, &all);
    if (why != NULL) return fail(BYTES("program"), why, fault);
    bool put = jv_get_kind(all) == JV_KIND_OBJECT ? put_members(all, out, fault)
                                                  : fail(BYTES("program"), "the result is no object", fault);
    jv_free(all);
    return put;
}

static bool put_claims(struct claims *claims, const struct claims_input *input, struct arena *arena, struct text *out,
                       struct fault *fault)
{
    if (claims->program == NULL) return put_table(claims, input->session, out, fault);
    if (!program_run(claims->program, input, arena, fault)) return false;
    bool put = claims->entries == NULL ? put_all(claims, out, fault) : put_table(claims, input->session, out, fault);
    program_done(claims->program);
    return put;
}

bool claims_map(struct claims *claims, const struct claims_input *input, struct arena *arena, struct bytes *out,
                struct fault *fault)
{
    struct text text;
    text_init(&text, arena, 512);
    text_put_char(&text, '{');
    if (!put_claims(claims, input, arena, &text, fault)) return false;
    text_put_char(&text, '}');
    if (text.len > CLAIMS_RESULT_MAX) return fail(BYTES("result"), "is too long", fault);
    *out = text_bytes(&text);
    return bytes_present(*out) || fault_set(fault, FAULT_FULL, "claims", "over the cap of the arena");
}
