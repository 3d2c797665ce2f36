#include "oauth/signing.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "keys/slow_signature.h"

static void tell(struct request *request, enum key_algorithm algorithm, int64_t took_us)
{
    request->log.sign_us += took_us;
    metric_observe(METRIC_SIGNATURE_DURATION, took_us, (unsigned)algorithm);
}

/* ---- aside ---- */

struct signing_piece {
    struct aside aside; /* first */
    struct slow_signature *signature;
    struct request *request; /* these only while it waits */
    struct signed_text *out;
    enum key_algorithm algorithm;
};

static struct signing_piece *piece_of(struct aside *aside) { return (struct signing_piece *)aside; }

static void run(struct aside *aside) { slow_signature_make(piece_of(aside)->signature); }

static bool deliver(struct aside *aside, struct fault *fault)
{
    struct signing_piece *piece = piece_of(aside);
    struct request *request = piece->request;
    tell(request, piece->algorithm, slow_signature_took_us(piece->signature));
    piece->out->kid = arena_copy(&request->arena, slow_signature_kid(piece->signature));
    return slow_signature_end(piece->signature, key_seat_ring(&context_of(request)->keys), &piece->out->text, fault);
}

static void drop(struct aside *aside)
{
    slow_signature_release(piece_of(aside)->signature);
    free(aside);
}

static enum step_result sign_aside(struct flow *flow, const struct signing *signing, struct signed_text *out)
{
    struct request *request = (struct request *)flow;
    struct context *context = context_of(request);
    struct slow_signature *signature =
        slow_signature_begin(key_seat_ring(&context->keys), signing, &out->text, &flow->fault);
    if (signature == NULL) return STEP_END;
    struct signing_piece *piece = calloc(1, sizeof *piece);
    if (piece == NULL) abort();
    *piece = (struct signing_piece){.aside = {.lane = ASIDE_SIGNATURES, .run = run, .deliver = deliver, .drop = drop},
                                    .signature = signature,
                                    .request = request,
                                    .out = out,
                                    .algorithm = signing->algorithm};
    return ask_aside(flow, context->crew, context->worker->loop, &piece->aside);
}

/* ---- on the loop ---- */

enum step_result ask_sign(struct flow *flow, const struct signing *signing, struct signed_text *out)
{
    if (key_algorithm_is_slow(signing->algorithm)) return sign_aside(flow, signing, out);
    struct request *request = (struct request *)flow;
    struct context *context = context_of(request);
    int64_t began_us = clock_steady_us();
    bool made = signer_sign(context->signer, key_seat_ring(&context->keys), signing, &out->text, &flow->fault);
    int64_t took_us = clock_steady_us() - began_us;
    if (!made) return STEP_END;
    tell(request, signing->algorithm, took_us);
    out->kid = signer_kid(context->signer, signing->algorithm);
    return STEP_NEXT;
}
