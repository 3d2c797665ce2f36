#include "identity/kratos/kratos.h"

#include "looks.h"

static bool makes(const char *public_url, const char *admin_url, struct fault *fault)
{
    const struct identity_settings settings = {.public_url = bytes_of(public_url),
                                               .admin_url = bytes_of(admin_url),
                                               .cookie_name = BYTES("ory_kratos_session"),
                                               .timeout_ms = TIMEOUT_MS};
    struct identity *identity = kratos_create(standin.loop, &settings, fault);
    kratos_destroy(identity);
    return identity != NULL;
}

int main(void)
{
    struct fault fault;
    looks_begin();
    TEST("it is made of two URLs, and of nothing else")
    {
        CHECK(makes("http://localhost:4433", "https://[::1]:4434/kratos", &fault));
        CHECK(!makes("localhost:4433", "http://localhost:4434", &fault) && fault.kind == FAULT_INPUT);
        CHECK(!makes("http://localhost:4433", "ftp://localhost", &fault) && fault.kind == FAULT_INPUT);
    }
    TEST("its end wakes nobody, and those who waited can be aborted after it")
    {
        struct looker lookers[4];
        struct identity *identity = looks_identity();
        fresh();
        plan("path=whoami&status=401");
        looker_start(&lookers[0], identity, LOOKING_TOKEN, BYTES("first"));
        looker_start(&lookers[1], identity, LOOKING_TOKEN, BYTES("first"));
        run_for(50); /* these wait for the second look now */
        looker_start(&lookers[2], identity, LOOKING_COOKIE, BYTES("second"));
        looker_start(&lookers[3], identity, LOOKING_SESSION, BYTES("03e060c1-8674-4b6a-9af1-596b2d4ee2c8"));
        kratos_destroy(identity);
        run_for(200);
        for (int i = 0; i < 4; i++) {
            CHECK(!lookers[i].done);
            flow_abort(&lookers[i].flow, FAULT_LATE, "test", "late");
            CHECK(lookers[i].done);
            looker_end(&lookers[i]);
        }
    }
    looks_end();
    return TEST_END();
}
