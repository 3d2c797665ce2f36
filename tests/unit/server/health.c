#include "server/health.h"

#include "base/clock.h"
#include "keys/keys.h"
#include "oauth/context.h"
#include "torture/outside.h"
#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

static const struct route READY = {.size = sizeof(struct ready_request), .steps = READY_STEPS, .finish = ready_finish};
static struct answered answered;

static void ask(void)
{
    struct request *request = request_stand_in_create(&(struct sent){.route = &READY}, &world.worker, &answered);
    flow_drive(&request->flow);
    request_stand_in_dispose(request);
}

static bool says(int status, const char *words)
{
    return answered.status == status && strstr(answered.body, words) != NULL;
}

int main(void)
{
    static const enum key_algorithm both[] = {KEY_ES256, KEY_RS256};
    world_create();
    struct keyring *ring = key_seat_ring(&world.context.keys);
    outside_mode = OUTSIDE_ANSWERS;
    TEST("ready while the database answers and the keys may sign")
    {
        ask();
        CHECK(says(200, "ok"));
    }
    TEST("not ready while the database is away")
    {
        outside_mode = OUTSIDE_FAILS;
        ask();
        CHECK(says(503, "database"));
        outside_mode = OUTSIDE_ANSWERS;
    }
    TEST("not ready once the keys were last read too long ago, and ready as soon as they are read again")
    {
        keyring_confirm(ring, clock_now_ms(), clock_steady_ms() - KEYS_VIEW_MAX_MS - 1000);
        ask();
        CHECK(says(503, "last read more than 5 minutes ago"));
        keyring_confirm(ring, clock_now_ms(), clock_steady_ms());
        ask();
        CHECK(says(200, "ok"));
    }
    TEST("not ready while an algorithm of the settings has no key that may sign")
    {
        world.policy.algorithms = both;
        world.policy.algorithm_count = 2;
        ask();
        CHECK(says(503, "no key that may sign"));
    }
    world_destroy();
    return TEST_END();
}
