#include "server/settings.h"

#define FOR_API "access_token: {audience: [https://api.example.com]}\n"

#include <sys/stat.h>
#include <unistd.h>

#include "unit/server/settings_case.h"

static char file_name[64];

static void write_file(const char *text, mode_t mode)
{
    snprintf(file_name, sizeof file_name, "/tmp/hydrant-settings-XXXXXX");
    int fd = mkstemp(file_name);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0);
    close(fd);
}

static struct settings *read_named(const char *file, bool dev)
{
    const struct settings_source source = {.file = file, .dev = dev};
    complaints[0] = 0;
    complaint_count = 0;
    return settings_read(&source, remember);
}

static void check_listener_defaults(const struct settings *s)
{
    CHECK(strcmp(s->dsn, "sqlite:///var/lib/hydrant/hydrant.db") == 0);
    CHECK(strcmp(s->public_.host, "0.0.0.0") == 0 && s->public_.port == 4477);
    CHECK(s->public_.tls_cert_file == NULL && s->public_.tls_key_file == NULL);
    CHECK(strcmp(s->admin.host, "127.0.0.1") == 0 && s->admin.port == 4478);
    CHECK(!bytes_present(s->admin_token) && !s->admin_open);
    CHECK(s->workers == 0 && s->trusted_proxies != NULL && s->trusted_proxies[0] == NULL);
    CHECK(s->log_level == LOG_INFO && s->log_format == LOG_JSON);
}

static void check_kratos_defaults(const struct settings *s)
{
    CHECK_BYTES(s->kratos_public_url, BYTES("http://localhost:4433"));
    CHECK_BYTES(s->kratos_admin_url, BYTES("http://localhost:4434"));
    CHECK_BYTES(s->policy.cookie_name, BYTES("ory_kratos_session"));
    CHECK(s->kratos_timeout_ms == 2000 && s->kratos_ca_file == NULL);
    CHECK(s->policy.revalidate_after_ms == 60000 && s->policy.stale_if_error_ms == 45 * 60000);
    CHECK(!s->policy.extend.on_refresh && s->policy.extend.below_ms == 6 * 3600000 && s->policy.extend.max_age_ms == 0);
}

static void check_token_defaults(const struct policy *p)
{
    CHECK_BYTES(p->issuer, BYTES("http://localhost:4477"));
    CHECK_BYTES(p->issuer_path, BYTES(""));
    CHECK(p->profile_count == 1 && p->profiles[0].ttl_ms == 15 * 60000 && p->profiles[0].algorithm == KEY_ES256);
    CHECK_BYTES(p->profiles[0].typ, BYTES("at+jwt"));
    CHECK(p->profiles[0].claims.table == NULL && !bytes_present(p->profiles[0].claims.program));
    CHECK(!p->profiles[0].claims.use_admin_metadata && p->profiles[0].min_aal == 0);
    CHECK(!bytes_present(p->profiles[0].audience) && !bytes_present(p->profiles[0].scopes));
    CHECK(p->audience.count == 0 && !p->subject_is_external_id && p->static_client_count == 0);
}

static void check_refresh_defaults(const struct policy *p)
{
    const int64_t day_ms = 24 * 60 * 60 * 1000;
    CHECK(p->refresh.idle_ttl_ms == 14 * day_ms && p->refresh.absolute_ttl_ms == 30 * day_ms);
    CHECK(p->refresh.grace_ms == 60000 && p->refresh.coalesce_ms == 60000);
    CHECK(p->refresh.skip_limit == 5 && p->refresh.ahead_max == 16 && !p->refresh.never);
    CHECK(p->session_grants_max == 20);
}

static void check_key_defaults(const struct settings *s)
{
    const int64_t day_ms = 24 * 60 * 60 * 1000;
    CHECK(s->policy.algorithm_count == 2 && s->policy.algorithms[0] == KEY_ES256 &&
          s->policy.algorithms[1] == KEY_RS256);
    CHECK(s->key_times.rotate_every_ms == 30 * day_ms && s->key_times.publish_before_ms == day_ms);
    CHECK(s->policy.jwks_max_age_ms == 15 * 60000);
    /* the longest ttl that a client may be given, 5 minutes of skew, max-age, stale-if-error */
    CHECK(s->key_times.keep_after_ms == day_ms + (5 + 15 + 15) * 60000);
}

static bool warns_of_no_audience(const char *more)
{
    struct settings *s = accepted(more);
    bool warned = strstr(complaints, "warning: there is no access_token.audience") != NULL;
    CHECK(s != NULL && complaint_count == (warned ? 1 : 0));
    settings_free(s);
    return warned;
}

static void test_audience(void)
{
    TEST("where nothing names an audience that is said, since exchanges that name none will be refused")
    {
        CHECK(warns_of_no_audience(""));
        CHECK(warns_of_no_audience("clients: [{client_id: a, token_endpoint_auth_method: none}]\n"));
        CHECK(!warns_of_no_audience(FOR_API));
        CHECK(!warns_of_no_audience("access_token: {resources: {https://api.example.com: {}}}\n"));
        CHECK(!warns_of_no_audience("clients: [{client_id: a, token_endpoint_auth_method: none, audience: [b]}]\n"));
        CHECK(!warns_of_no_audience(
            "clients: [{client_id: a, token_endpoint_auth_method: none, access_token: {audience: [b]}}]\n"));
    }
}

