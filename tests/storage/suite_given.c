#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "base/encoding.h"
#include "base/random.h"

struct bytes new_name(struct driver *d, const char *kind)
{
    static unsigned given;
    char name[64];
    snprintf(name, sizeof name, "%s-%u", kind, given++);
    return arena_copy(&d->arena, bytes_of(name));
}

struct new_grant new_grant(struct driver *d)
{
    struct bytes subject = new_name(d, "subject");
    struct new_grant grant = {
        .grant = {.client_id = new_name(d, "client"),
                  .subject = subject,
                  .kratos_session_id = new_name(d, "session"),
                  .identity_id = subject,
                  .scope = BYTES("openid profile"),
                  .audience = BYTES("[\"https://api.example\"]"),
                  .claims = BYTES("{\"name\":\"Ann\"}"),
                  .acr = BYTES("aal1"),
                  .amr = BYTES("[\"password\"]"),
                  .auth_time = 1700000000000},
        .mac_kid = 7,
        .idle_ttl_ms = 14 * DAY,
        .absolute_ttl_ms = 30 * DAY,
        .look_began_steady_ms = clock_steady_ms(),
        .session_grants_max = 100,
    };
    uuid_make(grant.grant.id);
    random_fill(grant.secret_hash, sizeof grant.secret_hash);
    return grant;
}

struct stored_grant store(struct driver *d, const struct new_grant *grant)
{
    struct stored_grant stored;
    driver_run(d, VERB_STORE_GRANT, grant, &stored);
    return stored;
}

struct new_grant stored_grant(struct driver *d)
{
    struct new_grant grant = new_grant(d);
    if (store(d, &grant).outcome != GRANT_STORED) die("a grant was not stored");
    return grant;
}

struct rotation_policy default_policy(void)
{
    return (struct rotation_policy){
        .grace_ms = MINUTE, .coalesce_ms = MINUTE, .skip_limit = 5, .ahead_max = 16, .look_max_age_ms = INT64_MAX};
}

struct rotation presenting(const struct new_grant *grant, uint32_t gen)
{
    struct rotation rotation = {
        .client_id = grant->grant.client_id, .gen = gen, .mac_kid = 9, .policy = default_policy()};
    memcpy(rotation.grant_id, grant->grant.id, GRANT_ID_LEN);
    memcpy(rotation.secret_hash, grant->secret_hash, SECRET_HASH_LEN);
    return rotation;
}

struct rotated rotate(struct driver *d, const struct rotation *rotation)
{
    struct rotated rotated;
    memset(&rotated, 0, sizeof rotated);
    driver_run(d, VERB_ROTATE, rotation, &rotated);
    return rotated;
}

enum rotate_outcome present(struct driver *d, const struct new_grant *grant, uint32_t gen)
{
    struct rotation rotation = presenting(grant, gen);
    return rotate(d, &rotation).outcome;
}

uint64_t revoke_grants(struct driver *d, const struct revocation *revocation)
{
    struct revoked revoked;
    driver_run(d, VERB_REVOKE, revocation, &revoked);
    return revoked.count;
}

struct raw_row row_of(struct driver *d, const struct new_grant *grant)
{
    struct raw_row row;
    memset(&row, 0, sizeof row); /* so that rows can be compared whole */
    memcpy(row.grant_id, grant->grant.id, GRANT_ID_LEN);
    if (raw_read(d->raw, &row, 1) != 1) die("the grant's row is gone");
    return row;
}

void set_row(struct driver *d, const struct raw_row *row) { raw_write(d->raw, row, 1); }

void sleep_ms(int64_t ms) { usleep((useconds_t)(ms * 1000)); }
