/* settings_fill: carries the single values over into struct settings. */
#include <stdarg.h>
#include <stdio.h>

#include "server/settings_reader.h"

static struct bytes text(const struct reader *r, enum setting_index index) { return r->values[index].text; }
static int64_t number(const struct reader *r, enum setting_index index) { return r->values[index].number; }

static const char *c_text(struct reader *r, enum setting_index index)
{
    return bytes_present(text(r, index)) ? arena_text(r->arena, text(r, index)) : NULL;
}

static void fill_listeners(struct reader *r)
{
    struct settings *s = r->settings;
    s->public_ = (struct listener_settings){c_text(r, SETTING_PUBLIC_HOST), (uint16_t)number(r, SETTING_PUBLIC_PORT),
                                            c_text(r, SETTING_PUBLIC_TLS_CERT), c_text(r, SETTING_PUBLIC_TLS_KEY)};
    s->admin =
        (struct listener_settings){c_text(r, SETTING_ADMIN_HOST), (uint16_t)number(r, SETTING_ADMIN_PORT), NULL, NULL};
    s->admin_open = bytes_equal(text(r, SETTING_ADMIN_TOKEN), BYTES("none"));
    if (!s->admin_open) s->admin_token = text(r, SETTING_ADMIN_TOKEN);
    s->postgres_connections = (unsigned)number(r, SETTING_POSTGRES_CONNECTIONS);
    s->postgres_prepared = number(r, SETTING_POSTGRES_PREPARED) == 1;
    s->workers = (unsigned)number(r, SETTING_WORKERS);
}

static void fill_trusted_proxies(struct reader *r)
{
    const struct bytes_list *list = &r->values[SETTING_TRUSTED_PROXIES].list;
    const char **proxies = arena_take(r->arena, (list->count + 1) * sizeof *proxies);
    for (size_t i = 0; proxies != NULL && i < list->count; i++) proxies[i] = arena_text(r->arena, list->at[i]);
    r->settings->trusted_proxies = proxies;
}

static void fill_kratos(struct reader *r)
{
    struct settings *s = r->settings;
    s->kratos_public_url = text(r, SETTING_KRATOS_PUBLIC_URL);
    s->kratos_admin_url = text(r, SETTING_KRATOS_ADMIN_URL);
    s->kratos_timeout_ms = number(r, SETTING_KRATOS_TIMEOUT);
    s->kratos_hook_key = text(r, SETTING_KRATOS_HOOK_API_KEY);
    s->kratos_ca_file = c_text(r, SETTING_KRATOS_CA_FILE);
    s->policy.cookie_name = text(r, SETTING_KRATOS_COOKIE_NAME);
    s->policy.revalidate_after_ms = number(r, SETTING_REVALIDATE_AFTER);
    s->policy.stale_if_error_ms = number(r, SETTING_STALE_IF_ERROR);
    s->policy.extend = (struct extend_policy){bytes_equal(text(r, SETTING_EXTEND), BYTES("on_refresh")),
                                              number(r, SETTING_EXTEND_BELOW), number(r, SETTING_EXTEND_MAX_AGE)};
}

static void fill_refresh(struct reader *r)
{
    struct refresh_policy *refresh = &r->settings->policy.refresh;
    *refresh = (struct refresh_policy){
        .idle_ttl_ms = number(r, SETTING_REFRESH_IDLE_TTL),
        .absolute_ttl_ms = number(r, SETTING_REFRESH_ABSOLUTE_TTL),
        .grace_ms = number(r, SETTING_REFRESH_GRACE),
        .coalesce_ms = number(r, SETTING_REFRESH_COALESCE),
        .skip_limit = (uint32_t)number(r, SETTING_REFRESH_SKIP_LIMIT),
        .ahead_max = (uint32_t)number(r, SETTING_REFRESH_AHEAD_MAX),
        .never = bytes_equal(text(r, SETTING_REFRESH_ROTATION), BYTES("never")),
    };
    if (!r->values[SETTING_REFRESH_COALESCE].said && refresh->coalesce_ms > refresh->grace_ms)
        refresh->coalesce_ms = refresh->grace_ms;
    if (!r->values[SETTING_REFRESH_IDLE_TTL].said && refresh->idle_ttl_ms > refresh->absolute_ttl_ms)
        refresh->idle_ttl_ms = refresh->absolute_ttl_ms;
    r->settings->policy.session_grants_max = (uint32_t)number(r, SETTING_REFRESH_GRANTS_MAX);
}

