#include "base/metrics.h"
#include "net/server_h2o.h"

_Static_assert(METHOD_GET == 1 << METHOD_WORD_GET && METHOD_HEAD == 1 << METHOD_WORD_HEAD &&
                   METHOD_POST == 1 << METHOD_WORD_POST && METHOD_PUT == 1 << METHOD_WORD_PUT &&
                   METHOD_PATCH == 1 << METHOD_WORD_PATCH && METHOD_DELETE == 1 << METHOD_WORD_DELETE &&
                   METHOD_OPTIONS == 1 << METHOD_WORD_OPTIONS && METHOD_OTHER == 1 << METHOD_WORD_OTHER,
               "a method's bit is as far up as its word");
static unsigned method_word(enum method method) { return (unsigned)__builtin_ctz(method); }

static enum metric_status status_word(int status)
{
#define STATUS_CASE(unused, code)                                                                                      \
    case code: return STATUS_##code;
    switch (status) {
        STATUS_CODES(STATUS_CASE, )
    default: return STATUS_OTHER;
    }
}

void tally_answer(const struct request *request)
{
    const struct request_net *net = request->net;
    unsigned endpoint = request->route->counted_as;
    metric_count(METRIC_REQUESTS, net->connection->acceptor->at->counted_as, endpoint, method_word(request->method),
                 status_word(net->status));
    metric_observe(METRIC_REQUEST_DURATION, net->duration_us, endpoint);
}

void tally_refusal(const struct connection *connection, enum method method, int status)
{
    metric_count(METRIC_REQUESTS, connection->acceptor->at->counted_as, 0, method_word(method), status_word(status));
}

static enum metric_cut cut_word(int status)
{
    switch (status) {
    case 408: return CUT_SLOW;
    case 431: return CUT_HEAD_TOO_LARGE;
    default: return CUT_NEVER_ASKED;
    }
}

void tally_cut(const struct connection *connection, int status)
{
    metric_count(METRIC_CONNECTIONS_CUT, connection->acceptor->at->counted_as, cut_word(status));
    if (status >= 400) tally_refusal(connection, METHOD_OTHER, status);
}
