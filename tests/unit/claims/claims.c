#include "claims/claims.h"

#include <unistd.h>

#include "unit/json_text.h"
#include "unit/test.h"

static struct arena arena;
static struct fault fault;
static struct claims_input input;

static struct claim_expression claim(const char *name, const char *expression)
{
    size_t len = strlen(name);
    bool optional = name[len - 1] == '?';
    return (struct claim_expression){{name, len - optional}, bytes_of(expression), optional, 0, 0};
}

/* pairs of name and expression, ended by NULL; "name?" is optional */
static struct claims *make_table(const char *const *pairs)
{
    struct claim_expression table[16];
    struct claims_source source = {.table = table};
    for (; pairs[0] != NULL; pairs += 2) table[source.table_count++] = claim(pairs[0], pairs[1]);
    return claims_create(&source, &fault);
}

static struct bytes map(struct claims *claims)
{
    struct bytes out = BYTES_ABSENT;
    fault = (struct fault){FAULT_NONE, "", ""};
    if (claims == NULL) return BYTES_ABSENT;
    bool mapped = claims_map(claims, &input, &arena, &out, &fault);
    CHECK(mapped == bytes_present(out) && mapped == (fault.kind == FAULT_NONE));
    return out;
}

static struct bytes map_table(const char *const *pairs)
{
    struct claims *claims = make_table(pairs);
    CHECK(claims != NULL);
    struct bytes out = map(claims);
    claims_destroy(claims);
    return out;
}
#define MAP(...) map_table((const char *const[]){__VA_ARGS__, NULL})
#define REFUSED(...) (make_table((const char *const[]){__VA_ARGS__, NULL}) == NULL && fault.kind == FAULT_INPUT)

static struct bytes map_program(const char *program)
{
    struct claims_source source = {.program = bytes_of(program)};
    struct claims *claims = claims_create(&source, &fault);
    CHECK(claims != NULL);
    struct bytes out = map(claims);
    claims_destroy(claims);
    return out;
}

static bool failed(struct bytes out, const char *where, const char *what)
{
    return !bytes_present(out) && fault.kind == FAULT_BUG && strcmp(fault.where, where) == 0 &&
           strstr(fault.what, what) != NULL;
}

static const struct json *recorded_session(void)
{
    char *text = arena_take(&arena, 16384);
    FILE *file = fopen(KRATOS_DATA "/recorded/01-whoami-token.json", "rb");
    size_t len = file == NULL ? 0 : fread(text, 1, 16384, file);
    if (file != NULL) fclose(file);
    struct json_limits limits = {16384, true};
    const struct json *answer = json_parse(&arena, (struct bytes){text, len}, &limits, NULL);
    return json_of(&arena, json_string(json_find(answer, "body")));
}

static void check_admin_metadata(void)
{
    struct claim_expression table[] = {claim("role", "$identity_admin.role")};
    struct claims_source source = {.table = table, .table_count = 1, .use_admin_metadata = true};
    struct claims *claims = claims_create(&source, &fault);
    input.identity_admin = json_of(&arena, BYTES("{\"role\":\"boss\"}"));
    CHECK_BYTES(map(claims), BYTES("{\"role\":\"boss\"}"));
    input.identity_admin = NULL;
    CHECK_BYTES(map(claims), BYTES("{}"));
    claims_destroy(claims);
    source.use_admin_metadata = false;
    CHECK(claims_create(&source, &fault) == NULL && strstr(fault.what, "$identity_admin is not defined") != NULL);
}

static void check_hydra(void)
{
    struct claim_expression table[] = {claim("grant", "$hydra.request.payload.grant_type[0]"),
                                       claim("role", "$identity_admin.role"), claim("who", ".identity.traits.email")};
    struct claims_source source = {.table = table, .table_count = 1, .use_hydra = true};
    struct claims *claims = claims_create(&source, &fault);
    input.hydra = json_of(&arena, BYTES("{\"request\":{\"payload\":{\"grant_type\":[\"refresh_token\"]}}}"));
    CHECK_BYTES(map(claims), BYTES("{\"grant\":\"refresh_token\"}"));
    input.hydra = NULL;
    CHECK_BYTES(map(claims), BYTES("{}"));
    claims_destroy(claims);
    source = (struct claims_source){.table = table, .table_count = 2, .use_hydra = true, .use_admin_metadata = true};
    claims = claims_create(&source, &fault);
    input.hydra = json_of(&arena, BYTES("{\"request\":{\"payload\":{\"grant_type\":[\"x\"]}}}"));
    input.identity_admin = json_of(&arena, BYTES("{\"role\":\"boss\"}"));
    CHECK_BYTES(map(claims), BYTES("{\"grant\":\"x\",\"role\":\"boss\"}"));
    claims_destroy(claims);
    source.use_hydra = false;
    CHECK(claims_create(&source, &fault) == NULL && strstr(fault.what, "$hydra is not defined") != NULL);
}