static void fill_algorithms(struct reader *r)
{
    const struct bytes_list *list = &r->values[SETTING_KEYS_ALGORITHMS].list;
    enum key_algorithm *algorithms = arena_take(r->arena, (list->count + 1) * sizeof *algorithms);
    size_t count = 0;
    const char *right = SETTINGS[SETTING_KEYS_ALGORITHMS].right;
    size_t before = r->complaints.count;
    for (size_t i = 0; algorithms != NULL && i < list->count; i++) {
        if (key_algorithm_parse(list->at[i], &algorithms[count]))
            count++;
        else
            complain_row(r, SETTING_KEYS_ALGORITHMS, "%.60s is not known; right would be %s", list->at[i].at, right);
    }
    if (list->count == 0) complain_row(r, SETTING_KEYS_ALGORITHMS, "is empty; right would be %s", right);
    r->values[SETTING_KEYS_ALGORITHMS].wrong |= r->complaints.count > before;
    r->settings->policy.algorithms = algorithms;
    r->settings->policy.algorithm_count = count;
}

static void fill_keys(struct reader *r)
{
    /* Tokens of clients that are yet to be registered count too, so it is the longest ttl that any may have. */
    const int64_t longest_ttl_ms = SETTINGS[SETTING_TOKEN_TTL].most;
    int64_t max_age_ms = number(r, SETTING_KEYS_JWKS_MAX_AGE);
    r->settings->policy.jwks_max_age_ms = max_age_ms;
    r->settings->key_times = (struct key_times){
        .rotate_every_ms = number(r, SETTING_KEYS_ROTATE_EVERY),
        .publish_before_ms = number(r, SETTING_KEYS_PUBLISH_BEFORE),
        .token_ttl_max_ms = longest_ttl_ms,
        .keep_after_ms = keys_keep_after_least_ms(max_age_ms, longest_ttl_ms),
    };
    r->settings->rsa_bits = (unsigned)number(r, SETTING_KEYS_RSA_BITS);
    fill_algorithms(r);
}

static void fill_secrets(struct reader *r)
{
    const struct setting_value *value = &r->values[SETTING_SYSTEM_SECRETS];
    struct fault fault;
    if (value->wrong) return;
    if (value->list.count == 0 && r->may_lack_secrets) return;
    if (value->list.count == 0)
        complain_row(
            r, SETTING_SYSTEM_SECRETS,
            "is required, here or as SECRETS_SYSTEM in the environment; make one with: openssl rand -base64 32");
    else if (!system_secrets_init(&r->settings->policy.secrets, value->list.at, value->list.count, &fault))
        complain(&r->complaints, &value->place, NULL, "%s", fault.what);
}

bool complain_row(struct reader *r, enum setting_index index, const char *format, ...)
{
    char what[768];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return complain(&r->complaints, &r->values[index].place, SETTINGS[index].key, "%s", what);
}

void fill_settings(struct reader *r)
{
    struct settings *s = r->settings;
    s->dsn = c_text(r, SETTING_DSN);
    s->policy.issuer = text(r, SETTING_ISSUER);
    s->policy.audience = r->values[SETTING_TOKEN_AUDIENCE].list;
    s->policy.subject_is_external_id = bytes_equal(text(r, SETTING_TOKEN_SUBJECT), BYTES("external_id"));
    s->log_level = (enum log_level)number(r, SETTING_LOG_LEVEL);
    s->log_format = (enum log_format)number(r, SETTING_LOG_FORMAT);
    fill_listeners(r);
    fill_trusted_proxies(r);
    fill_kratos(r);
    fill_refresh(r);
    fill_keys(r);
    fill_secrets(r);
}
