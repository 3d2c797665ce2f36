/* settings_profiles: how access tokens look: access_token, and each audience of access_token.resources; every jq
 * expression compiled once. */
#include <stdio.h>

#include "server/settings_reader.h"

static const char HINT[] = "; in YAML an expression that holds `: ` or ` #`, or begins with a quote, a bracket or a "
                           "brace, needs single quotes around it, or stands in the lines below a |";

/* ---- claims ---- */

static void read_expression(struct reader *r, const char *key, const struct node *node, struct claim_expression *out)
{
    char claim[KEY_WORDS_MAX];
    setting_key_join(key, node->name, claim);
    *out = (struct claim_expression){
        .name = node->name, .expression = node->text, .line = node->place.line, .column = node->place.column};
    if (node->kind != NODE_TEXT)
        complain(&r->complaints, &node->place, claim, "is no text but a list, a table or nothing%s", HINT);
    out->optional = bytes_end_with(node->name, BYTES("?"));
    if (out->optional) out->name.len--;
    if (out->name.len == 0) complain(&r->complaints, &node->name_place, claim, "a claim needs a name");
}

/* NULL node: no claims */
static void read_claims(struct reader *r, const char *key, const struct node *node, struct claims_source *out)
{
    out->use_admin_metadata = r->values[SETTING_TOKEN_ADMIN_METADATA].number == 1;
    if (node == NULL) return;
    if (node->kind == NODE_TEXT) {
        out->program = node->text;
        out->program_line = node->place.line;
        out->program_column = node->place.column;
        return;
    }
    struct claim_expression *table = arena_take(r->arena, (node->count + 1) * sizeof *table);
    if (table == NULL) return;
    for (const struct node *item = node->first; item != NULL; item = item->next)
        read_expression(r, key, item, &table[out->table_count++]);
    out->table = table;
}

static bool compiles(const struct claims_source *source, struct fault *fault)
{
    struct claims *claims = claims_create(source, fault);
    if (claims == NULL) return false;
    claims_destroy(claims);
    return true;
}

static void complain_claims(struct reader *r, const char *key, const struct node *node, const struct fault *fault)
{
    bool cut_short = node->plain && bytes_contain(bytes_of(fault->what), BYTES("syntax error"));
    complain(&r->complaints, &node->place, key, "%s%s", fault->what, cut_short ? HINT : "");
}

/* Compiled as a whole; where that fails each on its own, so that all mistakes are told, and where they stand. */
static void check_claims(struct reader *r, const char *key, const struct node *node, const struct claims_source *source)
{
    struct fault fault;
    size_t before = r->complaints.count, i = 0;
    if (compiles(source, &fault)) return;
    if (source->table == NULL) {
        complain_claims(r, key, node, &fault);
        return;
    }
    for (const struct node *item = node->first; item != NULL; item = item->next, i++) {
        struct claims_source one = *source;
        char claim[KEY_WORDS_MAX];
        struct fault own;
        one.table = &source->table[i];
        one.table_count = 1;
        if (!compiles(&one, &own)) complain_claims(r, setting_key_join(key, item->name, claim), item, &own);
    }
    if (r->complaints.count == before) complain_claims(r, key, node, &fault);
}

void fill_claims(struct reader *r, const char *key, const struct node *node, struct claims_source *out)
{
    size_t before = r->complaints.count;
    read_claims(r, key, node, out);
    if (node != NULL && r->complaints.count == before) check_claims(r, key, node, out);
}

/* ---- profiles ---- */

static enum key_algorithm algorithm_named(struct bytes name)
{
    enum key_algorithm algorithm = KEY_ES256;
    return key_algorithm_parse(name, &algorithm) ? algorithm : KEY_ES256; /* the table lets only these in */
}

bool require_algorithm(struct reader *r, const struct place *place, const char *key, enum key_algorithm algorithm)
{
    if (r->values[SETTING_KEYS_ALGORITHMS].wrong || policy_has_algorithm(&r->settings->policy, algorithm)) return true;
    return complain(&r->complaints, place, key, "%.*s is not in keys.algorithms; right would be one that is",
                    BYTES_PRINT(key_algorithm_name(algorithm)));
}

