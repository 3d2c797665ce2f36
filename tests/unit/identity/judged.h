/* judged: how every answer in tests/data/kratos reads as a session, at the time when it was made. */
#ifndef TESTS_UNIT_IDENTITY_JUDGED_H
#define TESTS_UNIT_IDENTITY_JUDGED_H

#include "identity/kratos/session.h"

struct judged {
    const char *name;
    enum standing standing;
    unsigned aal;
    const char *methods;
};

static const struct judged recorded_rows[] = {
    {"01-whoami-token", STANDING_LIVE, 1, NULL},
    {"02-whoami-bearer", STANDING_LIVE, 1, NULL},
    {"03-whoami-cookie", STANDING_LIVE, 1, NULL},
    {"05-whoami-token-garbage-cookie", STANDING_UNCLEAR, 0, NULL},
    {"06-whoami-garbage-cookie", STANDING_UNCLEAR, 0, NULL},
    {"09-whoami-tokenized", STANDING_LIVE, 1, NULL},
    {"11-whoami-expand", STANDING_LIVE, 1, NULL},
    {"12-whoami-post", STANDING_LIVE, 1, NULL},
    {"14-admin-whoami", STANDING_UNCLEAR, 0, NULL},
    {"20-admin-get-noexpand", STANDING_UNCLEAR, 0, NULL},
    {"21-admin-get-identity", STANDING_LIVE, 1, NULL},
    {"22-admin-get-both", STANDING_LIVE, 1, NULL},
    {"23-admin-get-upper", STANDING_LIVE, 1, NULL},
    {"24-admin-404", STANDING_UNCLEAR, 0, NULL},
    {"27-admin-trailing-slash", STANDING_UNCLEAR, 0, NULL},
    {"30-extend", STANDING_LIVE, 1, NULL},
    {"33-identity", STANDING_UNCLEAR, 0, NULL},
    {"41-admin-disabled-noexpand", STANDING_UNCLEAR, 0, NULL},
    {"42-admin-disabled-expand", STANDING_INACTIVE, 0, NULL},
    {"43-extend-disabled", STANDING_INACTIVE, 0, NULL},
    {"54-admin-revoked", STANDING_INACTIVE, 0, NULL},
    {"55-extend-revoked", STANDING_INACTIVE, 0, NULL},
    {"56-admin-revoked-after-extend", STANDING_INACTIVE, 0, NULL},
    {"61-admin-expired", STANDING_INACTIVE, 0, NULL},
    {"62-extend-expired", STANDING_LIVE, 1, NULL},
    {"63-whoami-after-revive", STANDING_LIVE, 1, NULL},
    {"80-whoami-after-totp-enrol", STANDING_LIVE, 2, NULL},
    {"83-admin-get-aal1-of-totp", STANDING_LIVE, 1, NULL},
    {"84-whoami-aal2", STANDING_LIVE, 2, NULL},
    {"91-admin-list", STANDING_UNCLEAR, 0, NULL},
    {"92-identity-sessions", STANDING_UNCLEAR, 0, NULL},
    {"a1-two-cookies", STANDING_LIVE, 1, NULL},
    {"a2-ready", STANDING_UNCLEAR, 0, NULL},
    {"a4-whoami-cookie-after-extend", STANDING_LIVE, 1, NULL},
};

static const struct judged constructed_rows[] = {
    {"01-whoami-200-password-aal1", STANDING_LIVE, 1, "[\"password\"]"},
    {"02-whoami-200-totp-aal2", STANDING_LIVE, 2, "[\"password\",\"totp\"]"},
    {"03-whoami-200-oidc-google-organization", STANDING_LIVE, 1, "[\"oidc\"]"},
    {"05-whoami-200-external-id-metadata-public", STANDING_LIVE, 1, "[\"password\"]"},
    {"06-whoami-200-code-no-devices-no-addresses", STANDING_LIVE, 1, "[\"code\"]"},
    {"07-whoami-200-recovery-plus-lookup-aal2", STANDING_LIVE, 2, "[\"code_recovery\",\"lookup_secret\"]"},
    {"08-whoami-200-passkey-aal1", STANDING_LIVE, 1, "[\"passkey\"]"},
    {"20-admin-session-200-no-expand", STANDING_UNCLEAR, 0, NULL},
    {"21b-admin-session-200-expand-identity-devices.v26.2.0-and-older", STANDING_LIVE, 1, "[\"password\"]"},
    {"22-admin-session-200-revoked", STANDING_INACTIVE, 0, NULL},
    {"23-admin-session-200-expired", STANDING_INACTIVE, 0, NULL},
    {"24-admin-session-200-identity-disabled-expand-identity", STANDING_INACTIVE, 0, NULL},
    {"25-admin-session-200-identity-disabled-NO-expand-TRAP-active-true", STANDING_UNCLEAR, 0, NULL},
    {"26-admin-extend-200-legacy-body", STANDING_LIVE, 1, "[\"password\"]"},
    {"40-whoami-401", STANDING_UNCLEAR, 0, NULL},
    {"46-admin-session-404", STANDING_UNCLEAR, 0, NULL},
};

#endif