static void test_defaults(void)
{
    struct settings *s = read_settings(LEAST);
    TEST("one secret is enough") { CHECK(s != NULL); }
    if (s == NULL) return;
    TEST("the listeners, the log and the storage are as the documentation says") { check_listener_defaults(s); }
    TEST("Kratos is where it listens by default") { check_kratos_defaults(s); }
    TEST("access tokens are as the documentation says") { check_token_defaults(&s->policy); }
    TEST("refresh tokens are as the documentation says") { check_refresh_defaults(&s->policy); }
    TEST("keys are as the documentation says") { check_key_defaults(s); }
    settings_free(s);
}

static const char EVERYTHING[] =
    "dsn: postgres://hydrant:pass@db1,db2/hydrant\n"
    "serve:\n"
    "  public: {host: '::', port: 443, tls: {cert: /c.pem, key: /k.pem}}\n"
    "  admin: {host: 10.0.0.1, port: 8444, token: " OTHER_SECRET "}\n"
    "  workers: 3\n"
    "  trusted_proxies: [10.0.0.0/8, '::1']\n"
    "urls: {self: {issuer: https://id.example.com/tenant/}}\n"
    "secrets: {system: [" SECRET ", " OTHER_SECRET "]}\n"
    "kratos:\n"
    "  public_url: https://kratos.example.com/public\n"
    "  admin_url: http://10.0.0.2:4434\n"
    "  cookie_name: own_session\n"
    "  timeout: 500ms\n"
    "  ca_file: /ca.pem\n"
    "  session: {revalidate_after: 0s, stale_if_error: 1h, extend: on_refresh, extend_below: 2h, extend_max_age: 7d}\n"
    "access_token:\n"
    "  ttl: 5m\n"
    "  algorithm: RS256\n"
    "  audience: [https://api.example.com, shop]\n"
    "  subject: external_id\n"
    "  typ: JWT\n"
    "  claims_use_admin_metadata: true\n"
    "refresh_token: {idle_ttl: 1h, absolute_ttl: 2h, grace: 30s, coalesce: 10s, skip_limit: 1, ahead_max: 2, rotation: "
    "never,\n"
    "  max_grants_per_session: 3}\n"
    "keys: {algorithms: [RS256], rotate_every: 2d, publish_before: 12h, jwks_max_age: 5m}\n"
    "log: {level: debug, format: text}\n";

static void check_said_listeners(const struct settings *s)
{
    CHECK(strcmp(s->dsn, "postgres://hydrant:pass@db1,db2/hydrant") == 0);
    CHECK(strcmp(s->public_.host, "::") == 0 && s->public_.port == 443);
    CHECK(strcmp(s->public_.tls_cert_file, "/c.pem") == 0 && strcmp(s->public_.tls_key_file, "/k.pem") == 0);
    CHECK(strcmp(s->admin.host, "10.0.0.1") == 0 && s->admin.port == 8444);
    CHECK_BYTES(s->admin_token, BYTES(OTHER_SECRET));
    CHECK(s->workers == 3 && strcmp(s->trusted_proxies[0], "10.0.0.0/8") == 0);
    CHECK(strcmp(s->trusted_proxies[1], "::1") == 0 && s->trusted_proxies[2] == NULL);
    CHECK(s->log_level == LOG_DEBUG && s->log_format == LOG_TEXT);
}

static void check_said_kratos(const struct settings *s)
{
    CHECK_BYTES(s->kratos_public_url, BYTES("https://kratos.example.com/public"));
    CHECK_BYTES(s->kratos_admin_url, BYTES("http://10.0.0.2:4434"));
    CHECK_BYTES(s->policy.cookie_name, BYTES("own_session"));
    CHECK(s->kratos_timeout_ms == 500 && strcmp(s->kratos_ca_file, "/ca.pem") == 0);
    CHECK(s->policy.revalidate_after_ms == 0 && s->policy.stale_if_error_ms == 3600000);
    CHECK(s->policy.extend.on_refresh && s->policy.extend.below_ms == 2 * 3600000);
    CHECK(s->policy.extend.max_age_ms == 7LL * 24 * 3600000);
}