static void fill_base(struct reader *r, struct token_profile *profile)
{
    const struct setting_value *values = r->values;
    *profile = (struct token_profile){.ttl_ms = values[SETTING_TOKEN_TTL].number,
                                      .algorithm = algorithm_named(values[SETTING_TOKEN_ALGORITHM].text),
                                      .typ = values[SETTING_TOKEN_TYP].text};
    fill_claims(r, SETTINGS[SETTING_TOKEN_CLAIMS].key, values[SETTING_TOKEN_CLAIMS].node, &profile->claims);
    require_algorithm(r, &values[SETTING_TOKEN_ALGORITHM].place, SETTINGS[SETTING_TOKEN_ALGORITHM].key,
                      profile->algorithm);
}

static struct bytes join_scopes(struct reader *r, const char *key, const struct setting_value *value)
{
    struct text t;
    text_init(&t, r->arena, 64);
    for (size_t i = 0; i < value->list.count; i++) {
        struct bytes scope = value->list.at[i];
        if (!scope_well_formed(scope) || bytes_find(scope, ' ') < scope.len)
            complain(&r->complaints, &value->place, key, "a scope has characters that RFC 6749 3.3 doesn't allow");
        if (i > 0) text_put_char(&t, ' ');
        text_put(&t, scope);
    }
    return text_bytes(&t);
}

static void fill_resource(struct reader *r, const char *key, const struct setting_value *values,
                          struct token_profile *profile)
{
    char claims_key[KEY_WORDS_MAX];
    const struct setting_value *algorithm = &values[RESOURCE_ALGORITHM], *claims = &values[RESOURCE_CLAIMS];
    if (values[RESOURCE_TTL].said) profile->ttl_ms = values[RESOURCE_TTL].number;
    if (values[RESOURCE_TYP].said) profile->typ = values[RESOURCE_TYP].text;
    if (values[RESOURCE_SCOPES].said) profile->scopes = join_scopes(r, key, &values[RESOURCE_SCOPES]);
    if (values[RESOURCE_MIN_ACR].said)
        profile->min_aal = bytes_equal(values[RESOURCE_MIN_ACR].text, BYTES("aal2")) ? 2 : 1;
    if (algorithm->said) profile->algorithm = algorithm_named(algorithm->text);
    if (algorithm->said) require_algorithm(r, &algorithm->place, key, profile->algorithm);
    if (!claims->said) return;
    profile->claims = (struct claims_source){0};
    fill_claims(r, setting_key_join(key, BYTES("claims"), claims_key), claims->node, &profile->claims);
}

static void read_profile(struct reader *r, const struct node *node, const struct token_profile *base,
                         struct token_profile *profile)
{
    char key[KEY_WORDS_MAX];
    const struct setting_rows rows = {RESOURCE_SETTINGS, RESOURCE_LEN};
    struct setting_value values[RESOURCE_LEN] = {{.said = false}};
    setting_key_join(SETTINGS[SETTING_TOKEN_RESOURCES].key, node->name, key);
    *profile = *base;
    profile->audience = node->name;
    require_audience(r, &node->name_place, key, node->name);
    setting_rows_read(r, &rows, key, node, values);
    fill_resource(r, key, values, profile);
}

void fill_profiles(struct reader *r)
{
    struct policy *policy = &r->settings->policy;
    const struct node *resources = r->values[SETTING_TOKEN_RESOURCES].node;
    size_t count = 1 + (resources == NULL ? 0 : resources->count);
    policy->profiles = arena_take(r->arena, count * sizeof *policy->profiles);
    if (policy->profiles == NULL) return;
    policy->profile_count = count;
    fill_base(r, &policy->profiles[0]);
    size_t i = 1;
    for (const struct node *item = resources == NULL ? NULL : resources->first; item != NULL; item = item->next, i++)
        read_profile(r, item, &policy->profiles[0], &policy->profiles[i]);
}
