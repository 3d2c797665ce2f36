#include "companion/person_memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

enum { BUCKETS = 4096 };

struct entry {
    struct entry *next_in_bucket, *newer, *older;
    struct person_key key;
    struct kept_person person;
    size_t size; /* with all it holds */
    char room[]; /* json, metadata_admin */
};

struct person_memory {
    struct entry *buckets[BUCKETS];
    struct entry *newest, *oldest;
    size_t count, bytes;
};

struct person_memory *person_memory_create(void)
{
    struct person_memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL) abort();
    return memory;
}

/* ids are random, and only who has the hook's key can name one */
static struct entry **bucket_of(struct person_memory *memory, const struct person_key *key)
{
    return &memory->buckets[((size_t)key->id[0] << 8 | key->id[1]) % BUCKETS];
}

static bool is_same(const struct person_key *a, const struct person_key *b)
{
    return a->kind == b->kind && memcmp(a->id, b->id, UUID_LEN) == 0;
}

static struct entry *find(struct person_memory *memory, const struct person_key *key)
{
    struct entry *entry = *bucket_of(memory, key);
    while (entry != NULL && !is_same(&entry->key, key)) entry = entry->next_in_bucket;
    return entry;
}

/* ---- by age ---- */

static void unlink_age(struct person_memory *memory, struct entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &memory->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &memory->oldest) = entry->newer;
}

static void link_newest(struct person_memory *memory, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = memory->newest;
    *(memory->newest != NULL ? &memory->newest->newer : &memory->oldest) = entry;
    memory->newest = entry;
}

static void drop(struct person_memory *memory, struct entry *entry)
{
    struct entry **at = bucket_of(memory, &entry->key);
    while (*at != entry) at = &(*at)->next_in_bucket;
    *at = entry->next_in_bucket;
    unlink_age(memory, entry);
    memory->count--;
    memory->bytes -= entry->size;
    secret_wipe(entry, entry->size);
    free(entry);
}

void person_memory_destroy(struct person_memory *memory)
{
    if (memory == NULL) return;
    while (memory->oldest != NULL) drop(memory, memory->oldest);
    free(memory);
}

/* ---- its verbs ---- */

const struct kept_person *person_memory_find(struct person_memory *memory, const struct person_key *key)
{
    struct entry *entry = find(memory, key);
    if (entry == NULL) return NULL;
    unlink_age(memory, entry);
    link_newest(memory, entry);
    return &entry->person;
}

static struct bytes put_room(char *room, struct bytes from)
{
    if (from.len > 0) memcpy(room, from.at, from.len);
    return bytes_present(from) ? (struct bytes){room, from.len} : BYTES_ABSENT;
}

static struct entry *copy(const struct person_key *key, const struct kept_person *person)
{
    size_t size = sizeof(struct entry) + person->json.len + person->metadata_admin.len;
    struct entry *entry = calloc(1, size);
    if (entry == NULL) abort();
    entry->key = *key;
    entry->person = *person;
    entry->size = size;
    entry->person.json = put_room(entry->room, person->json);
    entry->person.metadata_admin = put_room(entry->room + person->json.len, person->metadata_admin);
    return entry;
}

void person_memory_keep(struct person_memory *memory, const struct person_key *key, const struct kept_person *person)
{
    struct entry *entry = copy(key, person), **bucket = bucket_of(memory, key);
    person_memory_forget(memory, key);
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    link_newest(memory, entry);
    memory->count++;
    memory->bytes += entry->size;
    while (memory->oldest != entry && (memory->count > PERSONS_KEPT_MAX || memory->bytes > PERSONS_BYTES_MAX))
        drop(memory, memory->oldest);
}

void person_memory_forget(struct person_memory *memory, const struct person_key *key)
{
    struct entry *entry = find(memory, key);
    if (entry != NULL) drop(memory, entry);
}

void person_memory_forget_identity(struct person_memory *memory, const unsigned char identity[UUID_LEN])
{
    struct entry *older;
    for (struct entry *entry = memory->newest; entry != NULL; entry = older) {
        older = entry->older;
        if (memcmp(entry->person.identity, identity, UUID_LEN) == 0) drop(memory, entry);
    }
}

size_t person_memory_count(const struct person_memory *memory) { return memory->count; }
