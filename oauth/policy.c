#include "oauth/policy.h"

bool bytes_list_have(const struct bytes_list *list, struct bytes value)
{
    for (size_t i = 0; i < list->count; i++)
        if (bytes_equal(list->at[i], value)) return true;
    return false;
}

static bool same(struct bytes a, struct bytes b) { return bytes_present(a) == bytes_present(b) && bytes_equal(a, b); }

static bool claims_alike(const struct claims_source *a, const struct claims_source *b)
{
    if (!same(a->program, b->program) || a->use_admin_metadata != b->use_admin_metadata || a->table_count != b->table_count) return false;
    for (size_t i = 0; i < a->table_count; i++) {
        const struct claim_expression *one = &a->table[i], *other = &b->table[i];
        if (!same(one->name, other->name) || !same(one->expression, other->expression) || one->optional != other->optional) return false;
    }
    return true;
}

bool token_profiles_alike(const struct token_profile *a, const struct token_profile *b)
{
    return a->ttl_ms == b->ttl_ms && a->algorithm == b->algorithm && bytes_equal(a->typ, b->typ) && same(a->scopes, b->scopes) && a->min_aal == b->min_aal
        && claims_alike(&a->claims, &b->claims);
}

size_t policy_profile(const struct policy *policy, struct bytes audience)
{
    for (size_t i = 1; i < policy->profile_count; i++)
        if (bytes_equal(policy->profiles[i].audience, audience)) return i;
    return 0;
}

bool policy_has_algorithm(const struct policy *policy, enum key_algorithm algorithm)
{
    for (size_t i = 0; i < policy->algorithm_count; i++)
        if (policy->algorithms[i] == algorithm) return true;
    return false;
}
