#include "oauth/client_origin.h"
#include "oauth/client_secret.h"
#include "unit/server/settings_case.h"

#define HASH_TAIL "CsjUDtdOgnf6oUSxY/76reH.CAZu7c5edpPciSaRn3iYC07gNHOMm"
#define HASH "$2a$10$" HASH_TAIL

static const char CLIENTS[] =
    "clients:\n"
    "  - client_id: spa\n"
    "    token_endpoint_auth_method: none\n"
    "    scope: api read\n"
    "    allowed_cors_origins: [https://app.example.com]\n"
    "    refresh_token: {idle_ttl: 1h, skip_limit: 2}\n"
    "    metadata: {owner: 'the shop', floor: 3, since: '2026'}\n"
    "  - {client_id: back, client_secret: " OTHER_SECRET ", access_token: {algorithm: RS256}}\n";

static void test_records(void)
{
    struct settings *s = accepted(CLIENTS);
    TEST("clients are read") { CHECK(s != NULL && s->policy.static_client_count == 2); }
    if (s == NULL) return;
    const struct client *spa = s->policy.static_clients[0], *back = s->policy.static_clients[1];
    TEST("a record is read as over the admin API")
    {
        CHECK_BYTES(spa->client_id, BYTES("spa"));
        CHECK_BYTES(spa->scope, BYTES("api read"));
        CHECK(spa->auth_method == AUTH_NONE && spa->created_at == 0 && !bytes_present(spa->secret_hash));
        CHECK(client_allows_origin(spa, BYTES("https://app.example.com")));
    }
    TEST("its own values stand before those of the settings")
    {
        CHECK(spa->refresh.idle_ttl_ms == 3600000 && spa->refresh.skip_limit == 2 && spa->refresh.grace_ms == 60000);
    }
    TEST("numbers stay numbers, and texts in quotes texts")
    {
        CHECK(bytes_contain(spa->record, BYTES("{\"owner\":\"the shop\",\"floor\":3,\"since\":\"2026\"}")));
    }
    TEST("a secret is kept as its hash only")
    {
        CHECK(client_secret_matches(back->secret_hash, BYTES(OTHER_SECRET)));
        CHECK(!client_secret_matches(back->secret_hash, BYTES(SECRET)));
        CHECK(!bytes_contain(back->record, BYTES(OTHER_SECRET)));
    }
    settings_free(s);
}

static void test_mistakes(void)
{
    TEST("a record without a client_id is refused: it would be another at each start")
    {
        CHECK(refused_too("clients:\n  - {token_endpoint_auth_method: none}\n",
                          "hydrant.yml:3:5: clients[0]: a client record needs a client_id"));
        CHECK(refused_too("clients:\n  - {client_id: , token_endpoint_auth_method: none}\n",
                          "clients[0]: a client record needs a client_id"));
        CHECK(refused_too("clients: [spa]\n", "clients[0]: a client record needs a client_id"));
    }
    TEST("a confidential client needs a secret, a public one has none")
    {
        CHECK(refused_too("clients: [{client_id: back}]\n", "clients[0]: client_secret or client_secret_hash is required here"));
        CHECK(refused_too("clients: [{client_id: spa, token_endpoint_auth_method: none, client_secret: " SECRET "}]\n",
                          "clients[0].client_secret: "));
    }
    TEST("the hash of a secret serves in its place, and one that would not do is told where it stands")
    {
        struct settings *s = accepted("clients: [{client_id: back, client_secret_hash: " HASH "}]\n");
        CHECK(s != NULL && bytes_equal(s->policy.static_clients[0]->secret_hash, BYTES(HASH)));
        CHECK(s != NULL && !bytes_contain(s->policy.static_clients[0]->record, BYTES("2a$10")));
        settings_free(s);
        CHECK(refused_too("clients:\n  - {client_id: back, client_secret_hash: $2a$31$" HASH_TAIL "}\n",
                          "hydrant.yml:3:43: clients[0].client_secret_hash: must have a cost from 04 to 12"));
        CHECK(refused_too("clients: [{client_id: back, client_secret_hash: }]\n", "clients[0].client_secret_hash: must be"));
        CHECK(refused_too("clients: [{client_id: back, client_secret_hash: " HASH ", client_secret: " SECRET "}]\n", "not both"));
        CHECK(strstr(complaints, HASH_TAIL) == NULL && strstr(complaints, SECRET) == NULL);
    }
    TEST("a secret that is too short is refused, and not shown")
    {
        CHECK(refused_too("clients: [{client_id: back, client_secret: tooshort}]\n",
                          "clients[0].client_secret: must be 32 to 256 characters"));
        CHECK(strstr(complaints, "tooshort") == NULL);
    }
    TEST("a client_id twice is refused")
    {
        CHECK(refused_too("clients:\n  - {client_id: a, token_endpoint_auth_method: none}\n  - {client_id: a, "
                          "token_endpoint_auth_method: none}\n",
                          "hydrant.yml:4:17: clients[1]: client_id is there twice"));
    }
    TEST("a wrong member is told where it stands")
    {
        CHECK(refused_too(
            "clients:\n  - client_id: a\n    token_endpoint_auth_method: none\n    refresh_token:\n      grace: soon\n",
            "hydrant.yml:6:14: clients[0].refresh_token.grace: must be a duration"));
        CHECK(refused_too("clients:\n  - client_id: a\n    secret: x\n",
                          "hydrant.yml:4:13: clients[0].secret: unknown member"));
    }
    TEST("an algorithm of a client must have keys")
    {
        CHECK(refused_too("keys: {algorithms: [ES256]}\nclients: [{client_id: a, token_endpoint_auth_method: none, "
                          "access_token: {algorithm: RS256}}]\n",
                          "clients[0]: RS256 is not in keys.algorithms"));
    }
    TEST("what a client gets by default must fit into one token")
    {
        CHECK(refused_too("access_token: {resources: {b: {ttl: 1m}}}\nclients: [{client_id: a, "
                          "token_endpoint_auth_method: none, access_token: {audience: [a, b]}}]\n",
                          "clients[0]: a and b can't share a token"));
    }
}

int main(void)
{
    test_records();
    test_mistakes();
    return TEST_END();
}
