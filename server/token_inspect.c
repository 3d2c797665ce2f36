#include "server/token_inspect.h"

#include "base/encoding.h"
#include "keys/jws.h"
#include "oauth/refresh_token.h"
#include "server/token_words.h"

static const char NOTICE[] = "NOTHING HERE WAS VERIFIED: it is what the token says, and anyone can write one.\n";

/* ---- JWTs ---- */

static bool is_time(struct bytes name) { return bytes_have_word(BYTES("exp nbf iat auth_time updated_at"), name); }

static void put_line(struct text *out, const struct json *member, int64_t now_ms)
{
    int64_t at_ms;
    text_put(out, BYTES("  "));
    size_t from = out->len;
    put_name(out, member->name);
    while (out->len < from + 12 && !out->failed) text_put_char(out, ' ');
    text_put_char(out, ' ');
    put_value(out, member);
    if (is_time(member->name) && numeric_date_read(member, &at_ms)) {
        text_put(out, BYTES(" = "));
        put_moment(out, at_ms, now_ms);
    }
    text_put_char(out, '\n');
}

static void put_members(struct text *out, const char *title, const struct json *object, int64_t now_ms)
{
    text_put(out, bytes_of(title));
    text_put_char(out, '\n');
    for (const struct json *m = object->first; m != NULL; m = m->next) put_line(out, m, now_ms);
}

static void put_times(struct text *out, const struct json *payload, int64_t now_ms)
{
    text_put(out, BYTES(",\"times\":{"));
    for (const struct json *m = payload->first; m != NULL; m = m->next) {
        struct text moment;
        int64_t at_ms;
        if (!is_time(m->name) || !numeric_date_read(m, &at_ms)) continue;
        text_init(&moment, out->arena, 64);
        put_moment(&moment, at_ms, now_ms);
        text_put_json_name(out, m->name);
        text_put_json(out, text_bytes(&moment));
    }
    text_put_char(out, '}');
}

static const struct json *parse(struct text *out, const char *part, struct bytes text, struct fault *fault)
{
    struct fault why;
    const struct json *json = json_parse(out->arena, text, &(struct json_limits){JWS_MAX, false}, &why);
    if (json_is(json, JSON_OBJECT)) return json;
    fault_set(fault, FAULT_INPUT, "token", "its %s is no JSON object%s%s", part, json == NULL ? ": " : "",
              json == NULL ? why.what : "");
    return NULL;
}

static bool inspect_jwt(const struct inspection *i, struct text *out, struct fault *fault)
{
    struct jws jws;
    const char *mistake = mistake_in(i->token);
    if (!jws_parse(i->token, out->arena, &jws, fault))
        return mistake == NULL ? false : fault_set(fault, FAULT_INPUT, "token", "%s", mistake);
    const struct json *header = parse(out, "header", jws.header, fault);
    const struct json *payload = header == NULL ? NULL : parse(out, "payload", jws.payload, fault);
    if (payload == NULL) return false;
    if (i->as_json) {
        text_put(out, BYTES("{\"kind\":\"jwt\",\"verified\":false,\"header\":"));
        put_value(out, header);
        text_put(out, BYTES(",\"payload\":"));
        put_value(out, payload);
        put_times(out, payload, i->now_ms);
        text_put_format(out, ",\"signature_octets\":%zu}\n", jws.signature.len);
        return true;
    }
    text_put(out, bytes_of(NOTICE));
    put_members(out, "\nheader", header, i->now_ms);
    put_members(out, "\npayload", payload, i->now_ms);
    text_put_format(out, "\nsignature\n  %zu octet%s, not looked at; `hydrant token verify` does\n", jws.signature.len,
                    jws.signature.len == 1 ? "" : "s");
    return true;
}

/* ---- refresh tokens ---- */

static bool inspect_refresh_token(const struct inspection *i, struct text *out, struct fault *fault)
{
    struct refresh_token_label label;
    char grant_id[37];
    if (!refresh_token_read_label(i->token, &label))
        return fault_set(fault, FAULT_INPUT, "token",
                         "it begins like a refresh token of Hydrant, but is cut off, changed, or of another version");
    uuid_write(label.grant_id, grant_id);
    if (i->as_json) {
        text_put_format(out, "{\"kind\":\"refresh_token\",\"verified\":false,\"version\":%u,\"key_id\":%u,",
                        label.version, label.mac_kid);
        text_put_format(out, "\"grant_id\":\"%s\",\"generation\":%u}\n", grant_id, label.gen);
        return true;
    }
    text_put(out, bytes_of(NOTICE));
    text_put_format(out, "\nrefresh token of Hydrant\n  version      %u\n  key id       %u\n", label.version,
                    label.mac_kid);
    text_put_format(out, "  grant id     %s\n  generation   %u\n", grant_id, label.gen);
    return true;
}

bool token_inspect(const struct inspection *i, struct text *out, struct fault *fault)
{
    if (refresh_token_looks_like(i->token)) return inspect_refresh_token(i, out, fault);
    return inspect_jwt(i, out, fault);
}
