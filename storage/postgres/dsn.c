#include "storage/postgres/dsn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"

#define WHERE "storage: database address"

static const char *find_option(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0) return options->val;
    return NULL;
}

/* the next item of a list with commas; an item may be empty. false when there is none left. */
static bool take_item(const char **rest, struct bytes *item)
{
    if (*rest == NULL) return false;
    const char *comma = strchr(*rest, ',');
    *item = (struct bytes){*rest, comma == NULL ? strlen(*rest) : (size_t)(comma - *rest)};
    *rest = comma == NULL ? NULL : comma + 1;
    return true;
}

static bool keep_item(char *to, size_t size, struct bytes item)
{
    if (item.len >= size) return false;
    memcpy(to, item.at, item.len);
    to[item.len] = '\0';
    return true;
}

/* the environment's host, where the dsn names none: else libpq would look it up itself */
static bool find_default(const char *keyword, char *to, size_t size)
{
    PQconninfoOption *defaults = PQconndefaults();
    const char *value = defaults == NULL ? NULL : find_option(defaults, keyword);
    bool fits = keep_item(to, size, value == NULL ? BYTES("") : bytes_of(value));
    if (defaults != NULL) PQconninfoFree(defaults);
    return fits;
}

/* one port for all hosts, or one for each */
static bool split_hosts(struct dsn *dsn, const char *hosts, const char *addresses, const char *ports)
{
    bool one_port = ports == NULL || strchr(ports, ',') == NULL;
    struct bytes host = BYTES(""), address = BYTES(""), port = ports == NULL ? BYTES("") : bytes_of(ports);
    const char *more_hosts = hosts, *more_addresses = addresses, *more_ports = one_port ? NULL : ports;
    for (;;) {
        bool has_host = take_item(&more_hosts, &host), has_address = take_item(&more_addresses, &address);
        if (!has_host && !has_address) break;
        if ((hosts != NULL && !has_host) || (addresses != NULL && !has_address)) return false;
        if (!one_port && !take_item(&more_ports, &port)) return false;
        if (dsn->host_count == DSN_HOSTS_MAX) return false;
        struct endpoint *e = &dsn->hosts[dsn->host_count++];
        if (!keep_item(e->host, sizeof e->host, host) || !keep_item(e->address, sizeof e->address, address) ||
            !keep_item(e->port, sizeof e->port, port))
            return false;
    }
    return more_ports == NULL;
}

static bool find_hosts(struct dsn *dsn)
{
    const char *hosts = find_option(dsn->options, "host"), *addresses = find_option(dsn->options, "hostaddr");
    char fallback[256];
    if (hosts == NULL && addresses == NULL) {
        if (!find_default("host", fallback, sizeof fallback)) return false;
        hosts = fallback;
    }
    return split_hosts(dsn, hosts, addresses, find_option(dsn->options, "port"));
}

bool dsn_parse(struct dsn *dsn, const char *text, struct fault *fault)
{
    *dsn = (struct dsn){.options = PQconninfoParse(text, NULL)}; /* its own words may quote a password */
    if (dsn->options == NULL)
        return fault_set(
            fault, FAULT_INPUT, WHERE,
            "it can't be read: write postgres://user:password@host:port/database, special characters of the "
            "password as %%XX");
    if (find_hosts(dsn)) return true;
    dsn_release(dsn);
    return fault_set(fault, FAULT_INPUT, WHERE, "hosts, addresses and ports must be lists of one length, of at most %d",
                     DSN_HOSTS_MAX);
}

void dsn_release(struct dsn *dsn)
{
    for (PQconninfoOption *o = dsn->options; o != NULL && o->keyword != NULL; o++)
        if (o->dispchar[0] == '*' && o->val != NULL) secret_wipe(o->val, strlen(o->val)); /* a password */
    if (dsn->options != NULL) PQconninfoFree(dsn->options);
    *dsn = (struct dsn){0};
}

bool endpoint_needs_lookup(const struct endpoint *endpoint)
{
    unsigned char address[16];
    const char *host = endpoint->host;
    if (endpoint->address[0] != '\0' || host[0] == '\0') return false;
    if (host[0] == '/' || host[0] == '@') return false; /* a unix socket */
    return inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1;
}

static void put_word(struct dsn_words *words, size_t *count, const char *keyword, const char *value)
{
    assert(*count < DSN_WORDS_MAX - 1);
    words->keywords[*count] = keyword;
    words->values[(*count)++] = value;
}

void dsn_write_words(const struct dsn *dsn, const struct endpoint *endpoint, struct dsn_words *words)
{
    /* tcp_user_timeout, ms: a connection whose peer is gone must not hold its batch for longer than a verb may take.
     * gssencmode: looking for tickets may block. read-write: else one of several hosts may be a standby. */
    static const char *const ours[][2] = {
        {"fallback_application_name", "hydrant"},
        {"client_encoding", "UTF8"},
        {"target_session_attrs", "read-write"},
        {"gssencmode", "disable"},
        {"keepalives", "1"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "4000"},
    };
    *words = (struct dsn_words){0};
    size_t count = 0;
    for (const PQconninfoOption *o = dsn->options; o->keyword != NULL; o++) {
        bool place =
            strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "hostaddr") == 0 || strcmp(o->keyword, "port") == 0;
        if (o->val != NULL && !place && strcmp(o->keyword, "client_encoding") != 0)
            put_word(words, &count, o->keyword, o->val);
    }
    if (endpoint->host[0] != '\0') put_word(words, &count, "host", endpoint->host);
    if (endpoint->address[0] != '\0') put_word(words, &count, "hostaddr", endpoint->address);
    if (endpoint->port[0] != '\0') put_word(words, &count, "port", endpoint->port);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        const char *given = find_option(dsn->options, ours[i][0]);
        if (given == NULL || strcmp(ours[i][0], "client_encoding") == 0)
            put_word(words, &count, ours[i][0], ours[i][1]);
    }
}
