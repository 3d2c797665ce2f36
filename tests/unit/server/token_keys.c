#include "server/token_keys.h"

#include <unistd.h>

#include "unit/test.h"

static struct arena arena;
static struct fault fault;

/* what is said of a file with this text */
static const struct json *read_text(const char *text)
{
    char name[] = "/tmp/hydrant-token-keys-XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    fault.what[0] = '\0';
    const struct json *keys = read_key_set(name, &arena, &fault);
    CHECK(keys != NULL || strstr(fault.what, name) != NULL);
    unlink(name);
    return keys;
}

int main(void)
{
    arena_init(&arena, 4 << 20);
    TEST("a file's list of keys is read")
    {
        const struct json *keys = read_text("{\"keys\":[{\"kid\":\"a\"},{\"kid\":\"b\"}],\"other\":1}");
        CHECK(json_is(keys, JSON_ARRAY) && keys->count == 2);
    }
    TEST("what is no key set is refused, and the file named")
    {
        CHECK(read_text("{") == NULL && fault.kind == FAULT_INPUT);
        CHECK(read_text("{\"kty\":\"EC\"}") == NULL && strstr(fault.what, "RFC 7517 5") != NULL);
        CHECK(read_text("[]") == NULL && strstr(fault.what, "RFC 7517 5") != NULL);
        CHECK(read_text("{\"keys\":[],\"keys\":[]}") == NULL);
    }
    TEST("a file or a server that is not there is named")
    {
        CHECK(read_key_set("/nowhere/jwks.json", &arena, &fault) == NULL &&
              strstr(fault.what, "/nowhere/jwks.json: ") != NULL);
        CHECK(read_key_set("http://127.0.0.1:1/a/b", &arena, &fault) == NULL &&
              strstr(fault.what, "http://127.0.0.1:1/a/b: ") != NULL);
        CHECK(read_key_set("http://", &arena, &fault) == NULL && fault.kind == FAULT_INPUT);
    }
    arena_release(&arena);
    return TEST_END();
}
