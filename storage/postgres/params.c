#include "storage/postgres/params.h"

#include <assert.h>
#include <string.h>

/* how an array goes over the wire: its dimensions (one), whether there are nulls, the elements' type, how many, the
 * first one's index; then each with its length before it */
enum { ARRAY_HEAD_LEN = 20, NULL_LEN = -1 };

struct param_type {
    char letter;
    unsigned oid, array_oid;
};
static const struct param_type param_types[] = {
    {'u', 2950, 2951}, {'y', 17, 1001}, {'t', 25, 1009}, {'j', 114, 199}, {'n', 20, 1016}, {'b', 16, 1000},
};

static const struct param_type *type_of(char letter)
{
    const struct param_type *type = param_types;
    while (type->letter != letter) {
        type++;
        assert(type < param_types + sizeof param_types / sizeof *param_types);
    }
    return type;
}

int params_types(const struct statement *statement, unsigned types[PARAMS_MAX])
{
    int count = (int)strlen(statement->types);
    assert(count <= PARAMS_MAX);
    for (int i = 0; i < count; i++) {
        const struct param_type *type = type_of(statement->types[i]);
        types[i] = statement->arrays ? type->array_oid : type->oid;
    }
    return count;
}

static void write_big_endian(char *at, uint64_t number, size_t len)
{
    for (size_t i = len; i-- > 0; number >>= 8) at[i] = (char)(number & 0xff);
}

static void put_int(struct text *text, int32_t number)
{
    char wire[4];
    write_big_endian(wire, (uint32_t)number, sizeof wire);
    text_put(text, (struct bytes){wire, sizeof wire});
}

void params_init(struct params *p, const struct statement *statement, struct arena *arena)
{
    *p = (struct params){.statement = statement};
    p->count = params_types(statement, p->types);
    static const char head[ARRAY_HEAD_LEN];
    for (int i = 0; i < p->count; i++) {
        text_init(&p->texts[i], arena, statement->arrays ? 1024 : 32);
        if (statement->arrays) text_put(&p->texts[i], (struct bytes){head, sizeof head});
    }
}

static void put(struct params *p, struct bytes b)
{
    assert(p->next < p->count);
    int at = p->next++;
    if (!bytes_present(b)) p->null[at] = true;
    if (p->statement->arrays) put_int(&p->texts[at], bytes_present(b) ? (int32_t)b.len : NULL_LEN);
    text_put(&p->texts[at], b);
    if (p->next < p->count) return;
    p->rows++;
    if (p->statement->arrays) p->next = 0;
}

void params_put_number(struct params *p, int64_t number)
{
    assert(p->statement->types[p->next] == 'n');
    char wire[8];
    write_big_endian(wire, (uint64_t)number, sizeof wire);
    put(p, (struct bytes){wire, sizeof wire});
}

void params_put_truth(struct params *p, bool truth)
{
    assert(p->statement->types[p->next] == 'b');
    put(p, truth ? (struct bytes){"\1", 1} : (struct bytes){"\0", 1});
}

void params_put_bytes(struct params *p, struct bytes b)
{
    assert(strchr("uytj", p->statement->types[p->next]) != NULL);
    put(p, b);
}

/* without rows it has no dimension, and nothing more to say */
static int write_array_head(char *at, bool has_null, unsigned type, int32_t rows)
{
    write_big_endian(at, rows > 0, 4);
    write_big_endian(at + 4, has_null, 4);
    write_big_endian(at + 8, type, 4);
    write_big_endian(at + 12, (uint32_t)rows, 4);
    write_big_endian(at + 16, 1, 4);
    return rows > 0 ? ARRAY_HEAD_LEN : ARRAY_HEAD_LEN - 8;
}

static int finish_array(struct params *p, int i, size_t len)
{
    int head_len = write_array_head(p->texts[i].at, p->null[i], type_of(p->statement->types[i])->oid, p->rows);
    return head_len + (int)len - ARRAY_HEAD_LEN;
}

bool params_finish(struct params *p)
{
    bool arrays = p->statement->arrays;
    assert(p->next == (arrays ? 0 : p->count));
    for (int i = 0; i < p->count; i++) {
        struct bytes b = text_bytes(&p->texts[i]);
        if (!bytes_present(b)) return false;
        p->values[i] = p->null[i] && !arrays ? NULL : b.at;
        p->lengths[i] = arrays ? finish_array(p, i, b.len) : (int)b.len;
        p->formats[i] = 1;
    }
    return true;
}
