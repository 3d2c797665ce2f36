/* claims: maps a Kratos session to JWT claims with jq.
 *
 * Rule: a struct claims_source is what the settings say, a struct claims its compiled form, for one thread only; making
 * one is the check. The expressions run together, bounded in time (CLAIMS_RUN_MAX_MS), memory (CLAIMS_MEMORY_MAX) and
 * result (CLAIMS_RESULT_MAX); a run that passes a bound fails as a whole, optional claims or not. (A single step of
 * jq's is not interrupted; those that could take for ever are refused, see prelude.c.) Bound besides the session as
 * input: $client (the record without secrets), $scope (string), $audience (array), $identity_admin (metadata_admin or
 * null; only where use_admin_metadata says so), $hydra (what Hydra sent; only where use_hydra says so). Not there: env,
 * $ENV, input, inputs, debug, stderr, halt, halt_error, import, include, input_filename, localtime: nothing reaches
 * beyond what is handed in but the clock (now). Messages never quote a person's data: they name the claim and the kind
 * of failure. */
#ifndef CLAIMS_CLAIMS_H
#define CLAIMS_CLAIMS_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"

enum { CLAIMS_RESULT_MAX = 16 * 1024, CLAIMS_RUN_MAX_MS = 50, CLAIMS_MEMORY_MAX = 4 * 1024 * 1024 };

/* one claim of a table */
struct claim_expression {
    struct bytes name, expression;
    bool optional;         /* "name?": a failure leaves it out */
    unsigned line, column; /* where the expression begins in its file, from 1; 0: not from a file */
};
struct claims_source {
    const struct claim_expression *table; /* NULL where there is one program */
    size_t table_count;
    struct bytes program; /* one jq program that returns an object; absent where there is a table */
    unsigned program_line, program_column;
    bool use_admin_metadata; /* $identity_admin is bound; otherwise naming it is an error at start */
    bool use_hydra;          /* the same for $hydra */
};

/* iss sub aud exp iat nbf jti sid client_id scope act may_act cnf auth_time acr amr typ */
bool claim_is_reserved(struct bytes name);

struct claims;
/* NULL with FAULT_INPUT whose words say which claim, line and column (of the settings file where known), and what is
 * wrong: jq's own words without our wrapping. No claims at all is a source too: {table NULL, program absent} maps to
 * {}. */
struct claims *claims_create(const struct claims_source *source, struct fault *fault) MUST_USE;
void claims_destroy(struct claims *claims);

struct claims_input {
    const struct json *session; /* what the expressions begin at; NULL: null. All is borrowed for the call. */
    struct bytes client;        /* JSON, or absent: null */
    struct bytes scope;         /* text */
    struct bytes audience;      /* JSON array, or absent: null */
    const struct json *identity_admin, *hydra; /* NULL: null */
};
/* *out: a JSON object, names in the order of the table; null claims left out; reserved names that a program returned
 * are a failure. Whole numbers over 2^53 pass only where they stand as they stood in the session (a plain path to
 * them); else the claim fails rather than lose digits. false: FAULT_BUG ("claims: <name>", kind of failure). */
bool claims_map(struct claims *claims, const struct claims_input *input, struct arena *arena, struct bytes *out,
                struct fault *fault) MUST_USE;

#endif
