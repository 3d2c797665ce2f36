#include "oauth/error.h"

#include "unit/test.h"

/* RFC 6749 5.2: %x20-21 / %x23-5B / %x5D-7E */
static bool may_stand_in_an_error(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        unsigned char c = (unsigned char)b.at[i];
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return false;
    }
    return b.len > 0;
}

int main(void)
{
    TEST("RFC 6749 5.2: every error and its words keep to the characters that are allowed")
    {
        for (enum oauth_error e = 0; e < OAUTH_ERROR_COUNT; e++)
            CHECK(may_stand_in_an_error(oauth_error_row(e)->wire) && may_stand_in_an_error(oauth_error_row(e)->words));
    }
    TEST("trouble of ours is 503, and never invalid_grant")
    {
        static const enum fault_kind trouble[] = {FAULT_AWAY, FAULT_LATE, FAULT_FULL};
        for (size_t i = 0; i < sizeof trouble / sizeof *trouble; i++) {
            struct oauth_request r = {.request = {.flow = {.fault = {.kind = trouble[i]}}}, .refusal = {.error = OAUTH_INVALID_GRANT}};
            const struct oauth_error_row *row = oauth_error_row(oauth_error_of_fault(&r));
            CHECK(row->status == 503);
            CHECK_BYTES(row->wire, BYTES("temporarily_unavailable"));
        }
    }
    TEST("what must not happen is 500")
    {
        struct oauth_request r = {.request = {.flow = {.fault = {.kind = FAULT_BUG}}}};
        CHECK(oauth_error_row(oauth_error_of_fault(&r))->status == 500);
    }
    TEST("a client that left is 499 in the log, and no outcome: no trouble of ours")
    {
        struct oauth_request r = {.request = {.flow = {.fault = {.kind = FAULT_LEFT}}}};
        struct answer answer = {.status = 0};
        arena_init(&r.request.arena, 1 << 16);
        oauth_error_answer(&r, &answer);
        CHECK(answer.status == 499 && !bytes_present(r.request.log.outcome));
        arena_release(&r.request.arena);
    }
    TEST("401 is invalid_client's alone, but for forward-auth's: clients take it as a sign to authenticate anew")
    {
        for (enum oauth_error e = 0; e < OAUTH_ERROR_COUNT; e++)
            if (oauth_error_row(e)->status == 401) CHECK(e == OAUTH_INVALID_CLIENT || e == OAUTH_LOGIN_REQUIRED);
    }
    return TEST_END();
}
