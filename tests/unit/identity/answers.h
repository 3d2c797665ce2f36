/* answers: what Kratos answered, read from tests/data/kratos, for the tests of this room. */
#ifndef TESTS_UNIT_IDENTITY_ANSWERS_H
#define TESTS_UNIT_IDENTITY_ANSWERS_H

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"

static inline struct bytes read_answer_file(struct arena *arena, const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s/%s.json", KRATOS_DATA, folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    enum { SIZE_MAX_OF_FILE = 64 * 1024 };
    char *at = arena_take(arena, SIZE_MAX_OF_FILE);
    size_t len = fread(at, 1, SIZE_MAX_OF_FILE, file);
    fclose(file);
    return (struct bytes){at, len};
}

/* the body of an answer that was recorded */
static inline struct bytes recorded(struct arena *arena, const char *name)
{
    struct fault fault;
    struct json_limits limits = {1 << 20, true};
    const struct json *root = json_parse(arena, read_answer_file(arena, "recorded", name), &limits, &fault);
    return json_string(json_find(root, "body"));
}

/* a body that was put together by hand */
static inline struct bytes constructed(struct arena *arena, const char *name)
{
    return read_answer_file(arena, "constructed", name);
}

#endif
