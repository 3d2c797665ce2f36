/* clients: /admin/clients: create, list, get, delete OAuth2 clients, in Hydra's shapes (interface.md). A secret is shown once, when it is made.
 * Clients of the settings are listed and shown, and can't be changed here. */
#ifndef ADMIN_CLIENTS_H
#define ADMIN_CLIENTS_H

#include "oauth/client_registry.h"
#include "oauth/context.h"

struct client_admin { /* the routes' struct */
    struct request request;
    struct arena big;            /* a page may be larger than a request's arena */
    const struct client *client; /* create */
    struct client_row row;
    struct bytes secret;         /* create: shown once */
    struct added_client added;
    struct held_client held;     /* get, delete */
    enum delete_client_outcome deleted;
    struct client_page_ask ask;
    struct client_page page;
    int status;                  /* when it is not the usual one */
    struct bytes error, words;
};
extern const struct step CREATE_CLIENT_STEPS[], LIST_CLIENTS_STEPS[], GET_CLIENT_STEPS[], DELETE_CLIENT_STEPS[];
void create_client_finish(struct flow *flow);
void list_clients_finish(struct flow *flow);
void get_client_finish(struct flow *flow);
void delete_client_finish(struct flow *flow);
void client_admin_release(struct request *request);

#endif
