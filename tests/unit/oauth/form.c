#include "oauth/form.h"

#include "torture/request_stand_in.h"
#include "unit/test.h"

static const struct route ROUTE = {.size = sizeof(struct request)};
static struct worker worker;
static struct answered answered;
static struct request *request;
static struct form form;

static enum form_outcome read_typed(const char *type, const char *body)
{
    const struct sent_header headers[] = {{"content-type", type}, {NULL, NULL}};
    const struct sent sent = {.route = &ROUTE, .body = body, .headers = headers};
    if (request != NULL) request_stand_in_dispose(request);
    request = request_stand_in_create(&sent, &worker, &answered);
    return form_parse(&form, request);
}

static enum form_outcome read_form(const char *body) { return read_typed("application/x-www-form-urlencoded", body); }

static struct bytes value_of(const char *name) { return form_find(&form, bytes_of(name)); }

static void check_types(void)
{
    TEST("only application/x-www-form-urlencoded is a form, in any case and with any parameters of its own")
    {
        CHECK(read_typed("Application/X-WWW-Form-Urlencoded", "a=1") == FORM_READ);
        CHECK(read_typed("application/x-www-form-urlencoded; charset=UTF-8", "a=1") == FORM_READ);
        CHECK(read_typed("application/x-www-form-urlencoded ;charset=UTF-8", "a=1") == FORM_READ);
        CHECK(read_typed("application/json", "a=1") == FORM_NOT_A_FORM);
        CHECK(read_typed("application/x-www-form-urlencodedx", "a=1") == FORM_NOT_A_FORM);
        CHECK(read_typed("text/plain; application/x-www-form-urlencoded", "a=1") == FORM_NOT_A_FORM);
        CHECK(read_typed("", "a=1") == FORM_NOT_A_FORM);
    }
    TEST("without a content type it is no form, without a body it is an empty one")
    {
        const struct sent sent = {.route = &ROUTE, .body = "a=1"};
        request_stand_in_dispose(request);
        request = request_stand_in_create(&sent, &worker, &answered);
        CHECK(form_parse(&form, request) == FORM_NOT_A_FORM);
        CHECK(read_form(NULL) == FORM_READ && form.count == 0);
        CHECK(read_form("") == FORM_READ && form.count == 0);
    }
}

static void check_decoding(void)
{
    TEST("names and values are decoded: + is a space, %XX a byte")
    {
        CHECK(read_form("a%20b=c+d%2B%26%3d&x=%C3%A4") == FORM_READ && form.count == 2);
        CHECK_BYTES(value_of("a b"), BYTES("c d+&="));
        CHECK_BYTES(value_of("x"), BYTES("ä"));
    }
    TEST("a value goes to the next &, and may have = in it")
    {
        CHECK(read_form("&&a=b=c&&") == FORM_READ && form.count == 1);
        CHECK_BYTES(value_of("a"), BYTES("b=c"));
    }
    TEST("broken escapes, NUL bytes and what is not UTF-8 are malformed")
    {
        CHECK(read_form("a=%") == FORM_MALFORMED);
        CHECK(read_form("a=%4") == FORM_MALFORMED);
        CHECK(read_form("a=%zz") == FORM_MALFORMED);
        CHECK(read_form("a=%00") == FORM_MALFORMED);
        CHECK(read_form("a%00=b") == FORM_MALFORMED);
        CHECK(read_form("a=%ff") == FORM_MALFORMED);
        CHECK(read_form("%ff=a") == FORM_MALFORMED);
        CHECK(read_form("a=%c0%80") == FORM_MALFORMED);
    }
}

static void check_repeats(void)
{
    TEST("RFC 6749 3.2: a parameter twice is refused, also when its name is written in another way or unknown")
    {
        CHECK(read_form("scope=a&scope=a") == FORM_REPEATS);
        CHECK(read_form("scope=a&sc%6fpe=b") == FORM_REPEATS);
        CHECK(read_form("foo=a&foo=b") == FORM_REPEATS);
        CHECK(read_form("grant_type=a&client_id=b&grant_type=a") == FORM_REPEATS);
        CHECK(read_form("Scope=a&scope=a") == FORM_READ);
    }
    TEST("what could be read of a form with a repeat can be found: the first of each")
    {
        CHECK(read_form("scope=a&scope=b&client_id=spa") == FORM_REPEATS && form.count == 2);
        CHECK_BYTES(value_of("scope"), BYTES("a"));
        CHECK_BYTES(value_of("client_id"), BYTES("spa"));
    }
    TEST("RFC 6749 3.2: an empty parameter counts as absent")
    {
        CHECK(read_form("scope=&scope=a&client_id&=x") == FORM_READ);
        CHECK_BYTES(value_of("scope"), BYTES("a"));
        CHECK(!bytes_present(value_of("client_id")));
    }
    TEST("RFC 8693 2.1: resource and audience may repeat, and come in their order")
    {
        struct bytes values[3];
        CHECK(read_form("resource=1&audience=a&resource=2&audience=b&resource=3") == FORM_READ);
        CHECK(form_find_all(&form, BYTES("resource"), values, 3) == 3);
        CHECK_BYTES(values[0], BYTES("1"));
        CHECK_BYTES(values[2], BYTES("3"));
        CHECK(form_find_all(&form, BYTES("audience"), values, 3) == 2);
        CHECK(form_find_all(&form, BYTES("scope"), values, 3) == 0);
        CHECK(form_find_all(&form, BYTES("resource"), values, 2) == SIZE_MAX);
    }
    TEST("64 parameters fit, and no more")
    {
        char body[1024] = "";
        for (int i = 0; i < FORM_PARAMETERS_MAX; i++) snprintf(body + strlen(body), 16, "p%d=1&", i);
        CHECK(read_form(body) == FORM_READ && form.count == FORM_PARAMETERS_MAX);
        snprintf(body + strlen(body), 16, "more=1");
        CHECK(read_form(body) == FORM_MALFORMED);
    }
}

int main(void)
{
    CHECK(read_form("a=1") == FORM_READ);
    check_types();
    check_decoding();
    check_repeats();
    request_stand_in_dispose(request);
    return TEST_END();
}
