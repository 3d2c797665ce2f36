/* client: HTTP/1.1 out, for a few well-known hosts (Kratos).
 *
 * Rule: one struct upstream for each base URL and loop; ask_call suspends the flow; the answer's bytes are in the arena that the caller named.
 * What holds: TLS verified against the system's roots (or upstream->ca_file) and the host's name or address, TLS 1.2 at least; every address of a name
 * is tried in order; keep-alive pool of IDLE_MAX connections; one deadline for the whole call; caps on head and body;
 * Content-Length and chunked both read, both at once refused; no redirects; no CR, LF or NUL in anything that goes into the
 * head (refused as FAULT_BUG before a byte is sent); a GET whose pooled connection had died before any byte came goes again once (RFC 9110 9.2.2). */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include "base/arena.h"
#include "base/flow.h"
#include "net/loop.h"

enum {
    CLIENT_HEAD_MAX = 16 * 1024,
    CLIENT_BODY_MAX = 256 * 1024,
    CLIENT_IDLE_MAX = 64,   /* pooled connections for each upstream and loop */
    CLIENT_IDLE_MS = 4000,
    CLIENT_CALLS_MAX = 512, /* under way for each upstream and loop; more are FAULT_FULL */
    CLIENT_HEADERS_MAX = 8,
    CLIENT_COOKIES_MAX = 8, /* Set-Cookie lines that are kept */
};

struct upstream;
/* base_url: http[s]://host[:port][/path]; false with FAULT_INPUT words otherwise. ca_file NULL: the system's roots. */
struct upstream *upstream_create(struct loop *loop, struct bytes base_url, int64_t timeout_ms, const char *ca_file, struct fault *fault) MUST_USE;
/* ends calls under way without waking anyone */
void upstream_destroy(struct upstream *upstream);

struct call_header {
    struct bytes name, value;
};

struct call {
    const char *method;  /* "GET", "PATCH": for ever */
    struct bytes path;   /* behind the base URL's path; with its query; already encoded */
    struct call_header headers[CLIENT_HEADERS_MAX];
    size_t header_count;
    struct bytes body;   /* absent: none; with Content-Length otherwise */
};

struct call_answer {
    int status;
    struct bytes content_type, link; /* the first of their name; absent: none */
    struct bytes body;
    struct bytes set_cookies[CLIENT_COOKIES_MAX]; /* values of Set-Cookie, in order */
    size_t set_cookie_count;
};

/* Suspends. On success *answer is filled from arena and the flow goes on, whatever the status; else the flow fails with FAULT_AWAY, FAULT_LATE, FAULT_FULL
 * (where: "client: GET <host>", what: no header or body of either side). call is copied. */
enum step_result ask_call(struct flow *flow, struct upstream *upstream, const struct call *call, struct arena *arena, struct call_answer *answer);

/* The same without a flow: on_done runs once, with fault NULL on success; answer and its bytes live until it returns. The handle can be cancelled
 * until on_done has run; on_done does not run then. */
struct call_handle;
struct call_handle *call_start(struct upstream *upstream, const struct call *call,
    void (*on_done)(void *data, const struct call_answer *answer, const struct fault *fault), void *data);
void call_cancel(struct call_handle *handle);

#endif
