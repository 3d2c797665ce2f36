/* settings_check: what must hold beyond type and range, and between values. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "net/address.h"
#include "server/settings_reader.h"
#include "server/settings_url.h"

enum { ADMIN_TOKEN_MIN = 32, AUDIENCE_MAX = 512, ADDRESS_TEXT_MAX = 64 };

/* visible ASCII, no space */
static bool is_visible(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= 0x20 || text.at[i] > 0x7e) return false;
    return text.len > 0;
}

bool is_loopback(struct bytes host)
{
    char text[ADDRESS_TEXT_MAX];
    struct in_addr v4;
    struct in6_addr v6;
    if (host.len > 2 && host.at[0] == '[' && bytes_end_with(host, BYTES("]")))
        host = (struct bytes){host.at + 1, host.len - 2};
    if (bytes_equal_nocase(host, BYTES("localhost"))) return true;
    if (host.len >= sizeof text) return false;
    snprintf(text, sizeof text, "%.*s", BYTES_PRINT(host));
    if (inet_pton(AF_INET, text, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static void check_dsn(struct reader *r)
{
    struct bytes dsn = r->values[SETTING_DSN].text, sqlite = BYTES("sqlite:///");
    if (bytes_equal(dsn, BYTES("memory")) || bytes_start_with(dsn, BYTES("postgres://")) ||
        bytes_start_with(dsn, BYTES("postgresql://")))
        return;
    if (!bytes_start_with(dsn, sqlite) || dsn.len == sqlite.len || bytes_find(dsn, '?') < dsn.len)
        complain_row(r, SETTING_DSN, "(secret) is wrong; right would be %s; sqlite takes no options",
                     SETTINGS[SETTING_DSN].right);
}

static void check_listeners(struct reader *r)
{
    struct bytes token = r->values[SETTING_ADMIN_TOKEN].text, host = r->values[SETTING_ADMIN_HOST].text;
    bool cert = bytes_present(r->values[SETTING_PUBLIC_TLS_CERT].text),
         key = bytes_present(r->values[SETTING_PUBLIC_TLS_KEY].text);
    if (cert && !key) complain_row(r, SETTING_PUBLIC_TLS_CERT, "serve.public.tls.key is missing beside it");
    if (key && !cert) complain_row(r, SETTING_PUBLIC_TLS_KEY, "serve.public.tls.cert is missing beside it");
    if (r->settings->admin_open) return;
    if (bytes_present(token) && (token.len < ADMIN_TOKEN_MIN || !is_visible(token)))
        complain_row(r, SETTING_ADMIN_TOKEN,
                     "(secret) is wrong; right would be %s; make one with: openssl rand -base64 32",
                     SETTINGS[SETTING_ADMIN_TOKEN].right);
    if (!bytes_present(token) && !is_loopback(host) && !r->may_lack_secrets)
        complain_row(r, SETTING_ADMIN_HOST, "%.*s is not loopback, so serve.admin.token is required: %s",
                     BYTES_PRINT(host), SETTINGS[SETTING_ADMIN_TOKEN].right);
}

static void check_trusted_proxies(struct reader *r)
{
    const struct bytes_list *list = &r->values[SETTING_TRUSTED_PROXIES].list;
    for (size_t i = 0; i < list->count && !r->arena->overflowed; i++) {
        const char *const one[] = {r->settings->trusted_proxies[i], NULL};
        struct networks networks;
        struct fault fault;
        if (networks_init(&networks, one, &fault))
            networks_release(&networks);
        else
            complain_row(r, SETTING_TRUSTED_PROXIES, "%s", fault.what);
    }
}

/* ---- URLs ---- */

enum {
    ISSUER_LEN_MAX = 512
}; /* with a client_id it goes into each refresh token's tag: oauth/refresh_token.c holds 1024 bytes */

static void check_issuer(struct reader *r)
{
    struct policy *policy = &r->settings->policy;
    const char *right = SETTINGS[SETTING_ISSUER].right;
    struct url url;
    if (!url_parse(policy->issuer, &url))
        complain_row(r, SETTING_ISSUER, "is no such URL; right would be %s", right);
    else if (policy->issuer.len > ISSUER_LEN_MAX)
        complain_row(r, SETTING_ISSUER, "is over %d characters", ISSUER_LEN_MAX);
    else if (!url.secure && !is_loopback(url.host) && !r->dev)
        complain_row(
            r, SETTING_ISSUER,
            "is plain http and not on loopback; right would be %s (`serve --dev` allows it, for trying things out)",
            right);
    else if (!url_path_is_plain(url.path))
        complain_row(r, SETTING_ISSUER, "its path may hold letters, digits and - . _ ~ between single slashes");
    else
        policy->issuer_path = (struct bytes){url.path.at, url.path.len - bytes_end_with(url.path, BYTES("/"))};
}

/* the words never show the URL: a password may stand in it */
static void check_kratos_url(struct reader *r, enum setting_index index)
{
    struct url url;
    if (!url_parse(r->values[index].text, &url))
        complain_row(r, index, "is no such URL; right would be %s without user, query and fragment",
                     SETTINGS[index].right);
}

/* RFC 6265 4.1.1: a token of RFC 9110 5.6.2 */
static void check_cookie_name(struct reader *r)
{
    struct bytes name = r->settings->policy.cookie_name;
    bool good = is_visible(name);
    for (size_t i = 0; i < name.len; i++) good = good && strchr("()<>@,;:\\\"/[]?={}", name.at[i]) == NULL;
    if (!good)
        complain_row(r, SETTING_KRATOS_COOKIE_NAME, "is wrong; right would be %s",
                     SETTINGS[SETTING_KRATOS_COOKIE_NAME].right);
}

/* ---- tokens ---- */

bool require_audience(struct reader *r, const struct place *place, const char *key, struct bytes audience)
{
    if (is_visible(audience) && audience.len <= AUDIENCE_MAX) return true;
    return complain(
        &r->complaints, place, key,
        "is no audience; right would be a URI or a name, of up to 512 visible ASCII characters without spaces");
}

static int shown_len(struct bytes audience) { return audience.len < 60 ? (int)audience.len : 60; }

/* RFC 8693 2.2.2: who names no target would get no token */
bool require_one_profile(struct reader *r, const struct place *place, const char *key,
                         const struct bytes_list *audience)
{
    const struct policy *policy = &r->settings->policy;
    for (size_t i = 1; i < audience->count; i++) {
        const struct bytes *at = audience->at;
        const struct token_profile *profiles = policy->profiles;
        if (token_profiles_alike(&profiles[policy_profile(policy, at[i])], &profiles[policy_profile(policy, at[0])]))
            continue;
        return complain(&r->complaints, place, key,
                        "%.*s and %.*s can't share a token: access_token.resources makes them differ", shown_len(at[0]),
                        at[0].at, shown_len(at[i]), at[i].at);
    }
    return true;
}

static void check_audience(struct reader *r)
{
    const struct bytes_list *audience = &r->settings->policy.audience;
    const struct place *place = &r->values[SETTING_TOKEN_AUDIENCE].place;
    const char *key = SETTINGS[SETTING_TOKEN_AUDIENCE].key;
    for (size_t i = 0; i < audience->count; i++) require_audience(r, place, key, audience->at[i]);
    require_one_profile(r, place, key, audience);
}

static void check_refresh(struct reader *r)
{
    const struct refresh_policy *refresh = &r->settings->policy.refresh;
    char a[32], b[32];
    setting_write_duration(refresh->coalesce_ms, a);
    setting_write_duration(refresh->grace_ms, b);
    if (refresh->coalesce_ms > refresh->grace_ms)
        complain_row(r, SETTING_REFRESH_COALESCE,
                     "%s is more than refresh_token.grace, which is %s; right would be that or less", a, b);
    setting_write_duration(refresh->idle_ttl_ms, a);
    setting_write_duration(refresh->absolute_ttl_ms, b);
    if (refresh->idle_ttl_ms > refresh->absolute_ttl_ms)
        complain_row(r, SETTING_REFRESH_IDLE_TTL,
                     "%s is more than refresh_token.absolute_ttl, which is %s; right would be that or less", a, b);
}

/* keys.md: nobody may meet a signature by a key that he couldn't have fetched */
static void check_keys(struct reader *r)
{
    const struct key_times *times = &r->settings->key_times;
    const int64_t max_age_ms = r->settings->policy.jwks_max_age_ms;
    int64_t publish_least_ms = keys_publish_before_least_ms(max_age_ms),
            rotate_least_ms = keys_rotate_every_least_ms(times->publish_before_ms);
    char max_age[32], publish[32], rotate[32], least[32];
    setting_write_duration(max_age_ms, max_age);
    setting_write_duration(times->publish_before_ms, publish);
    setting_write_duration(times->rotate_every_ms, rotate);
    setting_write_duration(publish_least_ms, least);
    if (times->publish_before_ms < publish_least_ms)
        complain_row(r, SETTING_KEYS_PUBLISH_BEFORE,
                     "%s is too short: keys.jwks_max_age %s + stale-if-error %s + 2 polls of 30s + 5m of skew; right "
                     "would be %s or more",
                     publish, max_age, max_age, least);
    setting_write_duration(rotate_least_ms, least);
    if (times->rotate_every_ms < rotate_least_ms)
        complain_row(r, SETTING_KEYS_ROTATE_EVERY,
                     "%s is less than twice keys.publish_before, which is %s; right would be %s or more", rotate,
                     publish, least);
}

/* a modulus of whole octets: signatures and JWKs are counted in them */
static void check_rsa_bits(struct reader *r)
{
    unsigned bits = r->settings->rsa_bits;
    if (bits % 8 != 0)
        complain_row(r, SETTING_KEYS_RSA_BITS, "%u is no multiple of 8; right would be 2048, 3072 or 4096", bits);
}

void check_settings(struct reader *r)
{
    check_dsn(r);
    check_listeners(r);
    check_trusted_proxies(r);
    check_issuer(r);
    check_kratos_url(r, SETTING_KRATOS_PUBLIC_URL);
    check_kratos_url(r, SETTING_KRATOS_ADMIN_URL);
    check_cookie_name(r);
    check_audience(r);
    check_refresh(r);
    check_keys(r);
    check_rsa_bits(r);
}
