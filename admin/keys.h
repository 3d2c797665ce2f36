/* keys: /admin/keys: the signing keys: listed with their times, rotated, revoked, sealed anew (docs/keys.md). No private key, sealed or not, is ever shown. */
#ifndef ADMIN_KEYS_H
#define ADMIN_KEYS_H

#include "oauth/context.h"

struct key_admin { /* the routes' struct */
    struct request request;
    struct arena big; /* the table may be larger than a request's arena */
    struct key_list list;
    struct key_order order;
    struct key_report report;
    int status; /* when it is not the usual one */
    struct bytes error, words;
};
extern const struct step LIST_KEYS_STEPS[], ROTATE_KEYS_STEPS[], REVOKE_KEY_STEPS[], RESEAL_KEYS_STEPS[];
void list_keys_finish(struct flow *flow);
void rotate_keys_finish(struct flow *flow);
void revoke_key_finish(struct flow *flow);
void reseal_keys_finish(struct flow *flow);
void key_admin_release(struct request *request);

#endif
