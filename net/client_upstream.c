#include "net/client_upstream.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

enum { BASE_URL_MAX = 2048, HOST_MAX = 253 };

/* ---- the base URL (RFC 3986 3) ---- */

struct base_url {
    bool secure;
    struct bytes authority, host, port, path;
};

static bool refuse_url(struct fault *fault, const char *why)
{
    return fault_set(fault, FAULT_INPUT, "client: base URL", "expected http[s]://host[:port][/path]: %s", why);
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct bytes behind(struct bytes b, size_t len) { return (struct bytes){b.at + len, b.len - len}; }

static bool take_scheme(struct bytes *rest, bool *secure)
{
    struct bytes scheme = {rest->at, bytes_find(*rest, ':')};
    *secure = bytes_equal_nocase(scheme, BYTES("https"));
    if (!*secure && !bytes_equal_nocase(scheme, BYTES("http"))) return false;
    *rest = behind(*rest, scheme.len);
    if (!bytes_start_with(*rest, BYTES("://"))) return false;
    *rest = behind(*rest, 3);
    return true;
}

static bool is_name(struct bytes host)
{
    if (host.len == 0 || host.len > HOST_MAX) return false;
    for (size_t i = 0; i < host.len; i++)
        if (!is_alphanumeric(host.at[i]) && host.at[i] != '-' && host.at[i] != '.' && host.at[i] != '_') return false;
    return true;
}

static bool is_address_text(int family, struct bytes host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (host.len >= sizeof text) return false;
    snprintf(text, sizeof text, "%.*s", BYTES_PRINT(host));
    return inet_pton(family, text, &address) == 1;
}

static bool parse_authority(struct base_url *url)
{
    struct bytes rest = url->authority;
    bool bracketed = bytes_start_with(rest, BYTES("["));
    if (bracketed) rest = behind(rest, 1);
    url->host = (struct bytes){rest.at, bytes_find(rest, bracketed ? ']' : ':')};
    rest = behind(rest, url->host.len);
    if (bracketed && (rest.len == 0 || !is_address_text(AF_INET6, url->host))) return false;
    if (!bracketed && !is_name(url->host)) return false;
    if (bracketed) rest = behind(rest, 1);
    url->port = url->secure ? BYTES("443") : BYTES("80");
    if (rest.len == 0) return true;
    uint64_t port;
    url->port = behind(rest, 1);
    return rest.at[0] == ':' && bytes_to_number(url->port, UINT16_MAX, &port) && port > 0;
}

static bool is_path(struct bytes path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.at[i] <= ' ' || path.at[i] > '~' || path.at[i] == '?' || path.at[i] == '#') return false;
    return true;
}

/* the words never show the URL: a password may stand in it */
static bool parse_base_url(struct bytes text, struct base_url *url, struct fault *fault)
{
    if (text.len > BASE_URL_MAX) return refuse_url(fault, "it is too long");
    if (!take_scheme(&text, &url->secure)) return refuse_url(fault, "it begins with neither http:// nor https://");
    url->authority = (struct bytes){text.at, bytes_find(text, '/')};
    url->path = behind(text, url->authority.len);
    while (bytes_end_with(url->path, BYTES("/"))) url->path.len--;
    if (!parse_authority(url)) return refuse_url(fault, "host or port is missing or wrong");
    return is_path(url->path) || refuse_url(fault, "the path is to have no ?, # or space");
}

/* ---- TLS ---- */

static bool set_host_check(const struct upstream *upstream, X509_VERIFY_PARAM *param)
{
    if (upstream->host_is_address) return X509_VERIFY_PARAM_set1_ip_asc(param, upstream->host) == 1;
    /* RFC 9525 6.3: names stand in subjectAltName only, a wildcard is a whole label */
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(param, upstream->host, 0) == 1;
}

static bool set_roots(SSL_CTX *tls, const char *ca_file, struct fault *fault)
{
    if (ca_file == NULL && SSL_CTX_set_default_verify_paths(tls) == 1) return true;
    if (ca_file != NULL && SSL_CTX_load_verify_locations(tls, ca_file, NULL) == 1) return true;
    return fault_set(fault, FAULT_INPUT, "client: roots", "%s: no file of certificates in PEM form",
                     ca_file == NULL ? "the system's roots" : ca_file);
}

static SSL_CTX *create_tls(const struct upstream *upstream, const char *ca_file, struct fault *fault)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL) abort();
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_options(tls, SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_RENEGOTIATION);
    /* RFC 9325 3.1.1: TLS 1.2 at least */
    if (SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 || !set_host_check(upstream, SSL_CTX_get0_param(tls)))
        abort();
    if (set_roots(tls, ca_file, fault)) return tls;
    SSL_CTX_free(tls);
    return NULL;
}

/* ---- life ---- */

static void keep_url(struct upstream *upstream, const struct base_url *url)
{
    arena_init(&upstream->arena, (size_t)4 * BASE_URL_MAX);
    upstream->host = arena_text(&upstream->arena, url->host);
    upstream->port = arena_text(&upstream->arena, url->port);
    upstream->authority = arena_copy(&upstream->arena, url->authority);
    upstream->path = arena_copy(&upstream->arena, url->path);
    upstream->host_is_address = is_address_text(AF_INET, url->host) || is_address_text(AF_INET6, url->host);
}

struct upstream *upstream_create(struct loop *loop, struct bytes base_url, int64_t timeout_ms, const char *ca_file,
                                 struct fault *fault)
{
    struct base_url url = {0};
    if (!parse_base_url(base_url, &url, fault)) return NULL;
    struct upstream *upstream = calloc(1, sizeof *upstream);
    if (upstream == NULL) abort();
    upstream->loop = loop;
    upstream->timeout_ms = timeout_ms;
    keep_url(upstream, &url);
    client_pool_init(&upstream->pool, loop);
    if (!url.secure || (upstream->tls = create_tls(upstream, ca_file, fault)) != NULL) return upstream;
    upstream_destroy(upstream);
    return NULL;
}

void upstream_destroy(struct upstream *upstream)
{
    while (upstream->calls != NULL) call_cancel(upstream->calls);
    if (upstream->lookup != NULL) lookup_cancel(upstream->lookup);
    client_pool_release(&upstream->pool);
    SSL_CTX_free(upstream->tls);
    arena_release(&upstream->arena);
    free(upstream);
}
