#include "net/router.h"

#include <assert.h>

#include "base/encoding.h"

static const struct {
    struct bytes name;
    enum method method;
} methods[] = {
    {BYTES("GET"), METHOD_GET},         {BYTES("HEAD"), METHOD_HEAD},   {BYTES("POST"), METHOD_POST},
    {BYTES("PUT"), METHOD_PUT},         {BYTES("PATCH"), METHOD_PATCH}, {BYTES("DELETE"), METHOD_DELETE},
    {BYTES("OPTIONS"), METHOD_OPTIONS},
};
enum { METHOD_COUNT = sizeof methods / sizeof methods[0] };

enum method router_method(struct bytes name)
{
    for (size_t i = 0; i < METHOD_COUNT; i++)
        if (bytes_equal(methods[i].name, name)) return methods[i].method;
    return METHOD_OTHER;
}

struct bytes router_allow(struct arena *arena, unsigned allowed)
{
    struct text text;
    text_init(&text, arena, 64);
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if ((allowed & methods[i].method) == 0) continue;
        if (text.len > 0) text_put(&text, BYTES(", "));
        text_put(&text, methods[i].name);
    }
    return text_bytes(&text);
}

static struct bytes bytes_from(struct bytes b, size_t place) { return (struct bytes){b.at + place, b.len - place}; }

static bool can_decode(struct bytes segment)
{
    for (size_t i = 0; i < segment.len; i++)
        if (segment.at[i] == '%' && hex_byte(bytes_from(segment, i + 1)) <= 0) return false; /* a NUL is refused too */
    return segment.len > 0;
}

struct bytes router_decode(struct arena *arena, struct bytes segment)
{
    char *at = arena_take(arena, segment.len + 1);
    size_t len = 0;
    if (at == NULL) return BYTES_ABSENT;
    for (size_t i = 0; i < segment.len; i++) {
        bool escaped = segment.at[i] == '%';
        at[len++] = escaped ? (char)hex_byte(bytes_from(segment, i + 1)) : segment.at[i];
        if (escaped) i += 2;
    }
    return (struct bytes){at, len};
}

/* "/a/{}" and "/a/{}/..." have a beginning, "/a/", that what comes must share */
static bool path_matches(struct bytes pattern, struct bytes path, struct bytes *segment)
{
    bool open_ended = bytes_end_with(pattern, BYTES("/{}/..."));
    if (!open_ended && !bytes_end_with(pattern, BYTES("/{}"))) return bytes_equal(pattern, path);
    struct bytes beginning = {pattern.at, pattern.len - (open_ended ? sizeof "{}/..." : sizeof "{}") + 1};
    if (!bytes_start_with(path, beginning)) return false;
    struct bytes rest = bytes_from(path, beginning.len);
    size_t len = bytes_find(rest, '/');
    if (len < rest.len && !open_ended) return false;
    *segment = (struct bytes){rest.at, len};
    return can_decode(*segment);
}

struct routed router_find(const struct route *routes, struct bytes path, enum method method)
{
    struct routed routed = {.segment = BYTES_ABSENT};
    for (const struct route *route = routes; route->path != NULL; route++) {
        struct bytes segment = BYTES_ABSENT;
        if (!path_matches(bytes_of(route->path), path, &segment)) continue;
        unsigned has = route->methods | ((route->methods & METHOD_GET) != 0 ? METHOD_HEAD : 0U);
        routed.methods |= has;
        if (routed.route != NULL || (has & method) == 0) continue;
        routed.route = route;
        routed.segment = segment;
    }
    return routed;
}
