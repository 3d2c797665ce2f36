/* settings_forward_auth: forward_auth: each profile held against the client and the resources that it names, as far as
 * they stand in the settings. */
#include <string.h>

#include "oauth/client_origin.h"
#include "oauth/targets.h"
#include "server/settings_reader.h"
#include "server/settings_url.h"

enum { PROFILE_NAME_MAX = 64, LOGIN_URL_MAX = 1024 };

struct profile_reading {
    struct reader *r;
    const char *key; /* "forward_auth.profiles.app" */
    const struct node *node;
    const struct setting_value *values; /* FORWARD_LEN of them */
    struct forward_profile *profile;
};

/* at the row's value, or at the profile where it wasn't said */
static bool refuse_member(const struct profile_reading *x, enum forward_index index, const char *what)
{
    char key[KEY_WORDS_MAX], right[SETTING_WORDS_MAX];
    const struct setting_value *value = &x->values[index];
    setting_right(&FORWARD_SETTINGS[index], right);
    return complain(&x->r->complaints, value->said ? &value->place : &x->node->place,
                    setting_key_join(x->key, bytes_of(FORWARD_SETTINGS[index].key), key), "%s; right would be %s", what,
                    right);
}

/* it stands in a path as it is: RFC 3986 2.3 */
static bool check_name(const struct profile_reading *x)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    struct bytes name = x->node->name;
    bool good = name.len > 0 && name.len <= PROFILE_NAME_MAX && name.at[0] != '.';
    for (size_t i = 0; i < name.len; i++) good = good && name.at[i] != 0 && strchr(allowed, name.at[i]) != NULL;
    if (good) return true;
    return complain(&x->r->complaints, &x->node->name_place, x->key,
                    "is no name of a profile; right would be up to %d letters, digits and - . _ ~, no dot in front",
                    PROFILE_NAME_MAX);
}

/* ---- the client, and what it may name ---- */

static const struct client *find_static_client(const struct policy *policy, struct bytes client_id)
{
    for (size_t i = 0; i < policy->static_client_count; i++)
        if (bytes_equal(policy->static_clients[i]->client_id, client_id)) return policy->static_clients[i];
    return NULL;
}

static void check_audience(const struct profile_reading *x, const struct client *client)
{
    const struct policy *policy = &x->r->settings->policy;
    const struct bytes_list *audience = &x->profile->audience;
    for (size_t i = 0; i < audience->count; i++)
        if (!target_is_allowed(client, policy, audience->at[i]))
            refuse_member(x, FORWARD_AUDIENCE, "the client may not name it");
    if (audience->count == 0 && policy->audience.count == 0 &&
        client->audience.count + client->default_audience.count == 0)
        refuse_member(x, FORWARD_AUDIENCE, "is missing, and neither the client nor access_token.audience has one");
}

static void check_scope(const struct profile_reading *x, const struct client *client)
{
    struct bytes rest = x->profile->scope, word;
    while (bytes_take_word(&rest, ' ', &word))
        if (!bytes_have_word(client->scope, word)) refuse_member(x, FORWARD_SCOPE, "is more than the client may have");
}

/* a client of the database is held against it at each look */
static void check_against_client(const struct profile_reading *x)
{
    const struct client *client = find_static_client(&x->r->settings->policy, x->profile->client_id);
    if (client == NULL) return;
    if (!(client->grant_types & GRANT_TOKEN_EXCHANGE))
        refuse_member(x, FORWARD_CLIENT, "its grant_types lack the token exchange");
    check_audience(x, client);
    check_scope(x, client);
}

/* ---- the members, each for itself ---- */

static void check_client(const struct profile_reading *x)
{
    if (!bytes_present(x->profile->client_id)) {
        refuse_member(x, FORWARD_CLIENT, "is missing");
        return;
    }
    if (client_id_well_formed(x->profile->client_id))
        check_against_client(x);
    else
        refuse_member(x, FORWARD_CLIENT, "is no client_id");
}

static void check_targets(const struct profile_reading *x)
{
    const struct forward_profile *profile = x->profile;
    const struct place *place = &x->values[FORWARD_AUDIENCE].place;
    for (size_t i = 0; i < profile->audience.count; i++) require_audience(x->r, place, x->key, profile->audience.at[i]);
    if (profile->audience.count > FORM_TARGETS_MAX) refuse_member(x, FORWARD_AUDIENCE, "has over 16 of them");
    require_one_profile(x->r, place, x->key, &profile->audience);
    if (bytes_present(profile->scope) && !scope_well_formed(profile->scope))
        refuse_member(x, FORWARD_SCOPE, "is no scope");
    if (bytes_have_word(profile->scope, BYTES("offline_access")))
        refuse_member(x, FORWARD_SCOPE, "offline_access makes no sense: no refresh token comes with these tokens");
}

/* one with a query is fine: return_to is put behind it */
static void check_login_url(const struct profile_reading *x)
{
    struct bytes whole = x->profile->login_url, front = {whole.at, bytes_find(whole, '?')};
    struct url url;
    if (!bytes_present(whole)) return;
    bool good = whole.len <= LOGIN_URL_MAX && url_parse(front, &url);
    for (size_t i = front.len; i < whole.len; i++) /* RFC 3986 3.4 */
        good = good && whole.at[i] > ' ' && whole.at[i] <= '~' && strchr("#\"\\<>", whole.at[i]) == NULL;
    if (!good)
        refuse_member(x, FORWARD_LOGIN_URL, "is no such URL");
    else if (!url.secure && !is_loopback(url.host))
        refuse_member(x, FORWARD_LOGIN_URL, "is plain http and not on loopback");
}

static void check_return_to(const struct profile_reading *x)
{
    const struct bytes_list *origins = &x->profile->return_to;
    for (size_t i = 0; i < origins->count; i++)
        if (!origin_well_formed(origins->at[i]))
            refuse_member(x, FORWARD_RETURN_TO,
                          "holds what is no origin: https (or http on loopback), a host in lower case, no path");
}

static void read_profile(struct reader *r, const struct node *node, struct forward_profile *profile)
{
    char key[KEY_WORDS_MAX];
    const struct setting_rows rows = {FORWARD_SETTINGS, FORWARD_LEN};
    struct setting_value values[FORWARD_LEN] = {{.said = false}};
    setting_key_join(SETTINGS[SETTING_FORWARD_PROFILES].key, node->name, key);
    setting_rows_read(r, &rows, key, node, values);
    *profile = (struct forward_profile){.name = node->name,
                                        .client_id = values[FORWARD_CLIENT].text,
                                        .audience = values[FORWARD_AUDIENCE].list,
                                        .scope = values[FORWARD_SCOPE].text,
                                        .login_url = values[FORWARD_LOGIN_URL].text,
                                        .return_to = values[FORWARD_RETURN_TO].list};
    const struct profile_reading x = {r, key, node, values, profile};
    check_name(&x);
    check_client(&x);
    check_targets(&x);
    check_login_url(&x);
    check_return_to(&x);
}

void fill_forward_auth(struct reader *r)
{
    struct forward_auth_settings *settings = &r->settings->forward_auth;
    const struct node *table = r->values[SETTING_FORWARD_PROFILES].node;
    settings->keep_ms = r->values[SETTING_FORWARD_KEEP].number;
    if (table == NULL) return;
    settings->profiles = arena_take(r->arena, (table->count + 1) * sizeof *settings->profiles);
    if (settings->profiles == NULL) return;
    for (const struct node *node = table->first; node != NULL; node = node->next)
        read_profile(r, node, &settings->profiles[settings->profile_count++]);
}
