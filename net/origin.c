#include "net/origin.h"

#include <string.h>

#include "base/log.h"
#include "net/refusal.h"
#include "net/server_h2o.h"

enum { TRACE_ID_AT = 3, TRACE_ID_LEN = 32, TRACEPARENT_LEN = 55 };

/* ---- the request's and the trace's ids ---- */

static bool is_made_of(struct bytes b, const char *allowed)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.at[i] == 0 || strchr(allowed, b.at[i]) == NULL) return false;
    return true;
}

static struct bytes find_id(struct request *request)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    struct bytes theirs = request_header(request, "x-request-id");
    if (theirs.len >= 1 && theirs.len <= 64 && is_made_of(theirs, allowed)) return theirs;
    char *id = arena_take(&request->arena, REQUEST_ID_LEN + 1);
    request_id_make(id);
    return (struct bytes){id, REQUEST_ID_LEN};
}

/* W3C Trace Context 3.2.2: 00-<32 digits>-<16 digits>-<2 digits> */
static struct bytes find_trace_id(const struct request *request)
{
    struct bytes parent = request_header(request, "traceparent");
    if (parent.len < TRACEPARENT_LEN || parent.at[2] != '-' || parent.at[35] != '-') return BYTES_ABSENT;
    struct bytes id = {parent.at + TRACE_ID_AT, TRACE_ID_LEN};
    if (!is_made_of(id, "0123456789abcdef") || is_made_of(id, "0")) return BYTES_ABSENT;
    return id;
}

/* ---- the client's address ---- */

/* the last word of a list with commas, which gets shorter by it; false when there is none */
static bool take_last(struct bytes *list, struct bytes *word)
{
    if (list->len == 0) return false;
    size_t start = list->len;
    while (start > 0 && list->at[start - 1] != ',') start--;
    *word = bytes_trim((struct bytes){list->at + start, list->len - start});
    list->len = start > 0 ? start - 1 : 0;
    return true;
}

/* Walks back from the nearest hop: each one is believed for what it says of the one before it as long as it is trusted.
 * false when an address was found that isn't, or can't be read: that is where knowledge ends. */
static bool walk_back(const struct networks *proxies, struct bytes list, struct address *peer)
{
    struct bytes word;
    while (take_last(&list, &word)) {
        struct address hop;
        if (!address_parse(word, &hop)) return false;
        *peer = hop;
        if (!networks_contain(proxies, &hop)) return false;
    }
    return true;
}

static void fill_behind_proxy(struct request *request, const struct networks *proxies)
{
    const h2o_headers_t *headers = &request->net->h2o->headers;
    struct address peer = request->net->connection->peer;
    bool walking = true;
    for (size_t i = headers->size; walking && i-- > 0;) {
        const h2o_header_t *header = &headers->entries[i];
        if (!h2o_memis(header->name->base, header->name->len, H2O_STRLIT("x-forwarded-for"))) continue;
        walking = walk_back(proxies, (struct bytes){header->value.base, header->value.len}, &peer);
    }
    char *text = arena_take(&request->arena, ADDRESS_TEXT_LEN);
    address_write(&peer, text);
    request->peer_ip = bytes_of(text);
    struct bytes protocols = request_header(request, "x-forwarded-proto"), nearest;
    if (take_last(&protocols, &nearest) && bytes_equal_nocase(nearest, BYTES("https"))) request->secure = true;
}

/* An ingress that nobody has named makes one network of all who come through it, and the lock-out then closes a client
 * for all of them: that is to be told, but anyone may send the header, so not more than once. */
static void tell_of_ignored(struct server *server, const struct request *request)
{
    if (atomic_load_explicit(&server->forwarded_told, memory_order_relaxed)) return;
    if (request_header_count(request, "x-forwarded-for") == 0) return;
    if (atomic_exchange(&server->forwarded_told, true)) return;
    static const char words[] =
        "X-Forwarded-For is ignored: it came from %s, which is not in serve.trusted_proxies. If that is your proxy, "
        "put its address or network there; until then all callers behind it are one network to the lock-out after "
        "wrong secrets. This is said once.";
    log_say(LOG_WARN, "forwarded_for_ignored", words, request->net->connection->peer_ip);
}

void origin_fill(struct request *request)
{
    const struct connection *connection = request->net->connection;
    struct server *server = connection->acceptor->worker->server;
    h2o_conn_t *conn = request->net->h2o->conn;
    request->id = find_id(request);
    request->trace_id = find_trace_id(request);
    request->peer_ip = bytes_of(connection->peer_ip);
    request->secure = conn->callbacks->get_socket(conn)->ssl != NULL;
    request->from_proxy = connection->from_proxy;
    if (connection->from_proxy)
        fill_behind_proxy(request, &server->proxies);
    else
        tell_of_ignored(server, request);
}
