#include "server/token_words.h"

#include "base/clock.h"
#include "base/encoding.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

void put_shown(struct text *t, struct bytes b)
{
    char scratch[8];
    while (b.len > 0) {
        bool plain = b.at[0] >= 0x20 && b.at[0] < 0x7f;
        size_t len = plain ? 1 : utf8_char_len(b);
        struct bytes piece = {b.at, len > 0 ? len : 1};
        b = (struct bytes){b.at + piece.len, b.len - piece.len};
        text_put(t, plain ? piece : text_take_json_piece(&piece, scratch));
    }
}

void put_shown_value(struct text *t, const struct json *value)
{
    if (value == NULL)
        text_put(t, BYTES("none"));
    else if (value->type == JSON_STRING)
        put_shown(t, value->text);
    else
        json_write(t, value);
}

void put_span(struct text *t, int64_t ms)
{
    static const struct {
        int64_t ms;
        char unit;
    } units[] = {{DAY_MS, 'd'}, {HOUR_MS, 'h'}, {MINUTE_MS, 'm'}, {1000, 's'}};
    size_t i = 0;
    if (ms < 0) ms = -ms;
    while (i < 3 && ms < units[i].ms) i++;
    text_put_format(t, "%lld%c", (long long)(ms / units[i].ms), units[i].unit);
    int64_t rest = ms % units[i].ms;
    if (i < 3 && rest >= units[i + 1].ms)
        text_put_format(t, " %lld%c", (long long)(rest / units[i + 1].ms), units[i + 1].unit);
}

void put_moment(struct text *t, int64_t at_ms, int64_t now_ms)
{
    char written[25];
    clock_write(at_ms, written);
    text_put_format(t, "%.19sZ, ", written);
    if (at_ms > now_ms) text_put(t, BYTES("in "));
    put_span(t, at_ms - now_ms);
    if (at_ms <= now_ms) text_put(t, BYTES(" ago"));
}

bool numeric_date_read(const struct json *value, int64_t *ms)
{
    static const uint64_t last_s = 253402300799; /* the end of 9999 */
    uint64_t seconds, fraction;
    if (!json_is(value, JSON_NUMBER)) return false;
    size_t dot = bytes_find(value->text, '.');
    if (!bytes_to_number((struct bytes){value->text.at, dot}, last_s, &seconds)) return false;
    struct bytes behind = {value->text.at + dot + 1, value->text.len - dot - 1};
    if (dot < value->text.len && !bytes_to_number(behind, UINT64_MAX, &fraction)) return false;
    *ms = (int64_t)seconds * 1000;
    return true;
}
