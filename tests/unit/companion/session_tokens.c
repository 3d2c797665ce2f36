#include "companion/session_tokens.h"

#include "base/clock.h"
#include "unit/companion/asker.h"
#include "unit/test.h"

enum { KEEP_MS = 30000 };

static struct session_tokens *tokens;
static struct bytes kid; /* of the key that the world's ring publishes */
static int64_t skew_ms;

static void begin(struct asker *asker, const char *cookie)
{
    asker_init(asker, tokens, world.worker.loop, cookie);
    asker->find.ring = key_seat_ring(&world.context.keys);
    flow_drive(&asker->flow);
}

static struct session_outcome *a_token(const char *authorization, const char *session, int64_t began_steady_ms)
{
    const struct session_subject subject = {bytes_of(session), BYTES("ann"), BYTES("spa")};
    struct session_outcome given = {.authorization = bytes_of(authorization),
                                    .kid = kid,
                                    .began_steady_ms = began_steady_ms,
                                    .until_steady_ms = began_steady_ms + KEEP_MS};
    session_tokens_name(tokens, &subject, &given.names);
    return session_outcome_create(&given);
}

static struct session_outcome *a_refusal(void)
{
    return session_outcome_create_refused(&(struct fault){.kind = FAULT_REFUSED, .what = "no live session"},
                                          &(struct refusal){.refused = true, .error = OAUTH_LOGIN_REQUIRED});
}

static bool has(const struct asker *asker, const char *authorization)
{
    return asker->done && asker->find.outcome != NULL &&
           bytes_equal(asker->find.outcome->authorization, bytes_of(authorization));
}

static void turn(void) { loop_run(world.worker.loop, 20); }

/* keeps a token for that cookie */
static void keep(const char *cookie, const char *authorization, const char *session)
{
    struct asker asker;
    begin(&asker, cookie);
    CHECK(asker.find.looks && session_tokens_settle(&asker.find, a_token(authorization, session, clock_steady_ms())));
    CHECK(has(&asker, authorization));
    asker_dispose(&asker);
}

static bool is_kept(const char *cookie, const char *authorization)
{
    struct asker asker;
    begin(&asker, cookie);
    bool kept = has(&asker, authorization);
    CHECK(kept || asker.find.looks);
    asker_dispose(&asker);
    return kept;
}

static void pass(int64_t ms) { clock_set_steady_skew_ms(skew_ms += ms); }

static void waiting(void)
{
    struct asker looker, first, second;
    TEST("the first who asks looks; who comes meanwhile waits and gets what he found, and who comes later does at once")
    {
        begin(&looker, "one");
        begin(&first, "one");
        begin(&second, "one");
        CHECK(looker.done && looker.find.looks && !first.done && !second.done);
        CHECK(session_tokens_settle(&looker.find, a_token("Bearer 1", "s1", clock_steady_ms())));
        CHECK(has(&looker, "Bearer 1") && !first.done); /* on his own loop, not from inside another's step */
        turn();
        CHECK(has(&first, "Bearer 1") && has(&second, "Bearer 1"));
        asker_dispose(&looker);
        asker_dispose(&first);
        asker_dispose(&second);
        CHECK(is_kept("one", "Bearer 1"));
    }
    TEST("a refusal goes to who waits, and to nobody after them")
    {
        begin(&looker, "refused");
        begin(&first, "refused");
        CHECK(session_tokens_settle(&looker.find, a_refusal()));
        turn();
        CHECK(first.done && first.find.outcome != NULL && first.find.outcome->refusal.error == OAUTH_LOGIN_REQUIRED &&
              !first.find.looks);
        asker_dispose(&looker);
        asker_dispose(&first);
        begin(&second, "refused");
        CHECK(second.find.looks);
        asker_dispose(&second);
    }
    TEST("when who looks leaves, the next one looks, and the rest go on waiting")
    {
        begin(&looker, "left");
        begin(&first, "left");
        begin(&second, "left");
        asker_dispose(&looker);
        turn();
        CHECK(first.done && first.find.looks && !second.done);
        CHECK(session_tokens_settle(&first.find, a_token("Bearer 2", "s2", clock_steady_ms())));
        turn();
        CHECK(has(&second, "Bearer 2"));
        asker_dispose(&first);
        asker_dispose(&second);
    }
    TEST("when he who should look next has left before he knew, the one after him looks")
    {
        begin(&looker, "left twice");
        begin(&first, "left twice");
        begin(&second, "left twice");
        asker_dispose(&looker);
        asker_dispose(&first); /* the post is on its way to him */
        turn();
        CHECK(second.done && second.find.looks);
        asker_dispose(&second);
        CHECK(!is_kept("left twice", ""));
    }
    TEST("who waits may leave at any time: from the middle, from the end, with the outcome on its way")
    {
        begin(&looker, "leavers");
        begin(&first, "leavers");
        begin(&second, "leavers");
        asker_dispose(&second);
        begin(&second, "leavers");
        asker_dispose(&first);
        CHECK(session_tokens_settle(&looker.find, a_token("Bearer 3", "s3", clock_steady_ms())));
        asker_dispose(&second);
        turn();
        asker_dispose(&looker);
        CHECK(is_kept("leavers", "Bearer 3"));
    }
    TEST("the last who leaves takes the look with him: the next one begins anew")
    {
        begin(&looker, "nobody");
        asker_dispose(&looker);
        begin(&first, "nobody");
        CHECK(first.find.looks);
        asker_dispose(&first);
    }
}

