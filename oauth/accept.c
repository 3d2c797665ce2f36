#include "oauth/accept.h"

/* RFC 9110 12.4.2: 0, with up to three more zeros behind a point, means: not this one */
static bool is_zero(struct bytes weight)
{
    for (size_t i = 0; i < weight.len; i++)
        if (weight.at[i] != '0' && !(weight.at[i] == '.' && i == 1)) return false;
    return weight.len > 0 && weight.at[0] == '0';
}

static bool is_unwanted(struct bytes parameters)
{
    static const struct bytes q = {"q=", 2};
    struct bytes parameter;
    while (bytes_take_word(&parameters, ';', &parameter)) {
        parameter = bytes_trim(parameter);
        if (parameter.len < q.len || !bytes_equal_nocase((struct bytes){parameter.at, q.len}, q)) continue;
        return is_zero((struct bytes){parameter.at + q.len, parameter.len - q.len});
    }
    return false;
}

bool accept_names(struct bytes accept, struct bytes type)
{
    struct bytes range;
    while (bytes_take_word(&accept, ',', &range)) {
        size_t type_len = bytes_find(range, ';');
        if (!bytes_equal_nocase(bytes_trim((struct bytes){range.at, type_len}), type)) continue;
        if (!is_unwanted((struct bytes){range.at + type_len, range.len - type_len})) return true;
    }
    return false;
}