static void check_home(void)
{
    char folder[] = "/tmp/hydrant-claims-XXXXXX", path[64];
    const char *before = getenv("HOME") == NULL ? "/" : getenv("HOME");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/.jq", folder);
    before = arena_text(&arena, bytes_of(before));
    setenv("HOME", folder, 1);
    FILE *file = fopen(path, "w");
    if (file != NULL) fclose(file);
    CHECK(REFUSED("a", "1 + 1") && strstr(fault.what, path) != NULL);
    unlink(path);
    rmdir(folder);
    setenv("HOME", before, 1);
}

static void check_reserved(void)
{
    static const char *const names[] = {"iss",   "sub", "aud",     "exp", "iat",       "nbf", "jti", "sid", "client_id",
                                        "scope", "act", "may_act", "cnf", "auth_time", "acr", "amr", "typ"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char program[64];
        CHECK(claim_is_reserved(bytes_of(names[i])));
        CHECK(REFUSED("a", ".a", names[i], ".id") && strstr(fault.what, names[i]) != NULL);
        snprintf(program, sizeof program, "{\"%s\": 1}", names[i]);
        CHECK(!bytes_present(map_program(program)) && strstr(fault.where, names[i]) != NULL);
    }
    CHECK(!claim_is_reserved(BYTES("email")) && !claim_is_reserved(BYTES("Sub")) && !claim_is_reserved(BYTES("")));
}

