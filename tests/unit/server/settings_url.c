#include "server/settings_url.h"

#include "unit/test.h"

static bool takes(const char *text, bool secure, const char *host, const char *path)
{
    struct url url;
    return url_parse(bytes_of(text), &url) && url.secure == secure && bytes_equal(url.host, bytes_of(host)) &&
           bytes_equal(url.path, bytes_of(path));
}

static bool refuses(const char *text)
{
    struct url url;
    return !url_parse(bytes_of(text), &url);
}

int main(void)
{
    TEST("scheme, host and path are told apart, the port is passed over")
    {
        CHECK(takes("https://a.example", true, "a.example", "") &&
              takes("http://a.example:80/x/y", false, "a.example", "/x/y"));
        CHECK(takes("http://[::1]:4477/", false, "[::1]", "/") && takes("http://127.0.0.1", false, "127.0.0.1", ""));
    }
    TEST("no host, no scheme and others are refused")
    {
        CHECK(refuses("") && refuses("http:") && refuses("https://") && refuses("https:///x") && refuses("//a") &&
              refuses("HTTP://a"));
        CHECK(refuses("http://[]") && refuses("http://[::1") && refuses("http://[::1]x") && refuses("http://[x]"));
    }
    TEST("a port is a number from 1 to 65535")
    {
        CHECK(refuses("http://a:") && refuses("http://a:0") && refuses("http://a:65536") && refuses("http://a:b"));
    }
    TEST("user, query, fragment, spaces and what is no ASCII are refused")
    {
        CHECK(refuses("http://u@a") && refuses("http://u:p@a/") && refuses("http://a/?q") && refuses("http://a?q") &&
              refuses("http://a/#f"));
        CHECK(refuses("http://a /") && refuses("http://a/ b") && refuses("http://\xc3\xa4/") &&
              refuses("http://a/\xc3\xa4") && refuses("http://a/\x01"));
    }
    TEST("a plain path has unreserved characters between single slashes")
    {
        CHECK(url_path_is_plain(BYTES("")) && url_path_is_plain(BYTES("/")) && url_path_is_plain(BYTES("/a-Z.0_~/b/")));
        CHECK(!url_path_is_plain(BYTES("/a//b")) && !url_path_is_plain(BYTES("//")) &&
              !url_path_is_plain(BYTES("/%41")));
        CHECK(!url_path_is_plain(BYTES("/a/../b")) && !url_path_is_plain(BYTES("/.")) &&
              !url_path_is_plain(BYTES("/a:b")));
    }
    return TEST_END();
}
