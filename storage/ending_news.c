#include "storage/ending_news.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "storage/ending_reader.h"

/* what a store has yet to hear */
struct message {
    struct message *next;
    enum revoke_by by;
    size_t name_len;
    char name[];
};

struct ending_seat {
    struct ending_seat *next;
    struct store *store;
    void (*run)(void *data, enum revoke_by by, struct bytes name);
    void *data;
    int bell; /* an eventfd: rung when there was no message before */
    struct watch *watch;
    struct message *first, **last; /* under the lock */
};

/* One for all storages: endings are rare. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- telling: from any thread ---- */

static void push(struct ending_seat *seat, enum revoke_by by, struct bytes name)
{
    struct message *message = malloc(sizeof *message + name.len);
    if (message == NULL) abort();
    message->next = NULL;
    message->by = by;
    message->name_len = name.len;
    if (name.len > 0) memcpy(message->name, name.at, name.len);
    if (seat->first == NULL) eventfd_write(seat->bell, 1);
    *seat->last = message;
    seat->last = &message->next;
}

void ending_news_tell(struct storage *storage, enum revoke_by by, struct bytes name)
{
    pthread_mutex_lock(&lock);
    for (struct ending_seat *seat = storage->ending_seats; seat != NULL; seat = seat->next) push(seat, by, name);
    pthread_mutex_unlock(&lock);
}

void ending_news_note(const struct storage_call *call)
{
    const struct revocation *r = &call->in.revocation;
    struct storage *storage = call->store->storage;
    if (call->verb == VERB_DELETE_CLIENT) ending_news_tell(storage, REVOKE_CLIENT, call->in.client_id);
    if (call->verb != VERB_REVOKE || r->by == REVOKE_GRANT) return;
    ending_news_tell(storage, r->by, r->by == REVOKE_CLIENT ? r->client_id : r->name);
}

/* ---- a seat: on its loop's thread ---- */

static struct message *take_messages(struct ending_seat *seat)
{
    pthread_mutex_lock(&lock);
    struct message *first = seat->first;
    seat->first = NULL;
    seat->last = &seat->first;
    pthread_mutex_unlock(&lock);
    return first;
}

static void hear(void *data)
{
    struct ending_seat *seat = data;
    eventfd_t rings;
    eventfd_read(seat->bell, &rings);
    for (struct message *next, *message = take_messages(seat); message != NULL; message = next) {
        next = message->next;
        seat->run(seat->data, message->by, (struct bytes){message->name, message->name_len});
        free(message);
    }
}

static struct ending_seat *seat_create(struct store *store)
{
    struct ending_seat *seat = calloc(1, sizeof *seat);
    if (seat == NULL) abort();
    seat->store = store;
    seat->last = &seat->first;
    seat->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    seat->watch = seat->bell < 0 ? NULL : watch_create(store->loop, seat->bell, hear, seat);
    if (seat->watch == NULL) abort(); /* no descriptors are left while the process starts */
    return seat;
}

static void seat_destroy(struct ending_seat *seat)
{
    watch_destroy(seat->watch);
    close(seat->bell);
    for (struct message *next, *message = seat->first; message != NULL; message = next) {
        next = message->next;
        free(message);
    }
    free(seat);
}

/* ---- taking and leaving a seat ---- */

void storage_on_ending(struct store *store, void (*run)(void *data, enum revoke_by by, struct bytes name), void *data)
{
    struct storage *storage = store->storage;
    ending_news_leave(store);
    if (run == NULL) return;
    struct ending_seat *seat = seat_create(store);
    seat->run = run;
    seat->data = data;
    pthread_mutex_lock(&lock);
    seat->next = storage->ending_seats;
    storage->ending_seats = seat;
    if (storage->ops->shared && storage->ending_reader == NULL) storage->ending_reader = ending_reader_create(store);
    pthread_mutex_unlock(&lock);
}

/* the seat of that store out of the list, NULL when it has none; and the reader, where it is this store's */
static struct ending_seat *take_seat(struct store *store, struct ending_reader **reader)
{
    struct storage *storage = store->storage;
    struct ending_seat **at = &storage->ending_seats;
    pthread_mutex_lock(&lock);
    while (*at != NULL && (*at)->store != store) at = &(*at)->next;
    struct ending_seat *seat = *at;
    if (seat != NULL) *at = seat->next;
    bool reads = storage->ending_reader != NULL && ending_reader_store(storage->ending_reader) == store;
    *reader = reads ? storage->ending_reader : NULL;
    if (reads) storage->ending_reader = NULL;
    pthread_mutex_unlock(&lock);
    return seat;
}

void ending_news_leave(struct store *store)
{
    struct ending_reader *reader;
    struct ending_seat *seat = take_seat(store, &reader);
    if (seat != NULL) seat_destroy(seat);
    if (reader != NULL) ending_reader_destroy(reader);
}
