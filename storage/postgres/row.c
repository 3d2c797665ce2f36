#include "storage/postgres/row.h"

#include "base/secret.h"

bool row_is_null(struct row row, int column) { return PQgetisnull(row.result, row.number, column) == 1; }

const char *row_wire(struct row row, int column) { return PQgetvalue(row.result, row.number, column); }

int64_t row_number(struct row row, int column)
{
    const unsigned char *wire = (const unsigned char *)row_wire(row, column);
    int len = PQgetlength(row.result, row.number, column);
    if (len == 0) return 0;
    uint64_t number = wire[0] & 0x80 ? UINT64_MAX : 0; /* the sign goes on to the left */
    for (int i = 0; i < len; i++) number = number << 8 | wire[i];
    return (int64_t)number;
}

bool row_truth(struct row row, int column)
{
    return PQgetlength(row.result, row.number, column) == 1 && row_wire(row, column)[0] == 1;
}

struct bytes row_bytes(struct row row, int column, struct arena *arena)
{
    if (row_is_null(row, column)) return BYTES_ABSENT;
    return arena_copy(arena,
                      (struct bytes){row_wire(row, column), (size_t)PQgetlength(row.result, row.number, column)});
}

bool row_same(struct row row, int column, struct bytes b)
{
    if (row_is_null(row, column) || (size_t)PQgetlength(row.result, row.number, column) != b.len) return false;
    return secret_same(row_wire(row, column), b.at, b.len);
}
