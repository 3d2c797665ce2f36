#include "storage/postgres/postgres.h"

#include <stdlib.h>

#include "storage/postgres/migrate.h"
#include "storage/postgres/pool.h"

static void close_postgres(struct storage *storage)
{
    struct postgres *postgres = (struct postgres *)storage;
    dsn_release(&postgres->dsn);
    free(postgres);
}

static const struct storage_ops ops = {
    .name = "postgres",
    .shared = true,
    .close = close_postgres,
    .migrate = migrate_run,
    .schema = migrate_schema,
    .attach = pool_attach,
    .detach = pool_detach,
    .submit = pool_submit,
};

struct storage *postgres_open(const struct postgres_settings *settings, struct fault *fault)
{
    unsigned connections = settings->connections_per_worker;
    struct postgres *postgres = calloc(1, sizeof *postgres);
    if (postgres == NULL) abort();
    *postgres = (struct postgres){
        .base = {.ops = &ops},
        .connections = connections == 0 ? CONNECTIONS_DEFAULT : connections,
        .unnamed_statements = settings->unnamed_statements,
    };
    if (dsn_parse(&postgres->dsn, settings->dsn, fault)) return &postgres->base;
    free(postgres);
    return NULL;
}
