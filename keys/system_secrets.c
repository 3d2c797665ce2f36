#include "keys/keys.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "base/digest.h"

enum { SECRET_LEAST = 32, SECRET_MOST = 4096, VARIETY_LEAST = 8 };

/* Texts that stand in documentation and samples, ours and Ory's; letters and digits only, lower case. */
static const struct bytes examples[] = {
    BYTES("changeme"),   BYTES("changethis"), BYTES("example"),    BYTES("replace"),   BYTES("secretsecret"),
    BYTES("yoursecret"), BYTES("insecure"),   BYTES("atleast32"),  BYTES("thisisthe"), BYTES("0123456789"),
    BYTES("1234567890"), BYTES("abcdefghij"), BYTES("secretvalue")};

static size_t variety(struct bytes text)
{
    bool seen[256] = {false};
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        count += !seen[c];
        seen[c] = true;
    }
    return count;
}

bool secret_is_example(struct bytes text)
{
    char plain[SECRET_MOST];
    size_t len = 0;
    bool found = variety(text) < VARIETY_LEAST;
    assert(text.len <= sizeof plain);
    for (size_t i = 0; i < text.len; i++)
        if (isalnum((unsigned char)text.at[i])) plain[len++] = (char)tolower((unsigned char)text.at[i]);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        found = found || bytes_contain((struct bytes){plain, len}, examples[i]);
    secret_wipe(plain, sizeof plain);
    return found;
}

static bool refuse(size_t index, const char *why, struct fault *fault)
{
    return fault_set(fault, FAULT_INPUT, "secrets.system", "secrets.system[%zu] %s", index, why);
}

/* refresh.md: one secret, three derived values; none can be had from another */
static void derive(struct system_secrets *secrets, struct bytes text)
{
    size_t i = secrets->count++;
    digest_hkdf(text, BYTES("kid"), &secrets->at[i].kid, sizeof secrets->at[i].kid);
    digest_hkdf(text, BYTES("signing keys"), secrets->at[i].seal, sizeof secrets->at[i].seal);
    digest_hkdf(text, BYTES("refresh token"), secrets->at[i].token, sizeof secrets->at[i].token);
}

static bool have_kid(const struct system_secrets *secrets, uint8_t kid, size_t before)
{
    for (size_t i = 0; i < before; i++)
        if (secrets->at[i].kid == kid) return true;
    return false;
}

static bool add(struct system_secrets *secrets, struct bytes text, struct fault *fault)
{
    size_t index = secrets->count;
    if (text.len < SECRET_LEAST)
        return refuse(index, "must have at least 32 characters; make one with: openssl rand -base64 32", fault);
    if (text.len > SECRET_MOST) return refuse(index, "is longer than 4096 characters", fault);
    if (secret_is_example(text))
        return refuse(index, "is guessable or an example of the documentation; make one with: openssl rand -base64 32",
                      fault);
    derive(secrets, text);
    if (!have_kid(secrets, secrets->at[index].kid, index)) return true;
    return refuse(index, "has the same key id as one before it (one in 256 has, or it is there twice); take another",
                  fault);
}

bool system_secrets_init(struct system_secrets *secrets, const struct bytes *texts, size_t count, struct fault *fault)
{
    *secrets = (struct system_secrets){.count = 0};
    if (count == 0)
        return fault_set(fault, FAULT_INPUT, "secrets.system",
                         "secrets.system needs at least one secret of 32 characters or more");
    if (count > SYSTEM_SECRETS_MAX)
        return fault_set(fault, FAULT_INPUT, "secrets.system", "secrets.system has more than %d secrets",
                         (int)SYSTEM_SECRETS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (add(secrets, texts[i], fault)) continue;
        system_secrets_release(secrets);
        return false;
    }
    return true;
}

void system_secrets_release(struct system_secrets *secrets) { secret_wipe(secrets, sizeof *secrets); }