static void keeping(void)
{
    TEST("another cookie, another kind of credential and another profile are another's")
    {
        struct session_key a, b;
        const struct whoami_ask by_cookie = {CREDENTIAL_COOKIE, BYTES("x")}, by_token = {CREDENTIAL_TOKEN, BYTES("x")};
        keep("mine", "Bearer mine", "s4");
        CHECK(!is_kept("yours", "Bearer mine"));
        session_tokens_key(tokens, 0, &by_cookie, &a);
        session_tokens_key(tokens, 0, &by_token, &b);
        CHECK(memcmp(&a, &b, sizeof a) != 0);
        session_tokens_key(tokens, 1, &by_cookie, &b);
        CHECK(memcmp(&a, &b, sizeof a) != 0);
        session_tokens_key(tokens, 0, &by_cookie, &b);
        CHECK(memcmp(&a, &b, sizeof a) == 0);
    }
    TEST("a token is kept until its time, and not a moment longer")
    {
        keep("aging", "Bearer old", "s5");
        pass(KEEP_MS - 500);
        CHECK(is_kept("aging", "Bearer old"));
        pass(500);
        CHECK(!is_kept("aging", "Bearer old"));
    }
    TEST("what is over when it comes goes to who waits, and is not kept")
    {
        struct asker looker, first;
        begin(&looker, "late");
        begin(&first, "late");
        CHECK(session_tokens_settle(&looker.find, a_token("Bearer late", "s6", clock_steady_ms() - KEEP_MS)));
        turn();
        CHECK(has(&looker, "Bearer late") && has(&first, "Bearer late"));
        asker_dispose(&looker);
        asker_dispose(&first);
        CHECK(!is_kept("late", "Bearer late"));
    }
    TEST("what is signed by a key that isn't published any more is not handed out")
    {
        struct bytes usual = kid;
        kid = BYTES("a-key-that-was-revoked");
        keep("revoked key", "Bearer revoked", "s7");
        kid = usual;
        CHECK(!is_kept("revoked key", "Bearer revoked"));
    }
    TEST("an outcome outlives its place in the memory as long as somebody answers from it")
    {
        struct asker asker;
        keep("held", "Bearer held", "s8");
        begin(&asker, "held");
        session_tokens_forget(tokens, REVOKE_SESSION, BYTES("s8"));
        CHECK(has(&asker, "Bearer held"));
        asker_dispose(&asker);
    }
    TEST("past the bounds the oldest go: in number and in bytes")
    {
        char cookie[32];
        static char large[400 * 1024];
        for (int i = 0; i < 2 * SESSION_TOKENS_MAX; i++) { /* so many that each shard is full, however they fall */
            snprintf(cookie, sizeof cookie, "many-%d", i);
            keep(cookie, "Bearer many", "s9");
        }
        CHECK(!is_kept("many-0", "Bearer many") && is_kept(cookie, "Bearer many"));
        memset(large, 'a', sizeof large - 1);
        for (int i = 0; i < 1600; i++) { /* 640 MB: some 25 in each shard, and 2 have room */
            snprintf(cookie, sizeof cookie, "large-%d", i);
            keep(cookie, large, "s10");
        }
        CHECK(!is_kept("large-0", large) && is_kept(cookie, large));
    }
    TEST("what is larger than its part of the memory isn't kept at all")
    {
        static char huge[SESSION_TOKENS_BYTES_MAX / SESSION_TOKENS_SHARDS + 1];
        memset(huge, 'a', sizeof huge - 1);
        keep("huge", huge, "s11");
        CHECK(!is_kept("huge", huge));
    }
}

