#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/random.h"
#include "standin/standin.h"

int64_t now_us(void) { return clock_now_ms() * 1000; }

/* FNV-1a */
static size_t row_of(struct bytes key)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < key.len; i++) hash = (hash ^ (unsigned char)key.at[i]) * 0x100000001b3;
    return (hash ^ hash >> 32) % ROWS;
}

bool session_lives(const struct session_row *session)
{
    const struct person *person = session->person;
    return !session->revoked && !session->deleted && !person->disabled && !person->deleted &&
           session->expires_us > now_us();
}

/* ids in lower case; false: no uuid */
static bool canonical(struct bytes id, char text[37])
{
    unsigned char uuid[16];
    if (!uuid_parse(id, uuid)) return false;
    uuid_write(uuid, text);
    return true;
}

struct session_row *find_session(const struct people *people, struct bytes id)
{
    char text[37];
    if (!canonical(id, text)) return NULL;
    struct session_row *session = people->by_id[row_of(bytes_of(text))];
    while (session != NULL && !bytes_equal(session->id, bytes_of(text))) session = session->next_by_id;
    return session != NULL && (session->deleted || session->person->deleted) ? NULL : session;
}

struct session_row *find_by_token(const struct people *people, struct bytes token)
{
    struct session_row *session = people->by_token[row_of(token)];
    while (session != NULL && !bytes_equal(session->token, token)) session = session->next_by_token;
    return session;
}

struct person *find_person(const struct people *people, struct bytes id)
{
    char text[37];
    if (!canonical(id, text)) return NULL;
    struct person *person = people->persons[row_of(bytes_of(text))];
    while (person != NULL && !bytes_equal(person->id, bytes_of(text))) person = person->next;
    return person != NULL && person->deleted ? NULL : person;
}

/* A cookie is the session's key, its expiry in 16 hexadecimal digits, and == behind it, so that the whole alphabet is
 * in use. */
enum { EXPIRY_LEN = 16, COOKIE_LEN = COOKIE_KEY_LEN + EXPIRY_LEN + 2 };

struct session_row *find_by_cookie(const struct people *people, struct bytes cookie, int64_t *expires_us)
{
    struct bytes key = {cookie.at, COOKIE_KEY_LEN};
    char digits[EXPIRY_LEN + 1];
    if (cookie.len != COOKIE_LEN || !bytes_end_with(cookie, BYTES("=="))) return NULL;
    struct session_row *session = people->by_cookie[row_of(key)];
    while (session != NULL && !bytes_equal(session->cookie_key, key)) session = session->next_by_cookie;
    memcpy(digits, cookie.at + COOKIE_KEY_LEN, EXPIRY_LEN);
    digits[EXPIRY_LEN] = '\0';
    *expires_us = strtoll(digits, NULL, 16);
    return session;
}

struct bytes write_cookie(struct arena *arena, const struct session_row *session)
{
    struct text t;
    text_init(&t, arena, COOKIE_LEN);
    text_put(&t, session->cookie_key);
    text_put_format(&t, "%016llx==", (long long)session->expires_us);
    return text_bytes(&t);
}

void add_session(struct people *people, struct session_row *session)
{
    size_t by_id = row_of(session->id), by_token = row_of(session->token), by_cookie = row_of(session->cookie_key);
    session->next_by_id = people->by_id[by_id];
    session->next_by_token = people->by_token[by_token];
    session->next_by_cookie = people->by_cookie[by_cookie];
    people->by_id[by_id] = people->by_token[by_token] = people->by_cookie[by_cookie] = session;
}

void add_person(struct people *people, struct person *person)
{
    person->next = people->persons[row_of(person->id)];
    people->persons[row_of(person->id)] = person;
}

struct bytes make_uuid(struct arena *arena)
{
    unsigned char uuid[16];
    char text[37];
    uuid_make(uuid);
    uuid_write(uuid, text);
    return arena_copy(arena, bytes_of(text));
}

struct bytes make_token(struct arena *arena, const char *prefix, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct text t;
    text_init(&t, arena, strlen(prefix) + len);
    text_put(&t, bytes_of(prefix));
    while (t.len < strlen(prefix) + len && !t.failed) text_put_char(&t, alphabet[random_below(sizeof alphabet - 1)]);
    return text_bytes(&t);
}

static bool is_second_factor(struct bytes method)
{
    return bytes_have_word(BYTES("totp lookup_secret webauthn"), method);
}

void add_method(struct arena *arena, struct session_row *session, struct bytes method, int64_t at_us)
{
    struct text t;
    bool is_first = session->methods.len <= 2;
    text_init(&t, arena, session->methods.len + 128);
    text_put_char(&t, '[');
    if (!is_first) text_put(&t, (struct bytes){session->methods.at + 1, session->methods.len - 2});
    text_put(&t, is_first ? BYTES("{\"method\":") : BYTES(",{\"method\":"));
    text_put_json(&t, method);
    text_put_format(&t, ",\"aal\":\"aal%d\",\"completed_at\":\"", is_second_factor(method) ? 2 : 1);
    put_time(&t, at_us);
    text_put(&t, BYTES("\"}]"));
    session->methods = text_bytes(&t);
    session->aal = !is_first && (session->aal == 2 || is_second_factor(method)) ? 2 : 1;
}
