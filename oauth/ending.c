#include "oauth/ending.h"

#include "base/encoding.h"
#include "base/log.h"

struct revocation ending_of(enum revoke_by by, struct bytes name, struct bytes because)
{
    struct revocation revocation = {.by = by, .because = because};
    if (by == REVOKE_CLIENT) revocation.client_id = name;
    else revocation.name = name;
    return revocation;
}

void ending_log(struct request *request, const struct revocation *revocation, uint64_t count)
{
    struct log_line line;
    char grant_id[37];
    uuid_write(revocation->grant_id, grant_id);
    log_begin(&line, LOG_INFO, "grants_revoked");
    log_text(&line, "id", request->id);
    log_text(&line, "by", bytes_of(revoke_by_name(revocation->by)));
    if (revocation->by == REVOKE_GRANT) log_text(&line, "name", bytes_of(grant_id));
    else log_text(&line, "name", revocation->by == REVOKE_CLIENT ? revocation->client_id : revocation->name);
    log_text(&line, "because", revocation->because);
    log_number(&line, "count", (int64_t)count);
    log_end(&line);
    request->log.outcome = count > 0 ? BYTES("revoked") : BYTES("nothing_to_revoke");
}

struct bytes ending_answer(struct request *request, uint64_t count)
{
    struct text t;
    text_init(&t, &request->arena, 64);
    text_put(&t, BYTES("{\"revoked\":"));
    text_put_number(&t, (int64_t)count);
    text_put_char(&t, '}');
    return text_bytes(&t);
}
