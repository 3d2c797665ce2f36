/* What is SQLite's own: the file and its lock, the schema, the batches, a full or busy disk, the checkpointer, the walk
 * of the sweep. The verbs themselves are held to account in tests/storage. */
#include "storage/sqlite/sqlite.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "storage/call.h"
#include "unit/test.h"

static char folder[] = "/tmp/hydrant-unit-XXXXXX";
static char path[64];
static struct storage *storage;
static struct loop *loop;
static struct store *store;

/* ---- many askers at once ---- */

struct asker {
    struct flow flow; /* first */
    enum step_result (*ask)(struct asker *asker);
    unsigned char id;
    struct stored_grant stored;
    struct rotated rotated;
    struct swept swept;
    struct arena arena;
    bool over;
    enum fault_kind fault;
};

static enum step_result step_ask(struct flow *flow) { return ((struct asker *)flow)->ask((struct asker *)flow); }
static void finish(struct flow *flow)
{
    ((struct asker *)flow)->over = true;
    ((struct asker *)flow)->fault = flow->fault.kind;
}
static const struct step steps[] = {{"ask", step_ask}, {NULL, NULL}};

static void start(struct asker *asker, enum step_result (*ask)(struct asker *asker), int id)
{
    *asker = (struct asker){.ask = ask, .id = (unsigned char)id};
    arena_init(&asker->arena, 1 << 20);
    flow_init(&asker->flow, steps, finish);
    flow_drive(&asker->flow);
}

static enum fault_kind end(struct asker *asker)
{
    for (int i = 0; i < 3000 && !asker->over; i++) loop_run(loop, 10);
    CHECK(asker->over);
    arena_release(&asker->arena);
    return asker->fault;
}

static enum step_result ask_store(struct asker *asker)
{
    struct new_grant new = {.grant = {.client_id = BYTES("app"),
                                      .subject = BYTES("u1"),
                                      .kratos_session_id = BYTES("s1"),
                                      .identity_id = BYTES("u1"),
                                      .scope = BYTES("openid")},
                            .idle_ttl_ms = 1000000,
                            .absolute_ttl_ms = 2000000,
                            .look_began_steady_ms = clock_steady_ms()};
    memset(new.grant.id, asker->id, GRANT_ID_LEN);
    memset(new.secret_hash, asker->id, SECRET_HASH_LEN);
    return ask_store_grant(&asker->flow, store, &new, &asker->stored);
}

static enum step_result ask_rotation(struct asker *asker)
{
    struct rotation rotation = {.client_id = BYTES("app"), .policy = {.look_max_age_ms = INT64_MAX}};
    memset(rotation.grant_id, asker->id, GRANT_ID_LEN);
    memset(rotation.secret_hash, asker->id, SECRET_HASH_LEN);
    return ask_rotate(&asker->flow, store, &rotation, &asker->arena, &asker->rotated);
}

static enum step_result ask_sweeping(struct asker *asker)
{
    return ask_sweep(&asker->flow, store, asker->id, &asker->swept);
}

static enum fault_kind run(struct asker *asker, enum step_result (*ask)(struct asker *asker), int id)
{
    start(asker, ask, id);
    return end(asker);
}

static enum rotate_outcome rotate(int id)
{
    struct asker asker;
    CHECK(run(&asker, ask_rotation, id) == FAULT_NONE);
    return asker.rotated.outcome;
}

static uint64_t sweep(int limit)
{
    struct asker asker;
    CHECK(run(&asker, ask_sweeping, limit) == FAULT_NONE);
    return asker.swept.count;
}

/* ---- the file, and a stranger who has it open as well ---- */

static void open_store(void)
{
    struct fault fault;
    storage = sqlite_open(path, &fault);
    if (storage == NULL || !storage_migrate(storage, NULL, &fault)) {
        fprintf(stderr, "%s\n", fault.what);
        exit(EXIT_FAILURE);
    }
    store = storage_attach(storage, loop);
}

static void close_store(void)
{
    storage_detach(store);
    storage_close(storage);
}

