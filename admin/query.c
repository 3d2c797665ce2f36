#include "admin/query.h"

#include "base/encoding.h"

static bool is_named(struct bytes pair, struct bytes name)
{
    return bytes_equal((struct bytes){pair.at, bytes_find(pair, '=')}, name);
}

struct bytes query_find(struct request *request, struct bytes name)
{
    struct bytes rest = request->query, pair, value;
    while (bytes_take_word(&rest, '&', &pair)) {
        size_t equals = bytes_find(pair, '=');
        if (equals == pair.len || !is_named(pair, name)) continue;
        struct bytes coded = {pair.at + equals + 1, pair.len - equals - 1};
        if (form_decode(&request->arena, coded, &value)) return value;
    }
    return BYTES_ABSENT;
}

size_t query_count(const struct request *request, struct bytes name)
{
    struct bytes rest = request->query, pair;
    size_t count = 0;
    while (bytes_take_word(&rest, '&', &pair)) count += is_named(pair, name);
    return count;
}
