#include "torture/request_stand_in.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct request_net {
    const struct sent *sent;
    struct answered *answered;
};

/* ---- what was sent ---- */

static const struct sent_header *next_header(const struct request *request, const struct sent_header *after,
                                             const char *name)
{
    const struct sent_header *at = after == NULL ? request->net->sent->headers : after + 1;
    while (at != NULL && at->name != NULL && strcmp(at->name, name) != 0) at++;
    return at == NULL || at->name == NULL ? NULL : at;
}

struct bytes request_header(const struct request *request, const char *name)
{
    const struct sent_header *header = next_header(request, NULL, name);
    return header == NULL ? BYTES_ABSENT : bytes_of(header->value);
}

size_t request_header_count(const struct request *request, const char *name)
{
    size_t count = 0;
    for (const struct sent_header *at = NULL; (at = next_header(request, at, name)) != NULL;) count++;
    return count;
}

/* ---- what is answered ---- */

void answer_header(struct answer *answer, struct bytes name, struct bytes value)
{
    assert(answer->header_count < ANSWER_HEADERS_MAX);
    answer->headers[answer->header_count++] = (struct answer_header){name, value};
}

static void keep(char *to, size_t size, struct bytes from) { snprintf(to, size, "%.*s", BYTES_PRINT(from)); }

static void keep_header(struct answered *to, struct bytes name, struct bytes value)
{
    assert(value.len < sizeof to->headers->value && memchr(value.at, '\n', value.len) == NULL);
    keep(to->headers[to->header_count].name, sizeof to->headers->name, name);
    keep(to->headers[to->header_count++].value, sizeof to->headers->value, value);
}

void request_answer(struct request *request, const struct answer *answer)
{
    static const struct answer overflowed = {.status = 500};
    struct answered *to = request->net->answered;
    if (request->arena.overflowed) answer = &overflowed; /* as net/ does it */
    assert(answer->status >= 200 && answer->status <= 599);
    to->count++;
    to->status = answer->status;
    to->header_count = 0;
    if (bytes_present(answer->content_type)) keep_header(to, BYTES("content-type"), answer->content_type);
    for (size_t i = 0; i < answer->header_count; i++)
        keep_header(to, answer->headers[i].name, answer->headers[i].value);
    to->body_len = answer->body.len;
    keep(to->body, sizeof to->body, answer->body);
    if (to->told != NULL) to->told(to);
}

const char *answered_header(const struct answered *answered, const char *name)
{
    for (size_t i = 0; i < answered->header_count; i++)
        if (strcmp(answered->headers[i].name, name) == 0) return answered->headers[i].value;
    return NULL;
}

bool answered_says(const struct answered *answered, const char *text)
{
    for (size_t i = 0; i < answered->header_count; i++)
        if (strstr(answered->headers[i].value, text) != NULL) return true;
    return strstr(answered->body, text) != NULL;
}

/* ---- its life ---- */

struct request *request_stand_in_create(const struct sent *sent, struct worker *worker, struct answered *answered)
{
    struct request *request = calloc(1, sent->route->size);
    if (request == NULL) abort();
    arena_init(&request->arena, REQUEST_ARENA_MAX);
    flow_init(&request->flow, sent->route->steps, sent->route->finish);
    request->route = sent->route;
    request->worker = worker;
    request->body = arena_copy(&request->arena, bytes_of(sent->body));
    request->query = bytes_of(sent->query);
    request->segment = bytes_of(sent->segment);
    request->path = bytes_of(sent->path);
    request->method_name = BYTES("GET");
    request->from_proxy = sent->from_proxy;
    request->id = BYTES("request-1");
    request->peer_ip = BYTES("192.0.2.1");
    request->net = arena_take(&request->arena, sizeof *request->net);
    *request->net = (struct request_net){sent, answered};
    answered->count = 0;
    answered->status = 0;
    return request;
}

void request_stand_in_dispose(struct request *request)
{
    flow_release(&request->flow);
    if (request->route->dispose != NULL) request->route->dispose(request);
    arena_release(&request->arena);
    size_t size = request->route->size;
    secret_wipe(request, size);
    free(request);
}
