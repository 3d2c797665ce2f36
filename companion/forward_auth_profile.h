/* forward_auth_profile: what the settings say to forward-auth: forward_auth. Read-only once the server runs. server/
 * fills it. */
#ifndef COMPANION_FORWARD_AUTH_PROFILE_H
#define COMPANION_FORWARD_AUTH_PROFILE_H

#include "oauth/policy.h"

struct forward_profile {
    struct bytes name;
    struct bytes client_id;      /* the client that the tokens are for: of the settings or of the database */
    struct bytes_list audience;  /* empty: as an exchange of the client's that names none; at most FORM_TARGETS_MAX */
    struct bytes scope;          /* absent: the same */
    struct bytes login_url;      /* where a browser is sent that has no session; absent: nowhere */
    struct bytes_list return_to; /* origins to which it may come back from there */
};

struct forward_auth_settings {
    int64_t keep_ms;
    struct forward_profile *profiles;
    size_t profile_count;
};

#endif
