/* At rest: what a dump of the database, or a copy of its files, gives away of a token. */
#include "suite.h"
#include "unit/test.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/random.h"
#include "base/text.h"

/* docs/refresh.md: version, key id, grant_id, generation, the grant's secret, the tag */
enum {
    SECRET_LEN = 20,
    TAG_LEN = 20,
    SECRET_AT = 1 + 1 + GRANT_ID_LEN + 4,
    TOKEN_LEN = SECRET_AT + SECRET_LEN + TAG_LEN
};
enum { GENERATIONS = 3, DUMP_CAP = 64 << 20, PIECE_LEN = 8 };

struct family {
    struct new_grant grant;
    unsigned char secret[SECRET_LEN];
    unsigned char tokens[GENERATIONS][TOKEN_LEN];
};

static void make_token(const struct family *f, uint32_t gen, unsigned char token[TOKEN_LEN])
{
    unsigned char tag[DIGEST_LEN];
    token[0] = 1;
    token[1] = f->grant.mac_kid;
    memcpy(token + 2, f->grant.grant.id, GRANT_ID_LEN);
    const unsigned char number[4] = {0, 0, 0, (unsigned char)gen};
    memcpy(token + 2 + GRANT_ID_LEN, number, sizeof number);
    memcpy(token + SECRET_AT, f->secret, SECRET_LEN);
    digest_hmac(BYTES("the system's secret"), (struct bytes){(const char *)token, SECRET_AT + SECRET_LEN}, tag);
    memcpy(token + SECRET_AT + SECRET_LEN, tag, TAG_LEN);
}

static void make_family(struct driver *d, struct family *f)
{
    f->grant = new_grant(d);
    random_fill(f->secret, SECRET_LEN);
    digest_sha256((struct bytes){(const char *)f->secret, SECRET_LEN}, f->grant.secret_hash);
    if (store(d, &f->grant).outcome != GRANT_STORED) die("a grant was not stored");
    for (uint32_t gen = 0; gen < GENERATIONS; gen++) {
        make_token(f, gen, f->tokens[gen]);
        struct rotation rotation = presenting(&f->grant, gen);
        rotation.policy.coalesce_ms = 0;
        if (rotate(d, &rotation).outcome != ROTATE_ROTATED) die("a token was not rotated");
    }
}

static struct bytes written(struct arena *arena, void (*put)(struct text *, const void *, size_t), const void *at,
                            size_t len)
{
    struct text text;
    text_init(&text, arena, 2 * len + 1);
    put(&text, at, len);
    return text_bytes(&text);
}

/* the bytes themselves, in hex, or in base64url at any of the three places where a byte can stand */
static bool contains_spelled(struct bytes dump, const unsigned char *at, size_t len)
{
    struct arena arena;
    arena_init(&arena, 1 << 16);
    bool found = bytes_contain(dump, (struct bytes){(const char *)at, len});
    found |= bytes_contain(dump, written(&arena, text_put_hex, at, len));
    for (size_t shift = 0; shift < 3; shift++) {
        size_t whole = (len - shift) / 3 * 3;
        found |= bytes_contain(dump, written(&arena, text_put_base64url, at + shift, whole));
    }
    arena_release(&arena);
    return found;
}

static bool contains_piece_of(struct bytes dump, const unsigned char *at, size_t len)
{
    for (size_t i = 0; i + PIECE_LEN <= len; i++)
        if (contains_spelled(dump, at + i, PIECE_LEN)) return true;
    return false;
}

static void check_nothing_given_away(struct bytes dump, const struct family *f)
{
    CHECK(!contains_piece_of(dump, f->secret, SECRET_LEN));
    for (size_t i = 0; i < GENERATIONS; i++)
        CHECK(!contains_piece_of(dump, f->tokens[i] + SECRET_AT + SECRET_LEN, TAG_LEN));
}

static void test_rows(struct driver *d)
{
    struct family f;
    struct arena arena;
    struct text dump;
    make_family(d, &f);
    arena_init(&arena, DUMP_CAP);
    text_init(&dump, &arena, 1 << 20);
    raw_dump(d->raw, &dump);
    struct bytes rows = text_bytes(&dump);
    TEST("a dump of all rows has the grant and the hash of its secret")
    {
        CHECK(bytes_present(rows));
        CHECK(contains_spelled(rows, f.grant.secret_hash, SECRET_HASH_LEN));
        CHECK(bytes_contain(rows, f.grant.grant.kratos_session_id));
    }
    TEST("and no piece of the secret, or of a token's tag, in bytes, hex or base64url")
    {
        check_nothing_given_away(rows, &f);
    }
    arena_release(&arena);
}

static struct bytes read_file(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return BYTES("");
    char *at = arena_take(arena, DUMP_CAP / 4);
    size_t len = fread(at, 1, DUMP_CAP / 4, file);
    fclose(file);
    return (struct bytes){at, len};
}

static void test_files(struct driver *d)
{
    struct family f;
    bool hash_found = false;
    make_family(d, &f);
    TEST("nor have the files that the rows are in")
    {
        static const char *const suffixes[] = {"", "-wal", "-shm"};
        for (size_t i = 0; i < 3; i++) {
            struct arena arena;
            char path[1100];
            arena_init(&arena, DUMP_CAP);
            snprintf(path, sizeof path, "%s%s", d->dsn + strlen("sqlite://"), suffixes[i]);
            struct bytes file = read_file(&arena, path);
            hash_found |= contains_spelled(file, f.grant.secret_hash, SECRET_HASH_LEN);
            check_nothing_given_away(file, &f);
            arena_release(&arena);
        }
        CHECK(hash_found);
    }
}

int suite_dump(struct driver *d)
{
    test_rows(d);
    if (strncmp(d->dsn, "sqlite", 6) == 0) test_files(d);
    return TEST_END();
}
