#include "net/client_response.h"

enum {
    RESPONSE_FIELDS_MAX = 100,
    RESPONSE_CODED_MAX = 2 * CLIENT_BODY_MAX, /* with sizes, extensions and trailers */
    HEAD_EXPECTED = 1500,
    BODY_EXPECTED = 4000,
};

void response_init(struct response *r, struct arena *arena)
{
    *r = (struct response){.arena = arena, .decoder = {.consume_trailer = 1}};
    text_init(&r->head, arena, HEAD_EXPECTED);
}

static bool refuse(struct response *r, const char *why)
{
    r->why = why;
    return false;
}

static bool note_length(struct response *r, struct bytes value)
{
    /* RFC 9112 6.3: more than one length, or none that is a number, is an error that can't be repaired */
    if (r->has_length) return refuse(r, "two Content-Lengths");
    r->has_length = true;
    return bytes_to_number(value, UINT64_MAX, &r->length) || refuse(r, "Content-Length is no number");
}

static bool note_coding(struct response *r, struct bytes value)
{
    if (r->chunked || !bytes_equal_nocase(value, BYTES("chunked"))) return refuse(r, "unknown Transfer-Encoding");
    r->chunked = true;
    return true;
}

static void note_connection(struct response *r, struct bytes options)
{
    struct bytes option;
    while (bytes_take_word(&options, ',', &option))
        if (bytes_equal_nocase(bytes_trim(option), BYTES("close"))) r->keep = false; /* RFC 9112 9.6 */
}

static bool note_field(struct response *r, struct bytes name, struct bytes value)
{
    struct call_answer *answer = &r->answer;
    if (bytes_equal_nocase(name, BYTES("content-length"))) return note_length(r, value);
    if (bytes_equal_nocase(name, BYTES("transfer-encoding"))) return note_coding(r, value);
    if (bytes_equal_nocase(name, BYTES("connection"))) note_connection(r, value);
    if (bytes_equal_nocase(name, BYTES("content-type")) && !bytes_present(answer->content_type))
        answer->content_type = arena_copy(r->arena, value);
    if (bytes_equal_nocase(name, BYTES("link")) && !bytes_present(answer->link)) answer->link = arena_copy(r->arena, value);
    if (bytes_equal_nocase(name, BYTES("set-cookie")) && answer->set_cookie_count < CLIENT_COOKIES_MAX)
        answer->set_cookies[answer->set_cookie_count++] = arena_copy(r->arena, value);
    return true;
}

/* how the body is delimited (RFC 9112 6.3); one that only the end of the connection ends can't be told from half of one
 */
static bool check_framing(struct response *r, int minor_version)
{
    if (r->chunked && r->has_length) return refuse(r, "Content-Length beside Transfer-Encoding");
    if (r->chunked && minor_version == 0) return refuse(r, "Transfer-Encoding in HTTP/1.0"); /* RFC 9112 6.1 */
    if (!r->chunked && !r->has_length) return refuse(r, "neither Content-Length nor Transfer-Encoding");
    if (r->has_length && r->length > CLIENT_BODY_MAX) return refuse(r, "body too large");
    r->part = r->chunked ? RESPONSE_CHUNKED : RESPONSE_COUNTED;
    text_init(&r->body, r->arena, r->chunked ? BODY_EXPECTED : (size_t)r->length);
    return true;
}

static enum response_progress read_fields(struct response *r, const struct phr_header *fields, size_t count, int minor)
{
    r->keep = minor > 0;
    for (size_t i = 0; i < count; i++) {
        struct bytes name = {fields[i].name, fields[i].name_len};
        struct bytes value = {fields[i].value, fields[i].value_len};
        if (!bytes_present(name)) r->why = "folded header line"; /* RFC 9112 5.2 */
        if (r->why != NULL || !note_field(r, name, bytes_trim(value))) return RESPONSE_BAD;
    }
    if (r->answer.status == 204 || r->answer.status == 304) { /* RFC 9110 6.4.1: no content, whatever the fields say */
        if (r->chunked || r->length > 0) r->keep = false;     /* content may come all the same */
        return RESPONSE_DONE;
    }
    return check_framing(r, minor) ? RESPONSE_MORE : RESPONSE_BAD;
}

