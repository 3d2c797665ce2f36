#include "bench/load_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 1 << 16 };

static void *grow(void *at, size_t *room, size_t size)
{
    *room = *room == 0 ? ROOM_FIRST : *room * 2;
    at = realloc(at, *room * size);
    if (at == NULL) {
        perror("load");
        exit(1);
    }
    return at;
}

void record_took(struct record *record, uint32_t us)
{
    if (record->took_count == record->took_room)
        record->took_us = grow(record->took_us, &record->took_room, sizeof *record->took_us);
    record->took_us[record->took_count++] = us;
}

static void put_mark(struct record *record, uint64_t mark)
{
    if (record->mark_count == record->mark_room)
        record->marks = grow(record->marks, &record->mark_room, sizeof *record->marks);
    record->marks[record->mark_count++] = mark;
}

/* FNV-1a: ten million of them share one by chance in one run of 300,000 */
void record_word(struct record *record, const char *word, size_t len)
{
    uint64_t mark = 14695981039346656037ULL;
    for (size_t i = 0; i < len; i++) mark = (mark ^ (unsigned char)word[i]) * 1099511628211ULL;
    put_mark(record, mark);
}

void record_add(struct record *record, struct record *other)
{
    for (size_t i = 0; i < other->took_count; i++) record_took(record, other->took_us[i]);
    for (size_t i = 0; i < other->mark_count; i++) put_mark(record, other->marks[i]);
    record->good += other->good;
    record->failed += other->failed;
    record_release(other);
}

static int compare_took(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int compare_marks(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void record_sort(struct record *record)
{
    if (record->took_count > 0) qsort(record->took_us, record->took_count, sizeof *record->took_us, compare_took);
    if (record->mark_count > 0) qsort(record->marks, record->mark_count, sizeof *record->marks, compare_marks);
}

uint64_t record_repeated(const struct record *record)
{
    uint64_t repeated = 0;
    for (size_t i = 1; i < record->mark_count; i++) repeated += record->marks[i] == record->marks[i - 1];
    return repeated;
}

double record_quantile_ms(const struct record *record, double q)
{
    if (record->took_count == 0) return 0;
    return record->took_us[(size_t)(q * (double)(record->took_count - 1))] / 1000.0;
}

void record_release(struct record *record)
{
    free(record->took_us);
    free(record->marks);
    *record = (struct record){0};
}
