#include "oauth/policy.h"

bool bytes_list_have(const struct bytes_list *list, struct bytes value)
{
    for (size_t i = 0; i < list->count; i++)
        if (bytes_equal(list->at[i], value)) return true;
    return false;
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
