/* settings_hook: hydra.hook: how Hydra's token hook is answered, its jq expressions compiled once; and the keys of both hooks. */
#include <ctype.h>
#include <string.h>

#include "server/settings_reader.h"

enum { KEY_VISIBLE_MIN = 16, KEY_LEN_MAX = 1024, KEY_NAME_MAX = 128 };

/* ---- the key ---- */

/* RFC 9110 5.5: what can be sent in a header and comes as it was sent: blanks only within */
static bool is_header_value(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] > '~') return false;
    return text.len > 0 && text.at[0] != ' ' && text.at[text.len - 1] != ' ';
}

/* Go leaves these out of a cookie's value (net/http), so Hydra would send another one */
static bool is_cookie_value(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("\";\\", text.at[i]) != NULL) return false;
    return true;
}

static size_t count_visible(struct bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += text.at[i] != ' ';
    return count;
}

/* the whole value that a hook's caller sends; absent: none */
static void check_key(struct reader *r, enum setting_index index)
{
    struct bytes key = r->values[index].text;
    if (r->values[index].wrong || !bytes_present(key)) return;
    if (!is_header_value(key) || count_visible(key) < KEY_VISIBLE_MIN || key.len > KEY_LEN_MAX)
        complain_row(r, index, "(secret) is wrong; right would be %s, in ASCII, no blank at its ends; make one with: openssl rand -hex 32",
                     SETTINGS[index].right);
    else if (secret_is_example(key))
        complain_row(r, index, "(secret) is guessable or an example of the documentation; make one with: openssl rand -hex 32");
}

static void check_hydra_key(struct reader *r)
{
    const struct hydra_hook_settings *hook = &r->settings->hydra_hook;
    if (r->values[SETTING_HOOK_API_KEY].wrong) return;
    if (!bytes_present(hook->api_key) && hook->enabled && !r->may_lack_secrets)
        complain_row(r, SETTING_HOOK_API_KEY, "is required where hydra.hook.enabled is true; right would be %s",
                     SETTINGS[SETTING_HOOK_API_KEY].right);
    if (hook->key_in_cookie && bytes_present(hook->api_key) && !is_cookie_value(hook->api_key))
        complain_row(r, SETTING_HOOK_API_KEY, "(secret) holds what Hydra takes out of a cookie: one of \" ; \\");
}

/* ---- where it comes ---- */

/* RFC 9110 5.6.2: the characters of a token */
static bool is_token(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.at[i]) && strchr("!#$%&'*+-.^_`|~", name.at[i]) == NULL) return false;
    return name.len > 0 && name.len <= KEY_NAME_MAX;
}

/* those that say something else, or that net/ keeps to itself */
static bool is_free_header(struct bytes name)
{
    static const struct bytes taken[] = {BYTES("host"),       BYTES("content-length"), BYTES("transfer-encoding"),
                                         BYTES("connection"), BYTES("origin"),         BYTES("content-type"),
                                         BYTES("expect"),     BYTES("upgrade"),        BYTES("cookie")};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (bytes_equal(name, taken[i])) return false;
    return true;
}

static struct bytes lower_case(struct arena *arena, struct bytes name)
{
    char *text = arena_text(arena, name);
    for (size_t i = 0; text != NULL && i < name.len; i++) text[i] = (char)tolower((unsigned char)text[i]);
    return bytes_of(text);
}

static void fill_key_place(struct reader *r)
{
    static const struct bytes header = BYTES("header:"), cookie = BYTES("cookie:");
    struct hydra_hook_settings *hook = &r->settings->hydra_hook;
    struct bytes place = r->values[SETTING_HOOK_API_KEY_IN].text;
    hook->key_in_cookie = bytes_start_with(place, cookie);
    bool known = hook->key_in_cookie || bytes_start_with(place, header);
    struct bytes name = known ? (struct bytes){place.at + header.len, place.len - header.len} : BYTES_ABSENT;
    hook->key_name = hook->key_in_cookie ? arena_copy(r->arena, name) : lower_case(r->arena, name);
    if (!is_token(name) || (!hook->key_in_cookie && !is_free_header(hook->key_name)))
        complain_row(r, SETTING_HOOK_API_KEY_IN, "is wrong; right would be %s",
                     SETTINGS[SETTING_HOOK_API_KEY_IN].right);
}

/* ---- the expressions ---- */

static void fill_mapping(struct reader *r, enum setting_index index, struct claims_source *out)
{
    out->use_hydra = true;
    fill_claims(r, SETTINGS[index].key, r->values[index].node, out);
}

static void fill_kratos_session(struct reader *r)
{
    const struct setting_value *value = &r->values[SETTING_HOOK_KRATOS_SESSION];
    struct claims_source *source = &r->settings->hydra_hook.kratos_session;
    struct claim_expression *one = arena_take(r->arena, sizeof *one);
    struct fault fault;
    if (!bytes_present(value->text) || one == NULL) return;
    *one = (struct claim_expression){.name = BYTES("kratos_session"),
                                     .expression = value->text,
                                     .line = value->place.line,
                                     .column = value->place.column};
    *source = (struct claims_source){.table = one, .table_count = 1};
    struct claims *claims = claims_create(source, &fault);
    if (claims == NULL) complain_row(r, SETTING_HOOK_KRATOS_SESSION, "%s", fault.what);
    claims_destroy(claims);
}

void fill_hydra_hook(struct reader *r)
{
    struct hydra_hook_settings *hook = &r->settings->hydra_hook;
    hook->enabled = r->values[SETTING_HOOK_ENABLED].number == 1;
    hook->api_key = r->values[SETTING_HOOK_API_KEY].text;
    hook->refuse_when_away = bytes_equal(r->values[SETTING_HOOK_ON_KRATOS_DOWN].text, BYTES("refuse"));
    fill_key_place(r);
    check_key(r, SETTING_HOOK_API_KEY);
    check_hydra_key(r);
    check_key(r, SETTING_KRATOS_HOOK_API_KEY);
    fill_mapping(r, SETTING_HOOK_ACCESS_CLAIMS, &hook->access_token);
    fill_mapping(r, SETTING_HOOK_ID_CLAIMS, &hook->id_token);
    fill_kratos_session(r);
}
