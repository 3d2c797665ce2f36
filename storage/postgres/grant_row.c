#include "storage/postgres/grant_row.h"

#include "storage/postgres/statements.h"

void grant_row_state(struct row row, int first, struct rotation_state *state)
{
    *state = (struct rotation_state){
        .gen = row_number(row, first + GRANT_GEN),
        .base_gen = row_number(row, first + GRANT_BASE_GEN),
        .low_gen = row_number(row, first + GRANT_LOW_GEN),
        .rotated_at = row_number(row, first + GRANT_ROTATED_AT),
        .skips = (uint32_t)row_number(row, first + GRANT_SKIPS),
        .mac_kid = (uint8_t)row_number(row, first + GRANT_MAC_KID),
        .idle_ttl_ms = row_number(row, first + GRANT_IDLE_TTL),
        .idle_expires_at = row_number(row, first + GRANT_IDLE_EXPIRES_AT),
        .expires_at = row_number(row, first + GRANT_EXPIRES_AT),
        .revoked_at = row_number(row, first + GRANT_REVOKED_AT),
        .session_checked_at = row_number(row, first + GRANT_SESSION_CHECKED_AT),
        .session_expires_at = row_number(row, first + GRANT_SESSION_EXPIRES_AT),
    };
}

void grant_row_grant(struct row row, int first, struct arena *arena, struct grant *grant)
{
    *grant = (struct grant){
        .subject = row_bytes(row, first + GRANT_SUBJECT, arena),
        .kratos_session_id = row_bytes(row, first + GRANT_KRATOS_SESSION_ID, arena),
        .identity_id = row_bytes(row, first + GRANT_IDENTITY_ID, arena),
        .scope = row_bytes(row, first + GRANT_SCOPE, arena),
        .audience = row_bytes(row, first + GRANT_AUDIENCE, arena),
        .claims = row_bytes(row, first + GRANT_CLAIMS, arena),
        .acr = row_bytes(row, first + GRANT_ACR, arena),
        .amr = row_bytes(row, first + GRANT_AMR, arena),
        .auth_time = row_number(row, first + GRANT_AUTH_TIME),
        .created_at = row_number(row, first + GRANT_CREATED_AT),
    };
}
