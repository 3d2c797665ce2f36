#include "server/token_keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
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

static bool refused(const char *where, const char *words)
{
    fault.what[0] = '\0';
    return read_key_set(where, &arena, &fault) == NULL && fault.kind == FAULT_INPUT &&
           strstr(fault.what, where) != NULL && strstr(fault.what, words) != NULL;
}

static const char *set_of(size_t count)
{
    struct text t;
    text_init(&t, &arena, 512);
    text_put(&t, BYTES("{\"keys\":["));
    for (size_t i = 0; i < count; i++) text_put(&t, i > 0 ? BYTES(",{}") : BYTES("{}"));
    text_put(&t, BYTES("]}"));
    return text_bytes(&t).at;
}

static const char *filler(size_t len)
{
    char *at = arena_take(&arena, len + 1);
    memset(at, ' ', len);
    return at;
}

/* nobody writes into the FIFO: who opens it to read waits for ever */
static void check_what_is_no_file(void)
{
    char folder[] = "/tmp/hydrant-token-keys-XXXXXX", fifo[64], link[64];
    alarm(20);
    CHECK(mkdtemp(folder) != NULL);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    snprintf(link, sizeof link, "%s/link", folder);
    CHECK(mkfifo(fifo, 0600) == 0 && symlink(fifo, link) == 0);
    CHECK(refused(fifo, "is no regular file") && refused(link, "is no regular file"));
    CHECK(refused(folder, "is no regular file"));
    CHECK(refused("/dev/zero", "is no regular file") && refused("/dev/null", "is no regular file"));
    unlink(link);
    unlink(fifo);
    rmdir(folder);
    alarm(0);
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
    TEST("what is no regular file is refused at once, not waited for") check_what_is_no_file();
    TEST("a set is 256 KiB and 100 keys at most, and the words say so")
    {
        CHECK(read_text(set_of(100)) != NULL && read_text(set_of(101)) == NULL);
        CHECK(strstr(fault.what, "has 101 keys; 100 at most are read") != NULL);
        CHECK(read_text(filler(262145)) == NULL && strstr(fault.what, "is larger than 262144 bytes") != NULL);
        CHECK(read_text(filler(262144)) == NULL && strstr(fault.what, "larger") == NULL);
    }
    TEST("keys that come over http from elsewhere may be anyone's; from here, over https or from a file they are not")
    {
        CHECK(key_set_is_unprotected("http://a.test/jwks") && key_set_is_unprotected("http://10.0.0.1:80"));
        CHECK(key_set_is_unprotected("http://localhost.a.test/") && key_set_is_unprotected("http://127.0.0.1.a.test/"));
        CHECK(key_set_is_unprotected("http://127.0.0.1@a.test/jwks") && key_set_is_unprotected("http://"));
        CHECK(key_set_is_unprotected("http://a.test?x=http://127.0.0.1/") && key_set_is_unprotected("http://[::2]/"));
        CHECK(!key_set_is_unprotected("http://127.0.0.1:4477/jwks") && !key_set_is_unprotected("http://[::1]:1/x"));
        CHECK(!key_set_is_unprotected("http://LOCALHOST/") && !key_set_is_unprotected("https://a.test/jwks"));
        CHECK(!key_set_is_unprotected("http.json") && !key_set_is_unprotected("/tmp/http://a.test"));
    }
    arena_release(&arena);
    return TEST_END();
}
