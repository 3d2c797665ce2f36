#include "storage/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/call.h"
#include "storage/sqlite/checkpointer.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/writer.h"

struct sqlite {
    struct storage storage;
    struct database db;
    struct writer writer;
    struct checkpointer *checkpointer; /* NULL for memory */
    int lock;                          /* -1 for memory */
};

static const char where[] = "storage: open";

/* ---- the file: ours alone, and nobody else's to read ---- */

static bool take_lock(struct sqlite *sqlite, const char *path, struct fault *fault)
{
    char name[4096];
    int len = snprintf(name, sizeof name, "%s.lock", path);
    if (len < 0 || (size_t)len >= sizeof name) return fault_set(fault, FAULT_INPUT, where, "the path is too long");
    sqlite->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (sqlite->lock < 0) return fault_set(fault, FAULT_INPUT, where, "%s: %s%s", name, strerror(errno), errno == ENOENT ? ": make the directory, or set dsn" : "");
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(sqlite->lock, F_OFD_SETLK, &whole) == 0) return true;
    if (errno != EAGAIN && errno != EACCES)
        return fault_set(fault, FAULT_INPUT, where, "%s: %s", name, strerror(errno));
    return fault_set(fault, FAULT_INPUT, where,
                     "%s is in use by another process: SQLite serves one process; for several use Postgres", path);
}

/* SQLite would make it as readable as the umask allows, and its log as readable as the file */
static bool make_file(const char *path, struct fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return fault_set(fault, FAULT_INPUT, where, "%s: %s", path, strerror(errno));
    struct stat file;
    bool kept_to_us = fstat(fd, &file) == 0 && ((file.st_mode & 077) == 0 || fchmod(fd, file.st_mode & 0700) == 0);
    close(fd);
    return kept_to_us || fault_set(fault, FAULT_INPUT, where, "%s can be read by others, and that can't be changed: chmod 600 it", path);
}

static bool open_file(struct sqlite *sqlite, const char *path, struct fault *fault)
{
    if (!take_lock(sqlite, path, fault) || !make_file(path, fault)) return false;
    if (!database_open(&sqlite->db, path, fault)) return false;
    sqlite->checkpointer = checkpointer_create(path, &sqlite->db, fault);
    return sqlite->checkpointer != NULL;
}

/* ---- the interface ---- */

static void release(struct sqlite *sqlite)
{
    checkpointer_destroy(sqlite->checkpointer);
    database_close(&sqlite->db);
    if (sqlite->lock >= 0) close(sqlite->lock);
    free(sqlite);
}

static void sqlite_close(struct storage *storage)
{
    struct sqlite *sqlite = (struct sqlite *)storage;
    writer_stop(&sqlite->writer);
    release(sqlite);
}

static bool sqlite_migrate(struct storage *storage, void (*report)(const char *line), struct fault *fault)
{
    struct database *db = &((struct sqlite *)storage)->db;
    pthread_mutex_lock(&db->in_use);
    bool done = schema_migrate(db, report, fault);
    pthread_mutex_unlock(&db->in_use);
    return done;
}

static enum schema_state sqlite_schema(struct storage *storage, struct fault *fault)
{
    struct database *db = &((struct sqlite *)storage)->db;
    pthread_mutex_lock(&db->in_use);
    enum schema_state state = schema_find_state(db, fault);
    pthread_mutex_unlock(&db->in_use);
    return state;
}

static struct store *sqlite_attach(struct storage *storage, struct loop *loop)
{
    return &seat_create(&((struct sqlite *)storage)->writer, storage, loop)->store;
}

static void sqlite_detach(struct store *store) { seat_destroy((struct seat *)store); }

static void sqlite_submit(struct store *store, struct storage_call *call) { seat_push((struct seat *)store, call); }

static const struct storage_ops sqlite_ops = {
    .name = "sqlite",
    .close = sqlite_close,
    .migrate = sqlite_migrate,
    .schema = sqlite_schema,
    .attach = sqlite_attach,
    .detach = sqlite_detach,
    .submit = sqlite_submit,
};

struct storage *sqlite_open(const char *path, struct fault *fault)
{
    struct sqlite *sqlite = calloc(1, sizeof *sqlite);
    if (sqlite == NULL) abort();
    sqlite->storage.ops = &sqlite_ops;
    sqlite->lock = -1;
    bool opened = path == NULL ? database_open(&sqlite->db, NULL, fault) : open_file(sqlite, path, fault);
    if (!opened) {
        release(sqlite);
        return NULL;
    }
    writer_start(&sqlite->writer, &sqlite->db);
    return &sqlite->storage;
}
