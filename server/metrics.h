/* metrics: /metrics/prometheus on the admin port: what was counted (base/metrics.h), and what is read when it is asked
 * for: the signing keys and this process. Waits for nobody, so that it answers while database and Kratos are away. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "net/server.h"

struct metrics_request {
    struct request request;
    struct arena page; /* of the answer: it may be more than a request's arena holds */
};
extern const struct step METRICS_STEPS[];
void metrics_finish(struct flow *flow); /* the route's data is the struct app */
void metrics_release(struct request *request);

/* `hydrant help metrics`, and docs/metrics.md */
void metrics_help(void (*line)(const char *text), bool as_markdown);

#endif
