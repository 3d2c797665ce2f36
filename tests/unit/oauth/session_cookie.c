#include "oauth/session_cookie.h"

#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

#define NAME BYTES("ory_kratos_session")

static const struct route ROUTE = {.size = sizeof(struct request)};
static struct answered answered;

static enum session_cookie find(const char *first, const char *second, char value[64])
{
    const struct sent_header headers[] = {
        {first == NULL ? NULL : "cookie", first}, {second == NULL ? NULL : "cookie", second}, {NULL, NULL}};
    const struct sent sent = {&ROUTE, .headers = headers};
    struct request *request = request_stand_in_create(&sent, &world.worker, &answered);
    struct bytes found = BYTES_ABSENT;
    enum session_cookie outcome = session_cookie_find(request, NAME, &found);
    snprintf(value, 64, "%.*s", BYTES_PRINT(found));
    request_stand_in_dispose(request);
    return outcome;
}

int main(void)
{
    char value[64];
    TEST("the cookie of that name is found among others, as it came")
    {
        CHECK(find("theme=dark; ory_kratos_session=MTc=x%3D; a=b", NULL, value) == SESSION_COOKIE_ONE);
        CHECK(strcmp(value, "MTc=x%3D") == 0);
        CHECK(find("ory_kratos_session=", NULL, value) == SESSION_COOKIE_ONE && strcmp(value, "") == 0);
    }
    TEST("another name is another cookie, also one that ends, begins or reads alike")
    {
        CHECK(find("xory_kratos_session=a; ory_kratos_session2=b; ORY_KRATOS_SESSION=c; ory_kratos_session", NULL,
                   value) == SESSION_COOKIE_NONE);
        CHECK(find(NULL, NULL, value) == SESSION_COOKIE_NONE);
    }
    TEST("RFC 6265 8.6: two of them are none to go by, alike or not, in one header or two")
    {
        CHECK(find("ory_kratos_session=a; ory_kratos_session=a", NULL, value) == SESSION_COOKIE_SEVERAL);
        CHECK(find("ory_kratos_session=a", "ory_kratos_session=b", value) == SESSION_COOKIE_SEVERAL);
        CHECK(find("ory_kratos_session=a", "theme=dark", value) == SESSION_COOKIE_SEVERAL);
    }
    return TEST_END();
}
