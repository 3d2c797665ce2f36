#include "explorer.h"

#include <stdlib.h>
#include <string.h>

static void *grow(void *at, size_t count, size_t size)
{
    void *grown = reallocarray(at, count, size);
    if (grown == NULL) abort();
    return grown;
}

void table_init(struct table *t, size_t key_size, size_t record_size)
{
    *t = (struct table){.key_size = key_size, .record_size = record_size, .capacity = 1024, .slot_count = 4096};
    t->records = grow(NULL, t->capacity, record_size);
    t->slots = grow(NULL, t->slot_count, sizeof *t->slots);
    memset(t->slots, 0xff, t->slot_count * sizeof *t->slots);
}

void table_release(struct table *t)
{
    free(t->records);
    free(t->slots);
}

void *table_at(const struct table *t, size_t place) { return t->records + place * t->record_size; }

/* FNV-1a */
static uint64_t hash(const unsigned char *key, size_t len)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < len; i++) h = (h ^ key[i]) * 1099511628211u;
    return h ^ h >> 29;
}

/* the slot where the key is or belongs */
static size_t find_slot(const struct table *t, const void *key)
{
    size_t slot = hash(key, t->key_size) & (t->slot_count - 1);
    while (t->slots[slot] != UINT32_MAX && memcmp(table_at(t, t->slots[slot]), key, t->key_size) != 0)
        slot = (slot + 1) & (t->slot_count - 1);
    return slot;
}

size_t table_find(const struct table *t, const void *key)
{
    uint32_t place = t->slots[find_slot(t, key)];
    return place == UINT32_MAX ? TABLE_NONE : place;
}

static void widen(struct table *t)
{
    t->capacity *= 2;
    t->slot_count *= 2;
    t->records = grow(t->records, t->capacity, t->record_size);
    t->slots = grow(t->slots, t->slot_count, sizeof *t->slots);
    memset(t->slots, 0xff, t->slot_count * sizeof *t->slots);
    for (size_t i = 0; i < t->count; i++) t->slots[find_slot(t, table_at(t, i))] = (uint32_t)i;
}

bool table_add(struct table *t, const void *record)
{
    if (t->count == t->capacity) widen(t);
    size_t slot = find_slot(t, record);
    if (t->slots[slot] != UINT32_MAX) return false;
    t->slots[slot] = (uint32_t)t->count;
    memcpy(table_at(t, t->count++), record, t->record_size);
    return true;
}