/* tries to read one head; *read_len stays 0 when it isn't there yet or not to be read */
static enum response_progress read_head(struct response *r, size_t *read_len)
{
    struct phr_header fields[RESPONSE_FIELDS_MAX];
    size_t count = RESPONSE_FIELDS_MAX, reason_len, len = r->head.len - r->head_from;
    const char *reason;
    int minor;
    int head_len = phr_parse_response(r->head.at + r->head_from, len, &minor, &r->answer.status, &reason, &reason_len,
                                      fields, &count, r->head_tried_len);
    if (head_len == -2) {
        r->head_tried_len = len;
        return r->head.len < CLIENT_HEAD_MAX || refuse(r, "head too large") ? RESPONSE_MORE : RESPONSE_BAD;
    }
    if (head_len < 0) r->why = "not an HTTP/1 answer";
    if (head_len >= 0 && (r->answer.status < 100 || r->answer.status > 599)) r->why = "no such status";
    if (head_len >= 0 && r->answer.status == 101) r->why = "switched protocols unasked";
    if (r->why != NULL) return RESPONSE_BAD;
    *read_len = (size_t)head_len;
    if (r->answer.status < 200) return RESPONSE_MORE;
    return read_fields(r, fields, count, minor);
}

/* *used: how much of the piece belongs to the head; all of it while the head isn't whole */
static enum response_progress take_head(struct response *r, struct bytes piece, size_t *used)
{
    enum response_progress progress = RESPONSE_MORE;
    size_t had = r->head.len, room = CLIENT_HEAD_MAX - had, read_len = 1;
    text_put(&r->head, (struct bytes){piece.at, piece.len < room ? piece.len : room});
    while (progress == RESPONSE_MORE && read_len > 0 && r->part == RESPONSE_HEAD) {
        read_len = 0;
        progress = read_head(r, &read_len);
        r->head_from += read_len;
        if (read_len > 0) r->head_tried_len = 0;
    }
    *used = read_len > 0 ? r->head_from - had : piece.len;
    return progress;
}

static enum response_progress take_counted(struct response *r, struct bytes piece)
{
    size_t missing = (size_t)r->length - r->body.len;
    text_put(&r->body, (struct bytes){piece.at, piece.len < missing ? piece.len : missing});
    if (piece.len < missing) return RESPONSE_MORE;
    if (piece.len > missing) r->keep = false; /* RFC 9112 9.3: what stands behind the body belongs to no call */
    r->answer.body = text_bytes(&r->body);
    return RESPONSE_DONE;
}

static enum response_progress take_chunked(struct response *r, char *at, size_t len)
{
    size_t data_len = len;
    ssize_t behind = phr_decode_chunked(&r->decoder, at, &data_len);
    r->coded_len += len;
    if (behind == -1) r->why = "broken chunk";
    if (behind != -1 && data_len > CLIENT_BODY_MAX - r->body.len) r->why = "body too large";
    if (r->coded_len > RESPONSE_CODED_MAX) r->why = "too much around the chunks";
    if (r->why != NULL) return RESPONSE_BAD;
    text_put(&r->body, (struct bytes){at, data_len});
    if (behind == -2) return RESPONSE_MORE;
    if (behind > 0) r->keep = false;
    r->answer.body = text_bytes(&r->body);
    return RESPONSE_DONE;
}

static enum response_progress take(struct response *r, char *at, size_t len)
{
    enum response_progress progress = RESPONSE_MORE;
    size_t used = 0;
    if (r->part == RESPONSE_HEAD) progress = take_head(r, (struct bytes){at, len}, &used);
    if (progress == RESPONSE_DONE && used < len) r->keep = false;
    if (progress != RESPONSE_MORE) return progress;
    if (r->part == RESPONSE_COUNTED) return take_counted(r, (struct bytes){at + used, len - used});
    if (r->part == RESPONSE_CHUNKED) return take_chunked(r, at + used, len - used);
    return RESPONSE_MORE;
}

enum response_progress response_take(struct response *r, char *at, size_t len)
{
    if (len == 0) return RESPONSE_MORE;
    r->begun = true;
    enum response_progress progress = r->arena->overflowed ? RESPONSE_BAD : take(r, at, len);
    if (!r->arena->overflowed) return progress;
    r->why = "more than a call may keep";
    return RESPONSE_BAD;
}
