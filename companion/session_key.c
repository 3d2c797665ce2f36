#include "companion/session_key.h"

#include <assert.h>
#include <string.h>

#include "base/secret.h"

enum { OF_CREDENTIAL, OF_SESSION, OF_IDENTITY, OF_CLIENT, LABEL_LEN = 6, TEXT_MAX = COOKIE_MAX };

static void digest(const struct session_secret *secret, const unsigned char label[LABEL_LEN], struct bytes text,
                   unsigned char out[DIGEST_LEN])
{
    char room[LABEL_LEN + TEXT_MAX];
    assert(text.len <= TEXT_MAX);
    memcpy(room, label, LABEL_LEN);
    if (text.len > 0) memcpy(room + LABEL_LEN, text.at, text.len);
    digest_hmac((struct bytes){(const char *)secret->at, sizeof secret->at}, (struct bytes){room, LABEL_LEN + text.len},
                out);
    secret_wipe(room, LABEL_LEN + text.len);
}

void session_key_make(const struct session_secret *secret, uint32_t profile, const struct whoami_ask *credential,
                      struct session_key *key)
{
    const unsigned char label[LABEL_LEN] = {OF_CREDENTIAL,
                                            credential->kind == CREDENTIAL_COOKIE,
                                            (unsigned char)(profile >> 24),
                                            (unsigned char)(profile >> 16),
                                            (unsigned char)(profile >> 8),
                                            (unsigned char)profile};
    digest(secret, label, credential->credential, key->at);
}

static void write_name(const struct session_secret *secret, unsigned char of, struct bytes text,
                       unsigned char name[SESSION_NAME_LEN])
{
    const unsigned char label[LABEL_LEN] = {of};
    unsigned char whole[DIGEST_LEN];
    digest(secret, label, text, whole);
    memcpy(name, whole, SESSION_NAME_LEN);
}

void session_names_make(const struct session_secret *secret, const struct session_subject *subject,
                        struct session_names *names)
{
    write_name(secret, OF_SESSION, subject->session_id, names->session);
    write_name(secret, OF_IDENTITY, subject->identity_id, names->identity);
    write_name(secret, OF_CLIENT, subject->client_id, names->client);
}

static unsigned char label_of(enum revoke_by by)
{
    switch (by) {
    case REVOKE_SESSION: return OF_SESSION;
    case REVOKE_SUBJECT: return OF_IDENTITY;
    case REVOKE_CLIENT: return OF_CLIENT;
    case REVOKE_GRANT: break;
    }
    return OF_CREDENTIAL; /* nobody's */
}

bool session_name_of(const struct session_secret *secret, enum revoke_by by, struct bytes text,
                     unsigned char name[SESSION_NAME_LEN])
{
    if (label_of(by) == OF_CREDENTIAL || text.len > TEXT_MAX) return false;
    write_name(secret, label_of(by), text, name);
    return true;
}