static void forgetting(void)
{
    struct asker looker, first;
    TEST("what is kept is forgotten at once by session, by identity and by client, and nothing else is")
    {
        static const struct {
            enum revoke_by by;
            const char *name;
        } ways[] = {{REVOKE_SESSION, "s20"}, {REVOKE_SUBJECT, "ann"}, {REVOKE_CLIENT, "spa"}};
        for (size_t i = 0; i < 3; i++) {
            pass(5);
            keep("kept", "Bearer kept", "s20");
            session_tokens_forget(tokens, REVOKE_GRANT, bytes_of(ways[i].name));
            session_tokens_forget(tokens, REVOKE_SESSION, BYTES("ann"));
            session_tokens_forget(tokens, REVOKE_SUBJECT, BYTES("s20"));
            session_tokens_forget(tokens, REVOKE_CLIENT, BYTES("another"));
            CHECK(is_kept("kept", "Bearer kept"));
            session_tokens_forget(tokens, ways[i].by, bytes_of(ways[i].name));
            CHECK(!is_kept("kept", "Bearer kept"));
        }
    }
    TEST("a look that began before is for nobody: who looked looks again, and who waited waits on")
    {
        pass(5);
        int64_t began = clock_steady_ms();
        begin(&looker, "under way");
        begin(&first, "under way");
        session_tokens_forget(tokens, REVOKE_SESSION, BYTES("s21"));
        CHECK(!session_tokens_settle(&looker.find, a_token("Bearer stale", "s21", began)));
        CHECK(looker.find.looks && looker.find.outcome == NULL);
        turn();
        CHECK(!first.done);
        pass(5);
        CHECK(session_tokens_settle(&looker.find, a_token("Bearer fresh", "s21", clock_steady_ms())));
        turn();
        CHECK(has(&looker, "Bearer fresh") && has(&first, "Bearer fresh"));
        asker_dispose(&looker);
        asker_dispose(&first);
    }
    TEST("who was to get an outcome that is forgotten before he wakes asks again")
    {
        pass(5);
        begin(&looker, "on its way");
        begin(&first, "on its way");
        CHECK(session_tokens_settle(&looker.find, a_token("Bearer stale", "s22", clock_steady_ms())));
        session_tokens_forget(tokens, REVOKE_SESSION, BYTES("s22"));
        turn();
        CHECK(first.done && first.find.outcome == NULL && !first.find.looks);
        asker_dispose(&looker);
        asker_dispose(&first);
        CHECK(!is_kept("on its way", "Bearer stale"));
    }
    TEST("a name longer than any is nobody's")
    {
        static char name[COOKIE_MAX + 2];
        memset(name, 'n', sizeof name - 1);
        session_tokens_forget(tokens, REVOKE_CLIENT, bytes_of(name));
    }
}

static void learn_kid(void)
{
    struct text text;
    struct keyring *ring = key_seat_ring(&world.context.keys);
    text_init(&text, &world.arena, 1024);
    CHECK(signer_kid(world.context.signer, KEY_ES256).at == NULL);
    CHECK(
        signer_sign(world.context.signer, ring, &(struct signing){KEY_ES256, BYTES("JWT"), BYTES("{}")}, &text, NULL));
    kid = signer_kid(world.context.signer, KEY_ES256);
    CHECK(kid.len == KID_LEN && keyring_publishes(ring, kid) && !keyring_publishes(ring, BYTES("another")));
}

int main(void)
{
    world_create();
    tokens = session_tokens_create();
    TEST("a signer tells the kid that it signed with, and the ring whether it publishes it") learn_kid();
    waiting();
    keeping();
    forgetting();
    session_tokens_destroy(tokens);
    session_tokens_destroy(NULL);
    world_destroy();
    return TEST_END();
}
