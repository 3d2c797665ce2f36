#include "identity/identity.h"

static bool is_token_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool credential_well_formed(enum credential_kind kind, struct bytes credential)
{
    bool is_cookie = kind == CREDENTIAL_COOKIE;
    if (credential.len == 0 || credential.len > (is_cookie ? COOKIE_MAX : SESSION_TOKEN_MAX)) return false;
    for (size_t i = 0; i < credential.len; i++) {
        char c = credential.at[i];
        if (!is_token_char(c) && !(is_cookie && c == '=')) return false;
    }
    return true;
}
