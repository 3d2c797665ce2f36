/* Claims without jq, whose bound on time is the wall clock's: a torture must not hang on how busy the machine is. They
 * depend on the scope, so that it shows for whom they were mapped. */
#include <stdlib.h>

#include "base/text.h"
#include "claims/claims.h"
#include "torture/outside.h"

struct claims {
    bool gives_session; /* hydra.hook.kratos_session's */
};

struct claims *claims_create(const struct claims_source *source, struct fault *fault)
{
    (void)fault;
    struct claims *claims = calloc(1, sizeof *claims);
    if (claims == NULL) abort();
    claims->gives_session = source->table_count > 0 && bytes_equal(source->table[0].name, BYTES("kratos_session"));
    return claims;
}

void claims_destroy(struct claims *claims) { free(claims); }

bool claims_map(struct claims *claims, const struct claims_input *input, struct arena *arena, struct bytes *out,
                struct fault *fault)
{
    struct text text;
    text_init(&text, arena, 64);
    if (claims->gives_session) {
        text_put_format(&text, "{\"kratos_session\":\"%s\"}", SESSION_ID);
        *out = text_bytes(&text);
        return true;
    }
    text_put(&text, BYTES("{\"email\":\"ann@example.com\",\"may\":"));
    text_put_json(&text, input->scope);
    text_put_char(&text, '}');
    *out = text_bytes(&text);
    return bytes_present(*out) || fault_set(fault, FAULT_FULL, "claims", "the request's arena is full");
}