static sqlite3 *open_beside(const char *name)
{
    sqlite3 *handle;
    CHECK(sqlite3_open_v2(name, &handle, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    sqlite3_busy_timeout(handle, 2000);
    return handle;
}

static void execute(sqlite3 *handle, const char *sql)
{
    CHECK(sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void execute_beside(const char *sql)
{
    sqlite3 *handle = open_beside(path);
    execute(handle, sql);
    sqlite3_close(handle);
}

static int64_t count(const char *name, int flags, const char *sql)
{
    int64_t found = -1;
    sqlite3 *handle;
    sqlite3_stmt *statement = NULL;
    CHECK(sqlite3_open_v2(name, &handle, flags, NULL) == SQLITE_OK);
    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        found = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return found;
}

static int64_t count_beside(const char *sql) { return count(path, SQLITE_OPEN_READWRITE, sql); }

/* ---- sentences ---- */

static void check_file(void)
{
    char name[80];
    struct stat info;
    struct fault fault;

    TEST("the file and what stands beside it can be read by their owner only, whatever the umask")
    {
        static const char *const endings[] = {"", ".lock", "-wal", "-shm"};
        for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
            snprintf(name, sizeof name, "%s%s", path, endings[i]);
            CHECK(stat(name, &info) == 0 && (info.st_mode & 0777) == 0600);
        }
    }
    TEST("a second opening of the file is refused with words that say what to do")
    {
        CHECK(sqlite_open(path, &fault) == NULL && fault.kind == FAULT_INPUT);
        CHECK(strstr(fault.what, "in use by another process") != NULL && strstr(fault.what, "Postgres") != NULL);
    }
    TEST("a path that can't be opened is a fault with its name")
    {
        CHECK(sqlite_open("/nonexistent/hydrant.db", &fault) == NULL && fault.kind == FAULT_INPUT);
        CHECK(strstr(fault.what, "/nonexistent/hydrant.db") != NULL);
    }
    TEST("what was answered is there after a closing and an opening")
    {
        struct asker asker;
        CHECK(run(&asker, ask_store, 1) == FAULT_NONE && asker.stored.outcome == GRANT_STORED);
        close_store();
        open_store();
        CHECK(rotate(1) == ROTATE_ROTATED);
        CHECK(rotate(2) == ROTATE_UNKNOWN);
    }
}

static int reported;
static void report(const char *line)
{
    (void)line;
    reported++;
}

static void check_schema(void)
{
    struct fault fault;

    TEST("an empty database is behind until it is migrated, and migrated once")
    {
        struct storage *memory = sqlite_open(NULL, &fault);
        CHECK(storage_schema(memory, &fault) == SCHEMA_BEHIND);
        CHECK(storage_migrate(memory, report, &fault) && reported > 0);
        CHECK(storage_schema(memory, &fault) == SCHEMA_CURRENT);
        reported = 0;
        CHECK(storage_migrate(memory, report, &fault) && reported == 0);
        storage_close(memory);
    }
    TEST("a schema one version newer is worked with, two versions newer it is refused")
    {
        execute_beside("INSERT INTO schema_migrations SELECT max(version) + 1, 0 FROM schema_migrations");
        CHECK(storage_schema(storage, &fault) == SCHEMA_CURRENT && storage_migrate(storage, NULL, &fault));
        execute_beside("INSERT INTO schema_migrations SELECT max(version) + 1, 0 FROM schema_migrations");
        CHECK(storage_schema(storage, &fault) == SCHEMA_TOO_NEW);
        CHECK(!storage_migrate(storage, NULL, &fault) && fault.kind == FAULT_INPUT);
        execute_beside("DELETE FROM schema_migrations WHERE applied_at = 0");
        CHECK(storage_schema(storage, &fault) == SCHEMA_CURRENT);
    }
}

static void check_batches(void)
{
    struct asker a, again, b;
    sqlite3 *beside = open_beside(path);

    TEST("a verb that fails takes none of those in its transaction with it")
    {
        execute(beside, "BEGIN IMMEDIATE");
        start(&a, ask_store, 10);
        start(&again, ask_store, 10);
        start(&b, ask_store, 11);
        execute(beside, "COMMIT");
        CHECK(end(&a) == FAULT_NONE && end(&again) == FAULT_BUG && end(&b) == FAULT_NONE);
        CHECK(rotate(10) == ROTATE_ROTATED && rotate(11) == ROTATE_ROTATED);
    }
    TEST("a verb that fails half-way leaves nothing of itself behind")
    {
        execute(beside, "INSERT INTO grant_state (grant_id, secret_hash, rotated_at, mac_kid, session_checked_at,"
                        " session_expires_at, idle_ttl, idle_expires_at, expires_at)"
                        " VALUES (x'09090909090909090909090909090909', x'00', 0, 0, 0, 0, 0, 0, 0)");
        execute(beside, "BEGIN IMMEDIATE");
        start(&a, ask_store, 9);
        start(&b, ask_store, 16);
        execute(beside, "COMMIT");
        CHECK(end(&a) == FAULT_BUG && end(&b) == FAULT_NONE && rotate(16) == ROTATE_ROTATED);
        CHECK(count_beside("SELECT count(*) FROM grants WHERE hex(grant_id) LIKE '0909%'") == 0);
    }
    TEST("a row that can't be fails the verb that meets it, and no other")
    {
        execute(beside, "INSERT INTO grants (grant_id, client_id, subject, kratos_session_id, identity_id, auth_time,"
                        " created_at) VALUES (x'09090909090909090909090909090909', 'app', 'u', 's', 'u', 0, 0)");
        execute(beside, "BEGIN IMMEDIATE");
        start(&a, ask_rotation, 9);
        start(&b, ask_store, 17);
        execute(beside, "COMMIT");
        CHECK(end(&a) == FAULT_BUG && end(&b) == FAULT_NONE && rotate(17) == ROTATE_ROTATED);
    }
    TEST("a verb whose deadline passed before its turn doesn't happen")
    {
        execute(beside, "BEGIN IMMEDIATE");
        start(&a, ask_rotation, 10);
        usleep(50000); /* until it is the writer's */
        start(&b, ask_store, 12);
        struct wait *wait = b.flow.waiting;
        ((struct storage_call *)((char *)wait - offsetof(struct storage_call, wait)))->deadline_ms = 0;
        execute(beside, "COMMIT");
        CHECK(end(&a) == FAULT_NONE && end(&b) == FAULT_LATE);
        CHECK(rotate(12) == ROTATE_UNKNOWN);
    }
    TEST("a file that someone else keeps busy is away, and is there again afterwards")
    {
        execute(beside, "BEGIN IMMEDIATE");
        CHECK(run(&a, ask_store, 13) == FAULT_AWAY);
        execute(beside, "COMMIT");
        CHECK(run(&a, ask_store, 13) == FAULT_NONE);
    }
    TEST("a detached store's verbs wake nobody")
    {
        execute(beside, "BEGIN IMMEDIATE");
        start(&a, ask_store, 14);
        usleep(50000);
        start(&b, ask_store, 15);
        execute(beside, "COMMIT");
        storage_detach(store);
        loop_run(loop, 0);
        CHECK(!a.over && !b.over);
        flow_release(&a.flow);
        flow_release(&b.flow);
        store = storage_attach(storage, loop);
    }
    sqlite3_close(beside);
}

static void check_queue(void)
{
    enum { COUNT = STORAGE_QUEUE_MAX + 600 };
    TEST("the queue of a store has an end: beyond it a verb is refused at once, the others happen")
    {
        struct asker *askers = calloc(COUNT, sizeof *askers);
        int full = 0, done = 0;
        sqlite3 *beside = open_beside(path);
        execute(beside, "BEGIN IMMEDIATE");
        for (int i = 0; i < COUNT; i++) start(&askers[i], ask_rotation, 1);
        execute(beside, "COMMIT");
        sqlite3_close(beside);
        for (int i = 0; i < COUNT; i++) {
            enum fault_kind fault = end(&askers[i]);
            full += fault == FAULT_FULL ? 1 : 0;
            done += fault == FAULT_NONE ? 1 : 0;
        }
        CHECK(full >= 1 && full <= 600 && full + done == COUNT);
        free(askers);
    }
}

static void check_full_disk(void)
{
    TEST("a full disk is away for all that waited, and when there is room again the service goes on")
    {
        struct asker a;
        struct rlimit before, small;
        signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before);
        small = (struct rlimit){.rlim_cur = 1, .rlim_max = before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        CHECK(run(&a, ask_store, 20) == FAULT_AWAY);
        CHECK(run(&a, ask_store, 20) == FAULT_AWAY);
        setrlimit(RLIMIT_FSIZE, &before);
        CHECK(rotate(20) == ROTATE_UNKNOWN);
        CHECK(run(&a, ask_store, 20) == FAULT_NONE);
        CHECK(rotate(20) == ROTATE_ROTATED);
    }
}

static void check_checkpointer(void)
{
    TEST("within two seconds what was committed stands in the file itself, without its log")
    {
        struct asker a;
        char immutable[96]; /* read as if nothing stood beside it */
        snprintf(immutable, sizeof immutable, "file:%s?immutable=1", path);
        CHECK(run(&a, ask_store, 30) == FAULT_NONE);
        usleep(2200000);
        CHECK(count(immutable, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                    "SELECT count(*) FROM grants WHERE hex(grant_id) LIKE '1E1E%'") == 1);
    }
}

static void check_sweep(void)
{
    TEST("a sweep takes no more than its limit, and leaves what ended less than a day ago")
    {
        execute_beside("UPDATE grant_state SET revoked_at = 1");
        uint64_t all = (uint64_t)count_beside("SELECT count(*) FROM grants");
        CHECK(all > 4);
        CHECK(sweep(3) == 3);
        CHECK(sweep(200) == all - 3);
        CHECK(sweep(200) == 0 && count_beside("SELECT count(*) FROM grant_state") == 0);
        struct asker a;
        CHECK(run(&a, ask_store, 40) == FAULT_NONE);
        execute_beside("UPDATE grant_state SET revoked_at = rotated_at");
        CHECK(sweep(200) == 0);
    }
    TEST("a sweep of a large table walks on from where the last one stopped, and begins again at the end")
    {
        execute_beside("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
                       " INSERT INTO grant_state (grant_id, secret_hash, rotated_at, mac_kid, session_checked_at,"
                       " session_expires_at, idle_ttl, idle_expires_at, expires_at)"
                       " SELECT randomblob(16), x'00', 0, 0, 0, 0, 0, 1 << 60, 1 << 60 FROM n");
        execute_beside("UPDATE grant_state SET expires_at = 1 WHERE grant_id IN"
                       " (SELECT grant_id FROM grant_state ORDER BY grant_id DESC LIMIT 2)");
        CHECK(sweep(10) == 0 && sweep(10) == 0 && sweep(10) == 2);
        execute_beside("UPDATE grant_state SET expires_at = 1 WHERE grant_id IN"
                       " (SELECT grant_id FROM grant_state ORDER BY grant_id LIMIT 1)");
        CHECK(sweep(10) == 1);
    }
}

/* made by hand before, readable by everyone */
static void check_open_file(void)
{
    char open_path[80], lock_path[96];
    struct fault fault;
    struct stat file;
    snprintf(open_path, sizeof open_path, "%s/open.db", folder);
    snprintf(lock_path, sizeof lock_path, "%s.lock", open_path);
    int fd = open(open_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    CHECK(fd >= 0 && close(fd) == 0);
    struct storage *opened = sqlite_open(open_path, &fault);
    TEST("a file that others could read is kept to its owner once it is ours")
    {
        CHECK(opened != NULL && stat(open_path, &file) == 0 && (file.st_mode & 0777) == 0600);
    }
    storage_close(opened);
    unlink(open_path);
    unlink(lock_path);
}

static void remove_folder(void)
{
    static const char *const endings[] = {"", ".lock", "-wal", "-shm"};
    char name[80];
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    CHECK(rmdir(folder) == 0);
}

int main(void)
{
    umask(0);
    if (mkdtemp(folder) == NULL) return EXIT_FAILURE;
    snprintf(path, sizeof path, "%s/hydrant.db", folder);
    loop = loop_create();
    open_store();
    check_file();
    check_open_file();
    check_schema();
    check_batches();
    check_queue();
    check_full_disk();
    check_checkpointer();
    check_sweep();
    close_store();
    loop_destroy(loop);
    remove_folder();
    return TEST_END();
}
