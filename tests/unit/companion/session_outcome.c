#include "companion/session_outcome.h"

#include "unit/base/free_watch.h"
#include "unit/test.h"

int main(void)
{
    char jwt[] = "Bearer eyJ-not-a-real-one";
    TEST("a token's texts are its own copies, and its times and names come along")
    {
        const struct session_outcome given = {.authorization = bytes_of(jwt),
                                              .kid = BYTES("kid-1"),
                                              .names = {.client = "c"},
                                              .began_steady_ms = 3,
                                              .until_steady_ms = 7};
        struct session_outcome *outcome = session_outcome_create(&given);
        jwt[0] = 'X';
        CHECK_BYTES(outcome->authorization, BYTES("Bearer eyJ-not-a-real-one"));
        CHECK_BYTES(outcome->kid, BYTES("kid-1"));
        CHECK(outcome->began_steady_ms == 3 && outcome->until_steady_ms == 7 && outcome->names.client[0] == 'c');
        CHECK(outcome->size >= sizeof *outcome + outcome->authorization.len + outcome->kid.len);
        session_outcome_release(outcome);
    }
    TEST("a refusal carries what the others are refused with, and no token; its challenge is everybody's own")
    {
        const struct fault fault = {.kind = FAULT_REFUSED, .what = "no live session"};
        const struct refusal refusal = {.refused = true,
                                        .error = OAUTH_STEP_UP,
                                        .redirect_to = BYTES("https://login.example.com/"),
                                        .challenge = BYTES("Bearer")};
        struct session_outcome *outcome = session_outcome_create_refused(&fault, &refusal);
        CHECK(!bytes_present(outcome->authorization) && outcome->fault.kind == FAULT_REFUSED &&
              strcmp(outcome->fault.what, "no live session") == 0);
        CHECK(outcome->refusal.refused && outcome->refusal.error == OAUTH_STEP_UP &&
              !bytes_present(outcome->refusal.challenge));
        CHECK_BYTES(outcome->refusal.redirect_to, BYTES("https://login.example.com/"));
        session_outcome_release(outcome);
    }
    TEST("it lives as long as anybody holds it")
    {
        struct session_outcome *outcome =
            session_outcome_create(&(struct session_outcome){.authorization = BYTES("Bearer a"), .kid = BYTES("k")});
        CHECK(session_outcome_hold(outcome) == outcome);
        session_outcome_release(outcome);
        CHECK_BYTES(outcome->authorization, BYTES("Bearer a"));
        session_outcome_release(outcome);
        session_outcome_release(NULL);
    }
    TEST("a token is wiped before its memory is given back")
    {
        struct session_outcome *outcome = session_outcome_create(
            &(struct session_outcome){.authorization = BYTES("Bearer not-to-be-seen"), .kid = BYTES("k")});
        watch_frees_for("not-to-be-seen");
        session_outcome_release(outcome);
        CHECK(freed_count == 1 && !freed_unwiped);
    }
    return TEST_END();
}
