#include "base/encoding.h"
#include "standin/standin.h"

static void answer_not_found(struct request *request)
{
    answer_canned(request, &standin_of(request)->templates.not_found);
}

/* false when it has answered */
static bool require_uuid(struct request *request, struct bytes id)
{
    unsigned char uuid[16];
    struct text t, shown;
    if (uuid_parse(id, uuid)) return true;
    text_init(&shown, &request->arena, 128);
    if (id.len != 36) text_put_format(&shown, "uuid: incorrect UUID length %zu in string ", id.len);
    if (id.len == 36) text_put(&shown, BYTES("uuid: incorrect UUID format in string "));
    text_put_format(&shown, "\"%.*s\"", BYTES_PRINT(id));
    text_init(&t, &request->arena, 256);
    text_put(&t, BYTES("{\"error\":{\"code\":400,\"status\":\"Bad Request\",\"message\":"));
    text_put_json(&t, text_bytes(&shown));
    text_put(&t, BYTES("}}\n"));
    answer_error(request, 400, text_bytes(&t));
    return false;
}

struct expand {
    bool identity, devices;
};

/* false when it has answered */
static bool read_expand(struct request *request, struct expand *expand)
{
    struct bytes rest = request->query, pair;
    struct text t;
    while (bytes_take_word(&rest, '&', &pair)) {
        if (!bytes_start_with(pair, BYTES("expand="))) continue;
        struct bytes value = {pair.at + 7, pair.len - 7};
        bool is_identity = bytes_equal_nocase(value, BYTES("identity"));
        bool is_devices = bytes_equal_nocase(value, BYTES("devices"));
        expand->identity |= is_identity;
        expand->devices |= is_devices;
        if (is_identity || is_devices) continue;
        text_init(&t, &request->arena, 256);
        text_put(
            &t,
            BYTES("{\"error\":{\"code\":400,\"status\":\"Bad Request\",\"reason\":\"Could not parse expand option: "));
        text_put(&t, value);
        text_put(&t, BYTES("\",\"message\":\"The request was malformed or contained invalid parameters\"}}\n"));
        answer_error(request, 400, text_bytes(&t));
        return false;
    }
    return true;
}

void answer_get_session(struct hit *hit)
{
    struct request *request = &hit->request;
    const struct templates *templates = &standin_of(request)->templates;
    struct expand expand = {false, false};
    if (!require_uuid(request, request->segment) || !read_expand(request, &expand)) return;
    struct session_row *session = find_session(&standin_of(request)->people, request->segment);
    if (session == NULL)
        answer_not_found(request);
    else if (!expand.identity)
        answer_session(request, session, &templates->session_bare);
    else
        answer_session(request, session, expand.devices ? &templates->session_both : &templates->session_identity);
}

void answer_delete_session(struct hit *hit)
{
    struct request *request = &hit->request;
    if (!require_uuid(request, request->segment)) return;
    struct session_row *session = find_session(&standin_of(request)->people, request->segment);
    if (session == NULL) {
        answer_not_found(request);
        return;
    }
    session->revoked = true;
    answer_nothing(request);
}

/* Kratos extends whatever is there: what had expired lives again, what was revoked stays so */
void answer_extend(struct hit *hit)
{
    struct request *request = &hit->request;
    struct standin *standin = standin_of(request);
    if (!bytes_end_with(request->path, BYTES("/extend"))) {
        answer_canned(request, &standin->templates.no_page);
        return;
    }
    if (!require_uuid(request, request->segment)) return;
    struct session_row *session = find_session(&standin->people, request->segment);
    if (session == NULL) {
        answer_not_found(request);
        return;
    }
    session->expires_us = now_us() + session->lifespan_us;
    if (standin->faster_extend)
        answer_nothing(request);
    else
        answer_session(request, session, &standin->templates.extend);
}

void answer_get_person(struct hit *hit)
{
    struct request *request = &hit->request;
    const struct standin *standin = standin_of(request);
    if (!require_uuid(request, request->segment)) return;
    const struct person *person = find_person(&standin->people, request->segment);
    if (person == NULL)
        answer_not_found(request);
    else
        answer_json(request, 200, template_fill(&standin->templates.person, &request->arena, NULL, person));
}

void answer_delete_person(struct hit *hit)
{
    struct request *request = &hit->request;
    if (!require_uuid(request, request->segment)) return;
    struct person *person = find_person(&standin_of(request)->people, request->segment);
    if (person == NULL) {
        answer_not_found(request);
        return;
    }
    person->deleted = true;
    answer_nothing(request);
}
