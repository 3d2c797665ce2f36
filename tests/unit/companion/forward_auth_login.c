#include "companion/forward_auth_login.h"

#include "torture/request_stand_in.h"
#include "torture/world.h"
#include "unit/test.h"

#define LOGIN "https://login.example.com/start"
#define PAGE                                                                                                           \
    {                                                                                                                  \
        "accept", "text/html"                                                                                          \
    }

static const struct route ROUTE = {.size = sizeof(struct request)};
static struct bytes origins[] = {BYTES("https://app.example.com"), BYTES("http://localhost:3000")};
static const struct forward_profile PROFILE = {.return_to = {origins, 2}};
static struct answered answered;

struct asked {
    const char *method, *path, *query;
    struct sent_header headers[8];
};

static const char *page_for(const struct asked *asked, const char *page)
{
    static char text[8192];
    const struct sent sent = {&ROUTE, .query = asked->query, .headers = asked->headers};
    struct request *request = request_stand_in_create(&sent, &world.worker, &answered);
    request->method_name = bytes_of(asked->method == NULL ? "GET" : asked->method);
    request->path = bytes_of(asked->path == NULL ? "/session/token/app" : asked->path);
    struct bytes found = forward_login_page(request, &PROFILE, bytes_of(page));
    snprintf(text, sizeof text, "%.*s", BYTES_PRINT(found));
    bool present = bytes_present(found);
    request_stand_in_dispose(request);
    return present ? text : NULL;
}
#define CHECK_PAGE(want, ...)                                                                                          \
    do {                                                                                                               \
        const char *page_ = page_for(&(struct asked){__VA_ARGS__}, LOGIN);                                             \
        if (page_ == NULL) page_ = "(none)";                                                                           \
        CHECK_BYTES(bytes_of(page_), bytes_of(want));                                                                  \
    } while (0)

