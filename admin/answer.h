/* answer: how the admin API answers: JSON, never kept by a cache; errors in the shape that Hydra gives them. */
#ifndef ADMIN_ANSWER_H
#define ADMIN_ANSWER_H

#include "net/server.h"

/* {"error":...,"error_description":...}; words may say what is wrong in full: whoever may ask here may know */
void admin_error(struct request *request, int status, struct bytes error, struct bytes words);
void admin_json(struct request *request, int status, struct bytes body);
/* for a flow that ended with a fault of ours: 503 or 500 */
void admin_fault(struct request *request);

#endif
