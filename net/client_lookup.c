#include "net/client_lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct lookup {
    struct post post;  /* first: the answer's way to the loop */
    struct loop *loop; /* NULL once cancelled; under lookups_lock */
    void (*on_found)(void *data, const struct addresses *addresses, const char *why);
    void *data;
    char *host, *port;
    struct addresses addresses;
    const char *why;
};

/* Held while an answer is posted, so that a loop can't go away under the thread that posts to it. */
static pthread_mutex_t lookups_lock = PTHREAD_MUTEX_INITIALIZER;

static void destroy(struct lookup *lookup)
{
    free(lookup->host);
    free(lookup->port);
    free(lookup);
}

static void on_post(struct post *post)
{
    struct lookup *lookup = (struct lookup *)post;
    /* only this thread cancels: no lock needed to look */
    if (lookup->loop != NULL) lookup->on_found(lookup->data, &lookup->addresses, lookup->why);
    destroy(lookup);
}

static void post_or_destroy(struct lookup *lookup)
{
    pthread_mutex_lock(&lookups_lock);
    bool wanted = lookup->loop != NULL;
    if (wanted) loop_post(lookup->loop, &lookup->post); /* from here on the loop's thread may free it */
    pthread_mutex_unlock(&lookups_lock);
    if (!wanted) destroy(lookup);
}

static void keep_addresses(struct addresses *addresses, const struct addrinfo *found)
{
    for (; found != NULL && addresses->count < ADDRESSES_MAX; found = found->ai_next) {
        struct address *address = &addresses->at[addresses->count];
        if (found->ai_addrlen > sizeof address->at) continue;
        address->len = found->ai_addrlen;
        memcpy(&address->at, found->ai_addr, found->ai_addrlen);
        addresses->count++;
    }
}

static void *look_up(void *data)
{
    struct lookup *lookup = data;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int status = getaddrinfo(lookup->host, lookup->port, &hints, &found);
    if (status == 0) {
        keep_addresses(&lookup->addresses, found);
        freeaddrinfo(found);
    }
    if (lookup->addresses.count == 0) lookup->why = status == 0 ? "no address" : gai_strerror(status);
    post_or_destroy(lookup);
    return NULL;
}

static bool start_thread(struct lookup *lookup)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, look_up, lookup) != 0) return false;
    pthread_detach(thread);
    return true;
}

struct lookup *lookup_start(struct loop *loop, const char *host, const char *port,
                            void (*on_found)(void *data, const struct addresses *addresses, const char *why),
                            void *data)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) abort();
    *lookup = (struct lookup){.post = {.run = on_post}, .loop = loop, .on_found = on_found, .data = data};
    lookup->host = strdup(host);
    lookup->port = strdup(port);
    if (lookup->host == NULL || lookup->port == NULL) abort();
    if (start_thread(lookup)) return lookup;
    lookup->why = "no thread to look it up";
    loop_post(loop, &lookup->post);
    return lookup;
}

void lookup_cancel(struct lookup *lookup)
{
    pthread_mutex_lock(&lookups_lock);
    lookup->loop = NULL;
    pthread_mutex_unlock(&lookups_lock);
}
