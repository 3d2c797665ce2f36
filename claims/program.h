/* program: jq expressions compiled to one program, and run under bounds of time and memory.
 *
 * Rule: for one thread. After program_run said true: program_result for each expression, then program_done; until then
 * nothing else of jq's on this thread. jq's own words quote what people wrote: they are used when compiling, never
 * after a run. */
#ifndef CLAIMS_PROGRAM_H
#define CLAIMS_PROGRAM_H

#include <jv.h>

#include "claims/claims.h"

struct program;

struct expression {
    struct bytes name; /* absent: the program that returns all claims */
    struct bytes text;
    unsigned line, column; /* as in claims.h */
};

/* what is bound beside $session, $client, $scope and $audience */
struct bindings {
    bool identity_admin, hydra;
};

/* NULL with FAULT_INPUT as claims_create; the expressions are copied */
struct program *program_create(const struct expression *expressions, size_t count, struct bindings bindings,
                               struct fault *fault) MUST_USE;
void program_destroy(struct program *program); /* NULL is nothing */

/* FAULT_BUG: over a bound, or what came in is no JSON; what is read is read in the arena */
bool program_run(struct program *program, const struct claims_input *input, struct arena *arena,
                 struct fault *fault) MUST_USE;
/* NULL and the value, which the caller frees; or the kind of failure, and no value */
const char *program_result(const struct program *program, size_t index, jv *value);
void program_done(struct program *program);

#endif
