/* server_h2o: what the files of the server share; h2o.h comes no further than here.
 * Ownership: the server owns its listeners and workers; a worker its libh2o context, its acceptors and, through libh2o,
 * its connections; a request lives in libh2o's pool of the h2o_req_t and dies with it. */
#ifndef NET_SERVER_H2O_H
#define NET_SERVER_H2O_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/address.h"
#include "net/listener.h"
#include "net/loop_h2o.h"
#include "net/server.h"

enum {
    CONNECTIONS_MAX = 10 * 1000, /* times the workers, on all listeners, where the descriptors allow it */
    SWEEP_MS = 100,
    LINGER_MAX_MS = 2 * 1000,
    PEER_SILENT_MAX_MS = 30 * 1000, /* TCP_USER_TIMEOUT: a peer that doesn't take its answer */
};

/* One listener as one worker sees it. */
struct acceptor {
    struct server_worker *worker;
    struct listener *listener;
    const struct listen_at *at; /* the listener's */
    h2o_socket_t *socket;       /* NULL once closed */
    h2o_accept_ctx_t h2o;
    bool paused;         /* until a connection ends, or the sweep */
    h2o_linklist_t idle; /* connections on which no request is being answered; who has been so for longest is first */
};

/* One connection: lives from the accept to the end of its farewell. */
struct connection {
    struct acceptor *acceptor;
    h2o_socket_t *socket;      /* libh2o's; gone during the farewell */
    struct farewell *farewell; /* NULL: close at once */
    struct request *watched;   /* request.c's own: it waits, and ends when the peer leaves. Mostly NULL */
    h2o_linklist_t idle_link;
    bool has_asked; /* a request has arrived whole */
    struct {
        struct connection *next;
        int verdict;
    } sweep; /* sweep.c's own */
    bool from_proxy;
    struct address peer;
    char peer_ip[ADDRESS_TEXT_LEN];
};

struct server_worker {
    struct worker worker; /* first: what the rooms above know of it */
    struct server *server;
    pthread_t thread;
    h2o_context_t h2o;
    struct acceptor *acceptors; /* one for each listener */
    size_t connection_count;    /* on all listeners */
    size_t double_count;        /* connections whose farewell has begun and that libh2o hasn't closed: they have two
                                   descriptors */
    bool draining;
    int64_t drain_until_ms;
    struct timer sweep;
    struct post drain;
    atomic_uint_fast64_t open_requests;
};

struct server {
    struct server_settings settings;
    struct networks proxies;
    atomic_bool forwarded_told; /* that an X-Forwarded-For was ignored */
    struct listener *listeners;
    size_t listener_count; /* that are open */
    h2o_globalconf_t h2o;
    struct server_worker *workers;
    unsigned worker_count; /* whose threads run */
    size_t doubles_max;    /* of each worker */
    struct {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        unsigned ready_count; /* workers that have tried */
        enum { START_WAIT, START_GO, START_GIVE_UP } verdict;
        struct fault fault; /* of the first that failed */
    } start;
};

/* What net itself needs to know of a request. In its arena. */
struct request_net {
    h2o_req_t *h2o;
    struct flow *flow;
    struct connection *connection;
    struct bytes host;
    size_t raw_len;   /* head and body in libh2o's buffer, to be wiped */
    int refusal;      /* the status that net answers by itself; 0: none */
    unsigned methods; /* for Allow */
    struct timer deadline;
    int64_t begin_us, duration_us;
    int status; /* 0: not answered */
};

/* ---- worker.c ---- */
/* a thread's life: start, accept, drain, end */
void *worker_main(void *worker);
void acceptor_resume(struct acceptor *acceptor); /* nothing once it is closed */
void acceptor_pause(struct acceptor *acceptor);
void worker_resume_acceptors(struct server_worker *worker);
void worker_on_drain(struct post *post);
static inline struct server_worker *worker_of(const h2o_req_t *h2o)
{
    return H2O_STRUCT_FROM_MEMBER(struct server_worker, h2o, h2o->conn->ctx);
}

/* ---- connection.c ---- */
/* Where the listener is full, who has been idle for longest is closed to make room. false when nobody waits, or all are
 * busy: then the acceptor is paused. */
bool connection_accept(struct acceptor *acceptor);
/* a request of it has arrived, and has been answered */
void connection_turn_busy(struct connection *connection);
void connection_turn_idle(struct connection *connection);
/* Closes it between two turns of libh2o; it must be reading, and not writing. */
void connection_close(struct connection *connection);
struct connection *connection_of(h2o_req_t *h2o);
/* When the connection is closed it will say so and listen on for a while, so that what the peer still sends can't
 * destroy the answer on its way (RFC 9112 9.6). Not so where doubles_max is reached or no descriptor is left. */
void connection_will_linger(h2o_socket_t *socket);

/* ---- sweep.c ---- */
/* looks for requests that don't arrive; runs while there are connections, or an acceptor is paused */
void sweep_on_timer(struct timer *timer);

/* ---- request.c ---- */
/* libh2o's handler for every path */
int request_on_h2o(h2o_handler_t *self, h2o_req_t *h2o);

/* ---- answer.c ---- */
void request_settle(struct request *request); /* nothing waits any more */

/* ---- tally.c: what is counted (base/metrics.h) ---- */
void tally_answer(const struct request *request);
/* what was refused without a struct request */
void tally_refusal(const struct connection *connection, enum method method, int status);
/* closed by the sweep: with that status, or with none (below 400): it never said a word */
void tally_cut(const struct connection *connection, int status);

/* ---- refusal.c ---- */
/* libh2o's filter: its own refusals become ours */
void refusal_on_h2o(h2o_filter_t *self, h2o_req_t *h2o, h2o_ostream_t **slot);
extern h2o_generator_t answer_generator; /* by which the filter knows our answers */

#endif
