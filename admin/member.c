#include "admin/member.h"

#include "base/clock.h"

void member_put_text(struct text *t, const char *name, struct bytes value)
{
    text_put_json_name(t, bytes_of(name));
    if (bytes_present(value)) text_put_json(t, value);
    else text_put(t, BYTES("null"));
}

void member_put_time(struct text *t, const char *name, int64_t at)
{
    char text[25];
    clock_write(at, text);
    member_put_text(t, name, at == 0 ? BYTES_ABSENT : bytes_of(text));
}