static void check_said_policy(const struct policy *p)
{
    CHECK_BYTES(p->issuer, BYTES("https://id.example.com/tenant/"));
    CHECK_BYTES(p->issuer_path, BYTES("/tenant"));
    CHECK(p->secrets.count == 2 && p->subject_is_external_id && p->session_grants_max == 3);
    CHECK(p->profiles[0].ttl_ms == 300000 && p->profiles[0].algorithm == KEY_RS256);
    CHECK_BYTES(p->profiles[0].typ, BYTES("JWT"));
    CHECK(p->profiles[0].claims.use_admin_metadata && p->audience.count == 2);
    CHECK_BYTES(p->audience.at[1], BYTES("shop"));
    CHECK(p->refresh.idle_ttl_ms == 3600000 && p->refresh.absolute_ttl_ms == 7200000 && p->refresh.grace_ms == 30000);
    CHECK(p->refresh.coalesce_ms == 10000 && p->refresh.skip_limit == 1 && p->refresh.ahead_max == 2 &&
          p->refresh.never);
    CHECK(p->algorithm_count == 1 && p->algorithms[0] == KEY_RS256 && p->jwks_max_age_ms == 300000);
}

static void test_everything_said(void)
{
    struct settings *s = read_settings(EVERYTHING);
    TEST("every setting can be said in the file") { CHECK(s != NULL && complaint_count == 0); }
    if (s == NULL) return;
    TEST("listeners, log and storage are as the file says") { check_said_listeners(s); }
    TEST("Kratos is as the file says") { check_said_kratos(s); }
    TEST("the policy is as the file says") { check_said_policy(&s->policy); }
    TEST("the keys' times are as the file says")
    {
        CHECK(s->key_times.rotate_every_ms == 2 * 86400000 && s->key_times.publish_before_ms == 12 * 3600000);
    }
    settings_free(s);
}

static void test_files(void)
{
    TEST("a file that isn't there is named")
    {
        CHECK(read_named("/nowhere/hydrant.yml", false) == NULL && complaint_count == 1);
        CHECK(strcmp(complaints, "/nowhere/hydrant.yml: can't be read: No such file or directory\n") == 0);
    }
    TEST("a file that everyone may read is warned of, and read")
    {
        write_file(LEAST, 0644);
        struct settings *s = read_named(file_name, false);
        CHECK(s != NULL && strcmp(s->file, file_name) == 0 && strstr(complaints, "warning: it holds secrets") != NULL);
        settings_free(s);
        unlink(file_name);
    }
    TEST("a file that only some may read is not warned of")
    {
        write_file(LEAST FOR_API, 0640);
        struct settings *s = read_named(file_name, false);
        CHECK(s != NULL && complaint_count == 0);
        settings_free(s);
        unlink(file_name);
    }
    TEST("a file over 1 MiB is refused")
    {
        write_file(LEAST, 0600);
        CHECK(truncate(file_name, SETTINGS_FILE_MAX + 1) == 0);
        CHECK(read_named(file_name, false) == NULL && strstr(complaints, "is larger than 1048576 bytes") != NULL);
        unlink(file_name);
    }
    TEST("a plain http issuer that isn't loopback needs --dev")
    {
        write_file(LEAST FOR_API "urls: {self: {issuer: http://id.example.com}}\n", 0600);
        CHECK(read_named(file_name, false) == NULL && strstr(complaints, "serve --dev") != NULL);
        struct settings *s = read_named(file_name, true);
        CHECK(s != NULL && complaint_count == 0);
        settings_free(s);
        unlink(file_name);
    }
}

static void test_many_mistakes(void)
{
    TEST("all mistakes are told, each once")
    {
        CHECK(read_settings("serve: {workers: many, public: {port: 99999, prot: 1}}\nlog: {level: loud}\n") == NULL);
        CHECK(complaint_count == 5);
        CHECK(
            strstr(
                complaints,
                "hydrant.yml:1:18: serve.workers: many is no whole number; right would be a number from 0 to 256\n") !=
            NULL);
        CHECK(strstr(complaints, "hydrant.yml:1:39: serve.public.port: 99999 is out of range; right would be a number "
                                 "from 1 to 65535\n") != NULL);
        CHECK(strstr(complaints,
                     "hydrant.yml:1:46: serve.public.prot: unknown key; did you mean serve.public.port?\n") != NULL);
        CHECK(
            strstr(
                complaints,
                "hydrant.yml:2:14: log.level: loud is none of them; right would be one of: debug info warn error\n") !=
            NULL);
        CHECK(strstr(complaints, "hydrant.yml: secrets.system: is required") != NULL);
    }
    TEST("what doesn't fit into the arena is refused, and nothing is read behind its end")
    {
        static char yaml[SETTINGS_FILE_MAX];
        size_t len = (size_t)snprintf(yaml, sizeof yaml, LEAST "serve: {trusted_proxies: [");
        while (len < 40000) len += (size_t)snprintf(yaml + len, sizeof yaml - len, "10.0.0.0/%zu, ", len);
        snprintf(yaml + len, sizeof yaml - len, "]}\nclients: [{client_id: a, metadata: \"");
        len = strlen(yaml);
        memset(yaml + len, '<', sizeof yaml - len - 8);
        memcpy(yaml + sizeof yaml - 8, "\"}]\n", 5);
        CHECK(read_settings(yaml) == NULL &&
              strstr(complaints, "the settings need more than 4194304 bytes of memory") != NULL);
    }
}

int main(void)
{
    test_defaults();
    test_audience();
    test_everything_said();
    test_files();
    test_many_mistakes();
    return TEST_END();
}
