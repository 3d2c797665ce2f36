#include "storage/postgres/setup.h"

#include "base/log.h"
#include "storage/postgres/pool.h"

enum { SYNCS = 3, OPTIONAL_SYNC = 2 }; /* syncs_left while what may be refused is waited for */

static bool send_text(struct connection *c, const char *sql)
{
    return PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
}

static bool send_query(struct connection *c, const char *sql)
{
    return send_text(c, sql) && PQpipelineSync(c->pg) == 1;
}

/* what other engines than Postgres may refuse */
static bool send_optional(struct connection *c)
{
    const struct store *store = &c->pool->base;
    bool listens = c == &c->pool->connections[0];
    if (!send_text(c, statement_planner_settings())) return false;
    if (listens && store->on_key_hint != NULL && !send_text(c, "LISTEN " KEY_HINT_CHANNEL)) return false;
    if (listens && store->on_ending_hint != NULL && !send_text(c, "LISTEN " ENDING_HINT_CHANNEL)) return false;
    return PQpipelineSync(c->pg) == 1;
}

static bool send_statements(struct connection *c)
{
    for (int id = 0; id < STATEMENT_COUNT; id++) {
        const struct statement *statement = statement_of((enum statement_id)id);
        unsigned types[PARAMS_MAX];
        int count = params_types(statement, types);
        if (PQsendPrepare(c->pg, statement->name, statement->sql, count, types) != 1) return false;
    }
    return PQpipelineSync(c->pg) == 1;
}

bool setup_send(struct connection *c)
{
    c->syncs_left = SYNCS;
    c->setup_failed = false;
    if (PQsetnonblocking(c->pg, 1) != 0 || PQenterPipelineMode(c->pg) != 1) return false;
    if (c->pool->postgres->unnamed_statements) {
        c->syncs_left = 1; /* the settings go with each transaction: this only shows that they are taken */
        return send_query(c, statement_settings(true));
    }
    return send_query(c, statement_settings(false)) && send_optional(c) && send_statements(c);
}

static void take(struct connection *c, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) c->syncs_left--;
    bool good = status == PGRES_PIPELINE_SYNC || status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (good || c->setup_failed || c->syncs_left == OPTIONAL_SYNC) return;
    c->setup_failed = true;
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    log_say(LOG_WARN, "database_setup_failed", "%s", sqlstate == NULL ? "" : sqlstate);
}

enum setup_progress setup_receive(struct connection *c)
{
    while (c->syncs_left > 0) {
        PGresult *result;
        switch (connection_next_result(c, &result)) {
        case NEXT_RESULT_LATER: return SETUP_GOES_ON;
        case NEXT_RESULT_LOST: return SETUP_FAILED;
        case NEXT_RESULT_HERE: break;
        }
        take(c, result);
        PQclear(result);
    }
    return c->setup_failed ? SETUP_FAILED : SETUP_DONE;
}
