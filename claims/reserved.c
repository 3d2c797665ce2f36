#include "claims/claims.h"

static const struct bytes reserved[] = {
    BYTES("iss"), BYTES("sub"),       BYTES("aud"),       BYTES("exp"),   BYTES("iat"), BYTES("nbf"),
    BYTES("jti"), BYTES("sid"),       BYTES("client_id"), BYTES("scope"), BYTES("act"), BYTES("may_act"),
    BYTES("cnf"), BYTES("auth_time"), BYTES("acr"),       BYTES("amr"),   BYTES("typ")};

bool claim_is_reserved(struct bytes name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (bytes_equal(name, reserved[i])) return true;
    return false;
}
