#include "driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "raw.h"
#include "storage/postgres/postgres.h"
#include "storage/sqlite/sqlite.h"

enum { AWAIT_MAX_MS = 30000, ARENA_CAP = 256 << 20 };

void die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

/* ---- one verb ---- */

static enum step_result ask(struct flow *flow)
{
    struct errand *e = (struct errand *)flow;
    switch (e->verb) {
    case VERB_FIND_CLIENT: return ask_find_client(flow, e->store, *(const struct bytes *)e->in, e->arena, e->out);
    case VERB_LIST_CLIENTS: return ask_list_clients(flow, e->store, e->in, e->arena, e->out);
    case VERB_ADD_CLIENT: return ask_add_client(flow, e->store, e->in, e->out);
    case VERB_DELETE_CLIENT: return ask_delete_client(flow, e->store, *(const struct bytes *)e->in, e->out);
    case VERB_FIND_ORIGIN: return ask_find_origin(flow, e->store, *(const struct bytes *)e->in, e->out);
    case VERB_STORE_GRANT: return ask_store_grant(flow, e->store, e->in, e->out);
    case VERB_ROTATE: return ask_rotate(flow, e->store, e->in, e->arena, e->out);
    case VERB_FIND_GRANT: return ask_find_grant(flow, e->store, e->in, e->arena, e->out);
    case VERB_REVOKE: return ask_revoke(flow, e->store, e->in, e->out);
    case VERB_LIST_GRANTS: return ask_list_grants(flow, e->store, e->in, e->arena, e->out);
    case VERB_LIST_ENDINGS: return ask_list_endings(flow, e->store, e->in, e->arena, e->out);
    case VERB_LIST_KEYS: return ask_list_keys(flow, e->store, e->arena, e->out);
    case VERB_CHANGE_KEYS: return ask_change_keys(flow, e->store, e->in, e->out);
    case VERB_PULSE: return ask_pulse(flow, e->store, e->out);
    case VERB_SWEEP: return ask_sweep(flow, e->store, *(const uint32_t *)e->in, e->out);
    }
    die("no such verb: %d", (int)e->verb);
}

static void end(struct flow *flow)
{
    struct errand *errand = (struct errand *)flow;
    errand->ended = true;
    errand->fault = flow->fault;
}

static const struct step steps[] = {{"ask", ask}, {NULL, NULL}};

void errand_start(struct errand *errand, struct store *store, struct arena *arena)
{
    errand->store = store;
    errand->arena = arena;
    errand->ended = false;
    flow_init(&errand->flow, steps, end);
    flow_drive(&errand->flow);
}

void errands_await(struct loop *loop, const struct errand *errands, size_t count)
{
    int64_t until_ms = clock_steady_ms() + AWAIT_MAX_MS;
    for (size_t i = 0; i < count;) {
        if (errands[i].ended) {
            i++;
            continue;
        }
        if (clock_steady_ms() > until_ms) die("a verb never ended: %s", storage_verb_name(errands[i].verb));
        loop_run(loop, 100);
    }
}

bool driver_try(struct driver *d, enum storage_verb verb, const void *in, void *out, struct fault *fault)
{
    struct errand errand = {.verb = verb, .in = in, .out = out};
    errand_start(&errand, d->store, &d->arena);
    errands_await(d->loop, &errand, 1);
    *fault = errand.fault;
    return fault->kind == FAULT_NONE;
}

void driver_run(struct driver *d, enum storage_verb verb, const void *in, void *out)
{
    struct fault fault;
    if (!driver_try(d, verb, in, out, &fault))
        die("%s: %s: %s", storage_verb_name(verb), fault_kind_name(fault.kind), fault.what);
}

/* ---- a fresh storage ---- */

