#include "bench/load_answer.h"

#include <string.h>
#include <strings.h>

static const char STATUS_LINE[] = "HTTP/1.1 ", LENGTH[] = "content-length:";
enum { STATUS_LINE_LEAST = sizeof STATUS_LINE - 1 + 3, LENGTH_DIGITS_MAX = 9, HEAD_MAX = 8192 };

static enum answer_state odd(struct answer *answer, const char *why)
{
    answer->odd = why;
    return ANSWER_ODD;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool read_status(const char *at, struct answer *answer)
{
    const char *digits = at + sizeof STATUS_LINE - 1;
    if (memcmp(at, STATUS_LINE, sizeof STATUS_LINE - 1) != 0) return false;
    if (!is_digit(digits[0]) || !is_digit(digits[1]) || !is_digit(digits[2])) return false;
    answer->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0';
    return true;
}

/* a number with nothing but spaces about it, up to the line's end */
static bool read_length(const char *at, const char *end, size_t *length)
{
    int digits = 0;
    *length = 0;
    while (at < end && *at == ' ') at++;
    for (; at < end && is_digit(*at) && digits < LENGTH_DIGITS_MAX; at++, digits++)
        *length = *length * 10 + (size_t)(*at - '0');
    while (at < end && (*at == ' ' || *at == '\r')) at++;
    return digits > 0 && at == end;
}

/* the one Content-Length between the status line and the head's end */
static bool find_length(const char *at, const char *end, size_t *length)
{
    int found = 0;
    const char *line_end;
    for (; (line_end = memchr(at, '\n', (size_t)(end - at))) != NULL; at = line_end + 1) {
        if ((size_t)(line_end - at) < sizeof LENGTH || strncasecmp(at, LENGTH, sizeof LENGTH - 1) != 0) continue;
        if (!read_length(at + sizeof LENGTH - 1, line_end, length)) return false;
        found++;
    }
    return found == 1;
}

enum answer_state answer_read(const char *at, size_t len, struct answer *answer)
{
    *answer = (struct answer){0};
    size_t compared = len < sizeof STATUS_LINE - 1 ? len : sizeof STATUS_LINE - 1;
    if (memcmp(at, STATUS_LINE, compared) != 0) return odd(answer, "it does not begin with HTTP/1.1");
    const char *head_end = memmem(at, len, "\r\n\r\n", 4);
    if (head_end == NULL) return len > HEAD_MAX ? odd(answer, "its head does not end") : ANSWER_PART;
    if (head_end - at < STATUS_LINE_LEAST || !read_status(at, answer)) return odd(answer, "it has no status");
    if (answer->status < 200) return odd(answer, "it is an interim one");
    if (!find_length(at, head_end + 2, &answer->body_len)) return odd(answer, "it has not one Content-Length");
    answer->body = head_end + 4;
    size_t have = len - (size_t)(answer->body - at);
    if (have > answer->body_len) return odd(answer, "more follows than it said");
    return have < answer->body_len ? ANSWER_PART : ANSWER_WHOLE;
}

const char *answer_find(const struct answer *answer, const char *member, size_t value_len)
{
    const char *at = memmem(answer->body, answer->body_len, member, strlen(member));
    if (at == NULL) return NULL;
    at += strlen(member);
    size_t left = (size_t)(answer->body + answer->body_len - at);
    if (left <= value_len || at[value_len] != '"' || memchr(at, '"', value_len) != NULL) return NULL;
    return at;
}