int main(void)
{
    TEST("a browser is one that names text/html and asks with GET or HEAD, as the proxy says of the original")
    {
        CHECK_PAGE(LOGIN, .headers = {PAGE});
        CHECK_PAGE(LOGIN, .method = "HEAD", .headers = {{"accept", "*/*;q=0.1, Text/HTML ;q=0.9"}});
        CHECK_PAGE(LOGIN, .method = "POST", .headers = {PAGE, {"x-forwarded-method", "GET"}});
        CHECK_PAGE(LOGIN, .method = "POST",
                   .headers = {PAGE, {"x-original-method", "GET"}, {"x-forwarded-method", "POST"}});
        CHECK_PAGE("(none)", .method = "POST", .headers = {PAGE});
        CHECK_PAGE("(none)", .headers = {PAGE, {"x-original-method", "POST"}});
        CHECK_PAGE("(none)", .headers = {{"accept", "*/*"}});
        CHECK_PAGE("(none)", .headers = {{"accept", "application/json, text/htmlx, text/*"}});
        CHECK_PAGE("(none)", .headers = {{NULL, NULL}});
    }
    TEST("the address is what nginx says, else what Traefik and Caddy say, else Envoy's own request")
    {
        CHECK_PAGE(LOGIN "?return_to=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3Dc%26d",
                   .headers = {PAGE, {"x-original-url", "https://app.example.com/a?b=c&d"}});
        CHECK_PAGE(LOGIN "?return_to=https%3A%2F%2Fapp.example.com%2Fa",
                   .headers = {PAGE,
                               {"x-forwarded-proto", "https"},
                               {"x-forwarded-host", "app.example.com"},
                               {"x-forwarded-uri", "/a"},
                               {"host", "hydrant"}});
        CHECK_PAGE(LOGIN "?return_to=http%3A%2F%2Flocalhost%3A3000%2Fa%2Fb%3Fc", .path = "/session/token/app/a/b",
                   .query = "c", .headers = {PAGE, {"host", "localhost:3000"}});
        CHECK_PAGE(LOGIN "?return_to=https%3A%2F%2FAPP.example.com%2F", .path = "/session/token/app/",
                   .headers = {PAGE,
                               {"host", "APP.example.com"},
                               {"x-forwarded-proto", "https"},
                               {"x-forwarded-host", "evil.example.com"}} /* Envoy sends no X-Forwarded-Uri */);
    }
    TEST("it comes from one of the profile's origins, letter for letter up to its end, or is left out")
    {
        static const char *const FOREIGN[] = {"https://evil.example.com/",
                                              "https://app.example.com.evil.example/",
                                              "https://app.example.com@evil.example/",
                                              "https://app.example.com:8443/",
                                              "http://app.example.com/",
                                              "https://app.example.com\\@evil.example/",
                                              "//app.example.com/",
                                              "https:/app.example.com/",
                                              "javascript:alert(1)//https://app.example.com/",
                                              "https://app.example.com#@evil/",
                                              "https://app.example.com/\xc3\xa9",
                                              "https://app.example.com/ x",
                                              "https://app.example.com/\\evil.example",
                                              "https://app.example.com/\tx",
                                              ""};
        for (size_t i = 0; i < sizeof FOREIGN / sizeof *FOREIGN; i++)
            CHECK_PAGE(LOGIN, .headers = {PAGE, {"x-original-url", FOREIGN[i]}});
        CHECK_PAGE(LOGIN "?return_to=https%3A%2F%2Fapp.example.com",
                   .headers = {PAGE, {"x-original-url", "https://app.example.com"}});
        CHECK_PAGE(LOGIN "?return_to=https%3A%2F%2Fapp.example.com%3Fa",
                   .headers = {PAGE, {"x-original-url", "https://app.example.com?a"}});
    }
    TEST("what came twice is nobody's word")
    {
        CHECK_PAGE(LOGIN, .headers = {PAGE,
                                      {"x-original-url", "https://app.example.com/a"},
                                      {"x-original-url", "https://app.example.com/a"}});
        CHECK_PAGE(LOGIN, .headers = {PAGE,
                                      {"x-forwarded-uri", "/a"},
                                      {"x-forwarded-host", "app.example.com"},
                                      {"x-forwarded-proto", "https"},
                                      {"x-forwarded-proto", "https"}});
    }
    TEST("an address that is too long for a header isn't returned to")
    {
        char url[RETURN_URL_MAX + 2] = "https://app.example.com/";
        memset(url + strlen(url), 'a', sizeof url - strlen(url) - 1);
        CHECK_PAGE(LOGIN, .headers = {PAGE, {"x-original-url", url}});
        url[RETURN_URL_MAX] = 0;
        const char *page = page_for(&(struct asked){.headers = {PAGE, {"x-original-url", url}}}, LOGIN);
        CHECK(page != NULL && strlen(page) > RETURN_URL_MAX);
    }
    TEST("a page with a query keeps it; one that is no http URL, or could end its line, is none")
    {
        const struct asked asked = {.headers = {PAGE, {"x-original-url", "https://app.example.com/"}}};
        CHECK_BYTES(bytes_of(page_for(&asked, LOGIN "?aal=aal2")),
                    BYTES(LOGIN "?aal=aal2&return_to=https%3A%2F%2Fapp.example.com%2F"));
        CHECK(page_for(&asked, NULL) == NULL && page_for(&asked, "") == NULL &&
              page_for(&asked, "javascript:alert(1)") == NULL && page_for(&asked, LOGIN "\r\nx: y") == NULL);
    }
    TEST("a proxy that says X-Original-URL passes no redirect on")
    {
        const struct sent_header nginx[] = {{"x-original-url", "https://app.example.com/"}, {NULL, NULL}};
        const struct sent with = {&ROUTE, .headers = nginx}, without = {&ROUTE, .headers = NULL};
        struct request *request = request_stand_in_create(&with, &world.worker, &answered);
        CHECK(!forward_login_may_redirect(request));
        request_stand_in_dispose(request);
        request = request_stand_in_create(&without, &world.worker, &answered);
        CHECK(forward_login_may_redirect(request));
        request_stand_in_dispose(request);
    }
    return TEST_END();
}