static bool starts_with(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

struct storage *driver_open_storage(const char *dsn)
{
    struct fault fault;
    struct storage *storage;
    if (strcmp(dsn, "memory") == 0)
        storage = sqlite_open(NULL, &fault);
    else if (starts_with(dsn, "sqlite://"))
        storage = sqlite_open(dsn + strlen("sqlite://"), &fault);
    else
        storage = postgres_open(&(struct postgres_settings){.dsn = dsn}, &fault);
    if (storage == NULL) die("%s: %s", dsn, fault.what);
    return storage;
}

static void put(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void put(char *text, size_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int len = vsnprintf(text, size, format, list);
    va_end(list);
    if (len < 0 || (size_t)len >= size) die("too long: %s", text);
}

static void make_folder(struct driver *d)
{
    const char *at = getenv("TMPDIR");
    put(d->folder, sizeof d->folder, "%s/hydrant-sqlite-XXXXXX", at == NULL ? "/tmp" : at);
    if (mkdtemp(d->folder) == NULL) die("%s can't be made", d->folder);
    put(d->dsn, sizeof d->dsn, "sqlite://%s/hydrant.db", d->folder);
}

static void remove_folder(const struct driver *d)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", "-lock", ".lock"};
    char path[128];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        put(path, sizeof path, "%s/hydrant.db%s", d->folder, suffixes[i]);
        unlink(path);
    }
    if (rmdir(d->folder) != 0) die("%s: something was left behind in it", d->folder);
}

/* Of a language's collation where the server can: what must be in the order of bytes shows then. */
static void create_database(const char *dsn, const char *name)
{
    char sql[160];
    struct raw *raw = raw_open(dsn);
    bool has_icu = raw_number(raw, "SELECT count(*) FROM pg_collation WHERE collprovider = 'i'") > 0 &&
                   raw_number(raw, "SELECT current_setting('server_version_num')") >= 150000;
    const char *collated = has_icu ? " TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'" : "";
    put(sql, sizeof sql, "CREATE DATABASE %s%s", name, collated);
    raw_execute(raw, sql);
    raw_close(raw);
}

/* the same server and user, another database: postgres://authority/NAME?parameters */
static void make_database(struct driver *d, const char *dsn)
{
    static unsigned made;
    char name[64];
    put(d->server_dsn, sizeof d->server_dsn, "%s", dsn);
    put(name, sizeof name, "hydrant_%ld_%u", (long)getpid(), made++);
    create_database(dsn, name);
    const char *authority = strstr(dsn, "://") + 3;
    const char *path = strchr(authority, '/');
    if (path == NULL) die("%s: names no database", dsn);
    const char *parameters = strchr(path, '?');
    put(d->dsn, sizeof d->dsn, "%.*s/%s%s", (int)(path - dsn), dsn, name, parameters == NULL ? "" : parameters);
}

static void drop_database(const struct driver *d)
{
    const char *name = strrchr(d->dsn, '/') + 1;
    char sql[128];
    put(sql, sizeof sql, "DROP DATABASE %.*s WITH (FORCE)", (int)strcspn(name, "?"), name);
    struct raw *raw = raw_open(d->server_dsn);
    raw_execute(raw, sql);
    raw_close(raw);
}

static const char *find_postgres(const char *dsn)
{
    if (strcmp(dsn, "postgres") != 0) return dsn;
    const char *found = getenv("HYDRANT_TEST_DSN");
    if (found == NULL) die("no HYDRANT_TEST_DSN: run under tests/storage/with_postgres");
    return found;
}

static void name_database(struct driver *d, const char *dsn)
{
    if (strcmp(dsn, "sqlite") == 0)
        make_folder(d);
    else if (starts_with(dsn, "postgres"))
        make_database(d, find_postgres(dsn));
    else
        put(d->dsn, sizeof d->dsn, "%s", dsn);
}

void driver_open_empty(struct driver *d, const char *dsn)
{
    *d = (struct driver){.storage = NULL};
    name_database(d, dsn);
    d->raw = raw_open(d->dsn);
}

void driver_open(struct driver *d, const char *dsn)
{
    *d = (struct driver){.storage = NULL};
    log_set(LOG_ERROR, LOG_TEXT); /* connections are cut on purpose */
    name_database(d, dsn);
    d->storage = driver_open_storage(d->dsn);
    struct fault fault;
    if (!storage_migrate(d->storage, NULL, &fault)) die("migrate: %s", fault.what);
    d->loop = loop_create();
    d->store = storage_attach(d->storage, d->loop);
    arena_init(&d->arena, ARENA_CAP);
    if (strcmp(d->dsn, "memory") != 0) d->raw = raw_open(d->dsn);
}

void driver_close(struct driver *d)
{
    if (d->raw != NULL) raw_close(d->raw);
    if (d->store != NULL) {
        storage_detach(d->store);
        loop_destroy(d->loop);
        storage_close(d->storage);
        arena_release(&d->arena);
    }
    if (d->folder[0] != '\0') remove_folder(d);
    if (d->server_dsn[0] != '\0') drop_database(d);
}