int main(void)
{
    arena_init(&arena, 256 << 20);
    input = (struct claims_input){.session = recorded_session(),
                                  .client = BYTES("{\"client_id\":\"spa\"}"),
                                  .scope = BYTES("openid email"),
                                  .audience = BYTES("[\"https://api.test\"]")};
    CHECK(json_text(&arena, input.session).len > 1000);
    TEST("no claims map to an empty object")
    {
        struct claims *claims = claims_create(&(struct claims_source){.table = NULL}, &fault);
        CHECK_BYTES(map(claims), BYTES("{}"));
        claims_destroy(claims);
    }
    TEST("a session of Kratos' maps to typed claims, in the order of the table")
    CHECK_BYTES(MAP("email", ".identity.traits.email", "verified", ".identity.verifiable_addresses | any(.verified)",
                    "aal", ".authenticator_assurance_level[3:] | tonumber", "methods",
                    "[.authentication_methods[].method]", "app", "$client.client_id", "first",
                    ".identity.verifiable_addresses[0].via"),
                BYTES("{\"email\":\"ada1795485510@example.org\",\"verified\":false,\"aal\":1,\"methods\":[\"password\"]"
                      ",\"app\":\"spa\","
                      "\"first\":\"email\"}"));
    TEST("quotes, brackets and letters of all kinds stay data, by a path and by jq")
    {
        struct bytes escaped = BYTES("{\"last\":\"Lovelace \\u003cO'Hara\\u003e \\u0026 S\303\266hne \\\"Q\\\"\"}");
        CHECK_BYTES(MAP("last", ".identity.traits.name.last"), escaped);
        CHECK_BYTES(MAP("last", ".identity.traits.name | .last"), escaped);
        CHECK_BYTES(MAP("a\"b\n", "\"x\\n\\\"\\u0000\\u2028\" | ."),
                    BYTES("{\"a\\\"b\\n\":\"x\\n\\\"\\u0000\\u2028\"}"));
    }
    TEST("$scope and $audience are there")
    CHECK_BYTES(MAP("a", "$audience | length", "s", "$scope | split(\" \")"),
                BYTES("{\"a\":1,\"s\":[\"openid\",\"email\"]}"));
    TEST("$identity_admin is there where the settings say so, and an error elsewhere") check_admin_metadata();
    TEST("$hydra is there where it is asked for, beside $identity_admin or without, and nowhere else") check_hydra();
    TEST("a null leaves the claim out, by a path and by jq, wherever it stands")
    CHECK_BYTES(MAP("a", ".identity.organization_id", "b", "null | .", "c", ".active", "d", ".no.such", "e", "1 + 1",
                    "f", ".x // null"),
                BYTES("{\"c\":true,\"e\":2}"));
    TEST("a failure fails the mapping and names the claim, not the data")
    {
        CHECK(failed(MAP("a", ".active", "b", ".identity.traits.email.x"), "claims: b", "path"));
        CHECK(failed(MAP("b", ".identity.traits.email | error"), "claims: b", "the expression failed"));
        CHECK(strstr(fault.what, "ada") == NULL);
        CHECK(failed(MAP("b", ".devices[], 2"), "claims: b", "more than one"));
        CHECK(failed(MAP("b", "empty"), "claims: b", "no value"));
    }
    TEST("a failing claim that is optional is left out, half written or not")
    {
        CHECK_BYTES(MAP("a?", ".active.x", "b?", "error", "c?", "[1, [2, 1e300 * 1]]", "d", "1 + 0", "e?", "empty"),
                    BYTES("{\"d\":1}"));
        CHECK_BYTES(MAP("a", "1 + 0", "c?", "{x: {y: infinite}}"), BYTES("{\"a\":1}"));
    }
    TEST("a number over 2^53 keeps its digits by a path, and fails everywhere else")
    {
        CHECK_BYTES(MAP("n", ".identity.metadata_public.n"), BYTES("{\"n\":9007199254740993}"));
        CHECK_BYTES(MAP("m", ".identity.metadata_public"), BYTES("{\"m\":{\"n\":9007199254740993,\"plan\":\"gold\"}}"));
        CHECK(failed(MAP("n", ".identity.metadata_public | .n"), "claims: n", "digits"));
        CHECK(failed(MAP("n", "{id: .identity.metadata_public.n}"), "claims: n", "digits"));
        CHECK(failed(MAP("n", ".identity.metadata_public.n | tostring"), "claims: n", "failed"));
        CHECK_BYTES(MAP("n?", ".identity.metadata_public.n | . + 0", "p", ".identity.metadata_public | .plan"),
                    BYTES("{\"p\":\"gold\"}"));
    }
    TEST("a protocol claim can't be mapped, by name or by a program") check_reserved();
    TEST("a name twice, or none, is refused")
    {
        CHECK(REFUSED("a", ".a", "a", ".b") && strstr(fault.what, "twice") != NULL);
        CHECK(REFUSED("?", ".a") && strstr(fault.what, "name") != NULL);
    }
    TEST("a program returns an object; nulls are left out")
    {
        CHECK_BYTES(map_program("{email: .identity.traits.email, none: null, client: $client.client_id}"),
                    BYTES("{\"email\":\"ada1795485510@example.org\",\"client\":\"spa\"}"));
        CHECK(failed(map_program("[1]"), "claims: program", "no object"));
        CHECK(failed(map_program("null"), "claims: program", "no object"));
        CHECK(failed(map_program("{a: 1}, {b: 2}"), "claims: program", "more than one"));
        CHECK(failed(map_program("error(.identity.traits.email)"), "claims: program", "failed"));
        CHECK(failed(map_program("{(.identity.traits.email): 1e300}"), "claims: program", "digits"));
        CHECK_BYTES(map_program("{}"), BYTES("{}"));
    }
    TEST("a result over 16 KiB is a failure, from one claim or from all of them")
    {
        CHECK(failed(MAP("a", "reduce range(15) as $i (\"x\"; . + .)"), "claims: a", "too long"));
        CHECK(failed(MAP("a", "[range(5000)]"), "claims: a", "too long"));
        CHECK(failed(MAP("a", "reduce range(13) as $i (\"xx\"; . + .) | .[:9000]", "b",
                         "reduce range(13) as $i (\"xx\"; . + .) | .[:9000]"),
                     "claims: result", "too long"));
        CHECK(MAP("a", "reduce range(14) as $i (\"x\"; . + .) | .[:16000]").len == 16008);
    }
    TEST("what runs for ever is cut, and the claims map again")
    {
        struct claims *claims = make_table((const char *const[]){"a", "if .loop then (def f: f; f) else 1 end", NULL});
        const struct json *good = input.session;
        input.session = json_of(&arena, BYTES("{\"loop\":true}"));
        CHECK(failed(map(claims), "claims", "too long"));
        input.session = good;
        CHECK_BYTES(map(claims), BYTES("{\"a\":1}"));
        claims_destroy(claims);
    }
    TEST("~/.jq, which jq would read, is refused by its name") check_home();
    arena_release(&arena);
    return TEST_END();
}
